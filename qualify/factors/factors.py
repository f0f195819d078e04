"""Factors: which characteristics go with winning and losing, which way, how much, and how surely."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from qualify._support.progress import track
from qualify.deals import Deals
from qualify.deals.design import DesignMatrix, as_floats, design_matrix
from qualify.deals.mirrors import mirrors_of
from qualify.deals.requirements import check_deals
from qualify.errors import NotEnoughDeals, check_level
from qualify.factors.answers import answer_table
from qualify.factors.swing import column_places, swing, swing_model, unknown_swing
from qualify.factors.verdicts import add_remarks, add_verdicts, joint_tests, q_values, raise_mirrors
from qualify.formatting.render import page
from qualify.numerics.association import associations, clusters
from qualify.numerics.coding import NOMINAL
from qualify.numerics.full_fit import FullFit, fit_full
from qualify.numerics.logistic import RatioTest, fit_logistic, ratio_test

NO_TEST = RatioTest(chi2=np.nan, df=0, p_value=np.nan)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Factors:
    """What `find_factors` found.

    Attributes
    ----------
    table : DataFrame
        A row per characteristic. `alone_*`: tested by itself; `chi2`, `p_value`, `q_value`: added to all the
        others (no test where the others make it up: `df` 0); both on its known answers. `swing` with its
        interval: average change in win probability, in [−1, 1]. `direction`: winning, losing, or differs (a
        choice). `verdict`: adds, shared (with `shares_with`) or not shown. `unknown_*`: the same for not
        knowing. `nonlinear_p`: whether a rating or order departs from a straight line. `surprise`: against
        hand-given points. `note`: what to bear in mind.
    clusters : DataFrame
        Overlapping characteristics tested together.
    answers : DataFrame
        A row per answer: deals, won, win rate and adjusted odds ratio, each with its interval.
    pooled : DataFrame
        Answers too rare to stand alone, and what they were pooled with.
    n, won : int
        Closed deals, and how many of them were won.
    level, q : float
        Confidence level of the intervals; false discovery rate of the verdicts.
    """

    table: pd.DataFrame
    clusters: pd.DataFrame
    answers: pd.DataFrame
    pooled: pd.DataFrame
    n: int
    won: int
    level: float
    q: float

    def __repr__(self) -> str:
        counts = self.table["verdict"].value_counts()
        verdicts = ("adds", "shared", "not shown")
        found = ", ".join(f"{counts.get(verdict, 0)} {verdict}" for verdict in verdicts)
        return f"<Factors: {len(self.table)} characteristics on {self.n} deals ({self.won} won): {found}>"

    def _repr_html_(self) -> str:
        shown = ["characteristic", "verdict", "swing", "swing_low", "swing_high", "alone_q", "q_value"]
        settings = f"Intervals {self.level:.0%}; verdicts at q < {self.q:g}."
        lead = f"{self.n} closed deals, {self.won} won. {settings}"
        table = self.table[[*shown, "shares_with", "note"]]
        return page("Factors", lead, [("", table), ("Overlapping characteristics", self.clusters)])


def find_factors(
    deals: Deals,
    *,
    q: float = 0.05,
    overlap: float = 0.4,
    level: float = 0.95,
    rng: np.random.Generator | int | None = 0,
) -> Factors:
    """Find which characteristics go with winning and losing.

    Parameters
    ----------
    deals : Deals
        Closed deals read against their survey.
    q : float
        False discovery rate of the verdicts, in (0, 1).
    overlap : float
        Characteristics whose association (Spearman's ρ without its sign, bias-corrected Cramér's V) reaches
        this are linked, and linked ones form a cluster. Outcomes play no part in it. In (0, 1).
    level : float
        Confidence level of the intervals, in (0, 1).
    rng : numpy.random.Generator, int or None
        For the simultaneous intervals of choices.

    Returns
    -------
    Factors
        Tables of characteristics, clusters and answers.

    Raises
    ------
    NotEnoughDeals
        Where there are not at least one won and one lost deal.
    InvalidArgument
        For a level outside (0, 1).

    Notes
    -----
    Firth-penalised logistic regression; tests are penalised likelihood ratios with the penalty of the full
    design (Firth 1993; Heinze & Schemper 2002), so that an answer that was never lost still gets a finite,
    honest test. q-values are Benjamini & Hochberg's (1995) across characteristics. A characteristic `adds`
    where its adjusted q is under `q`; it is `shared` where it is under `q` alone and its cluster is
    significant jointly.

    References
    ----------
    Firth, D. (1993). Biometrika 80, 27–38. Heinze, G. & Schemper, M. (2002). Statistics in Medicine 21,
    2409–2419. Benjamini, Y. & Hochberg, Y. (1995). Journal of the Royal Statistical Society B 57, 289–300.

    Examples
    --------
    >>> import qualify as ql
    >>> simulated = ql.simulate_deals(300, rng=1)
    >>> factors = ql.find_factors(ql.read_deals(simulated.frame, simulated.survey))
    >>> list(factors.table.columns[:3])
    ['characteristic', 'df', 'alone_chi2']
    """
    check_deals(deals, where="find_factors")
    check_level(q, where="find_factors", name="q")
    check_level(overlap, where="find_factors", name="overlap")
    check_level(level, where="find_factors")
    if not 0 < int(deals.won.sum()) < deals.n:
        raise NotEnoughDeals("Factors need won and lost deals; all closed deals here ended alike.")
    design = design_matrix(deals)
    fit = fit_full(design.matrix, as_floats(deals.won), as_floats(deals.weights))
    table = _tests(design, fit)
    linked = associations(design.items) >= overlap
    member = clusters(linked)
    groups = joint_tests(design.names, column_places(design), fit, member)
    add_verdicts(table, groups, member, linked, q)
    mirrors = mirrors_of(deals)
    raise_mirrors(table, [name for name, mirror in mirrors.items() if mirror.kind != "only closed"])
    _measure(table, deals, design, fit, level, np.random.default_rng(rng))
    add_remarks(table, deals, q, mirrors)
    return Factors(
        table=table[TABLE_COLUMNS],
        clusters=groups.reset_index(drop=True),
        answers=answer_table(deals, design, fit, level=level),
        pooled=design.pooled,
        n=deals.n,
        won=int(deals.won.sum()),
        level=level,
        q=q,
    )


TABLE_COLUMNS = [
    *("characteristic", "df", "alone_chi2", "alone_p", "alone_q", "chi2", "p_value", "q_value"),
    *("swing", "swing_low", "swing_high", "direction", "verdict", "shares_with", "surprise"),
    *("unknown_share", "unknown_chi2", "unknown_p", "unknown_q", "unknown_swing", "nonlinear_p", "note"),
]


def _tests(design: DesignMatrix, fit: FullFit) -> pd.DataFrame:
    problem, places = fit.fit.problem, column_places(design)
    rows = []
    for c, name in enumerate(track(list(design.names), what="testing characteristics")):
        known, unknown = places.get((name, "known"), []), places.get((name, "unknown"), [])
        own = design.matrix[:, [0, *known, *unknown]]
        alone = fit_logistic(own, problem.outcome, penalty="firth", weights=problem.weights)
        by_itself = ratio_test(alone, [*range(1, len(known) + 1)]) if known else NO_TEST
        adjusted = fit.test(known) if known else NO_TEST
        nominal = known if design.items.kind[c] == NOMINAL else []
        not_knowing = _not_knowing(fit, nominal, unknown) if unknown else NO_TEST
        rows.append(
            {
                "characteristic": name,
                "df": adjusted.df,
                "alone_chi2": by_itself.chi2,
                "alone_p": by_itself.p_value,
                "chi2": adjusted.chi2,
                "p_value": adjusted.p_value,
                "unknown_share": float((design.items.codes[:, c] == design.items.levels[c]).mean()),
                "unknown_chi2": not_knowing.chi2,
                "unknown_p": not_knowing.p_value,
                "nonlinear_p": _nonlinear(design, fit, c),
            }
        )
    table = pd.DataFrame(rows)
    for p, adjusted_p in (("alone_p", "alone_q"), ("p_value", "q_value"), ("unknown_p", "unknown_q")):
        table[adjusted_p] = q_values(table[p])
    return table


def _not_knowing(fit: FullFit, known: list[int], unknown: list[int]) -> RatioTest:
    """Test `unknown` against an average known answer, in the model of all characteristics.

    `known` are the columns of known answers of a yes_no or choice; a number or rank that is unknown is held
    at the mean already.
    """
    if not known:
        return fit.test(unknown)
    given = fit.fit.problem.weights * (fit.design[:, unknown[0]] == 0)
    # Beside the reference answer, the test would hang on which answer that is.
    shares = given @ fit.design[:, known] / given.sum()
    return fit.test_against(unknown[0], dict(zip(known, shares.tolist(), strict=True)))


def _nonlinear(design: DesignMatrix, fit: FullFit, c: int) -> float:
    """Test indicators beside the straight line of a rating or order, in the model of all characteristics."""
    if design.items.kind[c] == NOMINAL:
        return np.nan
    codes = design.items.codes[:, c]
    value = design.coding.value[c, codes]
    known = codes < design.items.levels[c]
    if np.unique(value[known]).size > 6:
        # Ranges of about equal numbers of deals stand in for single values.
        edges = np.unique(np.quantile(value[known], [0.2, 0.4, 0.6, 0.8]))
        value = np.searchsorted(edges, value, side="right").astype(np.float64)
    steps, sizes = np.unique(value[known], return_counts=True)
    inner = [step for step, size in zip(steps[1:-1], sizes[1:-1], strict=True) if size >= 5]
    if len(steps) < 3 or not inner:
        return np.nan
    extra = np.column_stack([(value == step) & known for step in inner]).astype(np.float64)
    wide = np.column_stack([fit.design, extra])
    start = np.concatenate([fit.beta, np.zeros(len(inner))])
    curved = fit_full(wide, fit.fit.problem.outcome, fit.fit.problem.weights, start=start)
    return curved.test([*range(fit.design.shape[1], wide.shape[1])]).p_value


def _measure(
    table: pd.DataFrame,
    deals: Deals,
    design: DesignMatrix,
    fit: FullFit,
    level: float,
    rng: np.random.Generator,
) -> None:
    """Write swings and directions into the table."""
    model = swing_model(design, fit, level=level)
    answers = deals.answers
    swings = [swing(model, asked, answers[asked.name], rng) for asked in deals.survey.characteristics]
    table["swing"] = [one.difference for one in swings]
    table["swing_low"] = [one.low for one in swings]
    table["swing_high"] = [one.high for one in swings]
    table["unknown_swing"] = [unknown_swing(model, name, answers[name]) for name in design.names]
    table["direction"] = [
        "differs"
        if asked.kind == "choice" and asked.contrast is None
        else "winning"
        if one.difference > 0
        else "losing"
        if one.difference < 0
        else ""
        for asked, one in zip(deals.survey.characteristics, swings, strict=True)
    ]
