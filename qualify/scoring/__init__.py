"""Deals scored by criteria: where each stands, what to ask next, what pursuing the likelier keeps."""

from qualify.scoring.scoring import ScoredDeals, score_deals

__all__ = ["ScoredDeals", "score_deals"]
