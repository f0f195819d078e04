"""Every command and line of Python that is printed for a newcomer works, in that order, as it stands."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import qualify as ql
from qualify.cli.demo import NEXT
from qualify.cli.main import app

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
TUTORIAL = (ROOT / "docs" / "tutorials" / "five-minutes.md").read_text(encoding="utf-8")
LATER = 80  # deals of the next quarter


def blocks(text: str, language: str = "") -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


def commands(text: str) -> list[list[str]]:
    """The commands of a text, comments behind them left out as a shell would."""
    lines = [line for line in text.splitlines() if line.startswith("qualify ")]
    return [shlex.split(line, comments=True)[1:] for line in lines]


OF_README = commands("".join(blocks(README)))
CASES = {"README": OF_README, "demo": commands(NEXT), "tutorial": commands("".join(blocks(TUTORIAL)))}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A reader's own tables: a CRM's column Status, dates, ids, a rep; no file that is not the reader's."""
    team = ql.simulate_deals(200 + LATER, characteristics=3, curve="sharp", rng=1).frame
    team = team.rename(columns={"Outcome": "Status"})
    closed = team["Status"] != "Open"
    since = closed & (team["Closed"] >= team.loc[closed, "Closed"].sort_values().iloc[-LATER])
    parts = {"open": ~closed, "closed": closed & ~since, "closed-since": since, "deals": ~since}
    for name, which in parts.items():
        team[which].to_csv(tmp_path / f"{name}.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_readme_names_the_way_from_a_table_to_the_next_quarter() -> None:
    named = [" ".join(word for word in words[:2] if word.isalpha()) or words[0] for words in OF_README]
    assert named == ["infer-survey", "analyze", "backtest", "score", "export", "ledger add", "recalibrate"]


@pytest.mark.parametrize("where", CASES)
def test_every_command_works_as_printed_in_that_order(folder: Path, where: str) -> None:
    assert len(CASES[where]) >= 3
    for words in CASES[where]:
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 0, f"qualify {shlex.join(words)}\n{result.output}"
        for name in (words[at + 1] for at, word in enumerate(words) if word == "--out"):
            assert (folder / name).exists()


@pytest.mark.parametrize("text", [README, TUTORIAL], ids=["README", "tutorial"])
def test_the_python_works_as_printed(folder: Path, text: str) -> None:
    (code,) = blocks(text, "python")
    environment = os.environ | {"MPLBACKEND": "agg", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "deals closed" in done.stdout
    assert (folder / "criteria.xlsx").exists() or (folder / "criteria.json").exists()
