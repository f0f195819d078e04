"""The whole way in one call: from closed deals to criteria, and a summary in plain words."""

from qualify.study.study import Study, analyze

__all__ = ["Study", "analyze"]
