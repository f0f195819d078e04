"""Predictions on unseen deals held against what became of them, and against those of another method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from qualify.numerics.metrics import auc
from qualify.numerics.performance import MEASURES, measure_each

Vector = NDArray[np.float64]
Found = Sequence[dict[str, Any]]

NAMES = ("auc", "auc_within", "brier", "log_loss", "calibration_slope")
DRAWS, LEVEL, SEED = 1000, 0.95, 3
# Probabilities of 0 and 1 have no log-odds.
NEAREST = 1e-6


def measured(found: Found, folds: NDArray[np.int64], outcome: Vector) -> dict[str, Vector]:
    """`NAMES` of each division into folds, a figure for each.

    AUC over all deals at once, by log-odds along the score (whole scores of different folds have different
    scales); the mean of the AUC within folds; Brier score, log loss and calibration slope of probabilities.
    """
    rows = []
    for one, fold in zip(found, folds, strict=False):
        score, chance = scores(one), chances(one)
        within = [auc(score[fold == k], outcome[fold == k]) for k in range(fold.max() + 1)]
        all_at_once = _measures(logit(chance), outcome, np.ones((1, outcome.size)))[0]
        rows.append((auc(score, outcome), np.mean(within), *all_at_once))
    return dict(zip(NAMES, np.array(rows).T, strict=True))


def _measures(log_odds: Vector, outcome: Vector, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    asked = [MEASURES.index(name) for name in NAMES[2:]]
    found: NDArray[np.float64] = measure_each(log_odds, outcome, weights)[:, asked]
    return found


def scores(one: dict[str, Any]) -> Vector:
    """Log-odds along the score; sums that are the same but for rounding are ties."""
    return np.round(np.array(one["log_odds"], dtype=np.float64), 9)


def chances(one: dict[str, Any]) -> Vector:
    """Win probabilities of one division, kept off 0 and 1."""
    given = one.get("chance")
    score = np.array(one["log_odds"])
    chance = 1 / (1 + np.exp(-np.clip(score, -500, 500))) if given is None else np.array(given)
    return np.clip(chance, NEAREST, 1 - NEAREST)


def withheld(found: Found, folds: NDArray[np.int64], outcome: Vector) -> list[dict[str, Any]]:
    """Let a fold whose points would not have been handed out say the win rate that it knows."""
    answers = []
    for one, fold in zip(found, folds, strict=False):
        log_odds, chance = np.array(one["log_odds"]), chances(one)
        questions = list(one["questions"])
        for k, given in enumerate(one["handed_out"]):
            if not given:
                chance[fold == k] = outcome[fold != k].mean()
                log_odds[fold == k] = logit(chance[fold == k])
                questions[k] = 0
        answers.append({**one, "log_odds": log_odds, "chance": chance, "questions": questions})
    return answers


def differences(ours: Found, theirs: Found, outcome: Vector, group: NDArray[np.int64]) -> dict[str, Vector]:
    """By how much ours are worse, with limits, (3,) each: AUC less, Brier score and log loss more.

    Means over the divisions that both were worked off on. The limits are percentiles over draws of whole
    groups of deals: predictions are taken as they are, deals as like those to come.
    """
    rng = np.random.default_rng(SEED)
    groups = int(group.max()) + 1
    drawn = rng.multinomial(groups, np.full(groups, 1 / groups), size=DRAWS)[:, group]
    weights = np.vstack([np.ones(outcome.size), drawn.astype(np.float64)])
    total = np.zeros((DRAWS + 1, 3))
    pairs = list(zip(ours, theirs, strict=False))
    for mine, other in pairs:
        total += _losses(mine, outcome, weights) - _losses(other, outcome, weights)
    total /= len(pairs)
    tails = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    limits = np.nanquantile(total[1:], tails, axis=0)
    return {
        name: np.array([total[0, m], *limits[:, m]]) for m, name in enumerate(("auc", "brier", "log_loss"))
    }


def _losses(one: dict[str, Any], outcome: Vector, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    by_chance = _measures(logit(chances(one)), outcome, weights)
    by_score = measure_each(scores(one), outcome, weights)[:, MEASURES.index("auc")]
    return np.column_stack([-by_score, by_chance[:, 0], by_chance[:, 1]])
