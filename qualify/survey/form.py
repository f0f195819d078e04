"""Values taken out of a mapping as a file holds it; what has the wrong form is noted and gets a stand-in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from qualify._support.words import as_number, fold, number_text
from qualify.errors import Problem, did_you_mean, short


class PlainNull(str):
    """A `null`, `~` or nothing written without quotes: absent where a value is optional, else text."""

    __slots__ = ()


@dataclass(slots=True)
class Form:
    """Takes values out of a mapping; what has the wrong form is noted and gets a stand-in."""

    problems: list[Problem] = field(default_factory=list)

    def note(self, where: str, reason: str, mend: str) -> None:
        """Add a problem."""
        self.problems.append(Problem(reason=f"{where} {reason}", mend=mend))

    def mapping(self, value: object, where: str, allowed: Sequence[str]) -> Mapping[str, object] | None:
        """Return a mapping; keys beyond the allowed ones are noted."""
        if not isinstance(value, Mapping):
            self.note(where, f"is {short(value)}", f"write its keys: {', '.join(allowed)}")
            return None
        for key in value:
            if key not in allowed:
                hint = did_you_mean(str(key), allowed)
                self.note(where, f"has the unknown key {short(key)}", f"remove or correct it.{hint}")
        return value

    def text(self, value: object, where: str) -> str:
        """Return a text, empty where it is absent."""
        return "" if absent(value) else self.word(value, where)

    def word(self, value: object, where: str) -> str:
        """Return a scalar as text; numbers and truth values as they are written in a file."""
        if isinstance(value, str):
            return str(value)
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | float):
            return number_text(value)
        self.note(where, f"is {short(value)}", "write one word or sentence")
        return "(not a text)"

    def optional(self, value: object, where: str) -> str | None:
        """Return a text, or None where it is absent."""
        return None if absent(value) else self.text(value, where)

    def texts(self, value: object, where: str) -> tuple[str, ...]:
        """Return a list of texts."""
        return tuple(self.word(entry, where) for entry in self.entries(value, where))

    def entries(self, value: object, where: str) -> Sequence[object]:
        """Return a list; one word stands for a list of one."""
        if absent(value):
            return ()
        if isinstance(value, list | tuple):
            return value
        if isinstance(value, Mapping):
            self.note(where, f"is {short(value)}", "write a list")
            return ()
        return (value,)  # one word stands for a list of one

    def number(self, value: object, where: str) -> float | None:
        """Return a number, or None where it is absent or none."""
        if absent(value):
            return None
        number = as_number(self.text(value, where)) if not isinstance(value, bool) else None
        if number is None:
            self.note(where, f"is {short(value)}", "write a number with a decimal point")
        return number

    def flag(self, value: object, where: str) -> bool:
        """Return whether a word says true."""
        word = fold(self.text(value, where))
        if word not in ("true", "false", "yes", "no", ""):
            self.note(where, f"is {short(value)}", "write true or false")
        return word in ("true", "yes")


def absent(value: object) -> bool:
    """Return whether nothing was written."""
    return value is None or isinstance(value, PlainNull)
