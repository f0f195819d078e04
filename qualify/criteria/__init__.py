"""The refined criteria: a short scorecard with whole-number points, gates and zones."""

from qualify.criteria.model import Criteria, refine_criteria

__all__ = ["Criteria", "refine_criteria"]
