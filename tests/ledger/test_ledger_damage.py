"""What is wrong in the folder of a ledger is named; what a run leaves that was cut off is mended."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from ledger_books import copy_of, three_versions, two_criteria

import qualify as ql
from qualify.errors import QualifyWarning
from qualify.ledger import files as ledger_files

Two = tuple[ql.Criteria, ql.Criteria]


@pytest.fixture(scope="module")
def two() -> Two:
    return two_criteria()


@pytest.fixture(scope="module")
def template(two: Two, tmp_path_factory: pytest.TempPathFactory) -> ql.Ledger:
    return three_versions(tmp_path_factory.mktemp("template"), two)


@pytest.fixture
def book(template: ql.Ledger, tmp_path: Path) -> ql.Ledger:
    return copy_of(template, tmp_path / "criteria")


def refusal(path: Path) -> list[str]:
    with pytest.raises(ql.InvalidLedger) as caught:
        ql.open_ledger(path)
    return [str(problem) for problem in caught.value.problems]


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def edited(path: Path) -> None:
    path.write_text(path.read_text().replace('"bands_from"', ' "bands_from"', 1))


def emptied(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("index", [True, False], ids=["with index", "without"])
@pytest.mark.parametrize("spoil", [truncated, edited, emptied, Path.unlink])
def test_a_file_that_is_damaged_changed_or_missing_is_named(
    spoil: Callable[[Path], None], index: bool, book: ql.Ledger
) -> None:
    if not index:
        (book.path / "index.json").unlink()
    spoil(book.path / "2026Q4.json")
    told = refusal(book.path)
    assert (
        len(told) == 1
        and "2026Q4" in told[0]
        and told[0].endswith("put the file of that name back from a backup")
    )
    with pytest.raises(ql.InvalidLedger):
        book.add(book.criteria("2026Q3"), dated="2027-01-01")


def test_a_newest_version_that_is_missing_is_known_from_the_index(book: ql.Ledger) -> None:
    (book.path / "2026Q4-2.json").unlink()
    assert refusal(book.path) == [
        "2026Q4-2.json is in index.json but missing; put the file of that name back from a backup"
    ]


def test_every_problem_is_told_at_once(book: ql.Ledger) -> None:
    truncated(book.path / "2026Q3.json")
    edited(book.path / "2026Q4.json")
    (book.path / "2026Q4 (conflicted copy).json").write_text("{}")
    (book.path / "notes.txt").write_text("mine")
    (book.path / "2026Q1.json").mkdir()
    told = "\n".join(refusal(book.path))
    for name in (
        "2026Q3.json is damaged",
        "2026Q4.json was changed",
        "copy).json is no part",
        "notes.txt is",
    ):
        assert name in told
    assert "2026Q1.json" in told


def test_a_copy_under_another_name_is_named(book: ql.Ledger) -> None:
    (book.path / "2027Q1.json").write_bytes((book.path / "2026Q4-2.json").read_bytes())
    assert refusal(book.path) == [
        "2027Q1.json is damaged: 2027Q1.json holds version '2026Q4-2'; "
        "put the file of that name back from a backup"
    ]


def test_two_versions_after_the_same_one_are_named(book: ql.Ledger, two: Any, tmp_path: Path) -> None:
    fork = ql.open_ledger(tmp_path / "fork").add(two[0], dated="2026-07-01")
    fork.add(two[0], dated="2027-05-01")
    (book.path / "2027Q2.json").write_bytes((tmp_path / "fork" / "2027Q2.json").read_bytes())
    assert any("both follow 2026Q3.json" in one for one in refusal(book.path))


def test_a_version_of_another_ledger_is_named(book: ql.Ledger, two: Any, tmp_path: Path) -> None:
    other = ql.open_ledger(tmp_path / "other").add(two[1], dated="2025-01-01")
    other.add(two[0], dated="2027-05-01")
    (book.path / "2027Q2.json").write_bytes((tmp_path / "other" / "2027Q2.json").read_bytes())
    assert refusal(book.path) == [
        "2027Q2.json follows version '2025Q1', which is not in its place; "
        "put the file of that name back from a backup"
    ]


def test_without_its_index_a_ledger_opens_and_the_next_version_makes_it_anew(book: ql.Ledger) -> None:
    file = book.path / "index.json"
    whole = file.read_text()
    file.unlink()
    reopened = ql.open_ledger(book.path)
    pd.testing.assert_frame_equal(reopened.history, book.history)
    reopened.add(book.current, dated="2027-01-01")
    rows = json.loads(file.read_text())["versions"]
    assert rows[:3] == json.loads(whole)["versions"] and len(rows) == 4


def test_an_index_one_version_behind_is_what_a_run_cut_off_leaves(book: ql.Ledger) -> None:
    behind = (book.path / "index.json").read_bytes()
    book.add(book.current, dated="2027-01-01")
    (book.path / "index.json").write_bytes(behind)
    assert ql.open_ledger(book.path).current.version == "2027Q1"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "index.json is damaged"),
        ("[]", "index.json is damaged"),
        ('{"schema": "other", "schema_version": 1, "versions": []}', "index.json is damaged"),
        ('{"schema": "qualify ledger", "schema_version": 9, "versions": []}', "newer qualify"),
        ('{"schema": "qualify ledger", "schema_version": 1, "versions": [{"version": 3}]}', "damaged"),
    ],
)
def test_a_spoilt_index_is_named(text: str, told: str, book: ql.Ledger) -> None:
    (book.path / "index.json").write_text(text)
    assert told in refusal(book.path)[0]


def test_an_index_in_another_order_is_named(book: ql.Ledger) -> None:
    file = book.path / "index.json"
    index = json.loads(file.read_text())
    index["versions"] = index["versions"][::-1]
    file.write_text(json.dumps(index))
    assert "another order" in refusal(book.path)[0]


def test_what_others_hide_is_left_alone(book: ql.Ledger) -> None:
    (book.path / ".DS_Store").write_bytes(b"\0")
    (book.path / ".2027Q1.json.0a.part").write_text('{"half": ')
    added = ql.open_ledger(book.path).add(book.current, dated="2027-01-01")
    assert (book.path / ".DS_Store").exists() and not list(book.path.glob(".*.part"))
    assert ql.open_ledger(book.path).current.version == added.current.version == "2027Q1"


def test_a_file_where_the_folder_should_be(tmp_path: Path, two: Any) -> None:
    (tmp_path / "file").write_text("in the way")
    assert "cannot be read" in refusal(tmp_path / "file")[0]


def test_an_index_that_cannot_be_written_is_warned_of(
    book: ql.Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ledger_files.write_whole

    def failing(path: Path, *rest: Any) -> Path:
        if path.name == "index.json":
            raise ql.InvalidLedger("the disk is full")
        return whole(path, *rest)

    monkeypatch.setattr(ledger_files, "write_whole", failing)
    with pytest.warns(QualifyWarning, match="2027Q1 was added, but the disk is full"):
        book.add(book.current, dated="2027-01-01")
    assert ql.open_ledger(book.path).current.version == "2027Q1"


def test_a_writer_waits_for_another_and_gives_up(book: ql.Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    with ledger_files.writing(book.path):
        monkeypatch.setattr(ledger_files, "PATIENCE", 0.05)
        with pytest.raises(ql.InvalidLedger, match="another job is writing"):
            book.add(book.current, dated="2027-01-01")
        monkeypatch.setattr(ledger_files, "PATIENCE", 30.0)
        waiting = threading.Thread(target=lambda: book.add(book.current, dated="2027-01-01"))
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive() and not (book.path / "2027Q1.json").exists()
    waiting.join(30)
    assert ql.open_ledger(book.path).current.version == "2027Q1"
