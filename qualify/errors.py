"""Errors and warnings: what is wrong, where, and what to do about it.

Every error of the package is a `QualifyError` (a `ValueError`) carrying all the problems of an input at once,
so that a sheet is mended once and not ten times.
"""

from __future__ import annotations

import difflib
import math
import numbers
import reprlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

SHOWN = 20  # problems printed in a message; the rest are in `.problems`

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with an input.

    Parameters
    ----------
    reason : str
        What is wrong.
    mend : str
        What to do about it.
    column : str, optional
        The column of the table, or the place in the survey.
    row : int or str, optional
        Row of the table as a spreadsheet shows it (the header is row 1), or a deal id.
    value : object, optional
        What was found there.

    Examples
    --------
    >>> str(Problem(reason="not an answer of the survey", mend="write Yes", column="RFP", row=7, value="Yse"))
    "column RFP, row 7, 'Yse': not an answer of the survey; write Yes"
    """

    reason: str
    mend: str
    column: str | None = None
    row: int | str | None = None
    value: object = None

    def __str__(self) -> str:
        where = [] if self.column is None else [f"column {self.column}"]
        where += [] if self.row is None else [f"row {self.row}"]
        where += [] if self.value is None else [short(self.value)]
        start = ", ".join(where)
        sentence = f"{start}: {self.reason}" if start else self.reason
        return f"{sentence}; {self.mend}" if self.mend else sentence


class QualifyError(ValueError):
    """An input that cannot be used, with every problem found in it.

    Parameters
    ----------
    problems : iterable of Problem, Problem, or str
        What is wrong. A plain text counts as one problem.
    heading : str
        The sentence above the list. A single problem without a heading is the whole message.

    Attributes
    ----------
    problems : tuple of Problem
        All of them; the message prints the first 20.

    Examples
    --------
    >>> error = QualifyError([Problem(reason="blank deal id", mend="give it one", row=4)], "deals.csv:")
    >>> print(error)
    deals.csv:
      - row 4: blank deal id; give it one
    """

    problems: tuple[Problem, ...]

    def __init__(self, problems: Iterable[Problem] | Problem | str, heading: str = "") -> None:
        self.problems = _as_problems(problems)
        self.heading = heading
        super().__init__(_message(self.problems, heading))

    def __reduce__(self) -> tuple[type[QualifyError], tuple[tuple[Problem, ...], str]]:
        return type(self), (self.problems, self.heading)


class InvalidSurvey(QualifyError):
    """A survey, or survey file, that cannot be used."""


class InvalidDeals(QualifyError):
    """A table of deals that does not fit its survey."""


class InvalidCriteria(QualifyError):
    """Criteria, or a criteria file, that cannot be used."""


class InvalidLedger(QualifyError):
    """A ledger of criteria that cannot be read or written: a damaged, missing, changed or foreign file."""


class LedgerConflict(QualifyError):
    """Another job has added a version since the ledger was opened; nothing was added."""


class InvalidArgument(QualifyError):
    """An argument outside its allowed values."""


class NotEnoughDeals(QualifyError):
    """Too few deals, or too few wins or losses, for the question asked."""


class QualifyWarning(UserWarning):
    """Something that does not stop the work but that a reader of the result must know."""


def check_level(level: object, *, where: str, name: str = "level") -> float:
    """Return `level` as a float if it lies strictly between 0 and 1.

    Parameters
    ----------
    level : object
        What the caller gave.
    where : str
        The public function, for the message.
    name : str
        The parameter, for the message.

    Returns
    -------
    float
        In (0, 1).

    Raises
    ------
    InvalidArgument
        Otherwise; a percentage such as 95 is answered with the share it stands for.

    Examples
    --------
    >>> check_level(0.95, where="find_factors")
    0.95
    >>> check_level(95, where="find_factors")
    Traceback (most recent call last):
    qualify.errors.InvalidArgument: `level` of `find_factors` must lie in (0, 1); got 95. Did you mean 0.95?
    """
    number = _real(level)
    if number is not None and 0 < number < 1:
        return number
    hint = f" Did you mean {number / 100:g}?" if number is not None and 1 < number < 100 else ""
    raise InvalidArgument(f"`{name}` of `{where}` must lie in (0, 1); got {short(level)}.{hint}")


def check_positive(value: object, *, name: str, where: str, whole: bool = False) -> float:
    """Return `value` as a float if it is a finite number above zero.

    Parameters
    ----------
    value : object
        What the caller gave.
    name, where : str
        The parameter and the public function, for the message.
    whole : bool
        Whether only whole numbers will do.

    Returns
    -------
    float
        Above 0; integral where `whole`.

    Raises
    ------
    InvalidArgument
        Otherwise.

    Examples
    --------
    >>> check_positive(199, name="replicates", where="validate", whole=True)
    199.0
    """
    number = _real(value)
    if number is not None and number > 0 and not (whole and number != int(number)):
        return number
    kind = "a whole number" if whole else "a number"
    raise InvalidArgument(f"`{name}` of `{where}` must be {kind} above 0; got {short(value)}.")


def check_choice(value: T, allowed: Iterable[T], *, name: str, where: str) -> T:
    """Return `value` if it is one of `allowed`.

    Parameters
    ----------
    value : object
        What the caller gave.
    allowed : iterable
        The values there are.
    name, where : str
        The parameter and the public function, for the message.

    Returns
    -------
    object
        The value itself.

    Raises
    ------
    InvalidArgument
        Otherwise, with the nearest allowed value.

    Examples
    --------
    >>> check_choice("ridg", ("ridge", "firth"), name="fit", where="f")
    Traceback (most recent call last):
    qualify.errors.InvalidArgument: `fit` of `f` must be 'ridge' or 'firth'; got 'ridg'. Did you mean 'ridge'?
    """
    options = list(allowed)
    if value in options:
        return value
    words = [short(option) for option in options]
    listed = " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
    hint = did_you_mean(short(value), words)
    raise InvalidArgument(f"`{name}` of `{where}` must be {listed}; got {short(value)}.{hint}")


def did_you_mean(word: str, options: Iterable[str], *, most: int = 1) -> str:
    """Return " Did you mean X?" for the options nearest to `word`, or "" where none is near.

    Parameters
    ----------
    word : str
        What was written.
    options : iterable of str
        What there is.
    most : int
        How many to offer.

    Returns
    -------
    str
        A sentence with a leading space, or "".

    Examples
    --------
    >>> did_you_mean("Statsu", ["Status", "Seller"])
    ' Did you mean Status?'
    """
    by_fold: dict[str, str] = {}
    for option in options:
        by_fold.setdefault(option.strip().casefold(), option)
    near = difflib.get_close_matches(word.strip().casefold()[:200], list(by_fold), n=most, cutoff=0.6)
    return f" Did you mean {' or '.join(by_fold[found] for found in near)}?" if near else ""


def short(value: object) -> str:
    """Return a value as it is shown in a message: cut where it is long, safe on nested and odd objects.

    Parameters
    ----------
    value : object
        Anything.

    Returns
    -------
    str
        At most about 60 characters on one line.

    Examples
    --------
    >>> short("Yse")
    "'Yse'"
    """
    printer = reprlib.Repr()
    printer.maxstring = printer.maxother = 60
    printer.maxlevel = 2
    text = printer.repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _real(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def _as_problems(problems: Iterable[Problem] | Problem | str) -> tuple[Problem, ...]:
    if isinstance(problems, str):
        return (Problem(reason=problems, mend=""),)
    return (problems,) if isinstance(problems, Problem) else tuple(problems)


def _message(problems: tuple[Problem, ...], heading: str) -> str:
    if len(problems) == 1 and not heading:
        return str(problems[0])
    lines = [heading or f"{len(problems)} problems:"]
    lines += [f"  - {problem}" for problem in problems[:SHOWN]]
    if len(problems) > SHOWN:
        lines.append(f"  ... and {len(problems) - SHOWN} more (all in .problems)")
    return "\n".join(lines)
