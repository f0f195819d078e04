"""Peak memory and seconds of one verb in a fresh process: ``python -m benchmarks.one_verb VERB N FOLDER``.

The deals stand ready in the folder (``make``), and the verb has been called once on a few deals, so that its
code is loaded. Steps that are only repeated (permutations, simulations, replicates) are cut to a few where
they would take minutes: they follow one another and need no memory of their own. Divisions into folds do.
"""

from __future__ import annotations

import json
import pickle
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

import qualify as ql
from benchmarks.child import forget_peak, peak_memory
from qualify.numerics import tipping

FEW = 4
Verb = Callable[[Any], object]


def given(deals: ql.Deals) -> np.ndarray[Any, Any]:
    """Make a score of 0 to 60 that goes with winning."""
    rng = np.random.default_rng(5)
    return rng.integers(0, 50, size=deals.n) + 10.0 * deals.won.to_numpy()


def verbs(few: ql.SimulatedDeals) -> dict[str, Verb]:
    """Each verb as a call on the deals, or on the file of deals where it reads one."""

    @cache
    def criteria() -> ql.Criteria:
        return ql.refine_criteria(ql.read_deals(few.frame, few.survey), replicates=FEW)

    asked: dict[str, Verb] = {
        "read_deals": lambda file: ql.read_deals(file, few.survey),
        "audit_deals": ql.audit_deals,
        "find_factors": ql.find_factors,
        "fit_win_model": ql.fit_win_model,
        "WinModel.predict": lambda deals: ql.fit_win_model(deals).predict(deals),
        "validate": lambda deals: ql.validate(deals, replicates=FEW),
        "find_tipping_point, score given": lambda deals: ql.find_tipping_point(
            deals, score=given(deals), replicates=FEW
        ),
        "find_tipping_point": lambda deals: ql.find_tipping_point(deals, replicates=FEW),
        "refine_criteria": lambda deals: ql.refine_criteria(deals, replicates=FEW),
        "score_deals": lambda deals: ql.score_deals(criteria(), deals),
        "score_deals, with economics": lambda deals: ql.score_deals(
            criteria(), deals, economics=ql.Economics(cost=9000)
        ),
        "score_deals of a file": lambda file: ql.score_deals(criteria(), file),
    }
    return asked


READERS = ("read_deals", "score_deals of a file")
NAMES = (
    *("simulate_deals", "read_deals", "audit_deals", "find_factors", "fit_win_model", "WinModel.predict"),
    *("validate", "find_tipping_point, score given", "find_tipping_point", "refine_criteria"),
    *("score_deals", "score_deals, with economics", "score_deals of a file"),
)


def make(n: int, folder: Path) -> dict[str, float]:
    """Draw deals, measured as a verb of its own, and lay them ready as a file and as `Deals`."""
    answer, simulated = measured(lambda _: ql.simulate_deals(n, rng=1), None)
    simulated.frame.to_csv(folder / "deals.csv", index=False)
    (folder / "deals.pickle").write_bytes(pickle.dumps(ql.read_deals(simulated.frame, simulated.survey)))
    return answer


def measured(verb: Verb, deals: Any) -> tuple[dict[str, float], Any]:
    """Seconds and peak memory of one call, and what it returned."""
    forget_peak()
    before = peak_memory()
    start = time.perf_counter()
    result = verb(deals)
    seconds = time.perf_counter() - start
    # Linux counts pages in batches, a core each: a peak may be told as a few below what it told before.
    return {"seconds": seconds, "before": before, "peak": max(before, peak_memory())}, result


def little_done() -> AbstractContextManager[object]:
    """Let steps that are only repeated be done a few times; nothing is found wanting, so all of them are."""
    once = tipping._permutation_test

    def passed(*arguments: Any) -> float:
        return 0.0 * once(*arguments)

    few = {"PERMUTATIONS_PER_ALPHA": 0.25, "FIRST_LOOK_PER_ALPHA": 0.2, "SIMULATIONS": FEW, "RELEARNED": FEW}
    return patch.multiple(tipping, _permutation_test=passed, **few)


def main(name: str, n: int, folder: Path) -> dict[str, float]:
    few = ql.simulate_deals(400, rng=3)
    if name == "simulate_deals":
        return make(n, folder)
    verb = verbs(few)[name]
    with little_done():
        if name in READERS:
            few.frame.to_csv(folder / "few.csv", index=False)
            verb(folder / "few.csv")
            return measured(verb, folder / "deals.csv")[0]
        verb(ql.read_deals(few.frame, few.survey))
        return measured(verb, pickle.loads((folder / "deals.pickle").read_bytes()))[0]


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))))  # noqa: T201
