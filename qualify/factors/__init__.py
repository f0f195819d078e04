"""Which characteristics go with winning or losing, by how much, and how surely."""

from qualify.factors.factors import Factors, find_factors

__all__ = ["Factors", "find_factors"]
