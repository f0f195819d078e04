"""The ledger: versions in order, each as it was added, and the one of a day."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from ledger_books import copy_of, three_versions, two_criteria

import qualify as ql
from qualify.criteria.file import criteria_to_json
from qualify.ledger.notes import KEPT_COLUMNS
from qualify.ledger.versions import COLUMNS

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


def content(criteria: ql.Criteria) -> dict[str, Any]:
    """What criteria say, but for the name and the place a ledger gives them."""
    plain: dict[str, Any] = json.loads(criteria_to_json(criteria))
    del plain["version"]
    plain["provenance"].pop("ledger", None)
    return plain


def test_the_history_says_what_came_when(book: ql.Ledger, two: Two) -> None:
    history = ql.open_ledger(book.path).history
    pd.testing.assert_frame_equal(history, book.history)
    assert list(history) == COLUMNS
    assert history["version"].tolist() == ["2026Q3", "2026Q4", "2026Q4-2"]
    assert history["parent"].tolist() == ["", "2026Q3", "2026Q4"]
    assert history["dated"].tolist() == ["2026-07-01", "2026-10-01", "2026-12-24"]
    assert history["verdict"].tolist() == ["start", "by hand", "by hand"]
    assert history["fingerprint"].tolist() == [two[at].provenance["fingerprint"] for at in (0, 1, 0)]
    assert history["won"].tolist() == [two[at].provenance["won"] for at in (0, 1, 0)]
    assert {path.name for path in book.path.iterdir()} == {*history["file"], "index.json", ".lock"}


def test_criteria_come_back_as_they_were_added(book: ql.Ledger, two: Two) -> None:
    for ledger in (book, ql.open_ledger(book.path)):
        assert content(ledger.criteria("2026Q3")) == content(two[0])
        assert content(ledger.criteria("2026Q4")) == content(two[1])
        assert ledger.current.version == "2026Q4-2"
    assert content(ql.read_criteria(book.path / "2026Q4.json")) == content(two[1])


def test_an_old_deal_gets_the_score_of_its_day(book: ql.Ledger, two: Two) -> None:
    deals = ql.simulate_deals(40, characteristics=3, rng=9).frame
    for day, version, criteria in (
        ("2026-07-01", "2026Q3", two[0]),
        ("2026-09-30", "2026Q3", two[0]),
        (dt.date(2026, 10, 1), "2026Q4", two[1]),
        (dt.datetime(2026, 12, 23, 18), "2026Q4", two[1]),
        (pd.Timestamp("2031-01-01"), "2026Q4-2", two[0]),
    ):
        scored = ql.score_deals(book.on(day), deals)
        assert scored.version == version
        pd.testing.assert_frame_equal(scored.table, ql.score_deals(criteria, deals).table)
    with pytest.raises(
        ql.InvalidArgument, match=r"no criteria were in force on 2026-06-30: the first, 2026Q3"
    ):
        book.on("2026-06-30")


@pytest.mark.parametrize("date", ["yesterday", "2026-02-30", "", None, 20260101, pd.NaT])
def test_what_is_no_date_is_said(date: Any, book: ql.Ledger) -> None:
    with pytest.raises(ql.InvalidArgument, match="must be a date as 2026-09-30"):
        book.on(date)
    with pytest.raises(ql.InvalidArgument, match="`dated` of `add` must be a date"):
        book.add(book.current, dated=date)


def test_dates_do_not_go_back(book: ql.Ledger) -> None:
    with pytest.raises(ql.InvalidArgument, match="2026Q4-2 is dated 2026-12-24; got 2026-12-23"):
        book.add(book.current, dated="2026-12-23")
    assert book.next_version("2026-12-24") == "2026Q4-3" and book.next_version("2027-03-31") == "2027Q1"
    assert book.add(book.current, dated="2026-12-24").current.version == "2026Q4-3"


def test_a_version_that_is_not_there_is_said(book: ql.Ledger) -> None:
    with pytest.raises(ql.InvalidArgument, match=r"Did you mean 2026Q3\?"):
        book.criteria("2026q3")
    with pytest.raises(ql.InvalidArgument, match="It has 2026Q3, 2026Q4, 2026Q4-2"):
        book.diff("2026Q3", "x")


def test_an_empty_ledger_says_how_to_begin(tmp_path: Path) -> None:
    ledger = ql.open_ledger(tmp_path / "none")
    assert not (tmp_path / "none").exists(), "opening writes nothing"
    assert ledger.history.empty and list(ledger.history) == COLUMNS and "empty" in repr(ledger)
    for ask in (lambda: ledger.current, lambda: ledger.on("2026-01-01")):
        with pytest.raises(ql.InvalidArgument, match="holds no criteria yet; add the first"):
            ask()


def test_a_ledger_shows_itself(book: ql.Ledger) -> None:
    assert repr(book).endswith("3 versions, 2026Q4-2 in force from 2026-12-24>")
    assert "2026Q4-2" in book._repr_html_()


def test_the_same_criteria_and_dates_give_the_same_bytes(book: ql.Ledger, two: Two, tmp_path: Path) -> None:
    again = ql.open_ledger(tmp_path / "again").add(two[0], dated="2026-07-01")
    again.add(two[1], dated="2026-10-01").add(two[0], dated="2026-12-24")
    for name in (*book.history["file"], "index.json"):
        assert (tmp_path / "again" / name).read_bytes() == (book.path / name).read_bytes()


def test_a_ledger_that_another_job_has_added_to_adds_nothing(book: ql.Ledger) -> None:
    late = ql.open_ledger(book.path)
    book.add(book.current, dated="2027-01-01")
    before = sorted(path.name for path in book.path.iterdir())
    with pytest.raises(ql.LedgerConflict, match="newest is now version 2027Q1, not version 2026Q4-2"):
        late.add(book.current, dated="2027-02-01")
    assert sorted(path.name for path in book.path.iterdir()) == before


@dataclass
class Update:
    """What a ledger asks of a recalibration."""

    criteria: ql.Criteria
    in_use: ql.Criteria
    verdict: str = "shift"


def test_a_recalibration_gives_its_verdict(book: ql.Ledger, two: Two) -> None:
    update: Any = Update(criteria=two[1], in_use=book.current)
    added = book.add(two[1], dated="2027-01-01", recalibration=update)
    assert added.history["verdict"].iloc[-1] == "shift"


def test_a_recalibration_of_an_older_version_is_refused(book: ql.Ledger, two: Two) -> None:
    stale: Any = Update(criteria=two[1], in_use=book.criteria("2026Q4"))
    with pytest.raises(ql.LedgerConflict, match="2026Q4 was recalibrated, but the newest"):
        book.add(two[1], dated="2027-01-01", recalibration=stale)
    other: Any = Update(criteria=two[0], in_use=book.current)
    with pytest.raises(ql.InvalidArgument, match=r"whose `\.criteria` are added"):
        book.add(two[1], dated="2027-01-01", recalibration=other)
    with pytest.raises(ql.InvalidArgument, match=r"Did you mean its `\.criteria`\?"):
        book.add(other, dated="2027-01-01")


def test_criteria_that_could_not_be_read_back_are_not_added(book: ql.Ledger) -> None:
    spoilt = replace(book.current, probabilities=book.current.probabilities.iloc[:-1])
    with pytest.raises(ql.InvalidCriteria, match="every score"):
        book.add(spoilt, dated="2027-01-01")
    without = {name: value for name, value in book.current.provenance.items() if name != "deals"}
    with pytest.raises(ql.InvalidCriteria, match="deals"):
        book.add(replace(book.current, provenance=without), dated="2027-01-01")
    assert ql.open_ledger(book.path).current.version == "2026Q4-2"


# Versions that were kept ---------------------------------------------------


def held(book: ql.Ledger, **change: Any) -> Any:
    """What a ledger asks of a recalibration that keeps."""
    tests = pd.DataFrame({"p_value": [0.31, 0.02]})
    said = {"verdict": "keep", "in_use": book.current, "criteria": book.current, "tests": tests}
    said |= {"test_verdict": "keep"}
    return SimpleNamespace(**(said | {"n": 80, "won": 30, "more_deals": 0, "fingerprint": "ab12"} | change))


def test_a_version_that_was_kept_is_noted_and_stays(book: ql.Ledger) -> None:
    noted = book.keep(held(book), dated="2027-01-04").keep(held(book, n=90), dated="2027-03-31")
    # What the test alone asked for stands beside.
    noted = noted.keep(held(book, more_deals=12, test_verdict="rebuild"), dated="2027-04-01")
    again = ql.open_ledger(book.path)
    for ledger in (noted, again):
        kept = ledger.kept
        assert list(kept) == KEPT_COLUMNS
        assert kept["file"].tolist() == ["2027Q1.kept.json", "2027Q1.kept-2.json", "2027Q2.kept.json"]
        assert kept["as_of"].tolist() == ["2027-01-04", "2027-03-31", "2027-04-01"]
        assert kept["deals"].tolist() == [80, 90, 80] and kept["more_deals"].tolist() == [0, 0, 12]
        assert kept["test_verdict"].tolist() == ["keep", "keep", "rebuild"]
        assert kept["version"].eq("2026Q4-2").all() and kept["p_value"].eq(0.31).all()
        pd.testing.assert_frame_equal(ledger.history, book.history)
    assert "kept" in again._repr_html_() and "kept" not in book._repr_html_()
    # Notes stay when a version follows, and dates of notes bind no version.
    added = again.add(again.current, dated="2027-02-01")
    assert len(added.kept) == len(ql.open_ledger(book.path).kept) == 3
    assert added.current.version == "2027Q1"


def test_no_note_takes_the_place_of_another(book: ql.Ledger) -> None:
    for deals in (80, 81):
        book.keep(held(book, n=deals), dated="2027-01-04")
    (book.path / "2027Q1.kept.json").unlink()
    noted = book.keep(held(book, n=82), dated="2027-01-04")
    assert noted.kept["deals"].tolist() == ql.open_ledger(book.path).kept["deals"].tolist() == [82, 81]


def test_a_note_knows_the_version_it_speaks_of(book: ql.Ledger) -> None:
    book.keep(held(book), dated="2027-01-04").keep(held(book, n=90), dated="2027-01-05")
    (book.path / "index.json").unlink()
    file = book.path / "2026Q4-2.json"
    file.write_text(file.read_text().replace('"bands_from"', ' "bands_from"', 1))
    with pytest.raises(ql.InvalidLedger) as caught:
        ql.open_ledger(book.path)
    said = [str(problem) for problem in caught.value.problems]
    assert len(said) == 2 and all("2026Q4-2.json was changed after 2027Q1.kept" in one for one in said)
    file.unlink()
    with pytest.raises(
        ql.InvalidLedger, match=r"2026Q4-2\.json, of which 2027Q1\.kept\.json speaks, is missing"
    ):
        ql.open_ledger(book.path)


def test_the_same_note_is_made_once(book: ql.Ledger) -> None:
    first = book.keep(held(book), dated="2027-01-04")
    before = {path.name: path.read_bytes() for path in book.path.iterdir()}
    assert len(first.keep(held(book), dated="2027-01-04").kept) == 1
    assert {path.name: path.read_bytes() for path in book.path.iterdir()} == before


def test_only_what_keeps_the_newest_version_is_noted(book: ql.Ledger) -> None:
    late = ql.open_ledger(book.path)
    with pytest.raises(ql.InvalidArgument, match="must be a Recalibration"):
        book.keep(book.current, dated="2027-01-01")  # type: ignore[arg-type]
    with pytest.raises(ql.InvalidArgument, match="`keep` is for criteria that stay"):
        book.keep(held(book, verdict="shift"), dated="2027-01-01")
    with pytest.raises(ql.InvalidArgument, match="must not go back"):
        book.keep(held(book), dated="2026-12-01")
    with pytest.raises(ql.LedgerConflict, match="2026Q4 was recalibrated"):
        book.keep(held(book, in_use=book.criteria("2026Q4")), dated="2027-01-01")
    with pytest.raises(ql.LedgerConflict, match="no version"):
        ql.open_ledger(book.path / "nothing").keep(held(book), dated="2027-01-01")
    book.add(book.current, dated="2027-01-01")
    with pytest.raises(ql.LedgerConflict, match="another job has added"):
        late.keep(held(late), dated="2027-02-01")
    assert ql.open_ledger(book.path).kept.empty


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda said: said | {"deals": -1}, "cannot be"),
        (lambda said: said | {"p_value": float("nan")}, "cannot be"),
        (lambda said: said | {"file": "2026Q1.kept.json"}, "cannot be"),
        (lambda said: said | {"schema_version": 2}, "newer qualify"),
        (lambda said: said | {"schema": "something"}, "another kind"),
        (lambda said: said | {"sha256": "0"}, "was changed after"),
        (lambda said: said | {"version": "2020Q1"}, "is missing"),
        (lambda said: said | {"p_value": 10**400}, "damaged"),
        (lambda said: {}, "damaged"),
        (lambda said: [], "damaged"),
    ],
)
def test_a_spoilt_note_is_named(book: ql.Ledger, spoil: Any, told: str) -> None:
    book.keep(held(book), dated="2027-01-04")
    file = book.path / "2027Q1.kept.json"
    file.write_text(json.dumps(spoil(json.loads(file.read_text()))))
    with pytest.raises(ql.InvalidLedger, match=told) as caught:
        ql.open_ledger(book.path)
    assert "2027Q1.kept.json" in str(caught.value)
