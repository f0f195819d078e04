"""`qualify recalibrate` and `qualify ledger`: what a scheduled job sees, and what is on disk after it."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

import qualify as ql
from qualify._support import files
from qualify.cli.main import app
from qualify.ledger import quarterly_job

QUICK = ["--replicates", "99", "--dated", "2026-10-01"]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def on_disk(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of one version, and quarters in which nothing, the level, and everything changes."""
    folder = tmp_path_factory.mktemp("prepared")
    simulated = ql.simulate_deals(200, characteristics=3, rng=1)
    simulated.frame.to_csv(folder / "past.csv", index=False)
    criteria = ql.refine_criteria(ql.read_deals(simulated.frame, simulated.survey), replicates=10)
    ql.write_criteria(criteria, folder / "criteria.json")
    same = ql.simulate_deals(100, characteristics=3, rng=3).frame
    fewer = ql.simulate_deals(100, characteristics=3, rng=2, win_rate=0.2).frame
    other = ql.simulate_deals(400, characteristics=3, rng=7).frame
    found = other["Source"].isin(["Event", "Cold outreach"])
    luck = np.random.default_rng(0).random(len(other))
    other["Outcome"] = np.where(luck < np.where(found, 0.9, 0.1), "Won", "Lost")
    other["Deal"] = "N-" + other["Deal"]
    for name, frame in {"same": same, "fewer": fewer, "other": other, "few": same.iloc[:8]}.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    done = run(
        "ledger", "add", folder / "criteria.json", "--ledger", folder / "ledger", "--dated", "2026-07-01"
    )
    assert done.exit_code == 0 and "Version 2026Q3 is in" in done.stdout, done.output
    return folder


@pytest.fixture
def job(prepared: Path, tmp_path: Path) -> list[object]:
    """The command up to the deals, on a ledger of its own."""
    shutil.copytree(prepared / "ledger", tmp_path / "ledger")
    return ["recalibrate", "--ledger", tmp_path / "ledger", *QUICK, "--deals"]


@pytest.mark.parametrize(
    ("deals", "code", "verdicts"),
    [("same", 0, ["start"]), ("fewer", 10, ["start", "rescale"]), ("other", 11, ["start", "rebuild"])],
)
def test_the_exit_code_says_what_came_of_it(
    deals: str, code: int, verdicts: list[str], job: list[object], prepared: Path, tmp_path: Path
) -> None:
    before = on_disk(tmp_path / "ledger")
    done = run(*job, prepared / f"{deals}.csv", "--exit-code")
    assert done.exit_code == code, done.output
    ledger = ql.open_ledger(tmp_path / "ledger")
    assert ledger.history["verdict"].str.replace("shift", "rescale").tolist() == verdicts
    after = on_disk(tmp_path / "ledger")
    assert after["2026Q3.json"] == before["2026Q3.json"]
    if code:
        assert "Version 2026Q4 follows 2026Q3 and is in force from 2026-10-01." in done.stdout
    else:
        assert "Version 2026Q3 stays in force." in done.stdout
        assert {name: after[name] for name in before} == before
        assert set(after) - set(before) == {"2026Q4.kept.json"}
        assert ledger.kept[["as_of", "version", "deals"]].to_numpy().tolist() == [
            ["2026-10-01", "2026Q3", 100]
        ]
    assert run(*job, prepared / f"{deals}.csv", "--dry-run").exit_code == (2 if code else 0)


def test_the_very_same_table_is_refused_after_a_rebuild_with_history(
    job: list[object], prepared: Path, tmp_path: Path
) -> None:
    again = [*job, prepared / "other.csv", "--history", prepared / "past.csv", "--exit-code"]
    assert run(*again).exit_code == 11
    before = on_disk(tmp_path / "ledger")
    done = run(*again)
    assert done.exit_code == 2 and "the very deals that version 2026Q4 was made from" in done.stderr
    assert on_disk(tmp_path / "ledger") == before


def test_without_the_option_only_errors_end_with_more_than_0(job: list[object], prepared: Path) -> None:
    assert run(*job, prepared / "few.csv").exit_code == 2
    assert run(*job, prepared / "fewer.csv").exit_code == 0


def test_too_few_deals_end_with_12_and_change_nothing(
    job: list[object], prepared: Path, tmp_path: Path
) -> None:
    before = on_disk(tmp_path / "ledger")
    done = run(*job, prepared / "few.csv", "--exit-code")
    assert done.exit_code == 12 and done.stdout == "" and "Traceback" not in done.stderr
    assert "at least" in done.stderr and on_disk(tmp_path / "ledger") == before


def test_mistakes_end_with_2_and_change_nothing(job: list[object], prepared: Path, tmp_path: Path) -> None:
    before = on_disk(tmp_path / "ledger")
    nowhere = ["recalibrate", "--ledger", tmp_path / "none", "--deals", prepared / "same.csv"]
    frame = pd.read_csv(prepared / "same.csv", dtype=str).assign(Champion="much")
    frame.to_csv(tmp_path / "wrong.csv", index=False)
    for arguments, told in (
        (nowhere, "holds no criteria yet"),
        ([*job, prepared / "none.csv"], "there is no file"),
        ([*job, tmp_path / "wrong.csv"], "column Champion"),
        ([*job, prepared / "same.csv", "--report", tmp_path / "page.pdf"], "use .html"),
        ([*job, prepared / "same.csv", "--dated", "soon"], "--dated must be a date"),
        ([*job, prepared / "same.csv", "--dated", "2026-06-30"], "must not go back"),
        ([*job, prepared / "past.csv"], "the very deals that version 2026Q3 was made from"),
        ([*job, prepared / "same.csv", "--history", prepared / "same.csv"], "history"),
    ):
        done = run(*arguments, "--exit-code")
        assert done.exit_code == 2 and done.stdout == "", (told, done.output)
        assert told in done.stderr and "Traceback" not in done.stderr
    assert on_disk(tmp_path / "ledger") == before and not (tmp_path / "none").exists()


def test_too_few_simulated_quarters_are_refused(job: list[object], prepared: Path) -> None:
    done = run(*job, prepared / "same.csv", "--replicates", 19)
    assert done.exit_code == 2 and "99" in done.stderr


def test_json_is_one_object_and_nothing_else(job: list[object], prepared: Path) -> None:
    done = run(*job, prepared / "fewer.csv", "--json", "--exit-code")
    content = json.loads(done.stdout)
    assert done.exit_code == 10 and done.stderr == ""
    assert (content["in_use"], content["new_version"]) == ("2026Q3", "2026Q4")
    assert content["n"] == 100 and content["verdict"] in ("shift", "rescale")
    assert {"changes", "tests", "performance", "zones", "drift", "reps", "alarm"} <= set(content)
    assert "NaN" not in done.stdout


def test_a_trial_adds_nothing(job: list[object], prepared: Path, tmp_path: Path) -> None:
    before = on_disk(tmp_path / "ledger")
    done = run(*job, prepared / "fewer.csv", "--dry-run", "--exit-code")
    assert done.exit_code == 10 and "A trial: nothing was added" in done.stdout
    assert on_disk(tmp_path / "ledger") == before


def test_the_same_seed_and_date_give_the_same_files(
    job: list[object], prepared: Path, tmp_path: Path
) -> None:
    report = ["--report", tmp_path / "page.html"]
    shutil.copytree(tmp_path / "ledger", tmp_path / "spare")
    assert run(*job, prepared / "fewer.csv", *report).exit_code == 0
    first = on_disk(tmp_path / "ledger"), (tmp_path / "page.html").read_bytes()
    shutil.rmtree(tmp_path / "ledger")
    (tmp_path / "spare").rename(tmp_path / "ledger")
    assert run(*job, prepared / "fewer.csv", *report).exit_code == 0
    assert (on_disk(tmp_path / "ledger"), (tmp_path / "page.html").read_bytes()) == first


def test_today_is_the_date_where_none_is_given(prepared: Path, tmp_path: Path) -> None:
    assert run("ledger", "add", prepared / "criteria.json", "--ledger", tmp_path / "new").exit_code == 0
    dated = ql.open_ledger(tmp_path / "new").history["dated"].iloc[0]
    assert abs(pd.Timestamp(dated) - pd.Timestamp.now()) < pd.Timedelta(days=2)


def test_a_page_that_cannot_be_made_keeps_the_ledger_as_it_was(
    job: list[object], prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = on_disk(tmp_path / "ledger")
    (tmp_path / "file").write_text("in the way")
    done = run(*job, prepared / "fewer.csv", "--report", tmp_path / "file" / "page.html")
    assert done.exit_code == 2 and "cannot be made" in done.stderr
    assert on_disk(tmp_path / "ledger") == before


@pytest.mark.parametrize(
    ("report", "told"),
    [("folder.html", "cannot be written: it is a folder"), ("ledger/page.html", "is in the ledger")],
)
def test_a_page_that_cannot_be_written_keeps_the_ledger_as_it_was(
    report: str, told: str, job: list[object], prepared: Path, tmp_path: Path
) -> None:
    before = on_disk(tmp_path / "ledger")
    (tmp_path / "folder.html").mkdir()
    done = run(*job, prepared / "fewer.csv", "--report", tmp_path / report)
    assert done.exit_code == 2 and told in " ".join(done.stderr.split())
    assert on_disk(tmp_path / "ledger") == before
    assert not list(tmp_path.glob(".*.part"))


def test_a_full_disk_keeps_the_ledger_as_it_was(
    job: list[object], prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = on_disk(tmp_path / "ledger")
    made = quarterly_job.recalibrate

    def then_full(*arguments: Any, **options: Any) -> Any:
        found = made(*arguments, **options)
        monkeypatch.setattr(files.os, "fsync", full)
        return found

    monkeypatch.setattr(quarterly_job, "recalibrate", then_full)
    done = run(*job, prepared / "fewer.csv", "--report", tmp_path / "page.html")
    assert done.exit_code == 2 and "page.html cannot be written: No space left" in " ".join(
        done.stderr.split()
    )
    assert on_disk(tmp_path / "ledger") == before and not (tmp_path / "page.html").exists()


def test_another_job_that_was_quicker_is_told(
    job: list[object], prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = quarterly_job.recalibrate

    def slowly(*arguments: Any, **options: Any) -> Any:
        ledger = ql.open_ledger(tmp_path / "ledger")
        ledger.add(ledger.current, dated="2026-08-01")
        return found(*arguments, **options)

    monkeypatch.setattr(quarterly_job, "recalibrate", slowly)
    done = run(*job, prepared / "fewer.csv", "--exit-code", "--report", tmp_path / "page.html")
    assert done.exit_code == 2 and "another job has added" in done.stderr and done.stdout == ""
    assert ql.open_ledger(tmp_path / "ledger").history["verdict"].tolist() == ["start", "by hand"]
    assert not (tmp_path / "page.html").exists()


def test_interrupted_it_ends_with_130_and_changes_nothing(
    job: list[object], prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    before = on_disk(tmp_path / "ledger")
    monkeypatch.setattr(quarterly_job, "recalibrate", interrupted)
    done = run(*job, prepared / "fewer.csv", "--exit-code")
    assert done.exit_code == 130 and "Traceback" not in done.output
    assert on_disk(tmp_path / "ledger") == before


def in_a_shell(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "from qualify.cli.main import app; app()", *map(str, arguments)]
    pipe = subprocess.PIPE
    root = Path(ql.__file__).resolve().parent.parent
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=root)


def test_of_two_jobs_at_once_one_adds_and_the_other_says_so(
    job: list[object], prepared: Path, tmp_path: Path
) -> None:
    shells = [in_a_shell(*job, prepared / "fewer.csv", "--exit-code") for _ in range(2)]
    told = [shell.communicate(timeout=300)[1] for shell in shells]
    codes = sorted(shell.returncode for shell in shells)
    assert codes == [2, 10], told
    assert "another job has added" in "".join(told) or "the very deals" in "".join(told)
    assert ql.open_ledger(tmp_path / "ledger").history["version"].tolist() == ["2026Q3", "2026Q4"]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals")
def test_jobs_killed_at_random_leave_the_old_or_the_new_version(
    job: list[object], prepared: Path, tmp_path: Path
) -> None:
    start = time.monotonic()
    assert run(*job, prepared / "fewer.csv").exit_code == 0
    whole = on_disk(tmp_path / "ledger")
    chance = random.Random(1)
    shutil.rmtree(tmp_path / "ledger")
    shutil.copytree(prepared / "ledger", tmp_path / "ledger")
    shell = in_a_shell(*job, prepared / "fewer.csv")
    shell.communicate(timeout=300)
    took = time.monotonic() - start
    for _ in range(20):
        shutil.rmtree(tmp_path / "ledger")
        shutil.copytree(prepared / "ledger", tmp_path / "ledger")
        shell = in_a_shell(*job, prepared / "fewer.csv")
        time.sleep(chance.uniform(0.3, 1.0) * took)
        shell.send_signal(signal.SIGKILL)
        shell.communicate(timeout=60)
        versions = ql.open_ledger(tmp_path / "ledger").history["version"].tolist()
        assert versions in (["2026Q3"], ["2026Q3", "2026Q4"])
        for version in versions:
            name = f"{version}.json"
            assert (tmp_path / "ledger" / name).read_bytes() == whole[name]


def test_history_and_diff(job: list[object], prepared: Path, tmp_path: Path) -> None:
    folder = ["--ledger", tmp_path / "ledger"]
    assert run(*job, prepared / "other.csv").exit_code == 0
    history = run("ledger", "history", *folder)
    assert history.exit_code == 0 and "2026Q4" in history.stdout and "rebuild" in history.stdout
    listed = json.loads(run("ledger", "history", *folder, "--json").stdout)["versions"]
    assert [row["version"] for row in listed] == ["2026Q3", "2026Q4"] and listed[1]["parent"] == "2026Q3"
    changes = ql.open_ledger(tmp_path / "ledger").diff("2026Q3", "2026Q4")
    told = json.loads(run("ledger", "diff", "2026Q3", "2026Q4", *folder, "--json").stdout)["changes"]
    assert told == changes.to_dict("records") and len(told) > 0
    assert changes["change"].iloc[0] in run("ledger", "diff", "2026Q3", "2026Q4", *folder).stdout
    assert "kept" not in history.stdout
    assert run(*job[:-1], "--dated", "2027-01-01", "--deals", prepared / "same.csv").exit_code == 0
    if len(ql.open_ledger(tmp_path / "ledger").kept):
        assert "Held against new deals, and kept" in run("ledger", "history", *folder).stdout
    missing = run("ledger", "diff", "2026Q3", "2027Q4", *folder)
    assert missing.exit_code == 2 and "no version" in missing.stderr


def test_help_tells_the_exit_codes() -> None:
    told = " ".join(run("recalibrate", "--help").stdout.split())
    for part in ("--ledger", "--deals", "--exit-code", "--dated", "10", "11", "12"):
        assert part in told
    assert os.environ.get("COLUMNS") or "criteria by version" in run("ledger", "--help").stdout.lower()
