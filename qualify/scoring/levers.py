"""Levers of a deal: known answers the team can change, whose change would carry the deal up."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qualify.deals.economics import Money
from qualify.scoring.remarks import NOT_LISTED, Worth, per_hour, ranked
from qualify.scoring.scored_answers import Floats, Part, Standing, Whole
from qualify.survey import UNKNOWN
from qualify.tipping.verdict import ZONES


class Step(NamedTuple):
    """Every deal after one answer is changed for the best.

    answer, allowed : the best answer, and the limit its gates set. gains : points that it earns more than
    each of `Part.given`. helps : (n,), whether it earns more or lifts a gate. probability, zone : (n,), then.
    """

    answer: str
    allowed: int
    helps: NDArray[np.bool_]
    gains: Whole
    probability: Floats
    zone: Whole


def levers_of(standing: Standing, money: Money | None) -> pd.api.extensions.ExtensionArray:
    """Say, for every deal, which answers the team could change and where that would carry it.

    Parameters
    ----------
    standing : Standing
        Where the deals stand.
    money : Money, optional
        What winning and pursuing each of them means.

    Returns
    -------
    array of str
        Joined by ``"; "``, such as "Budget: No → Yes (+3, to above)".

    Notes
    -----
    A lever leads from a known answer to the best one that past deals gave: no gate, then most points.
    Listed are those that alone carry the deal into a better zone, by gain in probability. Where the deal's
    money is known, those that alone raise what the deal is expected to bring, ``max(0, p V − C)``, by how
    much. Per hour where the survey gives the hours of all levers listed for the deal.
    Where none does so alone but all of them together do, all are listed and say "together"; where not even
    that would do, none is.

    It adds up points and says which deals won in the past; it does not say what a change would bring about.
    """
    parts = tuple(part for part in standing.parts if part.asked.controllable)
    steps = [_step(standing, part) for part in parts]
    now = standing.probability(standing.score, standing.limit)
    zone = standing.zone(standing.score, standing.limit)
    worth = np.full((now.size, len(parts)), NOT_LISTED)
    for j, step in enumerate(steps):
        worth[:, j] = _worth(step.helps, (now, zone), (step.probability, step.zone), money)
    chance, reached = _all_together(
        standing, dict(zip((part.asked.name for part in parts), steps, strict=True))
    )
    anything = np.ones(now.size, dtype=np.bool_)
    together = _worth(anything, (now, zone), (chance, reached), money) > NOT_LISTED
    together &= ~(worth > NOT_LISTED).any(axis=1)
    codes, words = np.zeros(worth.shape, dtype=np.int64), [""]
    for j, (part, step) in enumerate(zip(parts, steps, strict=True)):
        worth[:, j] = np.where(together & step.helps, step.probability - now, worth[:, j])
        to = np.where(together, reached, step.zone)
        listed = np.flatnonzero(worth[:, j] > NOT_LISTED)
        # The answer given, whether it takes all levers, and the zone reached where that is a better one.
        pair = (part.codes.astype(np.int64) * 2 + together) * len(ZONES) + np.where(to > zone, to, 0)
        found, pairs = pd.factorize(pair[listed])
        codes[listed, j] = found + len(words)
        words += [_text(part, step, *divmod(one, 2 * len(ZONES))) for one in pairs.tolist()]
    return ranked(per_hour(worth, [part.asked.hours for part in parts]), codes, words)


def _step(standing: Standing, part: Part) -> Step:
    """Change the answers of one characteristic to the best: no gate, most points."""
    table = part.known
    # One that no past deal gave is nothing to aim at.
    given = table[table["n"].isna() | (table["n"] > 0)]
    table = given if len(given) else table
    best = table.sort_values(["limit", "points"], ascending=False, kind="stable").iloc[0]
    allowed = int(best["limit"])
    gain, lifted = int(best["points"]) - part.points, allowed - part.limit
    known = np.array([answer != UNKNOWN for answer in part.given], dtype=np.bool_)
    helps = (known & ((lifted > 0) | (lifted == 0) & (gain > 0)))[part.codes]
    score = np.where(helps, standing.score + gain[part.codes], standing.score)
    limit = np.minimum(standing.others(part), allowed)
    return Step(
        answer=str(best["answer"]),
        allowed=allowed,
        helps=helps,
        gains=gain,
        probability=standing.probability(score, limit),
        zone=standing.zone(score, limit),
    )


def _all_together(standing: Standing, steps: dict[str, Step]) -> tuple[Floats, Whole]:
    """Probability and zone of every deal once all levers are used."""
    score = standing.score.copy()
    limit = np.full(score.size, standing.limits.size - 1)
    for part in standing.parts:
        mine = part.limit[part.codes]
        if part.asked.name in steps:
            step = steps[part.asked.name]
            score += np.where(step.helps, step.gains[part.codes], 0)
            mine = np.where(step.helps, step.allowed, mine)
        limit = np.minimum(limit, mine)
    return standing.probability(score, limit), standing.zone(score, limit)


def _worth(
    helps: NDArray[np.bool_], now: tuple[Floats, Whole], then: tuple[Floats, Whole], money: Money | None
) -> Worth:
    """Work out what a change is worth to each deal; minus infinity where it carries the deal nowhere."""
    worth = np.where(helps & (then[1] > now[1]), then[0] - now[0], NOT_LISTED)
    if money is not None:
        before, after = (np.maximum(chance * money.value - money.cost, 0.0) for chance in (now[0], then[0]))
        gain = np.where(helps & (after > before), after - before, NOT_LISTED)
        worth = np.where(money.known, gain, worth)
    return worth


def _text(part: Part, step: Step, given: int, place: int) -> str:
    """Say one lever: from which answer to which, the points, the gate, and where that leads."""
    together, zone = divmod(place, len(ZONES))
    gain, lifts = int(step.gains[given]), step.allowed > int(part.limit[given])
    said = [f"{gain:+d}"] if gain else []
    said += ["lifts its gate"] if lifts else []
    to = f"to {ZONES[zone]}" if zone else ""
    said += [f"together {to}".strip()] if together else [to] if to else []
    return f"{part.asked.name}: {part.given[given]} → {step.answer} ({', '.join(said)})"
