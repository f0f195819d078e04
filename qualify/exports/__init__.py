"""Criteria out: one target per file, picked by the suffix of the path."""

from qualify.exports.writing import write_criteria

__all__ = ["write_criteria"]
