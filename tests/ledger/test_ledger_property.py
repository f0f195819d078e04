"""Whatever happens to the files of a ledger, it opens as it was, or names what is wrong; nothing else."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qualify as ql
from qualify.ledger import files as ledger_files

FILES = ("2026Q3.json", "2026Q4.json", "2026Q4-2.json", "index.json")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> ql.Ledger:
    simulated = ql.simulate_deals(100, characteristics=2, rng=1)
    criteria = ql.refine_criteria(ql.read_deals(simulated.frame, simulated.survey), replicates=3)
    book = ql.open_ledger(tmp_path_factory.mktemp("template"))
    for day in ("2026-07-01", "2026-10-01", "2026-12-01"):
        book = book.add(criteria, dated=day)
    return book


def opened(folder: Path, book: ql.Ledger) -> list[str] | None:
    """Versions found, None where the ledger is refused; what was read before is not taken apart again."""
    try:
        found = ledger_files.read_folder(folder, known=book._entries)
    except ql.InvalidLedger as error:
        assert error.problems
        return None
    return [entry.version for entry in found.entries]


@settings(deadline=None, max_examples=60)
@given(
    name=st.sampled_from(FILES),
    at=st.floats(0, 1, exclude_max=True),
    cut=st.integers(0, 200),
    put=st.binary(max_size=20),
)
def test_bytes_changed_anywhere_are_noticed(
    template: ql.Ledger, name: str, at: float, cut: int, put: bytes
) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = shutil.copytree(template.path, Path(place) / "ledger")
        before = (folder / name).read_bytes()
        start = int(at * len(before))
        after = before[:start] + put + before[start + cut :]
        (folder / name).write_bytes(after)
        found = opened(folder, template)
        if after == before:
            assert found == template.history["version"].tolist()
        elif name != "index.json":
            assert found is None
        else:  # a change that says the same, or less than all, of the versions
            assert found in (None, template.history["version"].tolist())


@settings(deadline=None, max_examples=40)
@given(gone=st.sets(st.sampled_from(FILES)))
def test_files_that_are_missing_are_noticed_unless_they_were_the_last_and_the_index_too(
    template: ql.Ledger, gone: set[str]
) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = shutil.copytree(template.path, Path(place) / "ledger")
        for name in gone:
            (folder / name).unlink()
        versions = template.history["version"].tolist()
        left = [version for version in versions if f"{version}.json" not in gone]
        whole = left == versions[: len(left)] and ("index.json" in gone or len(left) == len(versions))
        assert opened(folder, template) == (left if whole else None)


@settings(deadline=None, max_examples=40)
@given(dates=st.lists(st.dates(), min_size=1, max_size=5))
def test_dates_ascend_or_are_refused_and_the_day_finds_its_version(
    template: ql.Ledger, dates: list[object]
) -> None:
    with tempfile.TemporaryDirectory() as place:
        book, added = ql.open_ledger(Path(place) / "ledger"), []
        for day in dates:
            try:
                book = book.add(template.current, dated=day)  # type: ignore[arg-type]
                added.append(day)
            except ql.InvalidArgument:
                assert added and day < added[-1]  # type: ignore[operator]
        assert book.history["dated"].tolist() == [str(day) for day in added]
        assert book.history["version"].is_unique
        for day in added:
            last = len(added) - 1 - added[::-1].index(day)
            assert book.on(day).version == book.history["version"][last]  # type: ignore[arg-type]
