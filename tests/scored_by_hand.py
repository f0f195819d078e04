"""Scoring done the slow way: one deal, one question, one answer at a time, every answer tried out."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from qualify.criteria.model import Criteria

UNKNOWN = "unknown"
RANKS = ["below", "inside", "above"]
Given = dict[str, str]


class Stand(NamedTuple):
    score: int
    probability: float
    low: float
    high: float
    zone: str
    gates: list[str]


class Worth(NamedTuple):
    name: str
    first: float
    second: float
    text: str = ""


def fits(row: dict[str, Any], answer: str) -> bool:
    if math.isnan(row["low"]):
        return row["answer"] == answer
    return answer != UNKNOWN and row["low"] <= float(answer) < row["high"]


def rows(table: Any, name: str) -> list[dict[str, Any]]:
    return [row for row in table.to_dict("records") if row["characteristic"] == name]


def stand(criteria: Criteria, given: Given) -> Stand:
    score, limit, gates = 0, 1.0, []
    for name, answer in given.items():
        earns = rows(criteria.points, name)
        score += sum(row["points"] for row in earns if fits(row, answer))
        score -= min((row["points"] for row in earns), default=0)
    for gate in criteria.gates.to_dict("records"):
        if fits(gate, given[gate["characteristic"]]):
            limit = min(limit, gate["win_rate_high"])
            gates.append(f"{gate['characteristic']}: {gate['answer']}")
    (found,) = [row for row in criteria.probabilities.to_dict("records") if row["score"] == score]
    zone = "inside"
    for band in criteria.bands.to_dict("records"):
        if band["score_low"] <= score <= band["score_high"]:
            zone = band["zone"]
    low = 0.0 if limit < found["probability"] else found["low"]
    zone = "below" if gates else zone
    return Stand(score, min(found["probability"], limit), low, min(found["high"], limit), zone, gates)


def number_in(row: dict[str, Any]) -> str:
    """A number of a range: its lower end, which it covers, or one just before its upper end."""
    low, high = row["low"], row["high"]
    return repr(low) if math.isfinite(low) else repr(high - 1.0) if math.isfinite(high) else "0.0"


def possible(criteria: Criteria, name: str) -> list[tuple[str, str, int]]:
    """Known answers of a question: what it is called, an answer that a deal could give, past deals."""
    return [
        (row["answer"], row["answer"] if math.isnan(row["low"]) else number_in(row), row["n"])
        for row in rows(criteria.answers, name)
        if row["answer"] != UNKNOWN
    ]


def counted(criteria: Criteria) -> list[str]:
    named = {*criteria.points["characteristic"], *criteria.gates["characteristic"]}
    return [name for name in criteria.survey.names if name in named]


def questions(criteria: Criteria, given: Given, money: tuple[float, float] | None) -> list[Worth]:
    """What each unknown answer is worth, in the survey's order, where it is worth anything."""
    found, now = [], stand(criteria, given)
    for name in counted(criteria):
        if given[name] != UNKNOWN:
            continue
        answers = possible(criteria, name)
        total = sum(n for _, _, n in answers)
        after = [(n / total, stand(criteria, given | {name: answer})) for _, answer, n in answers if n]
        if money is None:
            moved = sum(share for share, one in after if one.zone != now.zone)
            change = sum(share * abs(one.probability - now.probability) for share, one in after)
            if moved or change:
                found.append(Worth(name, moved, change))
        else:
            value, cost = money
            knowing = sum(share * max(0.0, one.probability * value - cost) for share, one in after)
            mean = sum(share * one.probability for share, one in after)
            found.append(Worth(name, knowing - max(0.0, mean * value - cost), 0.0))
    return found


def levers(criteria: Criteria, given: Given, money: tuple[float, float] | None) -> list[Worth]:
    """What each change is worth, in the survey's order; those that take all levers are told apart."""

    def brings(one: Stand) -> float:
        return max(0.0, one.probability * money[0] - money[1]) if money else RANKS.index(one.zone)

    now, found, changes = stand(criteria, given), [], {}
    for name in counted(criteria):
        if given[name] == UNKNOWN or not criteria.survey.characteristic(name).controllable:
            continue
        bare = {other: UNKNOWN for other in given}
        seen = [entry for entry in possible(criteria, name) if entry[2]] or possible(criteria, name)

        def order(answer: str, name: str = name, bare: Given = bare) -> tuple[float, int]:
            limits = [g["win_rate_high"] for g in rows(criteria.gates, name) if fits(g, answer)]
            points = [row["points"] for row in rows(criteria.points, name) if fits(row, answer)]
            return min(limits, default=1.0), sum(points)

        label, best, _ = max(seen, key=lambda entry: order(entry[1]))
        if criteria.survey.characteristic(name).kind == "score" and not rows(criteria.points, name):
            label = "any other number"
        mine, then = order(given[name]), order(best)
        if then <= mine:
            continue
        after = stand(criteria, given | {name: best})
        said = [f"{then[1] - mine[1]:+d}"] if then[1] != mine[1] else []
        said += ["lifts its gate"] if then[0] > mine[0] else []
        changes[name] = (best, f"{name}: {given[name]} → {label}", said, after)
        if brings(after) > brings(now):
            gain = brings(after) - brings(now) if money else after.probability - now.probability
            to = [f"to {after.zone}"] if RANKS.index(after.zone) > RANKS.index(now.zone) else []
            found.append(Worth(name, gain, 0.0, f"{changes[name][1]} ({', '.join(said + to)})"))
    everything = stand(criteria, given | {name: change[0] for name, change in changes.items()})
    if found or not brings(everything) > brings(now):
        return found
    better = RANKS.index(everything.zone) > RANKS.index(now.zone)
    to = f"together to {everything.zone}" if better else "together"
    return [
        Worth(name, one.probability - now.probability, 0.0, f"{start} ({', '.join([*said, to])})")
        for name, (_, start, said, one) in changes.items()
    ]


def per_hour(criteria: Criteria, found: list[Worth]) -> list[Worth]:
    """The most worth first; per hour where all that is listed has its hours."""
    hours = {one.name: criteria.survey.characteristic(one.name).hours for one in found}
    if all(hours.values()):
        shares = [(one, hours[one.name]) for one in found]
        found = [one._replace(first=one.first / took, second=one.second / took) for one, took in shares]
    return sorted(found, key=lambda one: (-round(one.first, 12), -round(one.second, 12)))
