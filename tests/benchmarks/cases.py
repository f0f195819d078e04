"""The races: what qualify does and what its peers do, on the same answers.

Every function makes a race at one size, small enough for a test or as large as the targets name.
"""

from __future__ import annotations

import numpy as np

from benchmarks import peers
from benchmarks.data import SEED, answered, drawn_rows, rows_validated, sample_of
from benchmarks.race import Figures, Peer, Race
from qualify.numerics.logistic import fit_logistic
from qualify.numerics.performance import MEASURES, REFIT_INTERCEPT
from qualify.numerics.procedures import Recipe
from qualify.numerics.refits import Draws, refit_many
from qualify.numerics.validation import bootstrap_optimism

# How often the procedures are repeated where a target names no other number.
REPLICATES = 2_000
MAXIMUM_LIKELIHOOD = {500: 60.0, 5_000: 35.0, 50_000: 30.0}
FIRTH = {500: 40.0, 5_000: 12.0}
FIXED = {500: 80.0, 5_000: 40.0}
SINGLE = {1_000_000: 5.0}


def single_fit(n: int, columns: int = 12, *, rounds: int = 5) -> Race:
    """One maximum-likelihood fit of a matrix of floats."""
    deals = answered(n, columns)
    return Race(
        case="One maximum-likelihood fit",
        size=f"{n:,} × {columns}",
        ours=lambda: fit_logistic(deals.design, deals.outcome).beta,
        peers=(
            Peer(
                name="scikit-learn newton-cholesky",
                package="sklearn",
                run=lambda: peers.sklearn_fit(deals.by_row, deals.outcome),
                target=SINGLE.get(n),
            ),
            Peer(name="glum", package="glum", run=lambda: peers.glum_fit(deals.by_column, deals.outcome)),
            Peer(
                name="statsmodels Logit",
                package="statsmodels",
                run=lambda: peers.statsmodels_fit(deals.design, deals.outcome),
            ),
        ),
        rounds=rounds,
    )


def refits(n: int, *, replicates: int = REPLICATES, first: int = 50, rounds: int = 5) -> Race:
    """Bootstrap refits by maximum likelihood; the peers make the first few of them."""
    deals = answered(n)
    return Race(
        case=f"{replicates:,} bootstrap refits, maximum likelihood",
        size=f"{n:,} × 13 columns",
        ours=lambda: (
            refit_many(deals.design, deals.outcome, Draws(replicates, np.random.default_rng(SEED))).beta
        ),
        peers=(
            Peer(
                name="statsmodels Logit in a loop",
                package="statsmodels",
                run=lambda: peers.statsmodels_refits(deals, drawn_rows(n, replicates, first)),
                share=first / replicates,
                target=MAXIMUM_LIKELIHOOD.get(n),
            ),
            Peer(
                name="scikit-learn newton-cholesky in a loop",
                package="sklearn",
                run=lambda: peers.sklearn_refits(deals, drawn_rows(n, replicates, first)),
                share=first / replicates,
            ),
        ),
        rounds=rounds,
    )


def firth_refits(n: int, *, replicates: int = REPLICATES, first: int = 50, rounds: int = 5) -> Race:
    """Bootstrap refits with Firth's penalty."""
    deals = answered(n)
    return Race(
        case=f"{replicates:,} bootstrap refits, Firth's penalty",
        size=f"{n:,} × 13 columns",
        ours=lambda: (
            refit_many(
                deals.design, deals.outcome, Draws(replicates, np.random.default_rng(SEED)), penalty="firth"
            ).beta
        ),
        peers=(
            Peer(
                name="firthmodels in a loop",
                package="firthmodels",
                run=lambda: peers.firthmodels_refits(deals, drawn_rows(n, replicates, first)),
                share=first / replicates,
                target=FIRTH.get(n),
                tolerance=1e-5,
            ),
        ),
        rounds=rounds,
    )


def fixed_model(n: int, *, replicates: int = REPLICATES, first: int = 20, rounds: int = 5) -> Race:
    """Harrell's optimism bootstrap of a fixed model; qualify works out log loss and ICI besides."""
    deals = answered(n)
    sample = sample_of(deals)
    recipe = Recipe(1.0, False, 0, 0, strength=0.0)
    asked = [
        MEASURES.index("auc"),
        MEASURES.index("brier"),
        MEASURES.index("calibration_slope"),
        REFIT_INTERCEPT,
    ]

    def ours() -> Figures:
        draws = bootstrap_optimism(sample, recipe, replicates, np.random.default_rng(SEED))
        return draws[:, :, asked].reshape(replicates, -1)

    return Race(
        case=f"Validation of a fixed model, {replicates:,} replicates: AUC, Brier, slope, intercept",
        size=f"{n:,} × 13 columns",
        ours=ours,
        peers=(
            Peer(
                name="statsmodels and scikit-learn in a loop",
                package="statsmodels",
                run=lambda: peers.validated(deals, rows_validated(n, first)),
                share=first / replicates,
                target=FIXED.get(n),
            ),
        ),
        rounds=rounds,
    )
