"""Criteria as an Excel workbook: a calculator for one deal, a sheet for many, and the points behind both."""

from qualify.exports.workbook.file import criteria_to_workbook

__all__ = ["criteria_to_workbook"]
