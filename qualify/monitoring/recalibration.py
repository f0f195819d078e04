"""Recalibration: newly closed deals held against the criteria in use, and the criteria to use from now on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import pandas as pd

from qualify.criteria.model import Criteria
from qualify.criteria.tables import fingerprint
from qualify.deals import Deals
from qualify.deals.resampling_units import in_order
from qualify.errors import check_level
from qualify.formatting.render import page
from qualify.formatting.wording import counted
from qualify.monitoring.changes import changes_between
from qualify.monitoring.closed_testing import ClosedTest, chosen_line, run_closed_test
from qualify.monitoring.deciding import Work, decide
from qualify.monitoring.drift import drift_table
from qualify.monitoring.held_deals import hold, open_ones
from qualify.monitoring.moved_curve import new_band
from qualify.monitoring.new_deals import check_draws_for, check_new
from qualify.monitoring.origin import Origin
from qualify.monitoring.rep_drift import rep_table
from qualify.monitoring.tables import (
    gates_now,
    performance_on_new,
    scores_table,
    zones_shown,
    zones_then_and_now,
)
from qualify.monitoring.words import (
    OLDER_CRITERIA,
    changes_words,
    drift_words,
    gate_notes,
    new_word_findings,
    verdict_words,
    words_on_tests,
)

Verdict = Literal["keep", "shift", "rescale", "rebuild"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Recalibration:
    """What newly closed deals say about the criteria in use.

    Attributes
    ----------
    verdict : {"keep", "shift", "rescale", "rebuild"}
        The decision: keep the criteria; shift all win probabilities; shift and stretch them; or refine anew.
    test_verdict : {"keep", "shift", "rescale", "rebuild"}
        What the closed test alone says. `verdict` is simpler where there are too few deals to rebuild, or
        where the update is surely worse on deals it has not seen; `notes` say so.
    criteria : Criteria
        The criteria to use from now on: those in use, unchanged, for `keep`; else a new version, whose
        provenance names its parent.
    changes : DataFrame
        what (question, points, gate, zone, probability), characteristic, answer, before, after, change (in
        plain words): what differs between the criteria in use and the new ones. No rows for `keep`.
    tests : DataFrame
        test, chi2, df, p_value (by simulation of deals in which nothing has changed), p_plain (by the
        chi-square, as if the criteria in use were exactly true), decides: the steps of the closed test, then
        the test of the intercept alone, which decides nothing.
    performance : DataFrame
        metric (auc, brier, log_loss, calibration_intercept, calibration_slope), estimate, ci_low, ci_high,
        expected with expected_low and expected_high (where nothing has changed), then (when the criteria
        were made, on deals they never saw): the criteria in use on the new deals.
    zones : DataFrame
        zone, score_low, score_high, then n_then, won_then, win_rate_then with win_rate_then_low and
        win_rate_then_high, n, won, win_rate with win_rate_low and win_rate_high, and moved with moved_low and
        moved_high (win rate now less then): the zones of the criteria in use, deals that a gate stops being
        below, as when they are scored. Rates are weighted, n and won plain numbers of deals.
    band : DataFrame
        edge (low, midpoint, high), before, now, now_low, now_high, moved, moved_low, moved_high, in points:
        the band under the recalibrated curve. NaN where there is no band.
    comparison : DataFrame
        update, log_loss, worse_by with worse_low and worse_high (log loss less that of the criteria in use,
        on deals the update has not seen; below 0 is better), deals_to_be_sure, chosen.
    drift : DataFrame
        characteristic, kept, psi, psi_limit (what resampling alone gives, at the level), psi_p, psi_q,
        unknown_then, unknown_now, unknown_moved with unknown_low and unknown_high, new_answers (given now and
        never before, joined by ``"; "``), chi2, df, p_value, q_value (whether the answers' effects differ by
        period; NaN where there is no telling), finding.
    reps : DataFrame
        rep, n_then, n, generosity_then, generosity with generosity_low and generosity_high, moved with
        moved_low and moved_high, p_value, q_value: points above what the other reps give to deals that end
        alike, and how that moved. No rows where reps are not known.
    summary : str
        The findings in plain words.
    notes : tuple of str
        What to know beside them.
    scores : DataFrame
        score, probability, zone and won of every new deal, under the criteria in use.
    gates : DataFrame
        characteristic, answer, limit, n, won, win_rate with win_rate_low and win_rate_high, holds: the new
        deals that give an answer that stops a deal, beside the limit of their win rate. They take no part in
        the tests, since theirs is a limit and no estimate.
    in_use : Criteria
        The criteria that were held against the new deals.
    more_deals : int
        How many more deals a rebuild would need; 0 where there are enough, or nothing calls for one.
    level : float
        Confidence level of the intervals; the tests reject at ``1 − level``.
    n, won : int
        Newly closed deals, and how many of them were won.
    fingerprint : str
        Of the new deals.
    """

    verdict: Verdict
    test_verdict: Verdict
    criteria: Criteria
    changes: pd.DataFrame
    tests: pd.DataFrame
    performance: pd.DataFrame
    zones: pd.DataFrame
    band: pd.DataFrame
    comparison: pd.DataFrame
    drift: pd.DataFrame
    reps: pd.DataFrame
    summary: str
    notes: tuple[str, ...]
    scores: pd.DataFrame
    gates: pd.DataFrame
    in_use: Criteria
    more_deals: int
    level: float
    n: int
    won: int
    fingerprint: str

    def __repr__(self) -> str:
        return f"<Recalibration: {self.verdict} on {self.n} new deals ({self.won} won)>"

    def _repr_html_(self) -> str:
        shown = ["characteristic", "psi", "psi_limit", "psi_q", "unknown_then", "unknown_now", "q_value"]
        sections = [
            ("What changes", self.changes[["change"]]),
            ("The criteria in use on the new deals", self.performance),
            ("Zones then and now", zones_shown(self.zones)),
            ("The closed test", self.tests),
            ("Updates on deals they have not seen", self.comparison),
            ("Drift", self.drift[[*shown, "finding"]]),
            ("Reps", self.reps),
        ]
        return page("Recalibration", self.summary, [(head, part) for head, part in sections if len(part)])


def recalibrate(
    criteria: Criteria,
    new_deals: Deals,
    *,
    history: Deals | None = None,
    replicates: int = 999,
    level: float = 0.95,
    rng: np.random.Generator | int | None = 0,
) -> Recalibration:
    """Hold newly closed deals against the criteria in use, and update the criteria where they must be.

    Parameters
    ----------
    criteria : Criteria
        The criteria in use.
    new_deals : Deals
        Deals closed since, read against the criteria's survey.
    history : Deals, optional
        The deals closed before, for what needs them: a rebuild on all deals, tests of single
        characteristics between periods, reps.
    replicates : int
        Simulated sets of outcomes behind the tests.
    level : float
        Confidence level of the intervals, in (0, 1); the tests reject at ``1 − level``.
    rng : numpy.random.Generator, int or None
        Source of chance; the same seed gives the same result.

    Returns
    -------
    Recalibration
        Verdict, new criteria, and what changed.

    Raises
    ------
    NotEnoughDeals
        Where, of the new deals that no gate stops, fewer than five were won, or fewer than five were not.
    InvalidDeals
        Where the criteria cannot score the new deals, or history holds some of them.
    InvalidArgument
        For a level outside (0, 1), too few replicates to reject at it, or arguments of the wrong kind.

    Notes
    -----
    The closed test (Vergouwe et al. 2017) holds a revision (new coefficients for every answer of the
    criteria) against the criteria as they are, then against a new intercept, then against a new intercept and
    slope, by twice the log-likelihood ratio, and takes the first that the revision does not beat; at most
    ``1 − level`` of quarters in which nothing has changed ask for an update. Its reference is simulated: the
    truth is drawn from what the deals behind the criteria left possible (normal about the penalised fit, its
    covariance the inverse of the penalised curvature), outcomes of the new deals from the truth, and the
    ratios worked out anew. The chi-square would take the error of criteria learned from few deals for a
    change; where it alone rejects, the criteria never fitted well. Outcomes of one account are drawn as alike
    as they are found to be; deals of different accounts are taken as independent.

    The recalibrated log-odds are ``a + b · log-odds in use``, with a and b by maximum likelihood. A `rebuild`
    refines criteria anew on history and new deals; it takes as many deals as Riley et al. (2020) ask for the
    columns of the criteria in use, and at least ten of either outcome, else the verdict is `rescale`. Every
    update is repeated on nine tenths of the new deals and judged on the rest; one whose log loss is surely
    above that of the criteria in use gives way to a simpler one.

    References
    ----------
    Vergouwe, Y., Nieboer, D., Oostenbrink, R., Debray, T. P. A., Murray, G. D., Kattan, M. W., Koffijberg,
    H., Moons, K. G. M. & Steyerberg, E. W. (2017). A closed testing procedure to select an appropriate method
    for updating prediction models. Statistics in Medicine 36, 4529-4539. Riley, R. D. et al. (2020).
    Calculating the sample size required for developing a clinical prediction model. BMJ 368, m441.

    Examples
    --------
    >>> import qualify as ql
    >>> simulated = ql.simulate_deals(300, rng=1)
    >>> criteria = ql.refine_criteria(ql.read_deals(simulated.frame, simulated.survey), replicates=40)
    >>> quarter = ql.simulate_deals(100, rng=2)
    >>> found = ql.recalibrate(criteria, ql.read_deals(quarter.frame, criteria.survey), replicates=99)
    >>> found.verdict
    'keep'
    """
    check_level(level, where="recalibrate")
    draws = check_draws_for(replicates, level)
    check_new(criteria, new_deals, history)
    seed = int(rng) if isinstance(rng, (int, np.integer)) else None
    everything, given = hold(criteria, in_order(new_deals)[0]), fingerprint(new_deals)
    work = Work(
        criteria=criteria,
        everything=everything,
        held=open_ones(everything, criteria),
        history=None if history is None else in_order(history)[0],
        origin=Origin(verdict="keep", seed=seed, replicates=draws, level=float(level), new_fingerprint=given),
        chance=np.random.default_rng(rng).spawn(5),
    )
    return _found(work)


def _found(work: Work) -> Recalibration:
    """Test, compare, decide, update, and tell."""
    tested = run_closed_test(work.held, work.origin.replicates, work.alpha, work.chance[0])
    decision = decide(work, tested)
    tables = _tables(work, tested)
    changes = changes_between(work.criteria, decision.criteria)
    notes = (*decision.notes, *_notes(work, tables["gates"], tested))
    sample = work.held.sample
    words = [
        verdict_words(decision.verdict, decision.line, sample.outcome, work.held.chance),
        words_on_tests(tested.table, tested.verdict, work.alpha),
        *(changes_words(changes), drift_words(tables["drift"], tables["reps"], work.alpha), *notes),
    ]
    return Recalibration(
        verdict=cast(Verdict, decision.verdict),
        test_verdict=cast(Verdict, tested.verdict),
        criteria=decision.criteria,
        changes=changes,
        tests=tested.table,
        comparison=decision.comparison,
        **tables,
        summary=" ".join(part for part in words if part),
        notes=notes,
        in_use=work.criteria,
        more_deals=decision.more,
        level=work.origin.level,
        n=work.everything.deals.n,
        won=int(work.everything.sample.outcome.sum()),
        fingerprint=work.origin.new_fingerprint,
    )


def _tables(work: Work, tested: ClosedTest) -> dict[str, pd.DataFrame]:
    """Make what does not hang on the decision, by the names of the result's fields."""
    criteria, held, level = work.criteria, work.held, work.origin.level
    line = chosen_line(tested.asked, "rescale", held.sample)
    return {
        "performance": performance_on_new(criteria, held, tested.unchanged, level, work.chance[2]),
        "zones": zones_then_and_now(criteria, work.everything, level),
        "band": new_band(criteria, line, level),
        "drift": drift_table(
            criteria,
            work.everything.deals,
            work.history,
            replicates=work.origin.replicates,
            level=level,
            rng=work.chance[3],
        ),
        "reps": rep_table(criteria, work.everything.deals, work.history, level),
        "scores": scores_table(work.everything),
        "gates": gates_now(criteria, work.everything, level),
    }


def _notes(work: Work, gates: pd.DataFrame, tested: ClosedTest) -> list[str]:
    """Say what else is to be known."""
    notes = [] if work.held.whole else [OLDER_CRITERIA]
    notes += new_word_findings(work.everything.deals.new_words)
    stopped = work.everything.deals.n - work.held.deals.n
    if stopped:
        which = counted(stopped, "deal")
        notes.append(f"{which} that a gate stops took no part in the tests: theirs is a limit.")
    notes += gate_notes(gates)
    if tested.likeness > 0:
        notes.append("Deals of one account end alike more often than not; the tests allow for that.")
    return notes
