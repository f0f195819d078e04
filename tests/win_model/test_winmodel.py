"""The win model is the ridge fit it says it is, and predicts the same however deals are written down."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

import qualify as ql
from qualify.deals.design import PER_STEP
from qualify.errors import InvalidDeals, NotEnoughDeals
from qualify.survey import Answer, Characteristic, Columns, Outcomes, Survey
from qualify.win_model.model import WinModel


def asked(name: str, kind: str, *values: str, **more: object) -> Characteristic:
    answers = tuple(Answer(value=value) for value in values)
    return Characteristic(**{"name": name, "column": name, "kind": kind, "answers": answers, **more})


def deals_of(frame: pd.DataFrame, *characteristics: Characteristic) -> ql.Deals:
    survey = Survey(
        columns=Columns(outcome="won", weight="weight" if "weight" in frame else None),
        outcomes=Outcomes(won=("1",), lost=("0",)),
        characteristics=characteristics,
    )
    return ql.read_deals(frame, survey)


def table(n: int = 300, seed: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    quality = rng.normal(size=n)
    frame = pd.DataFrame(
        {
            "Need": np.clip(np.round(2.5 + quality + rng.normal(size=n)), 0, 5).astype(int).astype(str),
            "Buyer": np.where(quality + rng.normal(size=n) > 0.4, "Yes", "No"),
            "Size": rng.choice(["S", "M", "L"], n),
            "Source": rng.choice(["Web", "Fair", "Call"], n, p=[0.5, 0.3, 0.2]),
        }
    )
    frame.loc[rng.random(n) < 0.12, "Need"] = "unknown"
    frame["won"] = (rng.random(n) < expit(-0.3 + quality + (frame["Source"] == "Fair"))).astype(int)
    return frame


ASKED = (
    asked("Need", "score", low=0, high=5),
    asked("Buyer", "yes_no", "No", "Yes"),
    asked("Size", "ordered", "S", "M", "L"),
    asked("Source", "choice", "Web", "Fair", "Call"),
)


@pytest.fixture(scope="module")
def deals() -> ql.Deals:
    return deals_of(table(), *ASKED)


@pytest.fixture(scope="module")
def model(deals: ql.Deals) -> WinModel:
    return ql.fit_win_model(deals)


def by_hand() -> tuple[NDArray[np.float64], NDArray[np.float64], list[list[int]]]:
    """The design, the outcomes and which columns belong to which characteristic."""
    frame = table()
    need = pd.to_numeric(frame["Need"], errors="coerce")
    columns = [
        np.ones(len(frame)),
        (need - need.mean()).fillna(0),
        need.isna(),
        frame["Buyer"] == "Yes",
        frame["Size"].map({"S": -1, "M": 0, "L": 1}),
        frame["Source"] == "Fair",
        frame["Source"] == "Call",
    ]
    return np.column_stack(columns).astype(float), frame["won"].to_numpy(float), [[1, 2], [3], [4], [5, 6]]


def ridge_by_hand(strength: float) -> tuple[NDArray[np.float64], float]:
    """Minimise −ℓ + ½ λ Σ variance of each characteristic's contribution; also the corrected AIC."""
    X, y, groups = by_hand()

    def loss(beta: NDArray[np.float64]) -> float:
        eta = X @ beta
        spread = sum(np.var(X[:, group] @ beta[group]) for group in groups)
        return float(np.logaddexp(0, eta).sum() - y @ eta + strength * spread / 2)

    beta = minimize(loss, np.zeros(X.shape[1]), method="BFGS", options={"gtol": 1e-8}).x
    p = expit(X @ beta)
    information = (X * (p * (1 - p))[:, None]).T @ X
    penalty = np.zeros_like(information)
    for group in groups:
        penalty[np.ix_(group, group)] = np.cov(X[:, group].T, bias=True)
    d = float(np.trace(np.linalg.solve(information + strength * penalty, information)))
    loglik = float(y @ np.log(p) + (1 - y) @ np.log(1 - p))
    return beta, -2 * loglik + 2 * d * (1 + (d + 1) / (len(y) - d - 1))


def test_predictions_are_those_of_the_penalised_fit_by_hand(deals: ql.Deals, model: WinModel) -> None:
    beta, _ = ridge_by_hand(model.penalty)
    np.testing.assert_allclose(model.log_odds(deals), by_hand()[0] @ beta, atol=2e-5)
    np.testing.assert_allclose(model.predict(deals), expit(model.log_odds(deals)), rtol=1e-12)


def test_the_strength_has_the_least_corrected_aic_of_the_grid(model: WinModel) -> None:
    grid = 4.0 ** np.arange(-2, 8)
    assert model.penalty in grid
    criteria = {strength: ridge_by_hand(strength)[1] for strength in grid}
    assert model.penalty == min(criteria, key=lambda strength: criteria[strength])


def test_the_mean_prediction_is_the_win_rate(deals: ql.Deals, model: WinModel) -> None:
    assert model.predict(deals).mean() == pytest.approx(deals.win_rate, abs=1e-9)
    assert model.predict(deals).index.equals(deals.closed.index)
    assert (model.n, model.won) == (deals.n, int(deals.won.sum()))
    assert 1 < model.freedom < 7


def test_log_odds_add_up_from_the_coefficients(deals: ql.Deals, model: WinModel) -> None:
    estimate = model.coefficients.set_index(["characteristic", "answer"])
    assert estimate.index.is_unique
    first = deals.answers.iloc[0]
    total = model.intercept
    for name, answer in first.items():
        if name == "Need" and answer != "unknown":
            step = estimate.loc[("Need", PER_STEP)]
            total += step["estimate"] * (float(answer) - step["centre"])
        else:
            total += estimate.loc[(name, answer), "estimate"]
    assert model.log_odds(deals).iloc[0] == pytest.approx(total)
    assert estimate.xs("Source")["estimate"].eq(0).any()  # the reference
    assert model.coefficients["centre"].notna().sum() == 1


def test_the_reference_answer_does_not_matter(deals: ql.Deals, model: WinModel) -> None:
    others = (*ASKED[:3], asked("Source", "choice", "Web", "Fair", "Call", reference="Call"))
    again = ql.fit_win_model(deals_of(table(), *others))
    np.testing.assert_allclose(again.predict(deals), model.predict(deals), atol=1e-7)


def test_the_unit_of_a_rating_does_not_matter(deals: ql.Deals, model: WinModel) -> None:
    frame = table()
    number = pd.to_numeric(frame["Need"], errors="coerce")
    frame["Need"] = (100 * number + 5).map("{:g}".format).where(number.notna(), "unknown")
    other = deals_of(frame, asked("Need", "score"), *ASKED[1:])
    np.testing.assert_allclose(ql.fit_win_model(other).predict(other), model.predict(deals), atol=1e-7)


def test_row_order_does_not_matter(deals: ql.Deals, model: WinModel) -> None:
    shuffled = deals_of(table().sample(frac=1, random_state=1), *ASKED)
    np.testing.assert_allclose(ql.fit_win_model(shuffled).predict(deals), model.predict(deals), atol=1e-7)


def test_winning_and_losing_exchanged(deals: ql.Deals, model: WinModel) -> None:
    frame = table()
    turned = deals_of(frame.assign(won=1 - frame["won"]), *ASKED)
    np.testing.assert_allclose(ql.fit_win_model(turned).log_odds(deals), -model.log_odds(deals), atol=1e-5)


def test_weights_count_relative_to_each_other(deals: ql.Deals, model: WinModel) -> None:
    frame, weight = table(), 1 + np.arange(300) % 3
    once = ql.fit_win_model(deals_of(frame.assign(weight=weight), *ASKED))
    tenfold = ql.fit_win_model(deals_of(frame.assign(weight=10 * weight), *ASKED))
    np.testing.assert_allclose(tenfold.predict(deals), once.predict(deals), atol=1e-9)
    repeated = ql.fit_win_model(deals_of(frame.loc[np.repeat(frame.index, weight)], *ASKED))
    # Repeated rows count as more deals, so they are shrunken less; the picture is the same.
    alike, unlike = (np.corrcoef(repeated.log_odds(deals), m.log_odds(deals))[0, 1] for m in (once, model))
    assert alike > 0.999 and unlike < alike


def test_new_deals_need_no_answer_seen_before(model: WinModel) -> None:
    new = pd.DataFrame(
        {
            "won": [0, 1, 0],
            "Need": [7.5, None, 0],
            "Buyer": ["Yes", "unknown", "No"],
            "Size": ["L", "M", None],
            "Source": ["Web", None, "Call"],
        }
    )
    wider = deals_of(new, asked("Need", "score"), *ASKED[1:])
    step = model.coefficients.set_index(["characteristic", "answer"]).loc[("Need", PER_STEP)]
    effects = model.coefficients.set_index(["characteristic", "answer"])["estimate"]
    first = model.intercept + step["estimate"] * (7.5 - step["centre"]) + effects["Size", "L"]
    first += effects["Buyer", "Yes"] + effects["Source", "Web"]
    assert model.log_odds(wider).iloc[0] == pytest.approx(first)
    assert model.predict(wider.answers).between(0, 1).all()
    # Rare or absent unknown answers count as average ones, or as the reference: nothing is invented.
    assert np.isfinite(model.log_odds(wider)).all()


def test_a_missing_characteristic_is_named(deals: ql.Deals, model: WinModel) -> None:
    with pytest.raises(InvalidDeals) as caught:
        model.predict(deals.answers[["Need", "Size"]])
    assert [problem.column for problem in caught.value.problems] == ["Buyer", "Source"]


def test_deals_that_all_ended_alike_are_refused(deals: ql.Deals) -> None:
    with pytest.raises(NotEnoughDeals):
        ql.fit_win_model(deals.subset(deals.won))


def test_noise_is_shrunken_almost_away() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"Q{k}": rng.integers(0, 6, 200) for k in range(8)}).assign(won=np.arange(200) % 2)
    deals = deals_of(frame, *(asked(f"Q{k}", "score", low=0, high=5) for k in range(8)))
    noise = ql.fit_win_model(deals)
    assert noise.freedom < 5
    assert noise.predict(deals).std() < 0.12


def test_separated_outcomes_give_finite_log_odds() -> None:
    frame = table().assign(Buyer=lambda frame: np.where(frame["won"] == 1, "Yes", "No"))
    separated = deals_of(frame, *ASKED)
    model = ql.fit_win_model(separated)
    assert model.converged
    assert np.isfinite(model.coefficients["estimate"]).all()
    assert (model.log_odds(separated).gt(0) == separated.won).all()


def test_it_recovers_the_truth_of_many_deals() -> None:
    many = ql.simulate_deals(4000, curve="gradual", rng=3)
    deals = ql.read_deals(many.frame, many.survey)
    model = ql.fit_win_model(deals)
    truth = many.truth.win_probability.loc[deals.closed.index]
    error = model.predict(deals) - truth
    assert np.sqrt((error**2).mean()) < 0.05
    slope = np.polyfit(logit(truth), model.log_odds(deals), 1)[0]
    assert slope == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("kind", ["score", "choice"])
def test_a_characteristic_nobody_answered_changes_nothing(
    deals: ql.Deals, model: WinModel, kind: str
) -> None:
    blank = asked("Blank", kind, *(() if kind == "score" else ("a", "b")))
    wider = deals_of(table().assign(Blank=None), *ASKED, blank)
    np.testing.assert_allclose(ql.fit_win_model(wider).predict(wider), model.predict(deals), atol=1e-9)


def test_it_shows_itself(model: WinModel) -> None:
    assert repr(model).startswith("<WinModel: 4 characteristics")
    assert "<table" in model._repr_html_()
    doubtful = replace(model, converged=False)
    assert "NOT CONVERGED" in repr(doubtful)
    assert "did not converge" in doubtful._repr_html_()
