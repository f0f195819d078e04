"""Frame → text or HTML for the terminal, a notebook and the report: headings, rounding, escaping."""

from qualify.formatting.formats import clean, format_value
from qualify.formatting.labels import format_of, heading
from qualify.formatting.render import page, page_text, to_html, to_text

__all__ = ["clean", "format_of", "format_value", "heading", "page", "page_text", "to_html", "to_text"]
