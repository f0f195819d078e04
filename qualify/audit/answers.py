"""Whether the answers of each characteristic can be used."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control, fisher_exact

from qualify.audit.finding import EVERYWHERE, Finding, Severity
from qualify.deals import Deals
from qualify.deals.design import DesignMatrix
from qualify.formatting.wording import counted, listed, rate
from qualify.survey import UNKNOWN

SOME_UNKNOWN, MANY_UNKNOWN = 0.1, 0.2
TELLING = 0.05  # q-value below which unknown and known answers differ in their win rate
DECIDES_FROM = 5  # deals with one answer, all won or all lost


def check_answers(
    deals: Deals, design: DesignMatrix, level: float, mirrors: Collection[str] = ()
) -> Iterator[Finding]:
    """Yield what is wrong with the answers of single characteristics.

    Parameters
    ----------
    deals : Deals
        The deals.
    design : DesignMatrix
        Their answers in columns, which says what is pooled.
    level : float
        Confidence level of the win rates' intervals.
    mirrors : collection of str
        Characteristics that say the outcome; advice to ask them earlier would be wrong.

    Yields
    ------
    Finding
        Nothing to compare, blank surveys, unknown answers, rare ones, answers that decide alone or were
        never given.
    """
    yield from _nothing_varies(deals, design, mirrors)
    yield from _blank_surveys(deals)
    yield from _unknown(deals, level, mirrors)
    yield from _rare(deals, design)
    yield from _decides_alone(deals, mirrors)
    yield from _never_given(deals)


def _nothing_varies(deals: Deals, design: DesignMatrix, mirrors: Collection[str]) -> Iterator[Finding]:
    idle = [name for name in deals.survey.names if not design.columns(name, "known")]
    severity: Severity = "stop" if len(idle) == len(deals.survey.names) else "warn"
    for name in idle if severity == "stop" else [name for name in idle if name not in mirrors]:
        answers = deals.answers[name]
        known = answers[answers != UNKNOWN].value_counts()
        given = [str(answer) for answer in known.index[known > 0]]
        if not given:
            what, n = f"{name}: every answer is unknown.", 0
        elif len(given) == 1:
            n = int(known.iloc[0])
            what = f"{name}: all {counted(n, 'known answer')} are {given[0]!r}."
        else:
            n = int(known.iloc[1:].sum())
            what = (
                f"{name}: nearly all known answers are {given[0]!r}; only {counted(n, 'deal')} say otherwise."
            )
        why = "Where answers do not differ, nothing can be said about what goes with them."
        mend = (
            "Ask it so that answers differ, or stop asking; it takes part only through its unknown answers."
        )
        yield Finding(severity, what, name, n, why, mend)


def _blank_surveys(deals: Deals) -> Iterator[Finding]:
    blank = (deals.answers == UNKNOWN).all(axis=1)
    n = int(blank.sum())
    if n:
        won = int(deals.won[blank].sum())
        what = f"{counted(n, 'deal')} with nothing but unknown answers; win rate {rate(won, n)}."
        why = "They say how surveys were filled in, not what goes with winning."
        yield Finding(
            "warn", what, EVERYWHERE, n, why, "Fill in the survey for them, or leave these deals out."
        )


def _unknown(deals: Deals, level: float, mirrors: Collection[str]) -> Iterator[Finding]:
    missing = deals.answers == UNKNOWN
    q_value = _q_values(missing, deals.won)
    for name in (one for one in deals.survey.names if one not in mirrors):
        unknown = missing[name]
        n = int(unknown.sum())
        telling = q_value[name] < TELLING
        if n == deals.n or not (n / deals.n >= SOME_UNKNOWN or telling):
            continue
        without, beside = (rate(*_won_of(deals, mask), level=level) for mask in (unknown, ~unknown))
        what = (
            f"{name}: unknown in {n / deals.n:.0%}; win rate {without} where unknown, {beside} where known."
        )
        why = "What is found about it rests on the deals where it is known."
        mend = "Ask it of every deal, early; unknown is kept as an answer of its own."
        if telling:
            way = "losing" if deals.won[unknown].mean() < deals.won[~unknown].mean() else "winning"
            why = f"Not knowing goes with {way} here: partly a sign of how well the deal was worked."
        yield Finding("warn" if n / deals.n > MANY_UNKNOWN else "note", what, name, n, why, mend)


def _q_values(missing: pd.DataFrame, won: pd.Series[bool]) -> dict[str, float]:
    """Fisher's exact test of unknown against known for each characteristic, adjusted for their number."""
    p_values = []
    for name in missing:
        table = [
            [int((missing[name] & ended).sum()), int((~missing[name] & ended).sum())] for ended in (won, ~won)
        ]
        p_values.append(float(fisher_exact(np.array(table)).pvalue))
    return dict(zip(missing.columns, false_discovery_control(p_values), strict=True)) if p_values else {}


def _won_of(deals: Deals, mask: pd.Series[bool]) -> tuple[int, int]:
    return int(deals.won[mask].sum()), int(mask.sum())


def _rare(deals: Deals, design: DesignMatrix) -> Iterator[Finding]:
    fewest = deals.survey.min_answers
    for name, rows in design.pooled.groupby("characteristic", sort=False):
        rare = rows[(rows["deals"] > 0) & (rows["deals"] < fewest)]
        if rare.empty:
            continue
        each = [
            f"{answer!r} ({counted(int(n), 'deal')}, counted with {partner})"
            for answer, n, partner in zip(rare["answer"], rare["deals"], rare["pooled_into"], strict=True)
        ]
        what = f"{name}: rare answers {listed(each)}."
        if len(each) == 1:
            what = what.replace("rare answers", "rare answer", 1)
        why = f"Nothing can be said about an answer that fewer than {fewest} deals gave, so it is pooled."
        mend = "Join such answers in the survey where they mean nearly the same."
        yield Finding("note", what, str(name), int(rare["deals"].sum()), why, mend)


def _decides_alone(deals: Deals, mirrors: Collection[str]) -> Iterator[Finding]:
    for name in (one for one in deals.survey.names if one not in mirrors):
        counts = deals.won.groupby(deals.answers[name], observed=True).agg(["size", "sum"])
        for answer, (n, won) in zip(counts.index, counts.to_numpy(), strict=True):
            if n < DECIDES_FROM or 0 < won < n or n == deals.n:
                continue
            ended, chance = ("won", deals.win_rate) if won else ("lost", 1 - deals.win_rate)
            what = f"{name}: all {int(n):,} deals with {str(answer)!r} were {ended}."
            why = (
                f"By luck alone, {int(n):,} deals all end so with probability {_chance(chance**n)}; "
                "the true rate need not be 0% or 100%."
            )
            mend = (
                "Look at these deals: a rule, a late answer, or a gate? Estimates stay finite all the same."
            )
            yield Finding("note", what, name, int(n), why, mend)


def _chance(probability: float) -> str:
    return "below 0.1%" if probability < 0.001 else f"{probability:.1%}"


def _never_given(deals: Deals) -> Iterator[Finding]:
    missing = []
    for asked in deals.survey.characteristics:
        counts = deals.answers[asked.name].value_counts()
        never = [str(answer) for answer in counts.index[counts == 0] if answer != UNKNOWN]
        if never and len(never) < len(counts) - 2:  # one answer alone is told of already
            order = [
                str(answer) for answer in deals.answers[asked.name].cat.categories if str(answer) in never
            ]
            missing.append((asked.name, f"{asked.name}: {listed(map(repr, order))}"))
    if missing:
        what = f"Answers that no closed deal gave: {'; '.join(text for _, text in missing)}."
        why = "Their win rate is not known; points for them follow from neighbours or the reference."
        where = "; ".join(name for name, _ in missing)
        yield Finding("note", what, where, 0, why, "Leave them out of the survey if they never come up.")
