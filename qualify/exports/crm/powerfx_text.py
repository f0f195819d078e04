"""What Power Fx allows in formula columns of Dataverse, and how it writes texts."""

from __future__ import annotations

from dataclasses import dataclass

# Words of the language, which cannot name a column without quotes.
RESERVED = (
    *("and", "as", "blank", "child", "children", "empty", "exactin", "false", "in", "is", "none", "not"),
    *("null", "or", "parent", "self", "thisitem", "thisrecord", "true", "type"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerFxLimits:
    """What a formula column of Dataverse may hold.

    Attributes
    ----------
    characters : int
        Of a formula.
    depth : int
        Of formula columns that build on formula columns.
    """

    characters: int = 1000
    depth: int = 10

    def fits(self, formula: str, spare: int = 0) -> bool:
        """Say whether a formula is short enough.

        Parameters
        ----------
        formula : str
            Its text.
        spare : int, optional
            Characters to leave for more.

        Returns
        -------
        bool
            Whether.
        """
        return len(formula.encode("utf-16-le")) // 2 + spare <= self.characters


def literal(text: str) -> str:
    r"""Quote a text for a formula: quotes doubled, control characters as ``Char(number)``.

    Parameters
    ----------
    text : str
        Without the character 0, which Power Fx cannot write.

    Returns
    -------
    str
        An expression of that text.

    Examples
    --------
    >>> print(literal('a "b" c\n{d}'))
    "a ""b"" c" & Char(10) & "{d}"
    """
    parts = [""]
    for letter in text:
        if letter < " ":
            parts += [f"Char({ord(letter)})", ""]
        else:
            parts[-1] += '""' if letter == '"' else letter
    quoted = [f'"{part}"' if place % 2 == 0 else part for place, part in enumerate(parts)]
    return " & ".join(part for part in quoted if part != '""') or '""'
