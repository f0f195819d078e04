"""What to know before the scores of a table are used: what past deals never saw, what has drifted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import beta

from qualify._support.words import number_text
from qualify.criteria.points import as_numbers
from qualify.criteria.tables import numbers_told
from qualify.deals.economics import Money
from qualify.formatting.formats import format_value
from qualify.formatting.wording import counted, listed
from qualify.scoring.scored_answers import Part, Standing
from qualify.survey import UNKNOWN

# Chance of any false alarm of drift in a table of deals that are like the past ones.
ALPHA = 0.01
# Fewer deals than this are not tested for drift.
FEWEST = 20
# Odds that have more than doubled are far from what they were.
TIMES = 2.0
MOST = 0.5
NAMED = 5  # deals

NEVER = "answer that no past deal gave"
NEW_WORD = "word that the survey does not know"
NOT_ASKED = "unknown, which it hardly ever was"
OUTSIDE = "numbers outside those of past deals"
BETWEEN = "numbers that no past deal gave"
SCALE = "another scale?"
UNKNOWN_OFTEN = "unknown far more often"
NOT_TOLD = "past answers not told"
SOME_HOURS = "hours not given for all"
NO_MONEY = "value or effort not known"
BEFORE_THE_TABLE = (NEW_WORD, NEVER)  # what a reader has to know before the scores
COLUMNS = {"characteristic": "str", "what": "str", "deals": "int64", "detail": "str"}


class Note(NamedTuple):
    """One thing to know; `characteristic` is empty where it is about the whole table."""

    characteristic: str
    what: str
    deals: int
    detail: str


def notes_on(standing: Standing, money: tuple[Money, Money] | None) -> pd.DataFrame:
    """Name what scores of these deals rest on that past deals do not carry.

    Parameters
    ----------
    standing : Standing
        Where the deals stand.
    money : tuple of Money, optional
        What winning and pursuing them means, and what they tell of it themselves.

    Returns
    -------
    DataFrame
        characteristic, what, deals, detail.

    Notes
    -----
    Answers and numbers that no past deal gave are always named. Drift is tested: the exact limits (Clopper &
    Pearson 1934) of a share among these deals and among past ones, at a level that lets all tests of the
    table together raise a false alarm in at most 1 of 100 tables like the past; on at least 20 deals.
    "Unknown far more often": the odds of unknown have more than doubled, by these limits. "Another scale?":
    most numbers lie outside the past ones, or most lie in the lowest or in the highest of several ranges and
    the odds of that have more than doubled.

    References
    ----------
    Clopper, C. & Pearson, E. S. (1934). The use of confidence or fiducial limits illustrated in the case of
    the binomial. Biometrika 26, 404-413.
    """
    # Two tests of each characteristic and its two outer ranges, with two limits each.
    alpha = ALPHA / (8 * max(len(standing.parts), 1))
    found: list[Note] = []
    for part in standing.parts:
        found += [*_never(standing, part), *_numbers(standing, part, alpha), *_unknown(standing, part, alpha)]
    found += [*_not_told(standing), *_hours(standing)]
    if money is not None:
        found += _money(*money)
    return pd.DataFrame(found, columns=list(COLUMNS)).astype(COLUMNS)


def new_word_notes(*tables: pd.DataFrame) -> pd.DataFrame:
    """Name words that are no answers of the survey and count as unknown.

    Parameters
    ----------
    *tables : DataFrame
        As `Deals.new_words`.

    Returns
    -------
    DataFrame
        characteristic, what, deals, detail.
    """
    found = [
        Note(
            row["characteristic"],
            NEW_WORD,
            row["deals"],
            f"“{row['word']}” counts as unknown: deals {row['named']}",
        )
        for table in tables
        for row in table.to_dict("records")
    ]
    return pd.DataFrame(found, columns=list(COLUMNS)).astype(COLUMNS)


def _counts(part: Part) -> NDArray[np.int64]:
    return np.bincount(part.codes, minlength=len(part.given))


def _some(standing: Standing, part: Part, hit: NDArray[np.bool_]) -> str:
    """Name the first deals that gave one of the answers marked."""
    deals = standing.deals[np.flatnonzero(hit[part.codes])]
    return listed([*deals[:NAMED], *[""] * (len(deals) - NAMED)], most=NAMED)


def _never(standing: Standing, part: Part) -> Iterator[Note]:
    """Words that the survey allows and no past deal gave."""
    if part.asked.kind == "score":
        return
    past, counts = dict(zip(part.known["answer"], part.known["n"], strict=True)), _counts(part)
    for place, answer in enumerate(part.given):
        if counts[place] and answer != UNKNOWN and past.get(answer) == 0:
            hit = np.arange(counts.size) == place
            points = counted(abs(int(part.points[place])), "point")
            earns = f"takes {points} away" if part.points[place] < 0 else f"earns {points}"
            like = " as unknown does" if part.asked.kind in ("choice", "yes_no") else ""
            detail = f"“{answer}” {earns}{like}, for want of better: deals {_some(standing, part, hit)}"
            yield Note(part.asked.name, NEVER, int(counts[place]), detail)


def _numbers(standing: Standing, part: Part, alpha: float) -> Iterator[Note]:
    """Numbers beyond those of past deals, or between them, and whether all of it is on another scale."""
    seen = numbers_told(standing.criteria.provenance)[0].get(part.asked.name)
    if part.asked.kind != "score" or seen is None:
        return
    counts, numbers, whole = _counts(part), as_numbers(part.given), _whole_numbers(part)
    known = np.isfinite(numbers)
    outside = (counts > 0) & ((numbers < seen[0]) | (numbers > seen[1]))
    between = (counts > 0) & known & ~outside & (False if whole is None else ~np.isin(numbers, whole))
    for what, hit in ((OUTSIDE, outside), (BETWEEN, between)):
        if hit.any():
            ends = _ends(float(numbers[hit].min()), float(numbers[hit].max()))
            detail = f"{ends}, in the past {_ends(*seen)}: deals {_some(standing, part, hit)}"
            yield Note(part.asked.name, what, int(counts[hit].sum()), detail)
    k, m = int(counts[outside | between].sum()), int(counts[known].sum())
    if m < FEWEST:
        return
    if _limits(k, m, alpha)[0] > MOST:
        detail = f"{_share(k, m)} are numbers that no past deal gave; in the past {_ends(*seen)}"
        yield Note(part.asked.name, SCALE, k, detail)
    elif whole is None:
        yield from _crowded(part, counts, numbers, alpha)


def _whole_numbers(part: Part) -> NDArray[np.float64] | None:
    """Return the numbers past deals gave where each is an answer by itself; None where ranges are."""
    try:
        numbers = np.array([float(answer) for answer in part.known["answer"]])
    except ValueError:  # the name of a range
        return None
    return np.asarray(numbers[part.known["n"].to_numpy(np.float64) != 0])


def _crowded(
    part: Part, counts: NDArray[np.int64], numbers: NDArray[np.float64], alpha: float
) -> Iterator[Note]:
    """Most numbers in the lowest or the highest of several ranges, where few past ones were."""
    table, m = part.known, int(counts[np.isfinite(numbers)].sum())
    n = table["n"].to_numpy(np.float64)
    if len(table) < 2 or not np.isfinite(n).all():
        return
    for row in (0, len(table) - 1):
        low, high = float(table["low"].iloc[row]), float(table["high"].iloc[row])
        k = int(counts[(low <= numbers) & (numbers < high)].sum())
        if _limits(k, m, alpha)[0] > MOST and _far_more(k, m, n[row], n.sum(), alpha):
            detail = (
                f"{_share(k, m)} are {table['answer'].iloc[row]}; of past deals {_share(n[row], n.sum())}"
            )
            yield Note(part.asked.name, SCALE, k, detail)


def _unknown(standing: Standing, part: Part, alpha: float) -> Iterator[Note]:
    """Unknown far more often than among past deals."""
    k, m = int(part.is_unknown.sum()), int(part.codes.size)
    n = part.answers["n"].to_numpy(np.float64)
    fewest = standing.criteria.survey.min_answers
    if k and np.isfinite(n[-1]) and n[-1] < fewest and part.points.any():
        hit = np.array([answer == UNKNOWN for answer in part.given])
        points = int(part.answers["points"].iloc[-1])
        past = counted(int(n[-1]), "past deal")
        detail = (
            f"{past} had it unknown; it counts as the average known answer, {points} of "
            f"{int(part.known['points'].max())} points: deals {_some(standing, part, hit)}"
        )
        yield Note(part.asked.name, NOT_ASKED, k, detail)
    if m >= FEWEST and np.isfinite(n).all() and _far_more(k, m, n[-1], n.sum(), alpha):
        detail = f"{_share(k, m)}; of past deals {_share(n[-1], n.sum())}"
        yield Note(part.asked.name, UNKNOWN_OFTEN, k, detail)


def _not_told(standing: Standing) -> Iterator[Note]:
    for part in standing.parts:
        unknown = int(part.is_unknown.sum())
        if part.shares is None and unknown:
            detail = "the criteria do not say how often each answer was given; ask_next goes by points"
            yield Note(part.asked.name, NOT_TOLD, unknown, detail)


def _hours(standing: Standing) -> Iterator[Note]:
    lacking = [part.asked.name for part in standing.parts if part.asked.hours is None]
    if lacking and len(lacking) < len(standing.parts):
        detail = f"deals to which {listed(lacking)} matter are ranked without hours"
        yield Note("", SOME_HOURS, standing.score.size, detail)


def _money(filled: Money, own: Money) -> Iterator[Note]:
    for name, used, told in (("value", filled.value, own.value), ("effort", filled.cost, own.cost)):
        silent = np.isnan(told)
        if silent.any():
            taken = f"past deals do not tell a mean {name} either; ranked without money"
            if np.isfinite(used[silent]).all():
                taken = f"the mean {name} of past {'wins' if name == 'value' else 'deals'} is taken"
            yield Note("", NO_MONEY, int(silent.sum()), f"{name}: {taken}")


def _limits(k: float, m: float, alpha: float) -> tuple[float, float]:
    """Lower and upper exact limit of a share, each missed with at most `alpha`."""
    low = 0.0 if k <= 0 else float(beta.ppf(alpha, k, m - k + 1))
    high = 1.0 if k >= m else float(beta.ppf(1 - alpha, k + 1, m - k))
    return low, high


def _far_more(k: float, m: float, past: float, n: float, alpha: float) -> bool:
    """Whether the odds of a share have surely more than doubled."""
    if n <= 0:
        return False
    low, high = _limits(k, m, alpha)[0], _limits(past, n, alpha)[1]
    return low * (1 - high) > TIMES * high * (1 - low)


def _share(k: float, m: float) -> str:
    return f"{format_value(k / m, 'percent')} ({k:,.0f} of {m:,.0f})"


def _ends(low: float, high: float) -> str:
    return number_text(low) if low == high else f"{number_text(low)} to {number_text(high)}"
