"""Where the score tips from lost to won, if anywhere."""

from qualify.tipping.tipping import TippingPoint, find_tipping_point

__all__ = ["TippingPoint", "find_tipping_point"]
