"""`qualify export`: every form from the command line, and all of them or none."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import qualify as ql
from qualify.cli.main import app

FORMS = ("c.md", "c.xlsx", "c.postgres.sql", "c.salesforce.txt", "c.powerfx.txt", "c.py", "c.json")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    team = ql.simulate_deals(150, characteristics=3, rng=1)
    criteria = ql.refine_criteria(ql.read_deals(team.frame, team.survey), replicates=3)
    return ql.write_criteria(criteria, tmp_path_factory.mktemp("criteria") / "criteria.json")


def export(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["export", *map(str, arguments)])


def test_it_writes_what_the_verb_writes(file: Path, tmp_path: Path) -> None:
    done = export(file, *(tmp_path / name for name in FORMS))
    assert done.exit_code == 0 and done.stdout.count("Written: ") == len(FORMS)
    criteria = ql.read_criteria(file)
    (tmp_path / "verb").mkdir()
    for name in FORMS:
        expected = ql.write_criteria(criteria, tmp_path / "verb" / name).read_bytes()
        assert (tmp_path / name).read_bytes() == expected


def test_where_one_form_cannot_be_written_none_is(file: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.md"
    kept.write_text("mine")
    for wrong, told in (
        (tmp_path / "c.docx", "no known form"),
        (tmp_path / "no" / "c.md", "cannot be written"),
    ):
        done = export(file, kept, wrong)
        assert done.exit_code == 2 and done.stdout == "" and "Traceback" not in done.stderr
        assert told in " ".join(done.stderr.split())
        assert kept.read_text() == "mine" and [path.name for path in tmp_path.iterdir()] == ["kept.md"]


def test_a_file_that_is_no_criteria_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text("{}")
    done = export(tmp_path / "c.json", tmp_path / "c.md")
    assert done.exit_code == 2 and not (tmp_path / "c.md").exists()
