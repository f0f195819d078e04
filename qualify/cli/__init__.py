"""The command `qualify`, which says all that the library can do from a terminal."""

from qualify.cli.main import app

__all__ = ["app"]
