"""What the study found, as records: one per quantity and world, with what it should have been."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from coverage_study.one_data_set import ALPHA, LANDMARKS, PERFORMANCE, STRATA
from coverage_study.rates import COVERAGE_BAND, Rate, Standing, covered, mean_difference, rate, stands
from coverage_study.worlds import World

Results = Mapping[World, pd.DataFrame]
SAID = {
    "effect": "questions that matter",
    "null": "questions without an effect",
    "decisive": "the decisive answer",
    "unknown": "not knowing",
    "alone_null": "alone",
    "added_null": "added to the others",
    "unknown_null": "not knowing",
    "midpoint": "midpoint",
    "low": "lower edge",
    "high": "upper edge",
    "width_share": "width",
    "slope": "slope",
    "floor": "floor",
    "ceiling": "ceiling",
    "below": "win rate below the band",
    "above": "win rate above the band",
    "auc_corrected": "AUC, corrected",
    "auc_cross_validated": "AUC, cross-validated",
    "calibration_corrected": "calibration slope, corrected",
    "calibration_cross_validated": "calibration slope, cross-validated",
}
SHARP_FOUND = 0.80
NONE_OR_SHARP_WRONG = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One quantity in one world.

    `low` and `high` are what the rate should lie between; `misses` says on which side intervals missed;
    `counts` whether the world falls short by it.
    """

    table: str
    quantity: str
    world: World
    rate: Rate
    low: float
    high: float
    misses: str = ""
    counts: bool = True

    @property
    def standing(self) -> Standing:
        """Whether it falls short."""
        return stands(self.rate, self.low, self.high)


def usable(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of data sets that no verb refused."""
    return frame[frame["failed"] == ""]


def factor_findings(results: Results) -> Iterator[Finding]:
    """Coverage of odds ratios and swings, type I error, false discovery rate."""
    for world, frame in results.items():
        rows = usable(frame)
        for table, strata in (("odds", STRATA), ("swing", STRATA[:3])):
            for stratum in strata:
                n, below, above = (rows[f"{table}_{stratum}_{what}"] for what in ("n", "below", "above"))
                yield Finding(
                    table=table,
                    quantity=stratum,
                    world=world,
                    rate=rate(n - below - above, n),
                    low=COVERAGE_BAND[0],
                    high=COVERAGE_BAND[1],
                    misses=_misses(below.sum(), above.sum(), n.sum()),
                )
        for test in ("alone_null", "added_null", "unknown_null"):
            found = rate(rows[f"{test}_rejected"], rows[f"{test}_n"])
            yield Finding(table="tests", quantity=test, world=world, rate=found, low=0.0, high=ALPHA)
        yield Finding(
            table="discovery", quantity="adds", world=world, rate=_false_share(rows), low=0.0, high=ALPHA
        )
        power = rate(rows["added_real_rejected"], rows["added_real_n"])
        yield Finding(table="power", quantity="added_real", world=world, rate=power, low=0.0, high=1.0)


def _false_share(rows: pd.DataFrame) -> Rate:
    """Mean share of false findings among those called `adds`; none where nothing was called so."""
    share = (rows["adds_false"] / rows["adds"].clip(lower=1)).astype(float)
    # A mean of shares between 0 and 1: the variance decides how many cases it is worth.
    return rate(share, pd.Series(1.0, index=share.index))


def _misses(below: float, above: float, n: float) -> str:
    if not n:
        return ""
    return f"the truth lay below {below / n:.1%} and above {above / n:.1%} of the intervals"


def curve_findings(results: Results, table: str) -> Iterator[Finding]:
    """Coverage of what is said of the curve, the zones and the AUC."""
    for world, frame in results.items():
        rows = usable(frame)
        quantities = [f"{name}_{kind}" for kind in ("declared", "world") for name in LANDMARKS]
        for column in [*quantities, "below", "above", *(PERFORMANCE if table == "whole" else [])]:
            # Where nothing is to be found, any curve is wrong, and scores have no slope.
            empty = world.curve == "none" and not column.startswith("auc")
            sides = rows[column].iloc[:0] if empty else rows[column]
            below, above = float((sides == -1).sum()), float((sides == 1).sum())
            yield Finding(
                table=table,
                quantity=column,
                world=world,
                rate=covered(sides),
                low=COVERAGE_BAND[0],
                high=COVERAGE_BAND[1],
                misses=_misses(below, above, float(sides.notna().sum())),
                counts=not column.endswith("_world"),
            )


def verdict_findings(results: Results, table: str) -> Iterator[Finding]:
    """What the curves of each world were called."""
    for world, frame in results.items():
        rows = usable(frame)
        ones = pd.Series(1.0, index=rows.index)
        for verdict in ("none", "gradual", "sharp"):
            low, high = _allowed(world, verdict)
            called = rate((rows["verdict"] == verdict).astype(float), ones)
            yield Finding(table=table, quantity=verdict, world=world, rate=called, low=low, high=high)


def _allowed(world: World, verdict: str) -> tuple[float, float]:
    if (world.curve, verdict) == ("none", "none"):
        return 1 - NONE_OR_SHARP_WRONG, 1.0
    if (world.curve, verdict) == ("gradual", "sharp"):
        return 0.0, NONE_OR_SHARP_WRONG
    if (world.curve, verdict, world.n) == ("sharp", "sharp", 500):
        return SHARP_FOUND, 1.0
    return 0.0, 1.0


def biases(results: Results) -> Iterator[Finding]:
    """Mean of estimated less true AUC and calibration slope; no slope where scores are noise."""
    for world, frame in results.items():
        rows = usable(frame)
        for quantity in PERFORMANCE:
            if quantity.startswith("auc") or world.curve != "none":
                off = mean_difference(rows[f"{quantity}_error"].astype(float))
                yield Finding(
                    table="bias", quantity=quantity, world=world, rate=off, low=-np.inf, high=np.inf
                )
