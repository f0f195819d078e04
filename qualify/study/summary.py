"""A study in plain words, for somebody who has a minute and no statistics."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from qualify.audit.audit import Audit
from qualify.criteria.model import Criteria
from qualify.criteria.parsimony import what_more_would_do
from qualify.criteria.points import points_against
from qualify.deals import Deals
from qualify.factors.factors import Factors
from qualify.factors.verdicts import against_directions
from qualify.formatting.formats import clean, format_value
from qualify.formatting.wording import counted, listed, pairs, rate
from qualify.study.trust import trust_in_words
from qualify.survey import UNKNOWN, Characteristic
from qualify.tipping.tipping import TippingPoint
from qualify.win_model.validation import Validation

WIDTH = 96


class Section(NamedTuple):
    """A heading, a paragraph, and points below it."""

    heading: str
    text: str
    points: tuple[str, ...] = ()


def summarise(
    deals: Deals,
    audit: Audit,
    factors: Factors,
    validation: Validation,
    tipping: TippingPoint,
    criteria: Criteria,
) -> str:
    """Return what a study found, as plain text.

    Parameters
    ----------
    deals : Deals
        The deals.
    audit : Audit
        Whether they can answer the question.
    factors : Factors
        Which characteristics matter.
    validation : Validation
        How the win model fares on deals it has not seen.
    tipping : TippingPoint
        Where the win model's score tips.
    criteria : Criteria
        The refined criteria.

    Returns
    -------
    str
        Headed paragraphs, at most 96 characters in a line; every rate with the deals it rests on.
    """
    sections = [
        Section("", _opening(deals, audit)),
        *_mirrors(audit),
        *_reservations(audit, "stop", "Mend this first"),
        _matters(deals, factors, audit.mirrors),
        *_unknown(deals, factors),
        *_surprises(factors),
        *_against_direction(deals, factors, criteria),
        Section("How far the win probability can be trusted", *trust_in_words(validation)),
        _resting_on(_tips(tipping), list(audit.mirrors)),
        _resting_on(_kept(criteria, deals), [name for name in audit.mirrors if name in criteria.kept]),
        *_gates(criteria),
        *([] if audit.mirrors else _stop_asking(factors, criteria)),
        *_reservations(audit, "warn", "Bear in mind"),
        Section(
            "", "All of this is what went with winning; it does not say what a change would bring about."
        ),
    ]
    return "\n\n".join(_written(section) for section in sections)


def _written(section: Section) -> str:
    lines = [section.heading.upper()] if section.heading else []
    lines += textwrap.wrap(section.text, WIDTH, break_long_words=False, break_on_hyphens=False)
    for point in section.points:
        lines += textwrap.wrap(
            point,
            WIDTH,
            initial_indent="- ",
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    return "\n".join(lines)


def _opening(deals: Deals, audit: Audit) -> str:
    when = ""
    dates = deals.dates.get("close_date", pd.Series(dtype="datetime64[us]")).dropna()
    if len(dates):
        when = f" between {format_value(dates.min().normalize())} and {format_value(dates.max().normalize())}"
    beside = f" {counted(len(deals.open), 'more deal')} still open." if len(deals.open) else ""
    if deals.left_out:
        beside += f" {counted(deals.left_out, 'deal')} without a decision left out."
    rated = rate(audit.won, audit.n, level=audit.level)
    return f"{counted(deals.n, 'deal')} closed{when}. Win rate {rated}.{beside}"


def _mirrors(audit: Audit) -> Iterator[Section]:
    found = audit.findings[_of_mirrors(audit)]
    if len(found):
        text = (
            "They are known only with the outcome, or say it in other words. What follows is too good to be "
            "true where it rests on them, and they hide the other questions. Leave them out of the survey "
            "and run this again; for one that is truly known before the outcome, write `known_before: true`."
        )
        yield Section("Stop: these questions say the outcome", text, tuple(found["what"]))


def _of_mirrors(audit: Audit) -> pd.Series[bool]:
    return audit.findings["where"].isin(audit.mirrors) & (audit.findings["severity"] == "stop")


def _reservations(audit: Audit, severity: str, heading: str) -> Iterator[Section]:
    found = audit.findings[(audit.findings["severity"] == severity) & ~_of_mirrors(audit)]
    if len(found):
        points = [f"{row['what']} {row['mend']}" for row in found.to_dict("records")]
        yield Section(heading, "", tuple(points))


def _matters(deals: Deals, factors: Factors, mirrors: tuple[str, ...]) -> Section:
    table = factors.table
    names = {verdict: list(rows["characteristic"]) for verdict, rows in table.groupby("verdict")}
    adds, shared = (len(names.get(verdict, [])) for verdict in ("adds", "shared"))
    by_size = table[table["verdict"] == "adds"].sort_values(
        "swing", key=lambda swing: -swing.abs(), kind="stable"
    )
    points = [_added(deals, row, factors.level) for row in by_size.to_dict("records")]
    points += _shared(deals, factors, set(names.get("shared", [])) - set(mirrors))
    points += [f"{listed(mirrors, most=30)}: see above."] if mirrors else []
    if "not shown" in names:
        left = listed(names["not shown"], most=30)
        points.append(
            f"Not shown to matter on these deals, which is not the same as shown not to matter: {left}."
        )
    adding = f"{adds or 'none'} {'adds' if adds < 2 else 'add'} to all the others"
    sharing = f"{shared or 'none'} {'shares' if shared < 2 else 'share'} with others what there is to tell"
    doubt = f"{counted(factors.n, 'deal')}; at most {factors.q:.0%} false findings to be expected"
    text = f"Of {counted(len(table), 'characteristic')}, {adding} and {sharing} ({doubt})."
    return Section("What goes with winning", text, tuple(points))


def _shared(deals: Deals, factors: Factors, shared: set[str]) -> Iterator[str]:
    """For each cluster, what overlaps, then the observed win rates of those that only share."""
    partners = factors.table.set_index("characteristic")["shares_with"]
    for members in factors.clusters["characteristics"]:
        names = members.split("; ")
        mine = [name for name in names if name in shared]
        if not mine:
            continue
        linked = {name for name in mine for name in partners[name].split("; ")}
        others = [name for name in names if name in linked - shared]
        go, overlap = ("go", "overlap") if len(mine) > 1 else ("goes", "overlaps")
        beside = listed(others, most=30) if others else "one another"
        start = f"{listed(mine, most=30)} {go} with the outcome too, but {overlap} with {beside}"
        unsure = f"{counted(factors.n, 'deal')} cannot tell which of them it is."
        yield " ".join([f"{start}; {unsure}", *(_observed(deals, name) for name in mine)])


def _observed(deals: Deals, name: str) -> str:
    """Observed win rates of two answers, which were not picked by their outcomes."""
    answers, asked = deals.answers[name], deals.survey.characteristic(name)
    if asked.kind == "score":
        numbers = answers.astype(str).where(answers != UNKNOWN).astype(float)
        middle = float(numbers.median())
        groups = {
            f"{middle:.3g} or less": numbers <= middle,
            f"more than {middle:.3g}": numbers > middle,
        }
    else:
        known = answers[answers != UNKNOWN].astype(str)
        frequent = list(known.value_counts().index[:2])
        order = [
            str(answer) for answer in answers.cat.categories if str(answer) in (asked.contrast or frequent)
        ]
        groups = {f"“{clean(answer)}”": answers == answer for answer in order}
    rates = [
        f"{rate(int(deals.won[mask].sum()), int(mask.sum()))} with {text}" for text, mask in groups.items()
    ]
    return f"{clean(name)}: {', '.join(rates)}."


def _known(deals: Deals, name: str) -> int:
    return int((deals.answers[name] != UNKNOWN).sum())


def _added(deals: Deals, row: dict[Any, Any], level: float) -> str:
    asked = deals.survey.characteristic(row["characteristic"])
    swing, ends = float(row["swing"]), sorted((float(row["swing_low"]), float(row["swing_high"])))
    size = abs(round(100 * swing))
    way = "higher" if swing > 0 else "lower"
    if swing < 0:
        ends = [-ends[1], -ends[0]]
    low, high = (round(100 * end) for end in ends)
    return (
        f"{clean(asked.name)}: {_contrast(deals, asked)} goes with a win rate {size} percentage points {way} "
        f"({level:.0%} interval {low} to {high}), other answers as they were "
        f"({counted(_known(deals, asked.name), 'deal')} where known)."
    )


def _contrast(deals: Deals, asked: Characteristic) -> str:
    """Say between which two answers the swing of a characteristic is taken."""
    answers = deals.answers[asked.name]
    if asked.kind == "score":
        numbers = answers[answers != UNKNOWN].astype(str).astype(float)
        low, high = (f"{end:.3g}" for end in np.quantile(numbers, [0.1, 0.9]))
        return f"a high rating ({high}) rather than a low one ({low})"
    if asked.kind == "choice" and asked.contrast is None:
        return "its most rather than its least winning answer"
    given = [str(answer) for answer in answers.cat.categories[:-1] if (answers == answer).any()]
    low, high = asked.contrast or (given[0], given[-1])
    return f"“{clean(high)}” rather than “{clean(low)}”"


def _unknown(deals: Deals, factors: Factors) -> Iterator[Section]:
    table = factors.table
    told = table[table["unknown_q"] < factors.q]
    if told.empty:
        return
    points = []
    for row in told.to_dict("records"):
        missing = deals.answers[row["characteristic"]] == UNKNOWN
        way = "losing" if row["unknown_swing"] < 0 else "winning"
        rated = rate(int(deals.won[missing].sum()), int(missing.sum()))
        points.append(
            f"{clean(row['characteristic'])}: not knowing goes with {way}; win rate {rated} where unknown."
        )
    yield Section(
        "When nobody knows", "Not knowing says something of its own, beside all other answers.", tuple(points)
    )


def _surprises(factors: Factors) -> Iterator[Section]:
    words = {
        "overlooked": "Worth points, but given none or the same for every answer",
        "overrated": "Given points, but not shown to matter on these deals",
        "reversed": "Given points the wrong way round",
    }
    found = [
        (words[kind], factors.table.loc[factors.table["surprise"] == kind, "characteristic"])
        for kind in words
    ]
    points = tuple(f"{text}: {listed(names, most=30)}." for text, names in found if len(names))
    if points:
        text = f"The team's own points against {counted(factors.n, 'deal')}:"
        yield Section("Against the points given by hand", text, points)


def _resting_on(section: Section, mirrors: Sequence[str]) -> Section:
    """Say before a verdict that it rests on questions that say the outcome."""
    if not mirrors:
        return section
    verb = "says" if len(mirrors) == 1 else "say"
    warning = f"Not to be used: it rests on {listed(mirrors, most=10)}, which {verb} the outcome."
    return section._replace(text=f"{warning} {section.text}")


def _against_direction(deals: Deals, factors: Factors, criteria: Criteria) -> Iterator[Section]:
    """Name what goes against the direction that the survey declares, in findings and in points."""
    against = against_directions(factors.table, deals, factors.q)
    points = [f"{clean(name)}: {clause}." for name, clause in against.items()]
    points += map(clean, points_against(criteria.points, criteria.survey))
    if points:
        text = f"The direction that the survey declares, against {counted(factors.n, 'deal')}:"
        yield Section("Against the expected direction", text, tuple(points))


def _tips(tipping: TippingPoint) -> Section:
    start = {
        "sharp": "Yes, there is a tipping point.",
        "gradual": "No narrow one; the win rate climbs gradually with the score.",
        "none": "No tipping point was shown.",
    }[tipping.verdict]
    reason = clean(tipping.reason)
    text = f"{start} {reason[:1].upper()}{reason[1:]}"
    if tipping.verdict == "none":
        return Section("Is there a tipping point?", f"{text} Base rate {rate(tipping.won, tipping.n)}.")
    band = " to ".join(
        format_value(edge, "number") if np.isfinite(edge) else "not reached"
        for edge in (tipping.low, tipping.high)
    )
    text += f" The climb, from 10% to 90% of it, lies at {band} on the scale of {tipping.score_label}."
    return Section("Is there a tipping point?", text, tuple(_zones(tipping.zones, tipping.level)))


def _zones(zones: pd.DataFrame, level: float) -> Iterator[str]:
    for row in zones.to_dict("records"):
        if not row["n"]:
            yield f"{row['zone'].capitalize()}: no deals."
            continue
        low, high = (format_value(row.get(end), "count") for end in ("score_low", "score_high"))
        span = f" ({low} to {high} points)" if "score_low" in row else ""
        ends = (float(row["win_rate_low"]), float(row["win_rate_high"]))
        rated = rate(row["won"], row["n"], share=row["win_rate"], level=level, ends=ends)
        yield f"{row['zone'].capitalize()}{span}: win rate {rated}."


def _kept(criteria: Criteria, deals: Deals) -> Section:
    heading = "The refined criteria"
    asked = len(deals.survey.names)
    if not criteria.kept:
        text = f"None of {counted(asked, 'characteristic')} earned points on {counted(deals.n, 'deal')}."
        return Section(heading, text)
    low, high = criteria.score_range
    level = criteria.tipping.level
    auc = criteria.performance.set_index("metric").loc["auc"].to_numpy(float)
    text = (
        f"{len(criteria.kept)} of {counted(asked, 'characteristic')} earn points ({low} to {high}): "
        f"{listed(criteria.kept, most=30)}. On deals they had not seen, the points put "
        f"{pairs(*auc, level=level)}; a coin would in 50. "
    )
    text += what_more_would_do(criteria.parsimony, level)
    text += {
        "tipping band": "Their zones are those of the tipping point:",
        "break-even": "Their zones divide at break-even, not at a tipping point:",
    }.get(criteria.bands_from, "Their zones divide at win probabilities, not at a tipping point:")
    return Section(heading, text, tuple(_zones(criteria.bands, level)))


def _gates(criteria: Criteria) -> Iterator[Section]:
    if len(criteria.gates):
        points = tuple(
            f"{clean(gate['characteristic'])} is {clean(gate['answer'])}: {rate(gate['won'], gate['n'])} won."
            for gate in criteria.gates.to_dict("records")
        )
        text = "Whatever its score, a deal with one of these answers is in the zone below."
        yield Section("Answers that stop a deal", text, points)


def _stop_asking(factors: Factors, criteria: Criteria) -> Iterator[Section]:
    quiet = set(factors.table.loc[factors.table["verdict"] == "not shown", "characteristic"])
    idle = criteria.left_out.loc[~(criteria.left_out["adds_low"] > 0), "characteristic"]
    names = [name for name in criteria.survey.names if name in quiet & set(idle)]
    if names and criteria.kept:  # where nothing was found, nothing speaks for one question over another
        text = "Not shown to matter, nor to add to the points on deals not seen "
        text += f"({counted(factors.n, 'deal')}): {listed(names, most=30)}."
        yield Section("What could be left out of the survey", text)
