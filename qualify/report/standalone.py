"""An HTML file that stands alone: headed blocks of sentences, tables and pictures, everything escaped."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from qualify.formatting.formats import clean
from qualify.formatting.render import page

# The page may run and load nothing, whatever a deal or an answer is called.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;color:#1b1f24;background:#fff}
body{max-width:62em;margin:2em auto;padding:0 1.2em}
h1{font-size:1.6em;line-height:1.25;margin:0 0 .2em}
h3{font-size:1.2em;margin:2em 0 .3em}
h4{margin:1em 0 .2em}
img{max-width:100%;height:auto;margin:.4em 0}
figure{margin:0}
@media print{body{margin:0;max-width:none}h3{break-after:avoid}figure,tr{break-inside:avoid}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture and what it shows, for those who cannot see it."""

    png: bytes
    shows: str


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Block:
    """A heading, sentences, pictures, and tables under their own headings."""

    heading: str
    lead: str = ""
    pictures: Sequence[Picture] = ()
    tables: Sequence[tuple[str, pd.DataFrame]] = ()


def standalone_page(title: str, blocks: Sequence[Block]) -> str:
    """Return a page as one HTML file.

    Parameters
    ----------
    title : str
        Of the page.
    blocks : sequence of Block
        From top to bottom; one without sentences, pictures and rows is left out.

    Returns
    -------
    str
        The file, everything escaped; it loads nothing and runs nothing.

    Examples
    --------
    >>> "&lt;script&gt;" in standalone_page("<script>", [Block(heading="A", lead="b")])
    True
    """
    name = html.escape(clean(title))
    body = "\n".join(_block(block) for block in blocks)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{name}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<h1>{name}</h1>\n{body}\n</body>\n</html>\n"
    )


def _block(block: Block) -> str:
    tables = [(heading, frame) for heading, frame in block.tables if len(frame)]
    if not (block.lead or block.pictures or tables):
        return ""
    pictures = "\n".join(_figure(picture) for picture in block.pictures)
    return "\n".join(
        part
        for part in (page(block.heading, block.lead, []), pictures, page("", "", tables) if tables else "")
        if part
    )


def _figure(picture: Picture) -> str:
    data = base64.b64encode(picture.png).decode("ascii")
    shows = html.escape(clean(picture.shows))
    return f'<figure><img src="data:image/png;base64,{data}" alt="{shows}"></figure>'
