"""The example lives through years in which something known changes, and its README shows what it prints."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

import qualify as ql

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "quarterly"
SCRIPT = EXAMPLE / "a_year_of_quarters.py"


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("a_year_of_quarters", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def quarters(example: ModuleType, story: str) -> dict[str, pd.DataFrame]:
    change = example.STORIES[story][1]
    return {
        str(quarter): example.closed_in(quarter, change, seed=200 + number)
        for number, quarter in enumerate(example.QUARTERS, start=1)
    }


@pytest.mark.parametrize("story", ["nothing", "competitor", "kind_rep"])
def test_deals_can_be_read_and_close_in_their_quarter(example: ModuleType, story: str) -> None:
    survey = ql.simulate_deals(10, rng=0).survey
    for quarter, deals in quarters(example, story).items():
        assert ql.read_deals(deals, survey).n == len(deals) == 130
        assert set(deals["Closed"].dt.to_period("Q").astype(str)) == {quarter}
        assert (deals["Created"] <= deals["Surveyed"]).all() and (deals["Surveyed"] <= deals["Closed"]).all()


def test_only_what_the_story_says_changes(example: ModuleType) -> None:
    plain, met, kind = (quarters(example, story) for story in ("nothing", "competitor", "kind_rep"))
    pd.testing.assert_frame_equal(plain["2026Q1"], met["2026Q1"])
    pd.testing.assert_frame_equal(plain["2026Q1"], kind["2026Q1"])
    for quarter in ("2026Q2", "2026Q3", "2026Q4"):
        pd.testing.assert_series_equal(plain[quarter]["Outcome"], kind[quarter]["Outcome"])
        others = plain[quarter]["Rep"].ne("Anna")
        pd.testing.assert_frame_equal(plain[quarter][others], kind[quarter][others])
        assert not plain[quarter][~others].equals(kind[quarter][~others])
        same = [name for name in plain[quarter] if name not in ("Competitor present", "Outcome")]
        pd.testing.assert_frame_equal(plain[quarter][same], met[quarter][same])
    won = {id(story): sum(q["Outcome"].eq("Won").sum() for q in story.values()) for story in (plain, met)}
    assert won[id(met)] < 0.9 * won[id(plain)]


@pytest.mark.slow
def test_the_readme_shows_what_the_example_prints(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT)], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert not list(tmp_path.iterdir()), "nothing is left behind"
    shown = (EXAMPLE / "README.md").read_text("utf-8").split("```\n")[1]
    assert done.stdout.strip() == shown.strip()
