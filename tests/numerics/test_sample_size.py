"""Sample sizes: those of R's pmsampsize."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from qualify.numerics.sample_size import expected_r2, largest_r2, riley_sizes

GOLDEN = Path(__file__).parents[1] / "golden" / "out" / "cran_source_peers.json"
CASES = json.loads(GOLDEN.read_text(encoding="utf-8"))["pmsampsize"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['p']}-{case['r2']}-{case['prev']}")
def test_sizes_are_those_of_pmsampsize(case: dict[str, object]) -> None:
    found = riley_sizes(case["p"], case["r2"], case["prev"])
    assert [*found, found.needed] == case["n"]
    assert largest_r2(case["prev"]) == pytest.approx(case["max_r2"], abs=1e-12)


def test_r2_of_a_prediction_by_hand() -> None:
    """Half the deals foretold at 0.8 and won in 80 %, half at 0.2 and won in 20 %."""
    loss = -(0.8 * np.log(0.8) + 0.2 * np.log(0.2))
    assert expected_r2(loss, 0.5) == pytest.approx(1 - np.exp(-2 * (np.log(2) - loss)))


def test_a_prediction_that_tells_nothing_counts_as_one_that_tells_little() -> None:
    assert expected_r2(0.9, 0.5) == pytest.approx(0.15 * 0.75)
