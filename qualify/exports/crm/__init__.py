"""Criteria as formulas of a CRM: Salesforce, and Power Fx of Dynamics 365."""

from qualify.exports.crm.powerfx import criteria_to_powerfx
from qualify.exports.crm.powerfx_text import PowerFxLimits
from qualify.exports.crm.salesforce import criteria_to_salesforce
from qualify.exports.crm.salesforce_size import SalesforceLimits

__all__ = ["PowerFxLimits", "SalesforceLimits", "criteria_to_powerfx", "criteria_to_salesforce"]
