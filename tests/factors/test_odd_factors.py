"""Odd questions: one answer, none, thirty, hostile words, questions that repeat each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from factor_tables import RATINGS, asked, deals_of, overlapping, row, yes_no

import qualify as ql
from qualify.deals.design import design_matrix
from qualify.factors.factors import Factors
from qualify.survey import Characteristic


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
        assert len(answers) == 6 and answers["answer"].iloc[-1] == "per 2"
        assert answers["n"].iloc[:-1].sum() == 300 and answers["odds_ratio"].iloc[:-1].isna().all()
        assert found.pooled.empty

    @pytest.mark.parametrize(
        ("shift", "unit"),
        [(0, 1), (0, 1e-7), (20250101, 1), (1e8, 10), (0, 1e-100), (1e15, 1), (-1e12, 1), (0, 1e60)],
    )
    def test_near_constant_neither_shift_nor_unit_changes_the_tests(self, shift: float, unit: float) -> None:
        rng = np.random.default_rng(3)
        x = rng.integers(0, 11, 300)
        won = (rng.random(300) < 1 / (1 + np.exp(-(x - 5) * 0.6))).astype(int)
        deals = deals_of(pd.DataFrame({"x": shift + x * unit, "won": won}), asked("x", "score"))
        found = row(ql.find_factors(deals), "x")
        assert found["chi2"] == pytest.approx(166.554, abs=0.001)
        assert found["swing"] == pytest.approx(0.866425, abs=1e-6)
        assert found["verdict"] == "adds" and found["note"] == ""
        assert not [what for what in ql.audit_deals(deals).findings["what"] if what.startswith("x:")]
        assert ql.fit_win_model(deals).predict(deals).std() == pytest.approx(0.343887, abs=1e-6)


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
