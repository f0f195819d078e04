"""Gates: answers that all but decide on their own, sought apart from points and judged on unseen deals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qualify._support.json_tables import Columns, table_of
from qualify.criteria.refine import Refined
from qualify.deals import Deals
from qualify.deals.resampling_units import FOLDS
from qualify.deals.score_bins import Scale
from qualify.numerics.gates import Candidates, HeldOut, compare, find_limits, limit_each, trips
from qualify.numerics.metrics import auc, log_losses, paired_difference
from qualify.numerics.resampling import Sample
from qualify.survey import Survey

POINTS, GATES, LINKS = "points alone", "points and gates", "points and weakest links"
GATE_COLUMNS: Columns = {
    "characteristic": str,
    "answer": str,
    "low": float,
    "high": float,
    "n": int,
    "won": int,
    "win_rate_high": float,
}
RULE_COLUMNS: Columns = {
    "rule": str,
    "auc": float,
    "brier": float,
    "log_loss": float,
    "worse_by": float,
    "worse_low": float,
    "worse_high": float,
    "stopped": int,
    "in_use": bool,
}


class Rule(NamedTuple):
    """A way of stopping deals: its name and what may stop one."""

    name: str
    candidates: Candidates


def no_rules() -> pd.DataFrame:
    """Return the table of rules where none were compared.

    Returns
    -------
    DataFrame
        No rows.
    """
    return table_of([], RULE_COLUMNS)


def rules_for(survey: Survey, sample: Sample) -> list[Rule]:
    """Work out which ways of stopping deals there are to compare.

    Parameters
    ----------
    survey : Survey
        What was asked.
    sample : Sample
        The deals, every score read on its scale.

    Returns
    -------
    list of Rule
        Gates: every known answer may be one. Weakest links, where the survey lists several yes-or-no
        questions under one heading: the "no" side of any of them stops the deal.
    """
    levels = sample.items.levels
    answers = [(c, a) for c in range(levels.size) for a in range(int(levels[c]))]
    found = [Rule(GATES, _candidates([[one] for one in answers]))]
    headings: dict[str, list[tuple[int, int]]] = {}
    for c, asked in enumerate(survey.characteristics):
        if asked.kind == "yes_no" and asked.group:
            headings.setdefault(asked.group, []).append((c, 0))
    links = [several for several in headings.values() if len(several) > 1]
    return [*found, Rule(LINKS, _candidates(links))] if links else found


def _candidates(answers: list[list[tuple[int, int]]]) -> Candidates:
    flat = [(c, a, k) for k, several in enumerate(answers) for c, a in several]
    characteristic, answer, number = np.array(flat, dtype=np.int64).reshape(-1, 3).T
    return Candidates(characteristic, answer, number)


def rule_table(sample: Sample, rules: list[Rule], found: list[HeldOut], level: float) -> pd.DataFrame:
    """Hold points alone against points with each rule, on deals that neither has seen.

    Parameters
    ----------
    sample : Sample
        The deals.
    rules : list of Rule
        From `rules_for`.
    found : list of HeldOut
        One for each division into folds.
    level : float
        Of the intervals.

    Returns
    -------
    DataFrame
        rule, auc, brier, log_loss (means over divisions, deals weighted), worse_by with its interval (log
        loss less that of points alone; below 0 is better), stopped (deals that trip a gate, on average) and
        in_use: of the rules that are surely better than points alone that with the least log loss, else
        points alone.
    """
    outcome, weights = sample.outcome, sample.weights
    chance = np.stack([one.chance for one in found])
    stopped = np.stack([one.stopped for one in found]).sum(axis=2).mean(axis=0)
    losses = log_losses(chance, outcome)
    rows: list[tuple[object, ...]] = []
    for r, name in enumerate([POINTS, *(rule.name for rule in rules)]):
        rows.append(
            (
                name,
                float(np.mean([auc(one, outcome, weights) for one in chance[:, r]])),
                float(np.average(((chance[:, r] - outcome) ** 2).mean(axis=0), weights=weights)),
                float(np.average(losses[r], weights=weights)),
                *paired_difference(losses[r], losses[0], sample.unit, level, weights),
                round(float(stopped[r])),
                False,
            )
        )
    table = table_of(rows, RULE_COLUMNS)
    # Points alone, unless a rule is surely better: gates move many deals into the zone below.
    better = table["log_loss"].where(table["worse_high"] < 0).fillna(np.inf)
    table.loc[int(better.argmin()) if np.isfinite(better.min()) else 0, "in_use"] = True
    return table


class Gates(NamedTuple):
    """Gates of criteria, how rules fare, and which of the deals a gate stops, (n,)."""

    table: pd.DataFrame
    rules: pd.DataFrame
    stopped: NDArray[np.bool_]


def gates_of(deals: Deals, refined: Refined, level: float, rng: np.random.Generator) -> Gates:
    """Find the gates of criteria, by the rule that does best on deals it has not seen.

    Parameters
    ----------
    deals : Deals
        The closed deals.
    refined : Refined
        Their points.
    level : float
        Of all limits of gates together, and of the intervals.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    Gates
        `Criteria.gates`, without rows where points alone do best; `Criteria.rules`, without rows where
        nothing earns points.
    """
    sample, gates = refined.sample, table_of([], GATE_COLUMNS)
    stopped = np.zeros(deals.n, dtype=np.bool_)
    if not refined.trained.points.any():
        return Gates(gates, no_rules(), stopped)
    rules = rules_for(deals.survey, sample)
    found = compare(sample, refined.recipe, [rule.candidates for rule in rules], FOLDS, rng, level)
    compared = rule_table(sample, rules, found, level)
    used = [rule for rule in rules if compared.set_index("rule")["in_use"][rule.name]]
    if used:
        limits = find_limits(sample, sample.weights, used[0].candidates, level)
        gates = gate_table(deals, sample, used[0], refined.scales, limits)
        stopped = limit_each(sample.items.codes, used[0].candidates, limits) < 1.0
    if gates.empty:
        compared["in_use"] = compared["rule"].eq(POINTS)
    return Gates(gates, compared, stopped)


def gate_table(
    deals: Deals, sample: Sample, rule: Rule, scales: dict[str, Scale], limits: NDArray[np.float64]
) -> pd.DataFrame:
    """Return the gates that a rule finds among all deals.

    Parameters
    ----------
    deals : Deals
        The closed deals.
    sample : Sample
        The same, every score read on its scale.
    rule : Rule
        The rule in use.
    scales : dict
        Scale of each score.
    limits : ndarray
        From `find_limits`.

    Returns
    -------
    DataFrame
        A row per answer that stops a deal, as in `Criteria.gates`. Answers of one weakest link share their
        deals and their limit.
    """
    candidates, codes = rule.candidates, sample.items.codes
    rows: list[tuple[object, ...]] = []
    for c, a, k in np.column_stack(candidates).tolist():
        if limits[k] < 1.0:
            name = deals.survey.names[c]
            tripped = trips(codes, candidates, k)
            answer, low, high = str(deals.answers[name].cat.categories[a]), np.nan, np.nan
            if name in scales:
                answer = scales[name].labels[a]
                low, high = float(scales[name].edges[a]), float(scales[name].edges[a + 1])
            won = int((sample.outcome[tripped] > 0.5).sum())
            rows.append((name, answer, low, high, int(tripped.sum()), won, float(limits[k])))
    return table_of(rows, GATE_COLUMNS)
