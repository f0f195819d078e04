"""Run the study; it goes on where it stopped. One process, one thread."""

from __future__ import annotations

import argparse
import csv
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from scipy.special import expit, logit
from scipy.stats import chi2

from qualify.numerics.updating import Belief, exceeded, ladder, ratios
from recalibration_study import brute
from recalibration_study.worlds import WORLDS, Learned, learn, population

SIZES = (60, 100, 200, 400)
SHIFTS = (0.0, 0.5, 1.0)
REPLICATES = 199
FOLDER = Path(__file__).parent / "results"
COLUMNS = [
    "run",
    "columns",
    "n",
    "shift",
    "p",
    "p_intercept",
    "p_plain",
    "brute_p",
    "brute_intercept",
    "apart",
]


def one_run(world: str, number: int, replicates: int = REPLICATES) -> Iterator[tuple[object, ...]]:
    """Learn criteria, draw new deals of every size, shift their truth, and test.

    `apart` is the largest difference between the statistics of both implementations; NaN where the second
    does not apply.
    """
    rng = np.random.default_rng([20_260_802, WORLDS.index(world), number])
    criteria, people = learn(world, rng), population(world)
    belief = Belief(criteria.mean, criteria.covariance)
    for n in SIZES:
        rows, uniform = rng.integers(people.chance.size, size=n), rng.random(n)
        answers = people.answers(rows)
        log_odds, columns = criteria.log_odds(answers), criteria.of(answers)
        outcomes = np.array([uniform < expit(logit(people.chance[rows]) + s) for s in SHIFTS]).astype(float)
        steps = ladder(log_odds, columns[:, 1:], np.ones(n))
        truths = belief.draw(replicates, rng) @ columns.T
        drawn = ratios(steps, (rng.random(truths.shape) < expit(truths)).astype(float))
        seen = ratios(steps, outcomes)
        p = np.array([exceeded(one, drawn) for one in seen])
        plain = chi2.sf(seen[:, 0], steps.df[0])
        second, apart = _second(world, criteria, columns, log_odds, outcomes, (replicates, number), seen)
        for k, shift in enumerate(SHIFTS):
            found = (p[k, 0], p[k, 3], plain[k], *second[k], apart)
            yield (number, columns.shape[1] - 1, n, shift, *(f"{one:.6g}" for one in found))


def _second(
    world: str,
    criteria: Learned,
    columns: np.ndarray,
    log_odds: np.ndarray,
    outcomes: np.ndarray,
    how: tuple[int, int],
    seen: np.ndarray,
) -> tuple[np.ndarray, float]:
    """p-values of the second implementation, and how far its statistics lie from the first."""
    if not world.startswith("yes-no"):
        return np.full((len(outcomes), 2), np.nan), np.nan
    belief = brute.posterior(criteria.design, criteria.outcome, criteria.strength)
    varied = [j for j in range(columns.shape[1]) if j == 0 or np.ptp(columns[:, j]) > 0]
    used = np.ascontiguousarray(columns[:, varied])
    again = np.array([brute.statistics(used, log_odds, one) for one in outcomes])
    p = brute.p_values(columns, log_odds, outcomes, belief, how[0], how[1])
    return p, float(np.abs(again - seen[:, [0, 3]]).max())


def main(arguments: Sequence[str] | None = None) -> None:
    """Work off runs that are not in the file yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", nargs="+", default=WORLDS, choices=WORLDS)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    asked = parser.parse_args(arguments)
    os.environ["QUALIFY_PROGRESS"] = "0"
    asked.folder.mkdir(parents=True, exist_ok=True)
    for world in asked.worlds:
        file = asked.folder / f"{world.replace(' ', '-')}.csv"
        done = sum(1 for _ in file.open()) // (len(SIZES) * len(SHIFTS)) if file.exists() else 0
        with file.open("a", newline="") as out:
            writer = csv.writer(out)
            if not out.tell():
                writer.writerow(COLUMNS)
            for number in range(done, asked.runs):
                writer.writerows(list(one_run(world, number)))
                out.flush()


if __name__ == "__main__":
    main()
