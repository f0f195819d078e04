"""The ledger: every version of the criteria, and the quarterly job that re-checks them."""

from qualify.ledger.ledger import Ledger, open_ledger

__all__ = ["Ledger", "open_ledger"]
