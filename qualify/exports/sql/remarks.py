"""Names as they may stand in a comment of a script, and characters that no database takes."""

from __future__ import annotations

import re

from qualify.formatting.formats import clean

# The character 0 and halves of characters.
UNHELD = re.compile("[\x00\ud800-\udfff]")


def plain_remark(text: str) -> str:
    """Return what of a text may stand in a comment: letters, digits and a few marks, on one short line.

    Parameters
    ----------
    text : str
        A name or a title.

    Returns
    -------
    str
        Nothing in it ends a comment or means anything to a client or a template.

    Examples
    --------
    >>> plain_remark("Team */; DROP TABLE deals; --")
    'Team DROP TABLE deals'
    """
    kept = "".join(letter if letter.isalnum() or letter in "._," else " " for letter in clean(text))
    return " ".join(kept.split())[:80]
