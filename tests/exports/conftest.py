"""Small criteria made by hand, so that what is written can be checked against what went in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import qualify as ql
from qualify._support.json_tables import table_of
from qualify.criteria.gates import no_rules
from qualify.criteria.model import Criteria
from qualify.criteria.parsimony import LEFT_OUT_COLUMNS, SIZE_COLUMNS
from qualify.survey import Answer, Characteristic, Columns, Outcomes, Survey
from qualify.tipping.tipping import NOWHERE, TippingPoint

NAN = float("nan")
BANDS = ["zone", "score_low", "score_high", "n", "won", "win_rate", "win_rate_low", "win_rate_high"]


def tipping_point(verdict: str) -> TippingPoint:
    zones = pd.DataFrame(columns=["zone", "n", "share", "won", "win_rate", "win_rate_low", "win_rate_high"])
    edges = dict.fromkeys(("midpoint", "low", "high", "width_share", "floor", "ceiling", "slope"), NAN)
    intervals = {f"{name}_ci": NOWHERE for name in edges}
    return TippingPoint(
        verdict=verdict, reason="made up.", curve_kind="logistic", p_value=0.001, zones=zones,
        curve=pd.DataFrame(columns=["score", "probability", "low", "high"]),
        scores=pd.DataFrame({"score": [0.0], "won": [True]}, index=pd.Index(["D-1"], name="deal")),
        isotonic=pd.DataFrame(columns=["score", "win_rate"]),
        score_label="points", level=0.95, n=100, won=40, **edges, **intervals,
    )  # fmt: skip


def points_of(names: tuple[str, str, str], words: tuple[str, str]) -> pd.DataFrame:
    buyer, fit, _ = names
    low, high = words
    inf = np.inf
    rows = [
        (buyer, low, 0, NAN, NAN),
        (buyer, high, 6, NAN, NAN),
        (buyer, "unknown", 1, NAN, NAN),
        (fit, "under 4", 0, -inf, 4.0),
        (fit, "4 and over", 3, 4.0, inf),
        (fit, "unknown", 2, NAN, NAN),
    ]
    return pd.DataFrame(rows, columns=["characteristic", "answer", "points", "low", "high"])


def answers_of(names: tuple[str, str, str], words: tuple[str, str]) -> pd.DataFrame:
    """Ten deals gave each answer, and four of them were won."""
    return points_of(names, words).drop(columns="points").assign(n=10, won=4)


def gates_of(*rows: tuple[object, ...]) -> pd.DataFrame:
    columns = ["characteristic", "answer", "low", "high", "n", "won", "win_rate_high"]
    return pd.DataFrame(rows, columns=columns)


def survey_of(title: str, names: tuple[str, str, str], words: tuple[str, str], text: str) -> Survey:
    low, high = words
    answers = (Answer(value=low), Answer(value=high, anchor=text))
    return Survey(
        title=title,
        columns=Columns(outcome="Status"),
        outcomes=Outcomes(won=("Won",), lost=("Lost",)),
        characteristics=(
            Characteristic(name=names[0], column="b", kind="yes_no", question=text, answers=answers),
            Characteristic(name=names[1], column="f", kind="score", low=0, high=9),
            Characteristic(name=names[2], column="r", kind="score", low=0, high=9),
        ),
    )


@pytest.fixture
def make_criteria() -> Callable[..., Criteria]:
    """Criteria of two kept characteristics out of three; every text in them can be chosen."""

    def make(
        *,
        title: str = "Team",
        names: tuple[str, str, str] = ("Buyer met", "Fit", "Rapport"),
        words: tuple[str, str] = ("No", "Yes"),
        text: str = "A talk of 15 minutes?",
        verdict: str = "gradual",
        **changes: Any,
    ) -> Criteria:
        scores = np.arange(10)
        bands = [
            ("below", 0.0, 2.0, 50, 5, 0.1, 0.043, 0.214),
            ("inside", 3.0, 5.0, 20, 9, 0.45, 0.258, 0.658),
            ("above", 6.0, 9.0, 30, 26, 0.867, 0.703, 0.947),
        ]
        fields: dict[str, Any] = {
            "points": points_of(names, words),
            "gates": gates_of(),
            "rules": no_rules(),
            "bands": pd.DataFrame(bands, columns=BANDS),
            "probabilities": pd.DataFrame(
                {
                    "score": scores,
                    "probability": 0.05 + 0.1 * scores,
                    "low": 0.04 + 0.09 * scores,
                    "high": 0.1 + 0.1 * scores,
                }
            ),
            "stability": pd.DataFrame(
                {
                    "characteristic": names,
                    "inclusion": 1.0,
                    "sign_agreement": 1.0,
                    "kept": [True, True, False],
                    "instead": "",
                }
            ),
            "parsimony": table_of([], SIZE_COLUMNS),
            "left_out": table_of([], LEFT_OUT_COLUMNS),
            "answers": answers_of(names, words),
            "performance": pd.DataFrame(
                [("auc", 0.8, 0.71, 0.87), ("brier", 0.15, 0.1, 0.2)],
                columns=["metric", "estimate", "ci_low", "ci_high"],
            ),
            "tipping": tipping_point(verdict),
            "bands_from": "tipping band" if verdict == "sharp" else "win probabilities",
            "survey": survey_of(title, names, words, text),
            "version": "1",
            "provenance": {"deals": 100, "won": 40, "settings": {"zones": [0.25, 0.75]}},
        }
        return Criteria(**(fields | changes))

    return make


HOSTILE_NAMES = ("a'b\"c`d", "=cmd|' /C calc'!A0", "<script>alert(1)</script>\u202e")
HOSTILE_WORDS = ('it\'s "no"; -- {0} %s \\ \t', "+yes\n$1 [x] &amp; \u2028")
CASES = ("plain", "gates", "hostile", "learned", "both ways", "nothing kept", "blank is an error")


@pytest.fixture(params=CASES)
def criteria_case(request: pytest.FixtureRequest, make_criteria: Callable[..., Criteria]) -> Criteria:
    """Criteria that every export must get right."""
    word_gate = ("Buyer met", "No", NAN, NAN, 40, 1, 0.12)
    range_gate = ("Fit", "under 4", -np.inf, 4.0, 50, 4, 0.21)
    unpaid_gate = ("Rapport", "under 2", -np.inf, 2.0, 31, 0, 0.115)
    if request.param == "gates":
        return make_criteria(gates=gates_of(word_gate, range_gate, unpaid_gate))
    if request.param == "hostile":
        return make_criteria(
            title=HOSTILE_NAMES[0],
            names=HOSTILE_NAMES,
            words=HOSTILE_WORDS,
            text=HOSTILE_WORDS[0] * 300,
            gates=gates_of((HOSTILE_NAMES[0], HOSTILE_WORDS[0], *word_gate[2:])),
        )
    if request.param == "learned":
        return learned(curve="sharp")
    if request.param == "both ways":
        criteria = make_criteria(gates=gates_of(word_gate))
        taken = criteria.points["characteristic"].map({"Buyer met": 2, "Fit": 3})
        return replace(criteria, points=criteria.points.assign(points=criteria.points["points"] - taken))
    if request.param == "nothing kept":
        return learned(curve="none")
    if request.param == "blank is an error":
        criteria = make_criteria()
        asked = [replace(one, blank="error") for one in criteria.survey.characteristics]
        return replace(criteria, survey=replace(criteria.survey, characteristics=tuple(asked)))
    return make_criteria()


@lru_cache
def learned(curve: str) -> Criteria:
    simulated = ql.simulate_deals(400, curve=curve, rng=5)  # type: ignore[arg-type]
    return ql.refine_criteria(ql.read_deals(simulated.frame, simulated.survey), replicates=20)
