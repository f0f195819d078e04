"""Formulas that score: from the numbers of answers to points, probability, zone and gates."""

from __future__ import annotations

from collections.abc import Iterable

from qualify.exports.workbook.plan import FIRST_LIST, FIRST_POINTS, Plan, place
from qualify.exports.workbook.reading import in_lists


def score(plan: Plan, row: int) -> str:
    """Add up points; an empty text where there is no deal, or an answer is not known.

    Parameters
    ----------
    plan : Plan
        The plan.
    row : int
        Of Workings.

    Returns
    -------
    str
        Formula.
    """
    if not plan.placed:
        return f'IF(${plan.filled}{row}=0,"",0)'
    begin = [str(plan.rules.start)] if plan.rules.start else []
    total = "+".join([*begin, *(f"INDEX({in_points(plan, 'C')},${one.answer}{row})" for one in plan.placed)])
    answers = f"${plan.placed[0].answer}{row}:${plan.placed[-1].answer}{row}"
    return f'IF(OR(${plan.filled}{row}=0,COUNTIF({answers},0)>0),"",{total})'


def in_points(plan: Plan, column: str) -> str:
    """Where Points holds something about every answer.

    Parameters
    ----------
    plan : Plan
        The plan.
    column : str
        Its column.

    Returns
    -------
    str
        Range.
    """
    return f"Points!${column}${FIRST_POINTS}:${column}${place(plan.answers)}"


def limit(plan: Plan, row: int) -> str:
    """Find the most that the win probability of a scored deal can be.

    Parameters
    ----------
    plan : Plan
        The plan.
    row : int
        Of Workings.

    Returns
    -------
    str
        Formula; 1 where no gate is tripped.
    """
    limits = in_lists("P", FIRST_LIST, plan.answers)
    given = [f"INDEX({limits},${one.answer}{row})" for one in plan.placed if one.gates]
    return f'IF(${plan.score}{row}="","",MIN({",".join(["1", *given])}))'


def probability(plan: Plan, row: int) -> str:
    """Look up the win probability of a deal.

    Parameters
    ----------
    plan : Plan
        The plan.
    row : int
        Of Workings.

    Returns
    -------
    str
        Formula.
    """
    total, most = f"Workings!${plan.score}${row}", f"Workings!${plan.limit}${row}"
    return f'IF({total}="","",MIN({_by_score(plan, "H", total)},{most}))'


def zone(plan: Plan, row: int) -> str:
    """Look up the zone of a deal.

    Parameters
    ----------
    plan : Plan
        The plan.
    row : int
        Of Workings.

    Returns
    -------
    str
        Formula.
    """
    total, most = f"Workings!${plan.score}${row}", f"Workings!${plan.limit}${row}"
    return f'IF({total}="","",IF({most}<1,"below",{_by_score(plan, "I", total)}))'


def _by_score(plan: Plan, column: str, total: str) -> str:
    last = FIRST_POINTS + len(plan.rules.probabilities) - 1
    return f"INDEX(Points!${column}${FIRST_POINTS}:${column}${last},{total}+1)"


def joined(parts: Iterable[tuple[str, str]]) -> str:
    """Join the texts whose conditions hold by a semicolon.

    Parameters
    ----------
    parts : iterable of (str, str)
        Condition and text, both formulas.

    Returns
    -------
    str
        Formula; an empty text where none holds.
    """
    text = "&".join(f'IF({condition},"; "&{part},"")' for condition, part in parts)
    return f"MID({text},3,9999)" if text else '""'


def gates(plan: Plan, row: int) -> str:
    """Name the gates that a deal trips.

    Parameters
    ----------
    plan : Plan
        The plan.
    row : int
        Of Workings.

    Returns
    -------
    str
        Formula.
    """
    return joined(
        (
            f"Workings!${one.answer}${row}={number}",
            f'Points!$A${place(number)}&": "&Points!$B${place(number)}',
        )
        for one in plan.placed
        for number, _ in one.gates
    )
