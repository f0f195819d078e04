"""The audit: what to mind about the deals before any statistic is believed."""

from qualify.audit.audit import Audit, audit_deals

__all__ = ["Audit", "audit_deals"]
