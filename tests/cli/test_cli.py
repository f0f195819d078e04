"""The command: files in, files out, mistakes told without a traceback, and JSON alone where asked for."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

import qualify
from qualify.cli.demo import CONTENTS as DEMO_CONTENTS
from qualify.cli.main import app
from qualify.criteria.file import read_criteria
from qualify.datasets.datasets import simulate_deals
from qualify.plots._picture import png_of
from qualify.study.files import CONTENTS
from qualify.study.study import Study
from qualify.survey.file import read_survey, write_survey

ROOT = Path(__file__).resolve().parents[2]
QUICK = ["--replicates", "5"]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def mistaken(*arguments: object) -> str:
    """What is told of a mistake: on standard error, exit code 2, nothing on standard output."""
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert result.stdout == "" and "Traceback" not in result.stderr
    return result.stderr


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with deals.csv and survey.yaml; one characteristic has a name that a spreadsheet would run."""
    folder = tmp_path_factory.mktemp("inputs")
    simulated = simulate_deals(150, characteristics=3, rng=1)
    data = simulated.survey.to_dict()
    data["characteristics"][0]["name"] = '=cmd|"x"!A1'
    simulated.frame.to_csv(folder / "deals.csv", index=False)
    write_survey(qualify.Survey.from_dict(data), folder / "survey.yaml")
    return folder


@pytest.fixture(scope="module")
def analysed(inputs: Path) -> Path:
    out = inputs / "results"
    result = run("analyze", inputs / "deals.csv", "--survey", inputs / "survey.yaml", "--out", out, *QUICK)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("150 deals closed between")
    assert result.stdout.startswith((out / "summary.txt").read_text("utf-8").rstrip("\n"))
    return out


def test_analyze_writes_every_file_and_no_other(analysed: Path) -> None:
    assert {path.name for path in analysed.iterdir()} == set(CONTENTS)
    assert (analysed / "win_curve.png").read_bytes().startswith(b"\x89PNG")
    assert (analysed / "calibration.png").read_bytes().startswith(b"\x89PNG")
    assert (analysed / "criteria.md").read_text("utf-8").startswith("# Qualification criteria")


def test_the_tables_are_those_of_the_study(inputs: Path, analysed: Path) -> None:
    deals = qualify.read_deals(inputs / "deals.csv", read_survey(inputs / "survey.yaml"))
    factors = qualify.find_factors(deals, rng=0)
    written = rows(analysed / "factors.csv")
    assert list(written[0]) == list(factors.table.columns)
    assert [float(row["swing"]) for row in written] == factors.table["swing"].tolist()  # to the last digit
    check = qualify.validate(deals, replicates=5)
    written = rows(analysed / "validation.csv")
    assert [row["metric"] for row in written] == check.table["metric"].tolist()
    assert [float(row["corrected"]) for row in written] == check.table["corrected"].tolist()
    rested = {(row["n"], row["won"], row["level"], row["replicates"]) for row in written}
    assert rested == {("150", str(check.won), "0.95", "5")}
    answers = rows(analysed / "answers.csv")
    assert [row["n"] for row in answers if row["answer"] == "per step"] == [""]
    assert sum(int(row["n"] or 0) for row in answers) == 3 * 150


def test_cells_that_a_spreadsheet_would_run_are_guarded(analysed: Path) -> None:
    assert rows(analysed / "factors.csv")[0]["characteristic"] == '\'=cmd|"x"!A1'
    assert read_criteria(analysed / "criteria.json").survey.names[0] == '=cmd|"x"!A1'


def test_the_same_seed_gives_the_same_files(inputs: Path, analysed: Path) -> None:
    out = inputs / "again"
    out.mkdir()
    (out / "mine.txt").write_text("keep")
    given = ["analyze", inputs / "deals.csv", "--survey", inputs / "survey.yaml", "--out", out]
    assert run(*given, "--seed", 0, *QUICK).exit_code == 0
    for name in CONTENTS:
        assert (out / name).read_bytes() == (analysed / name).read_bytes(), name
    assert (out / "mine.txt").read_text() == "keep"
    assert run(*given, "--seed", 1, *QUICK).exit_code == 0
    assert (out / "criteria.json").read_bytes() != (analysed / "criteria.json").read_bytes()


def test_analyze_as_json_prints_one_object_and_nothing_else(inputs: Path, analysed: Path) -> None:
    result = run(
        "analyze",
        inputs / "deals.csv",
        "--survey",
        inputs / "survey.yaml",
        "--out",
        analysed,
        "--json",
        *QUICK,
    )
    content = json.loads(result.stdout)
    assert content["deals"] == 150 and content["tipping"]["verdict"] in ("sharp", "gradual", "none")
    assert [Path(path).name for path in content["files"]] == list(CONTENTS)
    assert len(content["factors"]) == 3 and content["summary"].startswith("150 deals closed")
    assert len(content["validation"]["measures"]) == 7 and content["validation"]["grouping"] == "accounts"
    settings = {name: content["validation"][name] for name in ("n", "level", "procedure", "failed")}
    assert settings == {"n": 150, "level": 0.95, "procedure": "win_model", "failed": 0}
    assert content["validation"]["won"] == content["won"]
    assert sum(group["n"] for group in content["validation"]["groups"]) == 150
    assert "NaN" not in result.stdout and "Infinity" not in result.stdout


def test_score_prints_a_table_and_writes_it(inputs: Path, analysed: Path, tmp_path: Path) -> None:
    out = tmp_path / "scored.csv"
    result = run("score", analysed / "criteria.json", inputs / "deals.csv", "--out", out)
    assert result.exit_code == 0 and result.stdout.splitlines()[0].startswith("Deal")
    scored = rows(out)
    assert len(scored) == 165  # open ones too
    criteria = read_criteria(analysed / "criteria.json")
    assert scored[0]["deal"] == qualify.score_deals(criteria, inputs / "deals.csv").table["deal"][0]
    assert "165 deals scored" in result.stderr


def test_score_as_json(inputs: Path, analysed: Path) -> None:
    result = run("score", analysed / "criteria.json", inputs / "deals.csv", "--json")
    content = json.loads(result.stdout)
    assert len(content["deals"]) == 165 and {"deal", "score", "probability", "zone"} <= set(
        content["deals"][0]
    )
    assert result.stderr == ""


def test_hostile_deal_ids_in_scored_deals(inputs: Path, analysed: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(inputs / "deals.csv", dtype=str, keep_default_na=False).iloc[:4]
    frame["Deal"] = ["=1+1", "+1-2", "@SUM(A1)", "-7"]
    frame.to_csv(tmp_path / "open.csv", index=False)
    out = tmp_path / "scored.csv"
    assert run("score", analysed / "criteria.json", tmp_path / "open.csv", "--out", out).exit_code == 0
    assert {row["deal"] for row in rows(out)} == {"'=1+1", "'+1-2", "'@SUM(A1)", "-7"}


def test_infer_survey_prints_or_writes_and_replaces_only_when_told(inputs: Path, tmp_path: Path) -> None:
    printed = run("infer-survey", inputs / "deals.csv", "--outcome", "Outcome")
    assert printed.exit_code == 0 and "Rep:" in printed.stderr
    out = tmp_path / "survey.yaml"
    assert run("infer-survey", inputs / "deals.csv", "--outcome", "Outcome", "--out", out).exit_code == 0
    assert out.read_text("utf-8") == printed.stdout
    assert "Champion" in read_survey(out).names
    out.write_text("edited by hand")
    assert "--force" in mistaken("infer-survey", inputs / "deals.csv", "--outcome", "Outcome", "--out", out)
    assert out.read_text() == "edited by hand"
    forced = run("infer-survey", inputs / "deals.csv", "--outcome", "Outcome", "--out", out, "--force")
    assert forced.exit_code == 0 and out.read_text("utf-8") == printed.stdout


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "cp932", "utf-8"])
def test_redirect_cp1252_a_printed_survey_is_utf8_whatever_the_terminal(
    tmp_path: Path, encoding: str
) -> None:
    sizes = ["≥ 500 Mio €", "klein → mittel", "日本語"]
    pd.DataFrame({"Größe": sizes * 20, "Stage": ["Closed Won", "Closed Lost"] * 30}).to_csv(
        tmp_path / "deals.csv", index=False
    )
    given = ["infer-survey", tmp_path / "deals.csv", "--outcome", "Stage"]
    assert run(*given, "--out", tmp_path / "written.yaml").exit_code == 0
    command = [sys.executable, "-c", "from qualify.cli.main import app; app()", *map(str, given)]
    told = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = subprocess.run(command, env=told, capture_output=True, cwd=ROOT, check=True)
    assert done.stdout == (tmp_path / "written.yaml").read_bytes()
    (tmp_path / "redirected.yaml").write_bytes(done.stdout)
    answers = read_survey(tmp_path / "redirected.yaml").characteristic("Größe").values
    assert set(answers) == set(sizes)


def test_infer_survey_with_words_of_its_own_for_won(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"Stage": ["Signed", "Renewed", "Gone"] * 8, "Budget": ["Yes", "No", "No", "Yes"] * 6}
    )
    frame.to_csv(tmp_path / "deals.csv", index=False)
    said = mistaken("infer-survey", tmp_path / "deals.csv", "--outcome", "Stage")
    assert '--won "Signed"' in said and "won=" not in said and "(8 rows)" in said
    told = ["--won", "Signed", "--won", "Renewed", "--lost", "Gone", "--out", tmp_path / "survey.json"]
    assert run("infer-survey", tmp_path / "deals.csv", "--outcome", "Stage", *told).exit_code == 0
    assert set(read_survey(tmp_path / "survey.json").outcomes.won) == {"Signed", "Renewed"}


def test_mistakes_are_told_with_their_mend(inputs: Path, analysed: Path, tmp_path: Path) -> None:
    deals, survey, criteria = inputs / "deals.csv", inputs / "survey.yaml", analysed / "criteria.json"
    assert "Did you mean deals.csv?" in mistaken(
        "analyze", inputs / "deal.csv", "--survey", survey, "--out", tmp_path
    )
    assert "there is no file" in mistaken(
        "analyze", deals, "--survey", tmp_path / "no.yaml", "--out", tmp_path
    )
    assert "is not JSON" in mistaken("score", write(tmp_path / "bad.json", "{"), deals)
    assert "use .csv" in mistaken("score", criteria, deals, "--out", tmp_path / "scored.doc")
    frame = pd.read_csv(deals, dtype=str, keep_default_na=False)
    frame.loc[3, "Economic buyer met"] = "Perhaps\x1b[31m"
    frame.to_csv(tmp_path / "wrong.csv", index=False)
    told = mistaken("analyze", tmp_path / "wrong.csv", "--survey", survey, "--out", tmp_path / "results")
    assert "column Economic buyer met, row 5" in told and "\x1b" not in told
    assert not (tmp_path / "results").exists()
    (tmp_path / "file").write_text("in the way")
    told = mistaken("analyze", deals, "--survey", survey, "--out", tmp_path / "file")
    assert "cannot be made" in told
    few = pd.read_csv(deals, dtype=str, keep_default_na=False).iloc[:15]
    few.to_csv(tmp_path / "few.csv", index=False)
    told = mistaken("analyze", tmp_path / "few.csv", "--survey", survey, "--out", tmp_path / "results")
    assert told.startswith("A study needs at least 10 won") and not (tmp_path / "results").exists()


def test_nothing_is_written_before_everything_is_made(
    inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object, **__: object) -> bytes:
        raise qualify.errors.InvalidArgument("no picture")

    monkeypatch.setattr("qualify.plots._picture.png_of", failing)
    given = ["analyze", inputs / "deals.csv", "--survey", inputs / "survey.yaml", "--out", tmp_path]
    assert run(*given, *QUICK).exit_code == 2
    assert not list(tmp_path.iterdir())


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "arguments",
    [["analyze"], ["score", "a.json"], ["nothing"], ["demo", "--seed", "x"], ["demo", "--seed", "-1"]],
)
def test_usage_errors_end_with_2(arguments: list[str]) -> None:
    mistaken(*arguments)


def test_interrupted_ends_quietly_with_130(
    inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> Study:
        raise KeyboardInterrupt

    monkeypatch.setattr(qualify, "analyze", interrupted)
    result = run("analyze", inputs / "deals.csv", "--survey", inputs / "survey.yaml", "--out", tmp_path)
    assert result.exit_code == 130 and "Traceback" not in result.output
    assert not list(tmp_path.iterdir())


def test_version() -> None:
    result = run("--version")
    assert (result.exit_code, result.stdout) == (0, f"qualify {qualify.__version__}\n")


def in_a_shell(
    *arguments: object, code: str = "from qualify.cli.main import app; app()"
) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "NO_COLOR": "1"}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=ROOT, env=environment)


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom qualify.cli.main import app\n"
        "try: app()\nfinally: print({'pandas', 'numpy', 'scipy', 'numba', 'matplotlib'} & set(sys.modules))"
    )
    shell = in_a_shell("--help", code=code)
    out, _ = shell.communicate(timeout=60)
    assert shell.returncode == 0 and out.rstrip().endswith("set()")
    assert all(command in out for command in ("analyze", "infer-survey", "score", "demo"))


def test_a_terminal_without_the_characters_shows_something_else(inputs: Path, analysed: Path) -> None:
    shell = in_a_shell("score", analysed / "criteria.json", inputs / "deals.csv")
    out, errors = shell.communicate(timeout=120)
    assert shell.returncode == 0, errors
    assert "Score" in out


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_in_earnest(inputs: Path, tmp_path: Path) -> None:
    given = ["analyze", inputs / "deals.csv", "--survey", inputs / "survey.yaml", "--out", tmp_path / "out"]
    shell = in_a_shell(*given, "--replicates", 100_000)
    assert shell.stderr is not None
    assert shell.stderr.readline().startswith("Analysing 150 closed deals")
    time.sleep(3)
    shell.send_signal(signal.SIGINT)
    _, errors = shell.communicate(timeout=120)
    assert shell.returncode == 130, errors
    assert errors == ""
    assert list((tmp_path / "out").iterdir()) == []


def test_demo_is_what_a_user_would_do(tmp_path: Path) -> None:
    out = tmp_path / "demo"
    result = run("demo", "--out", out, *QUICK)
    assert result.exit_code == 0, result.output
    assert {path.name for path in out.iterdir()} == set(DEMO_CONTENTS) | set(CONTENTS)
    assert (out / "summary.txt").read_text("utf-8").splitlines()[0] in result.stdout
    for name in (*DEMO_CONTENTS, *CONTENTS):
        assert f"\n  {name} " in result.stdout
    commands = [line for line in result.stdout.splitlines() if line.startswith("qualify ")]
    assert [command.split()[1] for command in commands] == ["infer-survey", "analyze", "score", "export"]
    assert len(rows(out / "scored.csv")) == len(rows(out / "open.csv")) == 40
    assert "No part in it: Rapport," in result.stdout


def test_the_chart_has_the_same_bytes_twice() -> None:
    first, again = (png_of(lambda ax: ax.plot([1, 2], [3, 4])) for _ in range(2))
    assert first == again and io.BytesIO(first).read(4) == b"\x89PNG"
