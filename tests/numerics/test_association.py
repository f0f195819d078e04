"""Strength of association: V from its definition, ρ against pandas and R's varclus; clusters by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qualify.numerics.association import association, associations, clusters, cramers_v
from qualify.numerics.coding import NOMINAL, NUMERIC, RANKED, Items

# Sums in another order.
ROUNDING = 1e-12


def plain_v(first: np.ndarray, second: np.ndarray) -> float:
    """Bergsma's V cell by cell."""
    table = pd.crosstab(first, second).to_numpy(float)
    n, (r, c) = table.sum(), table.shape
    chi2 = 0.0
    for i in range(r):
        for j in range(c):
            expected = table[i].sum() * table[:, j].sum() / n
            chi2 += (table[i, j] - expected) ** 2 / expected
    phi2 = max(0.0, chi2 / n - (r - 1) * (c - 1) / (n - 1))
    rows, columns = r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)
    return float(np.sqrt(phi2 / (min(rows, columns) - 1)))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("shape", [(2, 2), (3, 5), (6, 2)])
def test_v_equals_its_definition(seed: int, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(seed)
    first = rng.integers(0, shape[0], 90).astype(np.int32)
    second = np.where(rng.random(90) < 0.5, first % shape[1], rng.integers(0, shape[1], 90)).astype(np.int32)
    assert cramers_v(first, second) == pytest.approx(plain_v(first, second), abs=ROUNDING)
    assert cramers_v(second, first) == pytest.approx(cramers_v(first, second), abs=ROUNDING)


def test_v_of_the_same_and_of_nothing() -> None:
    codes = np.tile(np.arange(4, dtype=np.int32), 25)
    assert cramers_v(codes, (codes + 1) % 4) == pytest.approx(1, abs=ROUNDING)
    assert cramers_v(codes, np.repeat(np.arange(2, dtype=np.int32), 50)) == 0  # fully balanced
    assert cramers_v(codes, np.zeros(100, dtype=np.int32)) == 0
    assert cramers_v(codes[:1], codes[:1]) == 0


def test_v_of_independent_answers_is_about_nothing() -> None:
    """What the correction is for: plain V of five by five answers of 60 deals is a quarter."""
    rng = np.random.default_rng(0)
    values = [cramers_v(*rng.integers(0, 5, (2, 60)).astype(np.int32)) for _ in range(200)]
    assert np.mean(values) < 0.1


def rated(codes: np.ndarray, kinds: list[int], levels: int) -> Items:
    size = len(kinds)
    return Items(
        codes=codes.astype(np.int32),
        kind=np.array(kinds, dtype=np.int8),
        levels=np.full(size, levels, dtype=np.int32),
        value=np.tile(np.arange(levels + 1.0), (size, 1)),
        reference=np.full(size, -1, dtype=np.int32),
    )


def test_ratings_have_spearmans_correlation(
    simulated_deals: Callable[[int], pd.DataFrame], golden: Callable[[str], dict[str, Any]]
) -> None:
    """R's varclus holds the squares."""
    questions = simulated_deals(500)[[f"q{q:02d}" for q in range(1, 13)]]
    found = associations(rated(questions.to_numpy(), [NUMERIC] * 6 + [RANKED] * 6, 6))
    r = np.array(golden("misc")["varclus"]["sim"]["values"])
    np.testing.assert_allclose(found**2 + np.eye(12), r, atol=1e-12)  # written with 15 digits
    np.testing.assert_allclose(found + np.eye(12), questions.corr(method="spearman").abs(), atol=ROUNDING)


def test_unknown_answers_are_left_out() -> None:
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 4, (200, 2))
    codes[:, 1] = np.where(rng.random(200) < 0.7, codes[:, 0], codes[:, 1])
    blank = codes.copy()
    blank[:60, 0] = 4
    blank[150:, 1] = 4
    for kinds in ([RANKED, NUMERIC], [NOMINAL, NOMINAL]):
        known = association(rated(codes[60:150], kinds, 4), 0, 1)
        assert association(rated(blank, kinds, 4), 0, 1) == pytest.approx(known, abs=ROUNDING)
    assert association(rated(np.full((9, 2), 4), [RANKED, RANKED], 4), 0, 1) == 0
    assert association(rated(np.full((9, 2), 4), [NOMINAL, RANKED], 4), 0, 1) == 0


def test_fine_ratings_meet_a_choice_in_five_ranges() -> None:
    rng = np.random.default_rng(4)
    rating = rng.integers(0, 40, 300)
    choice = np.clip(rating // 14 + rng.integers(-1, 2, 300), 0, 2)
    items = rated(np.column_stack([rating, choice]), [NUMERIC, NOMINAL], 40)
    edges = np.quantile(rating, [0.2, 0.4, 0.6, 0.8])
    expected = plain_v(np.digitize(rating, edges), choice)
    assert association(items, 0, 1) == pytest.approx(expected, abs=ROUNDING)


def test_clusters_are_linked_directly_or_through_others() -> None:
    linked = np.zeros((6, 6), dtype=np.bool_)
    for a, b in ((0, 3), (3, 5), (1, 2)):
        linked[a, b] = linked[b, a] = True
    found = clusters(linked)
    assert found[0] == found[3] == found[5] and found[1] == found[2]
    assert len({found[0], found[1], found[4]}) == 3
