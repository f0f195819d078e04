"""The deals: a user's table read by its survey."""

from qualify.deals.model import Deals, read_answers, read_deals

__all__ = ["Deals", "read_answers", "read_deals"]
