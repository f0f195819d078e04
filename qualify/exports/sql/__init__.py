"""Criteria as SQL: a view that scores the deals of a table, for six databases."""

from qualify.exports.sql.script import DIALECTS, SQL_TARGETS, Dialect, criteria_to_sql

__all__ = ["DIALECTS", "SQL_TARGETS", "Dialect", "criteria_to_sql"]
