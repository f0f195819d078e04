"""Criteria as a checklist of one page, in Markdown: tick, add, look up."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping

import numpy as np
import pandas as pd

from qualify.criteria.model import Criteria
from qualify.criteria.points import points_against
from qualify.formatting.formats import clean, format_value, signed
from qualify.formatting.wording import counted, limits, pairs, rate
from qualify.survey import UNKNOWN, Answer

BOX = "☐"
MOST_SCORES = 16  # rows of the table of scores before it is thinned
STEPS = (1, 2, 5, 10, 20, 50, 100)
_SPECIAL = re.compile(r"([\\`*_{}\[\]#|~!$^])")


def criteria_to_markdown(criteria: Criteria) -> str:
    """Return criteria as a page that a rep can work with.

    Parameters
    ----------
    criteria : Criteria
        The criteria.

    Returns
    -------
    str
        Markdown with tables (GitHub's dialect). Names and answers are escaped: whatever stands in them is
        shown and does nothing.
    """
    parts = [f"# {escape(_title(criteria))}", _mirrors(criteria), _against(criteria), _origin(criteria)]
    if criteria.kept:
        parts += ["## How to use it", _how(criteria), "## Questions", _questions(criteria)]
        parts += _gates(criteria)
        parts += ["## What the score says", _zones(criteria), _probabilities(criteria)]
        parts += ["## When an answer is unknown", _unknown(criteria)]
    else:
        parts.append("No question earned points on these deals: every deal has the same win probability.")
    against = [f"- {escape(said)}" for said in points_against(criteria.points, criteria.survey)]
    parts += ["## How far to trust it", _trust(criteria), "\n".join(against)]
    return "\n\n".join(part for part in parts if part) + "\n"


def escape(text: object) -> str:
    r"""Return text that Markdown and HTML show as it is, on one line.

    Parameters
    ----------
    text : object
        A name, a question, an answer.

    Returns
    -------
    str
        The escaped text, fit for a cell of a table.

    Examples
    --------
    >>> print(escape("a|b\n<script>*x*"))
    a\|b &lt;script&gt;\*x\*
    """
    plain = _SPECIAL.sub(r"\\\1", clean(text).replace("&", "&amp;"))
    plain = plain.replace("<", "&lt;").replace(">", "&gt;")
    # Bare addresses would become links.
    plain = re.sub(r"(?i)(https?|ftp|mailto|xmpp):", r"\1&#58;", plain)
    return re.sub(r"(?i)\bwww\.", "www&#46;", plain).replace("@", "&#64;")


def _title(criteria: Criteria) -> str:
    title = clean(criteria.survey.title)
    return f"Qualification criteria: {title}" if title else "Qualification criteria"


def _mirrors(criteria: Criteria) -> str:
    """Say at the top that some questions say the outcome."""
    if not criteria.mirrors:
        return ""
    names = ", ".join(map(escape, criteria.mirrors))
    return f"**Do not use: {names} say the outcome in other words, or are known only after it.**"


def _against(criteria: Criteria) -> str:
    """Say at the top which points go against the direction that the survey declares."""
    return "\n".join(f"- {escape(said)}" for said in criteria.provenance.get("against_direction", []))


def _origin(criteria: Criteria) -> str:
    tipping = criteria.tipping
    return (
        f"Version {escape(criteria.version)}. Learned from closed deals: {rate(tipping.won, tipping.n)} won."
    )


def _how(criteria: Criteria) -> str:
    low, high = criteria.score_range
    add = f"Add the points in brackets ({low} to {high}) and look up the score below."
    if criteria.start:
        add = (
            f"Begin with {criteria.start}, add the points in brackets, take away those with a minus, and "
            f"look up the score ({low} to {high}) below."
        )
    return (
        "1. Tick one answer per question, by what you have seen or heard; where you do not know, unknown.\n"
        f"2. {add}"
    )


def _questions(criteria: Criteria) -> str:
    rows, both_ways = [], criteria.start > 0
    for number, name in enumerate(criteria.kept, start=1):
        asked = criteria.survey.characteristic(name)
        words = {answer.value: answer for answer in asked.answers}
        mine = criteria.points[criteria.points["characteristic"] == name]
        ticks = [
            f"{BOX} {_answer(words.get(str(answer)), str(answer))} **({signed(points, plus=both_ways)})**"
            for answer, points in zip(mine["answer"], mine["points"], strict=True)
        ]
        question = escape(asked.question) + f" ({escape(name)})" if asked.question else escape(name)
        rows.append((f"{number}", question, " · ".join(ticks), ""))
    return _table(("", "Question", "Tick one (points)", "Mine"), rows)


def _answer(known: Answer | None, value: str) -> str:
    if known is None:
        return escape(value)
    text = escape(known.label or known.value)
    return f"{text}: {escape(known.anchor)}" if known.anchor else text


def _gates(criteria: Criteria) -> list[str]:
    if criteria.gates.empty:
        return []
    lines = [
        f"- {escape(gate['characteristic'])} is {escape(gate['answer'])}: at most "
        f"{format_value(gate['win_rate_high'], 'percent')}; {rate(gate['won'], gate['n'])} won so far."
        for gate in criteria.gates.to_dict("records")
    ]
    heading = "## Answers that stop a deal"
    how = "Whatever its score, a deal with one of these answers is in the zone below. Its win probability is:"
    return [heading, how, "\n".join(lines)]


def _zones(criteria: Criteria) -> str:
    rows = []
    for zone in criteria.bands.to_dict("records"):
        if np.isnan(zone["score_low"]):
            continue
        low, high = (format_value(zone[end], "count") for end in ("score_low", "score_high"))
        past, way = "no deal yet", ""
        if zone["n"]:
            share, *ends = (float(zone[part]) for part in ("win_rate", "win_rate_low", "win_rate_high"))
            n, won = int(zone["n"]), int(zone["won"])
            past = rate(won, n, share=share, level=criteria.tipping.level, ends=(ends[0], ends[1]))
            way = _way(ends[0], ends[1])
        rows.append((f"{escape(zone['zone'])}{way}", low if low == high else f"{low} to {high}", past))
    return f"{_source(criteria)}\n\n" + _table(("Zone", "Score", "Past deals won"), rows)


def _way(low: float, high: float) -> str:
    """Say so where even the interval of the win rate is on one side of one half."""
    return ": mostly lost" if high < 0.5 else ": mostly won" if low > 0.5 else ""


def _source(criteria: Criteria) -> str:
    if criteria.bands_from == "tipping band":
        return "The win rate tips: it climbs from low to high within the zone named inside."
    ends = criteria.provenance.get("settings", {}).get("zones", [])
    kind = (
        "climbs gradually with the score"
        if criteria.tipping.verdict == "gradual"
        else "shows no tipping point"
    )
    if criteria.bands_from == "break-even":
        at = f", a win probability of {format_value(float(ends[0]), 'percent')}" if ends else ""
        return (
            f"The win rate {kind}; the zones divide at break-even{at}. Below, pursuing a deal surely does "
            "not pay; above, it surely does; inside, past deals cannot tell."
        )
    named = " and ".join(format_value(float(end), "percent") for end in ends)
    return f"The win rate {kind}; the zones divide at win probabilities{f' of {named}' if named else ''}."


def _probabilities(criteria: Criteria) -> str:
    table = thinned(criteria.probabilities)
    rows = [
        (format_value(row["score"], "count"), format_value(row["probability"], "percent"), _interval(row))
        for row in table.to_dict("records")
    ]
    head = ("Score", "Win probability", f"{criteria.tipping.level:.0%} interval")
    left_out = len(table) < len(criteria.probabilities)
    return _table(head, rows) + ("\n\nScores that are not listed lie in between." if left_out else "")


def _interval(row: Mapping[Hashable, float]) -> str:
    return limits(row["low"], row["high"])


def thinned(probabilities: pd.DataFrame) -> pd.DataFrame:
    """Return every score, or every second, fifth, tenth where there are many; always the first and the last.

    Parameters
    ----------
    probabilities : DataFrame
        A row per score, ascending.

    Returns
    -------
    DataFrame
        Some of its rows.
    """
    size = len(probabilities)
    step = next((step for step in STEPS if size / step <= MOST_SCORES), max(1, size // MOST_SCORES))
    return probabilities.iloc[sorted({*range(0, size, step), size - 1})]


def _unknown(criteria: Criteria) -> str:
    rule = "Unknown is an answer with points of its own; leave no question out."
    gains = sorted(_gains(criteria), key=lambda gain: -gain[1])
    first = [f"- {escape(name)}: up to {counted(gain, 'point')} more" for name, gain in gains[:3] if gain > 0]
    return "\n".join([f"{rule} Worth finding out first:", "", *first]) if first else rule


def _gains(criteria: Criteria) -> Iterator[tuple[str, int]]:
    """How many points the best answer of each characteristic earns beyond unknown."""
    for name in criteria.kept:
        mine = criteria.points[criteria.points["characteristic"] == name]
        unknown = mine.loc[mine["answer"] == UNKNOWN, "points"]
        yield name, int(mine["points"].max() - (unknown.iloc[0] if len(unknown) else 0))


def _trust(criteria: Criteria) -> str:
    tipping = criteria.tipping
    lines = []
    auc = criteria.performance[criteria.performance["metric"] == "auc"]
    if len(auc) and criteria.kept:
        found = auc.iloc[0]
        words = pairs(found["estimate"], found["ci_low"], found["ci_high"], level=tipping.level)
        lines.append(f"- On deals that the points had not seen, the score puts {words}; 50 is a coin.")
    lines += [
        "- Points say what went with winning in past deals, not that changing an answer changes the outcome.",
        "- Hold every quarter's closed deals against this page, and refine it when they no longer agree.",
    ]
    return "\n".join(lines)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(head)
    lines = [heads, ["---"] * len(heads), *(list(row) for row in rows)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
