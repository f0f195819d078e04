"""Settings of the documentation's build."""

from importlib.metadata import version as installed_version

project = "qualify"
author = "qualify developers"
copyright = "2026, qualify developers"
version = release = installed_version("qualify")

extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.mathjax"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["deflist", "dollarmath"]
myst_heading_anchors = 3

default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # types stand in the docstrings, with units and ranges
numpydoc_show_class_members = False

html_theme = "furo"
html_title = "qualify"
html_copy_source = False
