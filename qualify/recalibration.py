"""Recalibration: newly closed deals held against the criteria in use, and the criteria to use from now on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from qualify.criteria import Criteria
from qualify.deals import Deals

Verdict = Literal["keep", "shift", "rescale", "rebuild"]
VERDICTS: tuple[Verdict, ...] = ("keep", "shift", "rescale", "rebuild")


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
        moved_high (win rate now less then): the zones of the criteria in use.
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
        rep, n, n_then, generosity_then, generosity, moved with moved_low and moved_high, p_value, q_value:
        points above what the other reps give, and how that moved. No rows where reps are not known.
    summary : str
        The findings in plain words.
    notes : tuple of str
        What to know beside them.
    in_use : Criteria
        The criteria that were held against the new deals.
    more_deals : int
        How many more deals a rebuild would need; 0 where there are enough, or nothing calls for one.
    level : float
        Confidence level of the intervals; the tests reject at ``1 − level``.
    n, won : int
        Newly closed deals, and how many of them were won.
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
    in_use: Criteria
    more_deals: int
    level: float
    n: int
    won: int

    def __repr__(self) -> str:
        return f"<Recalibration: {self.verdict} on {self.n} new deals ({self.won} won)>"


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
        Where fewer than five of the new deals were won, or fewer than five were not.
    InvalidDeals
        Where the criteria cannot score the new deals, or history holds some of them.
    InvalidArgument
        For a level outside (0, 1), or arguments of the wrong kind.
    """
    raise NotImplementedError
