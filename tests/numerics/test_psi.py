"""The population stability index: its published formula by hand, and what resampling gives."""

from __future__ import annotations

import numpy as np
import pytest

from qualify.numerics.psi import resampled_index, stability_index


def test_index_by_the_published_formula() -> None:
    """Shares 0.2, 0.3, 0.5 then and 0.3, 0.4, 0.3 now.

    0.1·ln 1.5 + 0.1·ln(4/3) − 0.2·ln 0.6 = 0.0405465 + 0.0287682 + 0.1021651 = 0.1714798, to seven figures.
    """
    found = stability_index(np.array([[20.0, 30.0, 50.0]]), np.array([[60.0, 80.0, 60.0]]))
    assert found[0] == pytest.approx(0.1714798, abs=5e-8)


@pytest.mark.parametrize(
    ("then", "now", "published"),
    [
        ([28, 66, 124, 132, 72, 28], [2, 11, 31, 50, 38, 8], 0.19675994632657517),
        ([86, 237, 127], [48, 54, 38], 0.13301279146131761),
        ([43, 39, 40, 110, 54, 64, 24, 48, 28], [18, 14, 11, 53, 11, 12, 11, 8, 2], 0.22903220733815718),
    ],
    ids=["rating", "choice", "score"],
)
def test_index_of_another_package_on_the_same_bins(
    then: list[float], now: list[float], published: float
) -> None:
    """What ``optbinning`` 1.0.0 (`ScorecardMonitoring`) gave for 450 and 140 deals in bins of its own."""
    found = stability_index(np.array([then], dtype=float), np.array([now], dtype=float))[0]
    assert found == pytest.approx(published, rel=1e-12)  # the same sum, in another order


def test_index_of_ten_bands_term_by_term() -> None:
    """Ten score bands of a tenth each at first, 0.080 to 0.115 later: ten terms, to seven figures each."""
    terms = [0.0044629, 0.0010536, 0.0002565, 0, 0, 0, 0.0002440, 0.0002440, 0.0009531, 0.0020964]
    now = np.array([[80.0, 90, 95, 100, 100, 100, 105, 105, 110, 115]])
    assert stability_index(np.full((1, 10), 100.0), now)[0] == pytest.approx(sum(terms), abs=5e-7)


def test_periods_may_change_places_and_same_shares_give_zero() -> None:
    rng = np.random.default_rng(0)
    then, now = rng.integers(1, 50, (2, 20, 5)).astype(float)
    np.testing.assert_allclose(stability_index(then, now), stability_index(now, then))
    np.testing.assert_allclose(stability_index(then, 3 * then), 0.0, atol=1e-15)


def test_an_answer_of_one_period_only_gives_a_finite_index() -> None:
    then, now = np.array([[50.0, 50.0, 0.0, 0.0]]), np.array([[40.0, 40.0, 20.0, 0.0]])
    shares = [(50.5, 50.5, 0.5), (40.5, 40.5, 20.5)]
    before, after = (np.array(one) / sum(one) for one in shares)
    by_hand = ((after - before) * np.log(after / before)).sum()
    assert stability_index(then, now)[0] == pytest.approx(by_hand)


def test_what_resampling_gives_is_about_what_is_known_of_it() -> None:
    """Mean (k − 1)(1/m + 1/n): with 60 deals more than the folklore 0.1 is nothing out of the ordinary."""
    drawn = resampled_index(np.full(6, 75.0), np.full(6, 10.0), 20_000, np.random.default_rng(1))
    assert drawn.mean() == pytest.approx(5 * (1 / 450 + 1 / 60), rel=0.12)
    assert np.mean(drawn > 0.1) > 0.3
