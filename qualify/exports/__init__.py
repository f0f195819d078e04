"""Criteria out: one target per file or folder, picked by the suffix of the path."""

from qualify.exports.writing import write_criteria

__all__ = ["write_criteria"]
