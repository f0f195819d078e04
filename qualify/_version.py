"""The version of the installed package, read from its metadata when first asked for."""

from importlib.metadata import version

__version__ = version("qualify")
