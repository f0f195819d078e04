"""A file becomes a table of text: encodings, layouts, headings, numbers and dates; knows no survey."""
