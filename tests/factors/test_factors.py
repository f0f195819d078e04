"""Factors equal R's, an independent Firth fit and brute force, however the same deals are written down."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from factor_tables import MIXED, asked, deals_of, mixed, row, yes_no
from firth_by_hand import Firth
from scipy.special import expit
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

import qualify as ql
from qualify.errors import InvalidArgument, NotEnoughDeals
from qualify.factors.factors import Factors

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "out" / "cran_source_peers.json").read_text())


@pytest.fixture(scope="module")
def mixed_deals() -> ql.Deals:
    return deals_of(mixed(), *MIXED)


@pytest.fixture(scope="module")
def mixed_factors(mixed_deals: ql.Deals) -> Factors:
    return ql.find_factors(mixed_deals)


@pytest.fixture(scope="module")
def firth(mixed_deals: ql.Deals) -> Firth:
    """Columns written by hand: Need, unknown; Buyer 0 (the rarer), unknown; Size; Source Fair, Call."""
    frame = mixed()
    need = pd.to_numeric(frame["Need"], errors="coerce")
    assert (frame["Buyer"] == "1").sum() < (frame["Buyer"] == "0").sum()
    columns = [
        np.ones(len(frame)),
        (need - need.mean()).fillna(0),
        need.isna(),
        frame["Buyer"] == "1",
        frame["Buyer"] == "unknown",
        frame["Size"].map({"S": 0, "M": 1, "L": 2}),
        frame["Source"] == "Fair",
        frame["Source"] == "Call",
    ]
    return Firth(np.column_stack(columns).astype(float), frame["won"].to_numpy(float))


KNOWN = {"Need": [1], "Buyer": [3], "Size": [5], "Source": [6, 7]}
UNKNOWN = {"Need": [2], "Buyer": [4]}


class TestAsInR:
    """R's logistf on published data, through the verb; the survey names the reference that R takes."""

    @pytest.mark.parametrize(
        ("folder", "outcome", "peer"),
        [("endometrial", "HG", "logistf_endometrial"), ("sex2", "case", "logistf_sex2")],
    )
    def test_odds_ratios_intervals_and_tests(
        self, real_data: Path, folder: str, outcome: str, peer: str
    ) -> None:
        frame = pd.read_csv(real_data / folder / f"{folder}.csv").rename(columns={outcome: "won"})
        golden = GOLDEN[peer]
        names = [name for name in golden["coef"] if name != "(Intercept)"]
        scores = {"PI": "per step", "EH": "per 1"}  # whole numbers, and others
        characteristics = [
            asked(name, "score", step=1) if name in scores else yes_no(name, reference="0") for name in names
        ]
        factors = ql.find_factors(deals_of(frame, *characteristics, min_answers=1))
        answers = factors.answers.set_index(["characteristic", "answer"])
        for name in names:
            answer = answers.loc[(name, scores.get(name, "1"))]
            assert answer["odds_ratio"] == pytest.approx(np.exp(golden["coef"][name]), rel=1e-6)
            assert answer["ci_low"] == pytest.approx(np.exp(golden["ci_lower"][name]), rel=1e-6)
            assert answer["ci_high"] == pytest.approx(np.exp(golden["ci_upper"][name]), rel=1e-6)
            assert row(factors, name)["p_value"] == pytest.approx(golden["prob"][name], rel=1e-6)
            if name not in scores:
                reference = answers.loc[(name, "0")]
                assert reference["odds_ratio"] == 1.0 and np.isnan(reference["ci_low"])

    def test_the_flic_intercept_behind_the_swings(self, real_data: Path) -> None:
        frame = pd.read_csv(real_data / "endometrial" / "endometrial.csv")
        coef = GOLDEN["logistf_endometrial"]["flic_coef"]
        X = np.column_stack([np.ones(len(frame)), frame[["NV", "PI", "EH"]]])
        beta = np.array([coef["(Intercept)"], coef["NV"], coef["PI"], coef["EH"]])
        with_nv, without = X.copy(), X.copy()
        with_nv[:, 1], without[:, 1] = 1, 0
        deals = deals_of(
            frame.rename(columns={"HG": "won"}), yes_no("NV"), asked("PI", "score"), asked("EH", "score")
        )
        by_hand = expit(with_nv @ beta).mean() - expit(without @ beta).mean()
        assert row(ql.find_factors(deals), "NV")["swing"] == pytest.approx(by_hand, abs=1e-6)


class TestAgainstAnIndependentFit:
    def test_adjusted_tests(self, mixed_factors: Factors, firth: Firth) -> None:
        for name, columns in KNOWN.items():
            statistic, p_value = firth.test(columns)
            found = row(mixed_factors, name)
            assert found["df"] == len(columns)
            assert found["chi2"] == pytest.approx(statistic, abs=2e-5)
            assert found["p_value"] == pytest.approx(p_value, rel=1e-4)

    def test_alone_tests(self, mixed_factors: Factors, firth: Firth) -> None:
        for name, columns in KNOWN.items():
            own = [0, *columns, *UNKNOWN.get(name, [])]
            statistic, p_value = Firth(firth.X[:, own], firth.y).test([*range(1, len(columns) + 1)])
            found = row(mixed_factors, name)
            assert found["alone_chi2"] == pytest.approx(statistic, abs=2e-5)
            assert found["alone_p"] == pytest.approx(p_value, rel=1e-4)

    def test_unknown_is_tested_apart(self, mixed_factors: Factors, firth: Firth) -> None:
        # Against an average known answer: unknown rows hold the mean of the known.
        X, missing = firth.X.copy(), firth.X[:, 4] > 0
        X[missing, 3] = X[~missing, 3].mean()
        centred = Firth(X, firth.y)
        assert centred.loglik == pytest.approx(firth.loglik, abs=1e-8)
        for name, columns in UNKNOWN.items():
            statistic, p_value = centred.test(columns)
            assert row(mixed_factors, name)["unknown_chi2"] == pytest.approx(statistic, abs=2e-5)
            assert row(mixed_factors, name)["unknown_p"] == pytest.approx(p_value, rel=1e-4)
        assert row(mixed_factors, "Size")[["unknown_chi2", "unknown_p", "unknown_q"]].isna().all()

    def test_nonlinearity(self, mixed_factors: Factors, firth: Firth) -> None:
        frame = mixed()
        extra = {"Need": ["1", "2", "3", "4"], "Size": ["M"]}
        for name, inner in extra.items():
            wide = np.column_stack([firth.X, *(frame[name] == answer for answer in inner)]).astype(float)
            added = [*range(firth.X.shape[1], wide.shape[1])]
            _, p_value = Firth(wide, firth.y).test(added)
            assert row(mixed_factors, name)["nonlinear_p"] == pytest.approx(p_value, rel=1e-3)
        assert np.isnan(row(mixed_factors, "Source")["nonlinear_p"])

    def test_clusters_jointly(self, firth: Firth) -> None:
        factors = ql.find_factors(deals_of(mixed(), *MIXED), overlap=0.2)
        assert factors.clusters["characteristics"].tolist() == ["Need; Buyer"]
        statistic, p_value = firth.test([1, 3])
        assert factors.clusters.loc[0, "df"] == 2
        assert factors.clusters.loc[0, "chi2"] == pytest.approx(statistic, abs=2e-5)
        assert factors.clusters.loc[0, "p_value"] == pytest.approx(p_value, rel=1e-4)

    def test_swings_are_differences_of_average_predictions(
        self, mixed_factors: Factors, firth: Firth
    ) -> None:
        beta = firth.flic()
        assert expit(firth.X @ beta).mean() == pytest.approx(firth.y.mean(), abs=1e-6)

        def average(settings: dict[int, float]) -> float:
            X = firth.X.copy()
            for column, value in settings.items():
                X[:, column] = value
            return float(expit(X @ beta).mean())

        need = pd.to_numeric(mixed()["Need"], errors="coerce").dropna()
        low, high = need.quantile([0.1, 0.9]) - need.mean()
        by_hand = {
            "Need": average({1: high, 2: 0}) - average({1: low, 2: 0}),
            "Buyer": average({3: 1, 4: 0}) - average({3: 0, 4: 0}),
            "Size": average({5: 2}) - average({5: 0}),
            "Source": np.ptp([average({6: a, 7: b}) for a, b in ((0, 0), (1, 0), (0, 1))]),
        }
        for name, swing in by_hand.items():
            assert row(mixed_factors, name)["swing"] == pytest.approx(swing, abs=1e-5)
        counts = need.value_counts()
        known = sum(average({1: v - need.mean(), 2: 0}) * n for v, n in counts.items()) / counts.sum()
        unknown = average({1: 0, 2: 1}) - known
        assert row(mixed_factors, "Need")["unknown_swing"] == pytest.approx(unknown, abs=1e-5)

    def test_swing_intervals_agree_with_draws_from_the_normal_approximation(
        self, mixed_factors: Factors, firth: Firth
    ) -> None:
        rng = np.random.default_rng(0)
        draws = rng.multivariate_normal(firth.flic(), firth.covariance(), 4000)
        high, low = firth.X.copy(), firth.X.copy()
        high[:, 5], low[:, 5] = 2, 0
        swings = expit(draws @ high.T).mean(axis=1) - expit(draws @ low.T).mean(axis=1)
        found = row(mixed_factors, "Size")
        width = found["swing_high"] - found["swing_low"]
        assert width == pytest.approx(2 * 1.959964 * swings.std(), rel=0.06)
        assert (found["swing_high"] + found["swing_low"]) / 2 == pytest.approx(swings.mean(), abs=0.01)

    def test_the_interval_of_a_picked_pair_allows_for_the_picking(
        self, mixed_factors: Factors, firth: Firth
    ) -> None:
        declared = (*MIXED[:3], asked("Source", "choice", "Web", "Fair", "Call", contrast=("Call", "Fair")))
        picked = row(mixed_factors, "Source")
        fixed = row(ql.find_factors(deals_of(mixed(), *declared)), "Source")
        assert picked["direction"] == "differs" and fixed["direction"] in ("winning", "losing")
        assert abs(fixed["swing"]) <= picked["swing"] + 1e-12
        # Simultaneous over three pairs: the quantile of the studentised range, about 2.34 instead of 1.96.
        ratio = (picked["swing_high"] - picked["swing_low"]) / (fixed["swing_high"] - fixed["swing_low"])
        assert 1.05 < ratio < 1.4


def test_q_values_are_benjamini_and_hochbergs(mixed_factors: Factors) -> None:
    for p, q in (("alone_p", "alone_q"), ("p_value", "q_value"), ("unknown_p", "unknown_q")):
        tested = mixed_factors.table[mixed_factors.table[p].notna()]
        expected = multipletests(tested[p], method="fdr_bh")[1]
        np.testing.assert_allclose(tested[q], expected, rtol=1e-12)


def test_win_rates_with_wilson_intervals(mixed_factors: Factors) -> None:
    frame, level = mixed(), mixed_factors.level
    listed = mixed_factors.answers.dropna(subset=["n"])
    assert listed.groupby("characteristic")["n"].sum().eq(len(frame)).all()
    for one in listed.itertuples():
        mine = frame.loc[frame[one.characteristic] == one.answer, "won"]
        assert (one.n, one.won) == (len(mine), mine.sum())
        low, high = proportion_confint(mine.sum(), len(mine), alpha=1 - level, method="wilson")
        assert (one.win_rate, one.win_rate_low, one.win_rate_high) == pytest.approx((mine.mean(), low, high))
    # By hand: 2 of 8, z² = 3.841459: (0.25 + z²/16 ± z √(0.1875/8 + z²/256)) / (1 + z²/8).
    frame = pd.DataFrame({"won": [1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0], "a": [0] * 8 + [1] * 4})
    first = ql.find_factors(deals_of(frame, yes_no("a"))).answers.iloc[0]
    middle, half = 0.25 + 3.841459 / 16, np.sqrt(3.841459 * (0.1875 / 8 + 3.841459 / 256))
    by_hand = np.array([middle - half, middle + half]) / (1 + 3.841459 / 8)
    assert first[["win_rate_low", "win_rate_high"]].tolist() == pytest.approx(by_hand.tolist(), abs=1e-6)


def test_weights_are_deals() -> None:
    frame = mixed()
    doubled = pd.concat([frame, frame.iloc[::2]], ignore_index=True)
    weighted = frame.assign(weight=np.where(np.arange(len(frame)) % 2, 1, 2))
    as_rows = ql.find_factors(deals_of(doubled, *MIXED)).table
    as_weights = ql.find_factors(deals_of(weighted, *MIXED)).table
    columns = ["alone_chi2", "chi2", "unknown_chi2", "unknown_swing"]
    pd.testing.assert_frame_equal(as_rows[columns], as_weights[columns], rtol=1e-6)


def test_neither_row_order_nor_the_deals_table_itself_changes(mixed_factors: Factors) -> None:
    frame = mixed()
    kept = frame.copy(deep=True)
    shuffled = ql.find_factors(deals_of(frame.sample(frac=1, random_state=4), *MIXED))
    pd.testing.assert_frame_equal(shuffled.table, mixed_factors.table, rtol=1e-7, atol=1e-9)
    pd.testing.assert_frame_equal(shuffled.answers, mixed_factors.answers, rtol=1e-6)
    pd.testing.assert_frame_equal(frame, kept)


def test_winning_and_losing_exchanged(mixed_factors: Factors) -> None:
    frame = mixed()
    turned = ql.find_factors(deals_of(frame.assign(won=1 - frame["won"]), *MIXED)).table
    table = mixed_factors.table
    np.testing.assert_allclose(turned["chi2"], table["chi2"], rtol=1e-6)
    ordered = table["direction"] != "differs"
    np.testing.assert_allclose(turned.loc[ordered, "swing"], -table.loc[ordered, "swing"], atol=1e-7)
    np.testing.assert_allclose(turned["unknown_swing"], -table["unknown_swing"], atol=1e-7)


def test_the_reference_answer_changes_nothing_but_the_odds_ratios(mixed_factors: Factors) -> None:
    others = (
        MIXED[0],
        yes_no("Buyer", reference="1"),
        MIXED[2],
        asked("Source", "choice", "Web", "Fair", "Call", reference="Call"),
    )
    again = ql.find_factors(deals_of(mixed(), *others))
    figures = ["alone_chi2", "chi2", "swing", "unknown_chi2", "unknown_swing"]
    np.testing.assert_allclose(again.table[figures], mixed_factors.table[figures], rtol=1e-6, atol=1e-9)
    pd.testing.assert_frame_equal(again.clusters, mixed_factors.clusters, rtol=1e-7)


def test_a_rating_on_another_scale_says_the_same(mixed_factors: Factors) -> None:
    frame = mixed()
    number = pd.to_numeric(frame["Need"], errors="coerce")
    frame["Need"] = (10 * number - 7).map("{:g}".format).where(number.notna(), "unknown")
    moved = row(ql.find_factors(deals_of(frame, asked("Need", "score"), *MIXED[1:])), "Need")
    before = row(mixed_factors, "Need")
    columns = ["alone_chi2", "chi2", "swing", "swing_low", "swing_high", "unknown_swing", "nonlinear_p"]
    np.testing.assert_allclose(moved[columns].astype(float), before[columns].astype(float), rtol=1e-6)


def test_the_same_seed_gives_the_same_factors(mixed_deals: ql.Deals, mixed_factors: Factors) -> None:
    again = ql.find_factors(mixed_deals)
    pd.testing.assert_frame_equal(again.table, mixed_factors.table)
    pd.testing.assert_frame_equal(
        ql.find_factors(mixed_deals, rng=np.random.default_rng(0)).table, again.table
    )
    other = ql.find_factors(mixed_deals, rng=1).table
    differing = (other != again.table) & other.notna()
    assert set(differing.columns[differing.any()]) <= {"swing_low", "swing_high"}


def test_columns_of_the_tables(mixed_factors: Factors) -> None:
    assert mixed_factors.table.columns[:15].tolist() == [
        *("characteristic", "df", "alone_chi2", "alone_p", "alone_q", "chi2", "p_value", "q_value"),
        *("swing", "swing_low", "swing_high", "direction", "verdict", "shares_with", "surprise"),
    ]
    assert mixed_factors.clusters.columns.tolist() == [
        *("cluster", "characteristics", "df", "chi2", "p_value", "q_value"),
    ]
    assert mixed_factors.answers.columns[:7].tolist() == [
        *("characteristic", "answer", "n", "won", "win_rate", "win_rate_low", "win_rate_high"),
    ]
    assert "240 deals" in repr(mixed_factors)
    assert "<table" in mixed_factors._repr_html_()


def test_refusals(mixed_deals: ql.Deals) -> None:
    with pytest.raises(InvalidArgument, match=r"0\.05"):
        ql.find_factors(mixed_deals, q=5)
    with pytest.raises(InvalidArgument, match="overlap"):
        ql.find_factors(mixed_deals, overlap=1)
    with pytest.raises(NotEnoughDeals):
        ql.find_factors(mixed_deals.subset(mixed_deals.won))
