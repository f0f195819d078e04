"""Factors equal R's, an independent Firth fit, and brute force; verdicts and remarks on constructed cases."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import chi2
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

import qualify as ql
from qualify.design import design_matrix
from qualify.errors import InvalidArgument, NotEnoughDeals
from qualify.factors import Factors
from qualify.survey import Answer, Characteristic, Columns, Outcomes, Survey

GOLDEN = json.loads((Path(__file__).parent / "golden" / "out" / "cran_source_peers.json").read_text())


def asked(name: str, kind: str, *values: str, **more: object) -> Characteristic:
    answers = tuple(Answer(value=value) for value in values)
    return Characteristic(**{"name": name, "column": name, "kind": kind, "answers": answers, **more})


def yes_no(name: str, **more: object) -> Characteristic:
    return asked(name, "yes_no", "0", "1", **more)


def deals_of(frame: pd.DataFrame, *characteristics: Characteristic, **more: object) -> ql.Deals:
    weight = "weight" if "weight" in frame else None
    survey = Survey(
        columns=Columns(outcome="won", weight=weight),
        outcomes=Outcomes(won=("1",), lost=("0",)),
        characteristics=characteristics,
        **more,
    )
    return ql.read_deals(frame, survey)


def row(factors: Factors, name: str) -> pd.Series:
    return factors.table.set_index("characteristic").loc[name]


class Firth:
    """Firth's logistic regression by a general-purpose optimiser, written for these tests alone."""

    def __init__(self, X: NDArray[np.float64], y: NDArray[np.float64]) -> None:
        self.X, self.y = X, y
        self.beta, self.loglik = self.maximise([])

    def penalised(self, beta: NDArray[np.float64]) -> float:
        eta = self.X @ beta
        p = expit(eta)
        information = (self.X * (p * (1 - p))[:, None]).T @ self.X
        return float(self.y @ eta - np.logaddexp(0, eta).sum() + np.linalg.slogdet(information)[1] / 2)

    def maximise(self, held: list[int]) -> tuple[NDArray[np.float64], float]:
        """Maximum with some coefficients held at zero, the penalty staying that of all columns."""
        free = np.setdiff1d(np.arange(self.X.shape[1]), held)
        beta = np.zeros(self.X.shape[1])

        def loss(part: NDArray[np.float64]) -> float:
            beta[free] = part
            return -self.penalised(beta)

        best = minimize(loss, np.zeros(free.size), method="BFGS", options={"gtol": 1e-7})
        best = minimize(loss, best.x, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
        beta[free] = best.x
        return beta, -float(best.fun)

    def test(self, held: list[int]) -> tuple[float, float]:
        statistic = 2 * (self.loglik - self.maximise(held)[1])
        return statistic, float(chi2.sf(statistic, len(held)))

    def covariance(self) -> NDArray[np.float64]:
        p = expit(self.X @ self.beta)
        return np.linalg.inv((self.X * (p * (1 - p))[:, None]).T @ self.X)

    def flic(self) -> NDArray[np.float64]:
        """The coefficients, with the intercept at which the mean prediction is the win rate."""
        beta = self.beta.copy()
        slopes = self.X[:, 1:] @ beta[1:]
        best = minimize(
            lambda a: -float(self.y @ (a[0] + slopes) - np.logaddexp(0, a[0] + slopes).sum()), [0.0]
        )
        beta[0] = best.x[0]
        return beta


def mixed(n: int = 240, seed: int = 8) -> pd.DataFrame:
    """One characteristic of every kind, with unknown answers."""
    rng = np.random.default_rng(seed)
    quality = rng.normal(size=n)
    frame = pd.DataFrame(
        {
            "Need": np.clip(np.round(2.5 + quality + rng.normal(size=n)), 0, 5).astype(int).astype(str),
            "Buyer": np.where(quality + rng.normal(size=n) > 0.3, "1", "0"),
            "Size": rng.choice(["S", "M", "L"], n),
            "Source": rng.choice(["Web", "Fair", "Call"], n, p=[0.5, 0.3, 0.2]),
        }
    )
    frame.loc[rng.random(n) < 0.12, "Need"] = "unknown"
    frame.loc[rng.random(n) < 0.10, "Buyer"] = "unknown"
    eta = -0.3 + 1.1 * quality + 0.5 * (frame["Source"] == "Fair") - 0.7 * (frame["Need"] == "unknown")
    frame["won"] = (rng.random(n) < expit(eta)).astype(int)
    return frame


MIXED = (
    asked("Need", "score", low=0, high=5),
    yes_no("Buyer"),
    asked("Size", "ordered", "S", "M", "L"),
    asked("Source", "choice", "Web", "Fair", "Call"),
)


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
        scores = {"PI", "EH"}
        characteristics = [
            asked(name, "score") if name in scores else yes_no(name, reference="0") for name in names
        ]
        factors = ql.find_factors(deals_of(frame, *characteristics, min_answers=1))
        answers = factors.answers.set_index(["characteristic", "answer"])
        for name in names:
            answer = answers.loc[(name, "per step" if name in scores else "1")]
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
    assert again.clusters.equals(mixed_factors.clusters)


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


def overlapping(n: int = 300, seed: int = 5) -> pd.DataFrame:
    """Two near copies of one quality that decides, another question that decides too, one of no use."""
    rng = np.random.default_rng(seed)
    quality, own = rng.normal(size=n), rng.normal(size=n)

    def rating(of: NDArray[np.float64], noise: float) -> NDArray[np.int64]:
        return np.clip(np.round(3 + 1.3 * (of + noise * rng.normal(size=n))), 0, 6).astype(int)

    return pd.DataFrame(
        {
            "Pain": rating(quality, 0.15),
            "Need": rating(quality, 0.15),
            "Budget": rating(own, 0.1),
            "Shoes": rng.integers(0, 7, n),
            "won": (rng.random(n) < expit(0.7 * quality + 1.1 * own)).astype(int),
        }
    )


RATINGS = [asked(name, "score", low=0, high=6) for name in ("Pain", "Need", "Budget", "Shoes")]


class TestVerdicts:
    def test_what_adds_what_is_shared_and_what_is_not_shown(self) -> None:
        factors = ql.find_factors(deals_of(overlapping(), *RATINGS))
        table = factors.table.set_index("characteristic")
        assert table["verdict"].to_dict() == {
            "Pain": "shared",
            "Need": "shared",
            "Budget": "adds",
            "Shoes": "not shown",
        }
        assert table["shares_with"].to_dict() == {"Pain": "Need", "Need": "Pain", "Budget": "", "Shoes": ""}
        assert factors.clusters["characteristics"].tolist() == ["Pain; Need"]
        assert factors.clusters.loc[0, "q_value"] < 0.05

    def test_verdicts_follow_from_the_q_values(self) -> None:
        simulated = ql.simulate_deals(250, rng=6)
        factors = ql.find_factors(ql.read_deals(simulated.frame, simulated.survey))
        clustered = {name for joined in factors.clusters["characteristics"] for name in joined.split("; ")}
        significant = factors.clusters[factors.clusters["q_value"] < factors.q]
        carried = {name for joined in significant["characteristics"] for name in joined.split("; ")}
        for one in factors.table.itertuples():
            adds = one.q_value < factors.q
            shared = not adds and one.alone_q < factors.q and one.characteristic in carried
            assert one.verdict == ("adds" if adds else "shared" if shared else "not shown")
            assert ("alone only" in one.note) == (one.verdict == "not shown" and one.alone_q < factors.q)
            assert set(filter(None, one.shares_with.split("; "))) <= clustered - {one.characteristic}

    def test_a_looser_rate_lets_more_through(self) -> None:
        deals = deals_of(overlapping(), *RATINGS)
        strict, loose = (ql.find_factors(deals, q=q).table["verdict"] for q in (1e-6, 0.4))
        assert (strict != "not shown").sum() <= (loose != "not shown").sum()

    def test_outcomes_play_no_part_in_clusters(self) -> None:
        frame = overlapping()
        found = []
        for seed in range(5):
            won = np.random.default_rng(seed).permutation(frame["won"])
            found.append(ql.find_factors(deals_of(frame.assign(won=won), *RATINGS)).clusters)
        for other in found[1:]:
            columns = ["cluster", "characteristics", "df"]
            pd.testing.assert_frame_equal(found[0][columns], other[columns])

    def test_the_threshold_decides_what_overlaps(self) -> None:
        deals = deals_of(overlapping(), *RATINGS)
        assert ql.find_factors(deals, overlap=0.99).clusters.empty
        everything = ql.find_factors(deals, overlap=0.001).clusters
        assert everything["characteristics"].tolist() == ["Pain; Need; Budget; Shoes"]

    def test_direction(self) -> None:
        frame = overlapping()
        frame["Budget"] = 6 - frame["Budget"]
        table = ql.find_factors(deals_of(frame, *RATINGS)).table.set_index("characteristic")
        assert table.loc["Budget", "direction"] == "losing" and table.loc["Budget", "swing_high"] < 0
        assert table.loc["Pain", "direction"] == "winning"


class TestSurprise:
    def test_overlooked_overrated_and_reversed(self) -> None:
        frame = overlapping()
        frame["Buyer"] = (frame["Budget"] > 3).astype(int)
        characteristics = (
            asked("Pain", "score", low=0, high=6, points_per_step=2),
            asked("Need", "score", low=0, high=6, points_per_step=-1),
            asked("Budget", "score", low=0, high=6),
            asked("Shoes", "score", low=0, high=6, points_per_step=1),
        )
        table = ql.find_factors(deals_of(frame, *characteristics)).table.set_index("characteristic")
        assert table["surprise"].to_dict() == {
            "Pain": "",
            "Need": "reversed",
            "Budget": "overlooked",
            "Shoes": "overrated",
        }

    def test_points_of_single_answers(self) -> None:
        frame = overlapping()
        frame["Buyer"] = np.where(frame["Budget"] > 3, "Yes", "No")

        def surprise(no: float, yes: float) -> str:
            answers = (Answer(value="No", points=no), Answer(value="Yes", points=yes))
            buyer = Characteristic(name="Buyer", column="Buyer", kind="yes_no", answers=answers)
            pain = asked("Pain", "score", low=0, high=6, points_per_step=1)
            return str(row(ql.find_factors(deals_of(frame, buyer, pain)), "Buyer")["surprise"])

        assert surprise(0, 5) == ""
        assert surprise(5, 0) == "reversed"
        assert surprise(3, 3) == "overlooked"

    def test_a_survey_without_points_surprises_nobody(self) -> None:
        table = ql.find_factors(deals_of(overlapping(), *RATINGS)).table
        assert (table["surprise"] == "").all()


class TestNotes:
    def test_not_knowing_goes_with_losing(self) -> None:
        frame = overlapping()
        lost = np.flatnonzero(frame["won"] == 0)
        shoes = frame["Shoes"].astype(object)
        shoes.iloc[lost[::2]] = "unknown"
        factors = ql.find_factors(deals_of(frame.assign(Shoes=shoes), *RATINGS))
        found = row(factors, "Shoes")
        assert "not knowing goes with losing" in found["note"] and "% unknown" in found["note"]
        assert found["unknown_swing"] < -0.3 and found["unknown_q"] < 0.001
        assert found["verdict"] == "not shown"

    def test_a_curved_rating(self) -> None:
        rng = np.random.default_rng(0)
        pace = rng.integers(0, 5, 400)
        won = rng.random(400) < np.array([0.15, 0.4, 0.8, 0.45, 0.2])[pace]
        frame = pd.DataFrame({"Pace": pace, "won": won.astype(int)})
        found = row(ql.find_factors(deals_of(frame, asked("Pace", "score"))), "Pace")
        assert found["nonlinear_p"] < 1e-6 and "not a straight line" in found["note"]

    def test_a_straight_rating_is_rarely_called_curved(self) -> None:
        p_values = []
        for seed in range(60):
            rng = np.random.default_rng(seed)
            pace = rng.integers(0, 5, 150)
            frame = pd.DataFrame({"Pace": pace, "won": (rng.random(150) < expit(pace - 2)).astype(int)})
            found = ql.find_factors(deals_of(frame, asked("Pace", "score")))
            p_values.append(row(found, "Pace")["nonlinear_p"])
        # 10 % of 60 is 6; more than 13 come with probability 0.003.
        assert np.sum(np.array(p_values) < 0.1) <= 13


class TestOddCharacteristics:
    def find(self, frame: pd.DataFrame, *characteristics: Characteristic) -> Factors:
        return ql.find_factors(deals_of(frame, *characteristics, RATINGS[2]))

    @pytest.mark.parametrize("kind", ["yes_no", "score"])
    def test_one_answer_only(self, kind: str) -> None:
        other = asked("Same", kind, *(("0", "1") if kind == "yes_no" else ()))
        found = self.find(overlapping().assign(Same=1), other)
        assert row(found, "Same")[["chi2", "p_value", "q_value", "swing"]].isna().all()
        assert row(found, "Same")["note"] == "no two known answers to compare"
        assert row(found, "Budget")["verdict"] == "adds"

    @pytest.mark.parametrize("kind", ["yes_no", "score", "ordered", "choice"])
    def test_all_unknown(self, kind: str) -> None:
        values = {"yes_no": ("0", "1"), "score": (), "ordered": ("a", "b"), "choice": ("a", "b")}[kind]
        found = self.find(overlapping().assign(Blank=None), asked("Blank", kind, *values))
        assert row(found, "Blank")["verdict"] == "not shown"
        assert row(found, "Blank")["unknown_share"] == 1.0
        with_it, without = found.table, self.find(overlapping()).table
        assert with_it.iloc[1]["chi2"] == pytest.approx(without.iloc[0]["chi2"])

    def test_thirty_answers(self) -> None:
        rng = np.random.default_rng(3)
        words = [f"Source {k}" for k in range(30)]
        frame = overlapping().assign(Source=rng.choice(words, 300))
        found = self.find(frame, asked("Source", "choice", *words))
        assert 20 <= row(found, "Source")["df"] <= 29
        assert row(found, "Source")["verdict"] == "not shown"
        answers = found.answers[found.answers["characteristic"] == "Source"]
        assert answers["n"].sum() == 300 and answers["odds_ratio"].dropna().gt(0).all()

    def test_hostile_names_and_answers(self) -> None:
        words = [
            "; ",
            " / ",
            '"',
            "'",
            "a\nb",
            "<script>x</script>",
            "=1+1",
            "per step",
            "\\",
            "ünï",
            "{}",
            "%s",
        ]
        words = [f"{k}{word}{k}" for k, word in enumerate(words)]
        rng = np.random.default_rng(2)
        frame = overlapping()
        characteristics = []
        for k, word in enumerate(words):
            frame[word] = rng.choice(words[:3], 300)
            characteristics.append(asked(word, "ordered" if k % 2 else "choice", *words))
        found = self.find(frame, *characteristics)
        assert found.table["characteristic"].tolist() == [*words, "Budget"]
        assert set(found.answers["answer"]) - {"per step"} <= {*words, *"0123456"}
        assert row(found, "Budget")["verdict"] == "adds"
        assert "<script>" not in found._repr_html_()

    def test_a_fine_score_is_listed_in_ranges(self) -> None:
        frame = overlapping()
        frame["Price"] = (frame["Budget"] + np.linspace(0.001, 0.3, 300)).round(3)
        found = ql.find_factors(deals_of(frame, asked("Price", "score")))
        answers = found.answers
        assert len(answers) == 6 and answers["answer"].iloc[-1] == "per step"
        assert answers["n"].iloc[:-1].sum() == 300 and answers["odds_ratio"].iloc[:-1].isna().all()
        assert found.pooled.empty


class TestQuestionsThatRepeatEachOther:
    """Columns that are sums of others: no crash, no invented certainty."""

    def test_two_questions_answered_alike_share_what_they_say(self) -> None:
        frame = overlapping()
        frame["Again"] = 6 - frame["Budget"]
        again = asked("Again", "score", low=0, high=6)
        found = ql.find_factors(deals_of(frame, *RATINGS, again))
        once = ql.find_factors(deals_of(frame, *RATINGS))
        for name in ("Budget", "Again"):
            one = row(found, name)
            assert one["df"] == 0 and np.isnan(one["p_value"]) and np.isnan(one["swing"])
            assert one["verdict"] == "shared"
            assert "cannot be told apart" in one["note"]
        assert row(found, "Budget")["shares_with"] == "Again"
        # Together they say what the one says; the others are told apart as if it had been asked once.
        together = found.clusters.set_index("characteristics").loc["Budget; Again"]
        assert together["df"] == 1
        assert together["chi2"] == pytest.approx(row(once, "Budget")["chi2"], rel=1e-6)
        for name in ("Pain", "Need", "Shoes"):
            for figure in ("chi2", "swing", "swing_low", "nonlinear_p"):
                assert row(found, name)[figure] == pytest.approx(row(once, name)[figure], rel=1e-5)

    def test_a_total_beside_its_parts(self) -> None:
        frame = overlapping()
        frame["Total"] = frame[["Pain", "Need", "Budget"]].sum(axis=1)
        found = ql.find_factors(deals_of(frame, *RATINGS, asked("Total", "score")))
        parts = found.table.set_index("characteristic")
        assert (parts.loc[["Pain", "Need", "Budget", "Total"], "df"] == 0).all()
        assert parts.loc["Shoes", "df"] == 1
        assert parts.loc["Total", "verdict"] == "shared"
        odds = found.answers.set_index(["characteristic", "answer"])["odds_ratio"]
        assert np.isnan(odds["Total", "per step"]) and np.isfinite(odds["Shoes", "per step"])

    def test_surveys_left_blank_throughout(self) -> None:
        frame = overlapping().astype(object)
        blank = np.arange(len(frame)) % 10 == 0
        frame.loc[blank, ["Pain", "Need", "Budget", "Shoes"]] = None
        found = ql.find_factors(deals_of(frame, *RATINGS))
        filled = ql.find_factors(deals_of(frame[~blank], *RATINGS))
        assert found.table["unknown_p"].isna().all()  # not knowing one is not knowing all
        assert (found.table["df"] == 1).all()
        for name in ("Pain", "Need", "Budget", "Shoes"):
            assert row(found, name)["swing"] == pytest.approx(row(filled, name)["swing"], abs=0.01)
            assert row(found, name)["chi2"] == pytest.approx(row(filled, name)["chi2"], rel=0.02, abs=0.02)

    def test_more_answers_than_deals(self) -> None:
        rng = np.random.default_rng(0)
        words = list("abcd")
        frame = pd.DataFrame({f"Q{k}": rng.choice(words, 25) for k in range(12)})
        frame["won"] = np.arange(25) % 2
        questions = [asked(f"Q{k}", "choice", *words) for k in range(12)]
        found = ql.find_factors(deals_of(frame, *questions, min_answers=1))
        assert (found.table["df"] == 0).all() and found.table["p_value"].isna().all()
        assert found.table["alone_p"].notna().all()


def test_an_answer_that_was_never_lost_has_a_finite_honest_test() -> None:
    frame = overlapping()
    frame["Sure"] = ((np.arange(300) % 5 == 0) & (frame["won"] == 1)).astype(int)
    deals = deals_of(frame, yes_no("Sure", reference="0"), *RATINGS)
    factors = ql.find_factors(deals)
    answer = factors.answers.set_index(["characteristic", "answer"]).loc[("Sure", "1")]
    assert answer["won"] == answer["n"] > 10
    assert 1 < answer["ci_low"] < answer["odds_ratio"] < answer["ci_high"] < np.inf
    assert 0 < row(factors, "Sure")["p_value"] < 0.01
    assert design_matrix(deals).matrix.shape[1] == 6
