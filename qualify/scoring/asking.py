"""What to find out next about a deal: the unknown answer whose knowledge would move the decision most."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from qualify.deals.economics import Money
from qualify.scoring.answer_levels import NO_LIMIT
from qualify.scoring.remarks import NOT_LISTED, Worth, per_hour, ranked
from qualify.scoring.scored_answers import Floats, Part, Standing, Whole

# Sums of the same shares in another order are the same chance.
DECIMALS = 12


class Prospects(NamedTuple):
    """What finding out one answer may bring, by where the deal stands without it.

    A row per score earned by the other answers and limit set by their gates, (K,).

    now, zone_now : probability and zone while the answer is unknown. after, zone_after : (K, A) once it is
    known. share : (A,) of each known answer among past deals that knew it; NaN where that is not told.
    """

    now: Floats
    zone_now: Whole
    after: Floats
    zone_after: Whole
    share: Floats


def ask_next(standing: Standing, money: Money | None) -> pd.api.extensions.ExtensionArray:
    """Name, for every deal, the unknown answers worth knowing, the most worth first.

    Parameters
    ----------
    standing : Standing
        Where the deals stand.
    money : Money, optional
        What winning and pursuing each of them means.

    Returns
    -------
    array of str
        Joined by ``"; "``.

    Notes
    -----
    A question is asked alone, the other unknown answers staying so; its answer is a draw from those of past
    deals that knew it. `unknown` has points of its own, since not knowing goes with winning or losing
    by itself: the probability in the table is that of deals that *stayed* unknown.

    Without money the decision is the zone, as it stands in the table. Questions are ranked by the chance that
    the zone changes, then by the expected absolute change of the probability in the table.

    With money the decision is whether to pursue, and the worth of a question is what knowing gains over
    deciding without (Raiffa & Schlaifer 1961): ``E max(0, p V − C) − max(0, E[p] V − C)``. Both
    terms average over the same answers, so that what not knowing goes with by itself is no gain. It is
    worked out as ``min(E max(0, p V − C), E max(0, C − p V))``, which is 0 exactly where no answer would
    change the decision.

    All of it is per hour where the survey gives the hours of all questions listed for the deal. Where the
    criteria do not tell how often answers were given, a question follows those for which they do,
    by how far it could move the score.

    References
    ----------
    Raiffa, H. & Schlaifer, R. (1961). Applied Statistical Decision Theory. Harvard University.
    """
    parts = standing.parts
    foreseen = [_prospects(standing, part) for part in parts]
    worths = [_by_zone(foreseen, [1.0] * len(parts), standing)]
    hours = [part.asked.hours for part in parts]
    if any(hours):
        worths.append(_by_zone(foreseen, [one or 1.0 for one in hours], standing))
    n, limits = standing.score.size, standing.limits.size
    found = [np.full((n, len(parts)), NOT_LISTED) for _ in worths]
    for j, part in enumerate(parts):
        rows = np.flatnonzero(part.is_unknown)
        if not rows.size:
            continue
        earned = standing.score[rows] - part.points[part.codes[rows]]
        place = earned * limits + standing.others(part)[rows]
        for worth, table in zip(found, worths, strict=True):
            worth[rows, j] = table[j][place]
        if money is not None:
            gain = _by_money(foreseen[j], place, money.of(rows))
            for worth, took in zip(found, (1.0, hours[j] or 1.0), strict=False):
                # A rank where it is not told how often answers were given is below 0.
                worth[rows, j] = np.where(np.isnan(gain), worth[rows, j], gain / took)
    worth = per_hour(found[0], hours, found[-1])
    codes = np.broadcast_to(np.arange(len(parts)), worth.shape)
    return ranked(worth, codes, [part.asked.name for part in parts])


def _prospects(standing: Standing, part: Part) -> Prospects:
    scores, limits = standing.chance.size, standing.limits.size
    earned, other = (grid.ravel() for grid in np.mgrid[:scores, :limits])
    last = part.answers.iloc[-1]

    def after(points: Whole, limit: Whole) -> tuple[Floats, Whole]:
        # What no deal can have earned may lead beyond the scores there are.
        score = np.clip(earned[:, None] + points, 0, scores - 1)
        reached = np.minimum(other[:, None], limit)
        return standing.probability(score, reached), standing.zone(score, reached)

    known = part.known
    then, zone_then = after(known["points"].to_numpy(), known["limit"].to_numpy())
    now, zone_now = after(np.array([last["points"]]), np.array([last["limit"]]))
    share = part.shares if part.shares is not None else np.full(len(known), np.nan)
    return Prospects(now[:, 0], zone_now[:, 0], then, zone_then, share)


def _by_zone(foreseen: list[Prospects], hours: list[float], standing: Standing) -> list[Worth]:
    """Rank all that finding out may bring: the place in the ranking, by question and where a deal stands."""
    firsts, seconds = [], []
    for one, part, took in zip(foreseen, standing.parts, hours, strict=True):
        moved = one.zone_after != one.zone_now[:, None]
        change = np.abs(one.after - one.now[:, None])
        if np.isnan(one.share).any():
            firsts.append(np.where(moved.any(axis=1) | change.any(axis=1), -1.0, NOT_LISTED))
            seconds.append(np.full(one.now.size, _span(part, standing)))
            continue
        chance, expected = moved @ one.share / took, change @ one.share / took
        firsts.append(np.where((chance > 0) | (expected > 0), chance, NOT_LISTED))
        seconds.append(expected)
    if not foreseen:
        return []
    first, second = np.concatenate(firsts), np.concatenate(seconds)
    pairs = np.column_stack([first.round(DECIMALS), second.round(DECIMALS)])
    _, rank = np.unique(pairs, axis=0, return_inverse=True)
    worth = np.where(first == -1.0, -1.0 / (1.0 + second), rank.ravel().astype(np.float64))
    worth[first == NOT_LISTED] = NOT_LISTED
    return np.split(worth, np.cumsum([one.now.size for one in foreseen])[:-1])


def _span(part: Part, standing: Standing) -> float:
    """How far an answer could move the score; a gate moves a deal from anywhere."""
    points = part.answers["points"].to_numpy()
    gated = bool((standing.limits[part.answers["limit"]] < NO_LIMIT).any())
    return float(standing.chance.size if gated else np.ptp(points))


def _by_money(one: Prospects, place: Whole, money: Money) -> Worth:
    """Work out what knowing gains; NaN where the deal's money or the past answers are not known."""
    gains, losses = np.zeros(place.size), np.zeros(place.size)
    told = not np.isnan(one.share).any()
    for a, share in enumerate(one.share if told else np.ones(one.share.size)):
        if share:  # an answer that no past deal gave plays no part
            gain = one.after[place, a] * money.value - money.cost
            gains += share * np.maximum(gain, 0.0)
            losses += share * np.maximum(-gain, 0.0)
    found = np.minimum(gains, losses)
    return np.where(found == 0, NOT_LISTED, found if told else np.nan)
