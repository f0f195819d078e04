"""Deals to try things on: simulated ones whose truth is known, and real ones that were published."""

from qualify.datasets.datasets import SimulatedDeals, fetch_b2b_sales, simulate_deals

__all__ = ["SimulatedDeals", "fetch_b2b_sales", "simulate_deals"]
