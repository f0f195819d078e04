"""Frame → text or HTML for the terminal, a notebook and the report: headings, rounding, escaping."""

from qualify.tables.formats import clean, format_value
from qualify.tables.labels import format_of, heading
from qualify.tables.render import page, page_text, to_html, to_text

__all__ = ["clean", "format_of", "format_value", "heading", "page", "page_text", "to_html", "to_text"]
