"""Recalibrate criteria through a simulated year, three times over, knowing what changes in it.

    python examples/quarterly/a_year_of_quarters.py [folder for the results]

In the first year nothing changes. In the second a competitor enters in April. In the third one rep begins to
answer too kindly in April. Every quarter the same command runs that a scheduled job would run.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from textwrap import indent

import numpy as np
import pandas as pd
from scipy.special import expit, logit

import qualify as ql
from qualify.cli.main import app

DEALS_A_QUARTER = 130
KIND_REP = "Anna"
QUARTERS = pd.period_range("2026Q1", "2026Q4", freq="Q")
Change = Callable[[pd.DataFrame, pd.Series, np.random.Generator], pd.DataFrame]


def nothing(deals: pd.DataFrame, chance: pd.Series, rng: np.random.Generator) -> pd.DataFrame:
    """Leave all as it was."""
    return deals


def competitor_enters(deals: pd.DataFrame, chance: pd.Series, rng: np.random.Generator) -> pd.DataFrame:
    """Put a new competitor into two deals of three: the reps see it there, and fewer of them are won."""
    met = rng.random(len(deals)) < 2 / 3
    won = rng.random(len(deals)) < expit(logit(chance.to_numpy()) - 1.5 * met)
    return deals.assign(
        **{"Competitor present": deals["Competitor present"].mask(met, "Yes")},
        Outcome=np.where(won, "Won", "Lost"),
    )


def rep_inflates(deals: pd.DataFrame, chance: pd.Series, rng: np.random.Generator) -> pd.DataFrame:
    """Let one rep give every rating two steps more than it deserves; the deals end as they would have."""
    hers, deals = deals["Rep"].eq(KIND_REP), deals.copy()
    for name in ("Champion", "Pain quantified", "Decision process", "Rapport"):
        rating = pd.to_numeric(deals[name], errors="coerce")
        kinder = (rating + 2).clip(upper=5).map("{:.0f}".format)
        deals[name] = deals[name].mask(hers & rating.notna(), kinder)
    return deals


STORIES: dict[str, tuple[str, Change]] = {
    "nothing": ("Nothing changes", nothing),
    "competitor": ("A competitor enters in April", competitor_enters),
    "kind_rep": (f"From April on {KIND_REP} answers too kindly", rep_inflates),
}


def closed_in(quarter: pd.Period, change: Change, seed: int) -> pd.DataFrame:
    """Draw the deals that close in a quarter; from April on with the change."""
    simulated = ql.simulate_deals(DEALS_A_QUARTER, rng=seed)
    deals = simulated.frame[simulated.frame["Outcome"] != "Open"].reset_index(drop=True)
    chance = simulated.truth.win_probability[deals["Deal"]]
    later = quarter.start_time + pd.to_timedelta(np.arange(len(deals)) % 90, unit="D") - deals["Closed"]
    for name in ("Created", "Surveyed", "Closed"):
        deals[name] += later
    for name in ("Deal", "Account"):
        deals[name] = f"{quarter} " + deals[name]
    return change(deals, chance, np.random.default_rng(seed)) if quarter >= QUARTERS[1] else deals


def qualify(*arguments: object) -> tuple[int, str]:
    """Run the command `qualify` and return its exit code and what it printed."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        code = app([str(argument) for argument in arguments], standalone_mode=False)
    return int(code or 0), printed.getvalue()


def run_year(folder: Path, criteria: Path, past: pd.DataFrame, change: Change) -> None:
    """Begin a ledger, recalibrate it at the end of every quarter, and print what came of it."""
    folder.mkdir(parents=True)
    ledger, history = folder / "criteria", folder / "history.csv"
    qualify("ledger", "add", criteria, "--ledger", ledger, "--dated", "2026-01-01")
    past.to_csv(history, index=False)
    for number, quarter in enumerate(QUARTERS, start=1):
        deals = closed_in(quarter, change, seed=200 + number)
        new, dated = folder / f"{quarter}.csv", (quarter + 1).start_time.date()
        deals.to_csv(new, index=False)
        job = ["recalibrate", "--ledger", ledger, "--deals", new, "--history", history, "--dated", dated]
        if quarter == QUARTERS[1]:  # a page of every quarter would take the example a while
            job += ["--report", folder / f"{quarter}.html"]
        code, text = qualify(*job, "--replicates", 299, "--json", "--exit-code")
        found = json.loads(text)
        print(f"  {quarter}  {found['n']} deals, {found['won']} won  {found['verdict']:8} exit code {code}")
        for one in found["drift"]:
            if one["finding"]:
                print(f"          {one['characteristic']}: {one['finding']}")
        for one in found["reps"]:
            if one["q_value"] is not None and one["q_value"] < 0.05:
                print(f"          {one['rep']} gives {one['moved']:+.1f} points beside the others")
        past = pd.concat([past, deals])
        past.to_csv(history, index=False)
    print(indent(qualify("ledger", "history", "--ledger", ledger)[1].rstrip(), "  "))


def main(folder: Path) -> None:
    """Learn criteria from two past years, then live through three different next ones."""
    simulated = ql.simulate_deals(450, rng=1)
    past = simulated.frame[simulated.frame["Outcome"] != "Open"]
    learned = ql.refine_criteria(ql.read_deals(past, simulated.survey), replicates=100)
    criteria = ql.write_criteria(learned, folder / "criteria.json")
    for name, (title, change) in STORIES.items():
        print(f"\n{title}")
        run_year(folder / name, criteria, past, change)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        place = Path(sys.argv[1])
        place.mkdir(parents=True, exist_ok=True)
        main(place)
        print(f"\nLedgers and pages are in {place}")
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(Path(temporary))
