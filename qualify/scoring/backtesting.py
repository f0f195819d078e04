"""Backtest: what criteria would have done to past deals that they never saw, and from where pursuing pays."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from qualify._support.progress import track
from qualify.criteria.gates import rule_table, rules_for
from qualify.criteria.model import Criteria
from qualify.criteria.settings import budget_of
from qualify.criteria.tables import fingerprint
from qualify.deals import Deals
from qualify.deals.economics import Economics, past_of
from qualify.deals.requirements import check_draws, check_outcomes
from qualify.deals.resampling_units import FOLDS, in_order
from qualify.deals.score_bins import scales_of, whole_sample
from qualify.errors import InvalidArgument, check_level, short
from qualify.formatting.formats import format_value
from qualify.formatting.render import page
from qualify.formatting.wording import counted
from qualify.numerics.benefit import Past, effects, net_benefit, net_benefit_of_all
from qualify.numerics.blocks import Matrix, Vector
from qualify.numerics.gates import compare
from qualify.numerics.procedures import points_recipe
from qualify.numerics.resampling import Sample, draw_units

SHARES = ("share_pursued", "wins_kept", "value_kept", "effort_freed", "net_benefit", "more_than_all")
ENDS = ("", "_low", "_high")
SHOWN = ("share_pursued", "wins_kept", "effort_freed")
COLUMNS = [
    *("threshold", "break_even", "score", "pursued", "won_pursued"),
    *(f"{name}{end}" for name in SHARES for end in ENDS),
]
GRID = np.round(np.linspace(0.01, 0.99, 99), 2)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Backtest:
    """What pursuing only the likelier deals would have done.

    Attributes
    ----------
    table : DataFrame
        A row per threshold: threshold (pursue from this win probability on), break_even (whether it is the
        break-even probability), score (the lowest score to pursue at, where criteria were given), pursued,
        won_pursued (deals, each counted once), then with `_low` and `_high`: share_pursued, wins_kept,
        value_kept and effort_freed (shares in [0, 1]), net_benefit (in wins per deal, a win being worth its
        value less what pursuing it took: wins, less losses weighted by the odds at the threshold) and
        more_than_all (that less the net benefit of pursuing every deal).
    curve : DataFrame
        threshold, criteria, everything, nothing, more_low, more_high: net benefit at every threshold, and the
        interval of what criteria gain on the better of pursuing everything and nothing.
    break_even : float
        The win probability from which pursuing pays: cost over value; NaN where they were not given.
    predictions : DataFrame
        probability, won, value, effort of every deal, by models that never saw it.
    level : float
        Confidence level of the intervals.
    n, won : int
        Closed deals, and how many were won.
    """

    table: pd.DataFrame
    curve: pd.DataFrame
    break_even: float
    predictions: pd.DataFrame
    level: float
    n: int
    won: int

    def __repr__(self) -> str:
        pays = f"; pursuing pays from {self._pays}" if self._pays else ""
        return f"<Backtest on {self.n} deals ({self.won} won){pays}>"

    @property
    def _pays(self) -> str:
        return "" if np.isnan(self.break_even) else format_value(self.break_even, "percent")

    @property
    def summary(self) -> str:
        """How many deals it rests on, and from which win probability pursuing pays."""
        pays = f" Pursuing pays from a chance of {self._pays}." if self._pays else ""
        judged = "each judged by points that never saw it"
        return f"{counted(self.n, 'closed deal')}, {self.won:,} won, {judged}.{pays}"

    @property
    def shown(self) -> list[str]:
        """The columns of `table` that people look at first."""
        score = [] if self.table["score"].isna().all() else ["score"]
        return ["threshold", *score, "pursued", *(f"{name}{end}" for name in SHOWN for end in ENDS)]

    def _repr_html_(self) -> str:
        sections = [("Had only the likelier deals been pursued", self.table[self.shown])]
        return page("Backtest", self.summary, sections)


def backtest(
    deals: Deals,
    *,
    criteria: Criteria | None = None,
    economics: Economics | None = None,
    replicates: int = 1000,
    level: float = 0.95,
    rng: np.random.Generator | int | None = 0,
) -> Backtest:
    """Work out what pursuing only the likelier of past deals would have kept, lost and freed.

    Parameters
    ----------
    deals : Deals
        Closed deals read against their survey.
    criteria : Criteria, optional
        Refined from the same deals. Their probabilities, settings and way of stopping deals are then used,
        and thresholds are told as scores of theirs too: the lowest score to pursue at where no gate stops the
        deal.
    economics : Economics, optional
        What a win is worth and pursuing costs, and the win probabilities to try.
    replicates : int
        Draws behind the intervals.
    level : float
        Confidence level of the intervals, in (0, 1).
    rng : numpy.random.Generator, int or None
        Source of chance; the same seed gives the same figures.

    Returns
    -------
    Backtest
        Shares, net benefit and the break-even probability.

    Raises
    ------
    NotEnoughDeals
        Where there are not at least ten won and ten lost deals.
    InvalidArgument
        For a level outside (0, 1), fewer than two replicates, costs that let pursuing never pay, or criteria
        from other deals or without the settings they were refined with.

    Notes
    -----
    Every deal is judged by points learned without it: ten folds, ten divisions, pooling, selection,
    shrinkage and points repeated inside. Where gates are in use by `Criteria.rules` (without criteria, by the
    same comparison of rules, made once on these deals), they are sought anew without each fold, and a deal
    that trips one gets at most its limit. Net benefit is ``(TP − FP · t/(1 − t)) / n``
    (Vickers & Elkin 2006); the break-even probability is the mean cost of pursuing over the mean value of a
    win. Intervals are percentiles over draws of deals (whole accounts where they are known), each on one of
    the divisions; they take the procedure as it is and past deals as like those to come. A deal without
    logged effort counts as the mean one; without such a column, effort is deals.

    References
    ----------
    Vickers, A. J. & Elkin, E. B. (2006). Decision curve analysis: a novel method for evaluating prediction
    models. Medical Decision Making 26, 565-574.

    Examples
    --------
    >>> import qualify as ql
    >>> simulated = ql.simulate_deals(300, rng=1)
    >>> deals = ql.read_deals(simulated.frame, simulated.survey)
    >>> money = ql.Economics(value=50_000, cost=10_000)
    >>> found = ql.backtest(deals, economics=money, replicates=50)
    >>> found.break_even
    0.2
    """
    check_level(level, where="backtest")
    draws = check_draws(replicates, where="backtest")
    check_outcomes(deals, where="a backtest")
    _check_kinds(criteria, economics)
    _check_origin(criteria, deals)
    economics = economics or Economics()
    ordered, _ = in_order(deals)
    past, break_even = past_of(ordered, economics)
    chance = np.random.default_rng(rng).spawn(2)
    sample, splits = _held_out(ordered, criteria, level, chance[0])
    at = np.unique([*economics.thresholds, *([break_even] if np.isfinite(break_even) else [])])
    figures, gains = _drawn(sample, past, splits, at, chance[1].spawn(draws))
    return Backtest(
        table=_table(past, splits, sample.weights, at, figures, level).assign(
            break_even=at == break_even, score=_scores(criteria, at)
        )[COLUMNS],
        curve=_curve(past, splits, sample.weights, gains, level),
        break_even=break_even,
        predictions=_predictions(ordered, past, splits).loc[deals.closed.index],
        level=float(level),
        n=deals.n,
        won=int(deals.won.sum()),
    )


def _check_kinds(criteria: object, economics: object) -> None:
    for name, given, kind in (("criteria", criteria, Criteria), ("economics", economics, Economics)):
        if given is not None and not isinstance(given, kind):
            raise InvalidArgument(f"`{name}` of `backtest` must be {kind.__name__}; got {short(given)}.")


def _check_origin(criteria: Criteria | None, deals: Deals) -> None:
    """Refuse criteria from other deals: points are learned anew from these, and theirs would not be tried."""
    if criteria is not None and criteria.provenance.get("fingerprint") != fingerprint(deals):
        raise InvalidArgument(
            "`criteria` of `backtest` must have been refined from these very deals; `recalibrate` holds "
            "criteria against other ones."
        )


def _held_out(
    deals: Deals, criteria: Criteria | None, level: float, rng: np.random.Generator
) -> tuple[Sample, NDArray[np.float64]]:
    """Win probabilities by points and gates that never saw the deal, a row per division into folds."""
    recipe = points_recipe(deals.survey.min_answers, **({} if criteria is None else _budget(criteria)))
    sample, _ = whole_sample(deals, scales_of(deals))
    rules = rules_for(deals.survey, sample)
    level = level if criteria is None else criteria.tipping.level
    found = compare(sample, recipe, [rule.candidates for rule in rules], FOLDS, rng, level)
    compared = rule_table(sample, rules, found, level) if criteria is None else criteria.rules
    used = [r for r, rule in enumerate(rules) if rule.name in set(compared.loc[compared["in_use"], "rule"])]
    limit = np.stack([one.limit[used].min(axis=0, initial=1.0) for one in found])
    return sample, np.minimum(_chance(np.stack([one.log_odds for one in found]), criteria), limit)


def _budget(criteria: Criteria) -> dict[str, int]:
    """Limits within which the criteria were sought; refused where they do not say."""
    try:
        line = criteria.provenance["log_odds"]
        float(line["intercept"]), float(line["per_point"])
        return budget_of(criteria.provenance["settings"])
    except (AttributeError, KeyError, TypeError, ValueError):
        raise InvalidArgument(
            "`criteria` of `backtest` do not say how they were refined (`settings` and `log_odds` of their "
            "provenance); refine them anew with refine_criteria, or leave them out."
        ) from None


def _chance(log_odds: Matrix, criteria: Criteria | None) -> Matrix:
    """Win probabilities of unseen deals by their points alone."""
    if criteria is None:
        return np.asarray(expit(log_odds), dtype=np.float64)
    line, table = criteria.provenance["log_odds"], criteria.probabilities
    # The criteria's own curve, read at what the score of the deal would be on their scale.
    score = (log_odds - line["intercept"]) / line["per_point"] if line["per_point"] > 0 else 0.0 * log_odds
    return np.asarray(np.interp(score, table["score"], table["probability"]), dtype=np.float64)


def _figures(past: Past, chance: Vector, times: Vector, at: Vector) -> NDArray[np.float64]:
    """`SHARES` at each threshold, (T, 6)."""
    benefit = net_benefit(chance, past.outcome, times, at)
    everything = net_benefit_of_all(past.outcome, times, at)
    shares = np.array([effects(past, chance >= threshold, times) for threshold in at])
    shares[:, 3] = 1.0 - shares[:, 3]
    return np.column_stack([shares, benefit, benefit - everything])


def _gains(past: Past, chance: Vector, times: Vector) -> NDArray[np.float64]:
    """Net benefit over the better of pursuing everything and nothing, along the grid."""
    everything = net_benefit_of_all(past.outcome, times, GRID)
    return net_benefit(chance, past.outcome, times, GRID) - np.maximum(everything, 0.0)


def _drawn(
    sample: Sample, past: Past, splits: Matrix, at: Vector, generators: list[np.random.Generator]
) -> tuple[NDArray[np.float64], Matrix]:
    """Figures and gains of draws of deals, each on one of the divisions, (B, T, 6) and (B, G)."""
    figures, gains = [], []
    for generator in track(generators, what="drawing deals"):
        chance = splits[int(generator.integers(len(splits)))]
        times = draw_units(sample, generator)
        figures.append(_figures(past, chance, times, at))
        gains.append(_gains(past, chance, times))
    return np.array(figures), np.array(gains)


def _table(
    past: Past, splits: Matrix, weights: Vector, at: Vector, drawn: NDArray[np.float64], level: float
) -> pd.DataFrame:
    found = np.mean([_figures(past, chance, weights, at) for chance in splits], axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a share of nothing has no interval
        low, high = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    pursued = splits[:, :, None] >= at
    table = pd.DataFrame(
        {
            "threshold": at,
            "pursued": _mean_count(pursued),
            "won_pursued": _mean_count(pursued & (past.outcome > 0.5)[:, None]),
        }
    )
    for k, name in enumerate(SHARES):
        table[name], table[f"{name}_low"], table[f"{name}_high"] = found[:, k], low[:, k], high[:, k]
    return table


def _mean_count(which: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many deals, on average over divisions, (T,)."""
    return np.asarray(np.rint(which.sum(axis=1).mean(axis=0)), dtype=np.int64)


def _curve(past: Past, splits: Matrix, weights: Vector, gains: Matrix, level: float) -> pd.DataFrame:
    low, high = np.quantile(gains, [(1 - level) / 2, (1 + level) / 2], axis=0)
    benefit = np.mean([net_benefit(chance, past.outcome, weights, GRID) for chance in splits], axis=0)
    everything = net_benefit_of_all(past.outcome, weights, GRID)
    return pd.DataFrame(
        {
            "threshold": GRID,
            "criteria": benefit,
            "everything": everything,
            "nothing": 0.0,
            "more_low": low,
            "more_high": high,
        }
    )


def _scores(criteria: Criteria | None, at: Vector) -> NDArray[np.float64]:
    """Lowest score of the criteria that reaches each threshold; NaN without criteria or where none does."""
    if criteria is None:
        return np.full(at.size, np.nan)
    chance = criteria.probabilities["probability"].to_numpy()
    first = np.searchsorted(chance, at, side="left").astype(np.float64)
    return np.where(first < chance.size, first, np.nan)


def _predictions(deals: Deals, past: Past, splits: Matrix) -> pd.DataFrame:
    columns = {"probability": splits.mean(axis=0), "won": deals.won.to_numpy()}
    return pd.DataFrame(columns | {"value": past.value, "effort": past.effort}, index=deals.closed.index)
