"""What the formula exports of CRM systems share: numbers, ranges, and splitting of long formulas."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import count
from typing import TypeVar

from qualify.exports.rules import Choice, Question

DECIMALS = 12  # of a probability
Item = TypeVar("Item")


def number(value: float) -> str:
    """Write a number in full, without an exponent.

    Parameters
    ----------
    value : float
        Finite.

    Returns
    -------
    str
        Its shortest exact form.

    Examples
    --------
    >>> number(2.5), number(1e-7), number(-0.0), number(3.0)
    ('2.5', '0.0000001', '0', '3')
    """
    return _plain(format(Decimal(repr(float(value))), "f"))


def probability(value: float) -> str:
    """Write a probability with at most 12 decimals.

    Parameters
    ----------
    value : float
        From 0 to 1.

    Returns
    -------
    str
        The number.

    Examples
    --------
    >>> probability(0.1 + 0.2), probability(1.0)
    ('0.3', '1')
    """
    return _plain(f"{value:.{DECIMALS}f}")


def _plain(digits: str) -> str:
    plain = digits.rstrip("0").rstrip(".") if "." in digits else digits
    return "0" if plain in ("-0", "") else plain


def value_of_blank(question: Question, value: Callable[[Choice], str], otherwise: str) -> str:
    """Find what a blank answer gives.

    Parameters
    ----------
    question : Question
        The question.
    value : callable
        From a choice to what it gives.
    otherwise : str
        Where a blank is no answer.

    Returns
    -------
    str
        What it gives.
    """
    return next((value(choice) for choice in question.choices if "" in choice.words), otherwise)


def steps(question: Question, value: Callable[[Choice], str], otherwise: str) -> list[tuple[float, str]]:
    """Put ranges into ascending steps without gaps.

    Parameters
    ----------
    question : Question
        With ranges.
    value : callable
        From a choice to what it gives.
    otherwise : str
        Where no range is, and below `Question.least`.

    Returns
    -------
    list of (float, str)
        Upper end (not part of the step) and what numbers from the end before to it give; the last end is
        infinite. Numbers above `Question.most` are not looked at.

    Examples
    --------
    >>> from qualify.exports.rules import Choice, Question
    >>> low = Choice(answer="", points=0, low=-math.inf, high=4.0)
    >>> high = Choice(answer="", points=3, low=5.0, high=9.0)
    >>> asked = Question(name="", column="", text="", choices=(high, low), least=0.0)
    >>> steps(asked, lambda choice: str(choice.points), "none")
    [(0.0, 'none'), (4.0, '0'), (5.0, 'none'), (9.0, '3'), (inf, 'none')]
    """
    ranges = sorted((choice for choice in question.choices if choice.is_range), key=lambda one: one.low)
    found, end = [(question.least, otherwise)], -math.inf
    for choice in ranges:
        found += [(choice.low, otherwise)] if choice.low > end else []
        found.append((choice.high, value(choice)))
        end = choice.high
    found.append((math.inf, otherwise))
    ascending: list[tuple[float, str]] = []
    for high, given in found:
        if high > (ascending[-1][0] if ascending else -math.inf):
            # Neighbours that give the same are one step.
            ascending = ascending[:-1] if ascending and ascending[-1][1] == given else ascending
            ascending.append((high, given))
    return ascending


def chunked(items: Sequence[Item], fits: Callable[[Sequence[Item]], bool]) -> list[list[Item]]:
    """Cut a sequence into runs that fit, each as long as it can be.

    Parameters
    ----------
    items : sequence
        In their order.
    fits : callable
        Whether a run fits; a run of one item is taken as it is.

    Returns
    -------
    list of list
        The runs; none where there are no items.

    Examples
    --------
    >>> chunked([3, 4, 5, 20], lambda run: sum(run) < 10)
    [[3, 4], [5], [20]]
    """
    runs: list[list[Item]] = []
    for item in items:
        if runs and fits([*runs[-1], item]):
            runs[-1].append(item)
        else:
            runs.append([item])
    return runs


def combined(
    name: Callable[[str], str],
    items: Sequence[str],
    write: Callable[[Sequence[str]], str],
    fits: Callable[[str], bool],
    whole: Callable[[Sequence[str]], str] | None = None,
) -> list[tuple[str, str]]:
    """Write one formula over many fields, by way of formulas over some of them where it would be too long.

    Parameters
    ----------
    name : callable
        From ``""``, ``"_1"``, ``"_2"``, ... to the name of a field.
    items : sequence of str
        The fields.
    write : callable
        From fields to a formula; of formulas of parts it makes the formula of the whole.
    fits : callable
        Whether a formula is short enough.
    whole : callable, optional
        Makes the formula of the whole, where that is another than `write` makes.

    Returns
    -------
    list of (str, str)
        Names and formulas, the whole last.

    Examples
    --------
    >>> combined("S{}".format, ["a", "b", "c", "d"], "+".join, lambda text: len(text) < 6)
    [('S_1', 'a+b+c'), ('S_2', 'd'), ('S', 'S_1+S_2')]
    """
    found: list[tuple[str, str]] = []
    numbers = count(1)
    whole = whole or write
    while len(items) > 2 and not fits(whole(items)):
        runs = chunked(items, lambda run: len(run) <= 2 or fits(write(run)))
        parts = [(name(f"_{next(numbers)}"), write(run)) for run in runs]
        found += parts
        items = [part for part, _ in parts]
    return [*found, (name(""), whole(items))]
