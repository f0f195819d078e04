"""How the win probability of simulated deals climbs with their true score."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import expit

from qualify.datasets.drawing import draw_answers, draw_reps, true_scores
from qualify.datasets.team import traits_asked

CurveKind = Literal["none", "gradual", "sharp", "plateau"]

ENDS = {"none": (0.0, 1.0), "gradual": (0.0, 1.0), "sharp": (0.0, 1.0), "plateau": (0.08, 0.90)}
"""Floor and ceiling of each curve; for "none" the limits of its one win rate."""

_WIDTH_SHARE = {"gradual": 0.90, "sharp": 0.20, "plateau": 0.20}  # band as a share of the score range
_REFERENCE_DEALS, _REFERENCE_SEED = 50_000, 20_240_601  # one fixed population settles every curve
_LN9 = math.log(9)


class Curve(NamedTuple):
    """Win probability `floor + (ceiling - floor) * expit(slope * (score - midpoint))`; slope 0 is flat."""

    midpoint: float
    slope: float
    floor: float
    ceiling: float

    @property
    def low(self) -> float:
        """Score at which 10 % of the climb is done."""
        return self.midpoint - _LN9 / self.slope if self.slope else math.nan

    @property
    def high(self) -> float:
        """Score at which 90 % of the climb is done."""
        return self.midpoint + _LN9 / self.slope if self.slope else math.nan

    def probability(self, scores: ArrayLike) -> NDArray[np.float64]:
        """Win probability at each true score."""
        score = np.asarray(scores, dtype=np.float64)
        if self.slope == 0:
            return np.full(score.shape, self.floor)
        climb = np.asarray(expit(self.slope * (score - self.midpoint)), dtype=np.float64)
        return self.floor + (self.ceiling - self.floor) * climb


@lru_cache(maxsize=32)
def settle_curve(kind: CurveKind, win_rate: float, count: int, unknown_share: float) -> Curve:
    """Place the curve so that `win_rate` of all deals are won; it depends on nothing but the arguments."""
    if kind == "none":
        return Curve(midpoint=math.nan, slope=0.0, floor=win_rate, ceiling=win_rate)
    rng, traits = np.random.default_rng(_REFERENCE_SEED), traits_asked(count)
    scores = true_scores(traits, draw_answers(traits, draw_reps(_REFERENCE_DEALS, rng), unknown_share, rng))
    low, high = np.quantile(scores, [0.025, 0.975])
    slope = round(2 * _LN9 / (_WIDTH_SHARE[kind] * float(high - low)), 3)
    floor, ceiling = ENDS[kind]

    def excess(midpoint: float) -> float:
        return float(Curve(midpoint, slope, floor, ceiling).probability(scores).mean()) - win_rate

    far = 800 / slope  # where expit is 0 or 1 to the last digit
    midpoint = brentq(excess, float(scores.min()) - far, float(scores.max()) + far)
    return Curve(round(midpoint, 1), slope, floor, ceiling)
