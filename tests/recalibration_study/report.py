"""Rates of the study as a table for the documentation: ``python -m recalibration_study.report FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

LEVEL = 0.05
TESTS = {
    "closed_test": "p",
    "second_implementation": "brute_p",
    "intercept_alone": "p_intercept",
    "chi_square": "p_plain",
}


def rates(folder: Path) -> pd.DataFrame:
    """Share of runs in which each test rejects, by world, new deals and shift; and of runs that agree."""
    parts = []
    for file in sorted(folder.glob("*.csv")):
        rows = pd.read_csv(file)
        rejects = pd.DataFrame({name: rows[column] <= LEVEL for name, column in TESTS.items()})
        rejects["agree"] = rejects["closed_test"] == rejects["second_implementation"]
        found = rejects.groupby([rows["n"], rows["shift"]]).mean()
        if rows["brute_p"].isna().all():
            found[["second_implementation", "agree"]] = float("nan")
        found.insert(0, "runs", rows.groupby(["n", "shift"]).size())
        parts.append(found.reset_index().assign(world=file.stem))
    table = pd.concat(parts, ignore_index=True)
    return table[["world", *(name for name in table.columns if name != "world")]]


HEADS = ("World", "New deals", "Shift", "Runs", "Closed test", "Second", "Intercept alone", "Chi-square")
WORLD_NAMES = {"yes-no": "yes-no, {} questions", "team": "team, {} questions"}


def as_markdown(table: pd.DataFrame) -> str:
    """Return the share of runs that ask for an update, in per cent, as a table of the documentation."""
    lines = [f"| {' | '.join(HEADS)} |", f"|---|{'--:|' * (len(HEADS) - 1)}"]
    for row in table.to_dict("records"):
        kind, questions = row["world"].rsplit("-", 1)
        cells = [WORLD_NAMES[kind].format(questions), row["n"], row["shift"], f"{row['runs']:,}"]
        cells += ["–" if pd.isna(row[name]) else f"{100 * row[name]:.1f}" for name in TESTS]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    shares = table.dropna(subset=["agree"])
    worst = 100 * (shares["closed_test"] - shares["second_implementation"]).abs().max()
    often = f"{100 * shares['agree'].min():.0f} to {100 * shares['agree'].max():.0f} %"
    return "\n".join(
        [
            "Per cent of runs that ask for anything but `keep`, at a level of 5 %:",
            "",
            *lines,
            "",
            f"Both implementations decide alike in {often} of runs; "
            f"their rates differ by at most {worst:.1f} points.",
            "",
        ]
    )


def main() -> None:
    """Write the table of the documentation to standard output."""
    sys.stdout.write(as_markdown(rates(Path(sys.argv[1]))))


if __name__ == "__main__":
    main()
