"""From tests to verdicts: what adds, what is shared, what is not shown, and what is surprising about it."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from qualify.deals import Deals
from qualify.deals.design import as_floats
from qualify.numerics.full_fit import FullFit
from qualify.survey import Characteristic
from qualify.survey.mirrors import Mirror

# Beyond this share of unknown answers a finding rests on the rest of the deals, and the reader should know.
MANY_UNKNOWN = 0.2


def q_values(p_values: pd.Series[float]) -> pd.Series[float]:
    """Benjamini–Hochberg adjusted p-values; tests that could not be made (NaN) do not count."""
    made = p_values.notna()
    adjusted = p_values.copy()
    if made.any():
        adjusted[made] = false_discovery_control(p_values[made].to_numpy())
    return adjusted


def joint_tests(
    names: tuple[str, ...], places: dict[tuple[str, str], list[int]], fit: FullFit, member: NDArray[np.int64]
) -> pd.DataFrame:
    """Test the known answers of each cluster of two or more characteristics jointly, inside the full model.

    `places` are the columns of each characteristic; the index is the cluster's number in `member`.
    """
    rows: dict[int, tuple[int, str, int, float, float]] = {}
    for cluster in np.unique(member):
        mine = [names[c] for c in np.flatnonzero(member == cluster)]
        columns = [j for name in mine for j in places.get((name, "known"), [])]
        if len(mine) > 1 and columns:
            joint = fit.test(columns)
            rows[int(cluster)] = (len(rows) + 1, "; ".join(mine), joint.df, joint.chi2, joint.p_value)
    columns_of = ["cluster", "characteristics", "df", "chi2", "p_value"]
    table = pd.DataFrame(list(rows.values()), columns=columns_of, index=list(rows))
    table = table.astype({"cluster": int, "df": int, "chi2": float, "p_value": float})
    table["q_value"] = q_values(table["p_value"])
    return table


def add_verdicts(
    table: pd.DataFrame, groups: pd.DataFrame, member: NDArray[np.int64], linked: NDArray[np.bool_], q: float
) -> None:
    """Write verdict and shares_with: `member` is each one's cluster, `linked` the direct links."""
    carried = np.isin(member, groups.index[groups["q_value"] < q])
    adds = (table["q_value"] < q).to_numpy()
    shared = (table["alone_q"] < q).to_numpy() & carried & ~adds
    names = table["characteristic"].to_numpy(dtype=object)
    table["verdict"] = np.select([adds, shared], ["adds", "shared"], "not shown")
    table["shares_with"] = ["; ".join(names[linked[c]]) if shared[c] else "" for c in range(len(names))]


def raise_mirrors(table: pd.DataFrame, mirrors: Collection[str]) -> None:
    """Never call one that says the outcome `not shown`: two of them leave nothing to each other."""
    hidden = table["characteristic"].isin(mirrors) & (table["verdict"] == "not shown")
    table.loc[hidden, "verdict"] = "shared"
    for row in table.index[hidden]:
        others = [name for name in mirrors if name != table.loc[row, "characteristic"]]
        table.loc[row, "shares_with"] = "; ".join(others)


def add_remarks(
    table: pd.DataFrame, deals: Deals, q: float, mirrors: Mapping[str, Mirror] | None = None
) -> None:
    """Write surprise (against hand-given points) and note into the table."""
    points = {name: deals.survey.hand_points(name) for name in deals.survey.names}
    any_points = any(points.values())
    answers, won = deals.answers, as_floats(deals.won)
    pairs = zip(table["characteristic"].tolist(), table["verdict"].tolist(), strict=True)
    table["surprise"] = [
        _surprise(answers[name], won, verdict, points[name]) if any_points else "" for name, verdict in pairs
    ]
    against = against_directions(table, deals, q)
    table["note"] = [
        "; ".join(
            filter(
                None, (_mirror_note(row, mirrors or {}), against.get(row["characteristic"]), _note(row, q))
            )
        )
        for row in table.to_dict("records")
    ]


def _mirror_note(row: Mapping[Hashable, object], mirrors: Mapping[str, Mirror]) -> str:
    mirror = mirrors.get(str(row["characteristic"]))
    if mirror is None:
        return ""
    known = "" if mirror.kind == "decides" else f", known {mirror.kind}"
    return (
        "known for closed deals only"
        if mirror.kind == "only closed"
        else f"says the outcome by itself{known}"
    )


def against_directions(table: pd.DataFrame, deals: Deals, q: float) -> dict[str, str]:
    """Say by name what goes against the direction that the survey declares, alone or beside the others."""
    rows = {row["characteristic"]: row for row in table.to_dict("records")}
    declared = [asked for asked in deals.survey.characteristics if asked.direction != "either"]
    found = {asked.name: _against(deals, asked, rows[asked.name], q) for asked in declared}
    return {name: clause for name, clause in found.items() if clause}


def _against(deals: Deals, asked: Characteristic, row: Mapping[Hashable, Any], q: float) -> str:
    expected, found = ("winning", "losing") if asked.direction == "with" else ("losing", "winning")
    sign = 1 if asked.direction == "with" else -1
    beside = row["q_value"] < q and sign * row["swing"] < 0
    alone = row["alone_q"] < q and sign * _alone(deals, asked) < 0
    if not (beside or alone):
        return ""
    where = "" if beside and alone else "alone it " if alone else "beside the others it "
    return f"{where}goes with {found}, and the survey expects {expected}"


def _alone(deals: Deals, asked: Characteristic) -> float:
    """Covariance of known answers, in their order, with winning."""
    answers = deals.closed[asked.name]
    codes, last = answers.cat.codes.to_numpy(), len(answers.cat.categories) - 1
    known = codes < last
    numbers = answers[known].astype(str).astype(float) if asked.kind == "score" else codes[known]
    value = np.asarray(numbers, dtype=np.float64)
    won, weights = as_floats(deals.won)[known], as_floats(deals.weights)[known]
    return float(np.cov(value, won, aweights=weights)[0, 1]) if value.size > 1 else 0.0


def _surprise(
    answers: pd.Series[str], won: NDArray[np.float64], verdict: str, points: dict[str, float]
) -> str:
    """Hold the points against the findings.

    overlooked: matters without points; overrated: points without showing; reversed: points the wrong way.
    """
    codes = answers.cat.codes.to_numpy()
    known = codes < len(answers.cat.categories) - 1
    given = _points_of(answers.cat.categories[:-1], points)[codes[known]]
    matters = verdict != "not shown"
    if given.size == 0 or np.ptp(given) == 0:
        return "overlooked" if matters else ""
    if not matters:
        return "overrated"
    return "reversed" if np.cov(given, won[known])[0, 1] < 0 else ""


def _points_of(answers: pd.Index[str], points: dict[str, float]) -> NDArray[np.float64]:
    if "per step" in points:
        return np.array([float(answer) * points["per step"] for answer in answers], dtype=np.float64)
    return np.array([points.get(str(answer), 0.0) for answer in answers], dtype=np.float64)


def _note(row: Mapping[Hashable, object], q: float) -> str:
    notes = []
    number = {key: float(value) for key, value in row.items() if isinstance(value, (int, float))}
    if np.isnan(number["chi2"]):
        notes.append("no two known answers to compare")
    elif number["df"] == 0:
        notes.append("cannot be told apart from the other questions")
    if row["verdict"] == "not shown" and number["alone_q"] < q:
        notes.append("alone only")
    if number["unknown_q"] < q:
        way = "losing" if number["unknown_swing"] < 0 else "winning"
        notes.append(f"not knowing goes with {way}")
    if number["unknown_share"] > MANY_UNKNOWN:
        notes.append(f"{number['unknown_share']:.0%} unknown")
    if number["nonlinear_p"] < 0.01:
        notes.append("not a straight line: see the answers")
    return "; ".join(notes)
