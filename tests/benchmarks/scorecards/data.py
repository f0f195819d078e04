"""Four published data sets: their answers, outcomes, groups and folds, the same for every method."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import qualify as ql
from qualify.deals.resampling_units import in_order
from qualify.deals.score_bins import scales_of, whole_sample
from qualify.numerics.resampling import Sample, divide

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parents[2] / "examples"
FOLDS, SEED = 5, 20_260_101
NAMES = ("b2b", "mit100k", "birthwt", "biopsy")
# The published deals hang on the division into folds by ±0.005 of AUC: they are divided more often.
REPEATS = {"b2b": 20, "mit100k": 5, "birthwt": 5, "biopsy": 5}
FILES = {
    "mit100k": "mit100k/teamData.csv",
    "birthwt": "birthwt/birthwt.csv",
    "biopsy": "wisconsin-biopsy/biopsy.csv",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One data set.

    deals : closed deals in an order that does not hang on that of the file.
    sample : the same as qualify resamples them, every score read on its scale.
    grouping : what is kept together in folds.
    folds : (R, n), the fold of every deal in each division.
    """

    name: str
    deals: ql.Deals
    sample: Sample
    grouping: str
    folds: NDArray[np.int64]


def case_of(name: str, folder: Path, repeats: int | None = None) -> Case:
    """Read a data set and divide it into folds."""
    survey = EXAMPLES / "b2b_sales" / "survey.yaml" if name == "b2b" else HERE / f"{name}.yaml"
    frame = ql.fetch_b2b_sales(folder=folder) if name == "b2b" else _table(folder / FILES[name])
    return divided(name, ql.read_deals(frame, ql.read_survey(survey)), repeats or REPEATS[name])


def divided(name: str, deals: ql.Deals, repeats: int) -> Case:
    """Divide deals into folds as qualify does, with a seed of their own for each division."""
    ordered, _ = in_order(deals)
    sample, grouping = whole_sample(ordered, scales_of(ordered))
    chance = np.random.default_rng(SEED).spawn(repeats)
    folds = np.array([divide(sample, FOLDS, generator) for generator in chance])
    return Case(name=name, deals=ordered, sample=sample, grouping=grouping, folds=folds)


def _table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, na_values=["NA"], keep_default_na=False)


def as_json(case: Case, division: int) -> str:
    """Write one division of a case for methods that know nothing of qualify.

    Of each characteristic: name, kind, the whole answers (`codes`, the last one being unknown, and the
    `values` they stand for: ranks of ordered answers, means of ranges of a score), and the plain `texts`.
    """
    items = case.sample.items
    asked = []
    for c, one in enumerate(case.deals.survey.characteristics):
        asked.append(
            {
                "name": one.name,
                "kind": one.kind,
                "codes": items.codes[:, c].tolist(),
                "values": items.value[c, : items.levels[c]].tolist(),
                "texts": case.deals.answers[one.name].astype(str).tolist(),
            }
        )
    written: dict[str, Any] = {
        "name": case.name,
        "characteristics": asked,
        "outcome": case.sample.outcome.astype(int).tolist(),
        "group": case.sample.group.tolist(),
        "fold": case.folds[division].tolist(),
    }
    return json.dumps(written)
