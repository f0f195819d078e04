"""Run every method on every data set and table what comes out."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.scorecards.data import HERE, NAMES, Case, case_of
from benchmarks.scorecards.measures import Found, differences, measured, withheld
from benchmarks.scorecards.runs import DIVISIONS, METHODS, PEERS, POINTS, QUALIFY, Method, predictions

ROOT = HERE.parents[2]
FOLDER = ROOT / "build" / "scorecards"
SIZES = (5, 8)
TITLES = {
    "b2b": "B2B deals",
    "mit100k": "MIT $100K teams",
    "birthwt": "Low birth weight",
    "biopsy": "Breast biopsies",
}
# What a prototype reached on the published deals: forward selection, a ridge fit, rounded.
PROTOTYPE = {5: 0.794, 8: 0.805}
HEADINGS = (
    *("questions at most", "method", "asked", "AUC", "within folds", "Brier", "log loss"),
    *("calibration slope", "seconds", "divisions"),
)
MEASURED = {"auc": "AUC", "brier": "Brier score", "log_loss": "log loss"}


def main() -> int:
    """Do as the command line asks."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=os.environ.get("QUALIFY_DATA"))
    parser.add_argument("--into", type=Path, default=FOLDER / "scorecards-measured.txt")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument(
        "--few", type=int, default=DIVISIONS["few"], help="divisions into folds of fasterrisk"
    )
    asked = parser.parse_args()
    if asked.data is None or not (asked.data / "salvirt-b2b").is_dir():
        _say("Name the folder of the published data sets in QUALIFY_DATA.")
        return 2
    FOLDER.mkdir(parents=True, exist_ok=True)
    parts, behind = [], []
    for name in asked.only:
        case = case_of(name, asked.data)
        found = {(k, m): predictions(case, m, k, FOLDER, _say, asked.few) for k in SIZES for m in METHODS}
        parts.append(_table(case, found))
        if name == "b2b":
            alone = {(k, POINTS): predictions(case, POINTS, k, FOLDER, _say) for k in SIZES}
            parts.append(_by_division(case, {**found, **alone}))
        behind += _behind(case, found)
    parts.append(_laid_out("Where qualify is behind", BEHIND, behind))
    asked.into.write_text("\n".join(parts), encoding="utf-8")
    _say("\n".join(parts))
    return 0


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _table(case: Case, found: Mapping[tuple[int, Method], Found]) -> str:
    rows = []
    for (most, method), each in found.items():
        predicted = each[: DIVISIONS["some"]]
        rows.append(_row(case, most, method.label, predicted))
        if method is QUALIFY and not all(all(one["handed_out"]) for one in predicted):
            given = withheld(predicted, case.folds, case.sample.outcome)
            rows.append(_row(case, most, "qualify, withheld where no better than chance", given))
    n, won = case.deals.n, int(case.deals.won.sum())
    title = f"{TITLES[case.name]}: {n}, {won} won, {len(case.deals.survey.names)} questions"
    return _laid_out(f"{title}; kept together in folds: {case.grouping}", HEADINGS, rows)


def _row(case: Case, most: int, label: str, predicted: Found) -> tuple[str, ...]:
    means = {name: v.mean() for name, v in measured(predicted, case.folds, case.sample.outcome).items()}
    asked = np.mean([one["questions"] for one in predicted])
    seconds = np.median([one["seconds"] for one in predicted])
    return (
        str(most),
        label,
        f"{asked:.1f}",
        *(f"{means[name]:.3f}" for name in ("auc", "auc_within", "brier", "log_loss")),
        f"{means['calibration_slope']:.2f}",
        f"{seconds:.2g}",
        str(len(predicted)),
    )


def _by_division(case: Case, found: Mapping[tuple[int, Method], Found]) -> str:
    """AUC of each division of the published deals, beside what a prototype reached."""
    rows: list[tuple[str, ...]] = []
    for most in SIZES:
        for method in (POINTS, PEERS[0]):
            each = measured(found[most, method], case.folds, case.sample.outcome)["auc"]
            error = each.std(ddof=1) / np.sqrt(each.size)
            reached = "yes" if each.mean() >= PROTOTYPE[most] else "NO"
            listed = " ".join(f"{value:.3f}" for value in each)
            mean = f"{each.mean():.4f} ± {error:.4f}"
            rows.append((str(most), method.label, mean, f"≥ {PROTOTYPE[most]}", reached, listed))
    headings = ("questions at most", "method", "mean AUC", "target", "met", "each division")
    return _laid_out(
        "B2B deals, AUC of each division into folds (± standard error of the mean)", headings, rows
    )


BEHIND = ("data", "questions at most", "than", "in", "qualify is worse by", "95 % limits", "beyond chance")


def _behind(case: Case, found: Mapping[tuple[int, Method], Found]) -> list[tuple[str, ...]]:
    """Peers that did better, by the divisions that both were worked off on."""
    rows: list[tuple[str, ...]] = []
    for most in SIZES:
        for peer in PEERS:
            pair: tuple[Any, Any] = found[most, QUALIFY], found[most, peer]
            worse = differences(*pair, case.sample.outcome, case.sample.group)
            for name, (by, low, high) in worse.items():
                if round(by, 3) > 0:
                    limits = f"{low:+.3f} to {high:+.3f}"
                    sure = "yes" if low > 0 else "no"
                    row = (case.name, str(most), peer.label, MEASURED[name], f"{by:.3f}", limits, sure)
                    rows.append(row)
    return rows


def _laid_out(title: str, headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    body = ["| " + " | ".join(row) + " |" for row in (headings, *rows)]
    body.insert(1, "|" + "---|" * len(headings))
    return f"**{title}**\n\n" + ("\n".join(body) if rows else "Nowhere.") + "\n"


if __name__ == "__main__":
    sys.exit(main())
