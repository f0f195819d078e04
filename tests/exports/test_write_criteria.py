"""The suffix picks the form; the file is written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from qualify.criteria.file import criteria_to_json, read_criteria
from qualify.criteria.model import Criteria
from qualify.errors import InvalidArgument
from qualify.exports import write_criteria
from qualify.exports.markdown import criteria_to_markdown
from qualify.exports.writing import TARGETS

Make = Callable[..., Criteria]


@pytest.mark.parametrize("suffix", list(TARGETS))
def test_every_target_writes_what_it_makes(suffix: str, make_criteria: Make, tmp_path: Path) -> None:
    criteria = make_criteria()
    path = tmp_path / f"criteria{suffix}"
    assert write_criteria(criteria, path) == path
    made = TARGETS[suffix](criteria)
    assert path.read_bytes() == (made if isinstance(made, bytes) else made.encode("utf-8"))
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_the_suffix_in_any_case_and_a_path_as_text(make_criteria: Make, tmp_path: Path) -> None:
    path = write_criteria(make_criteria(), str(tmp_path / "Checklist.MD"))
    assert path.read_text("utf-8") == criteria_to_markdown(make_criteria())


def test_json_is_the_form_that_reads_back(make_criteria: Make, tmp_path: Path) -> None:
    criteria = make_criteria()
    path = write_criteria(criteria, tmp_path / "criteria.json")
    assert path.read_text("utf-8") == criteria_to_json(criteria)
    pd.testing.assert_frame_equal(read_criteria(path).points, criteria.points)


@pytest.mark.parametrize("name", ["criteria.txt", "criteria", ".md", "criteria.md.bak"])
def test_an_unknown_suffix_lists_those_there_are(name: str, make_criteria: Make, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match=r"says no known form; use \.json, \.md"):
        write_criteria(make_criteria(), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_something_else_than_criteria(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="must be Criteria, as `refine_criteria` gives"):
        write_criteria("criteria", tmp_path / "criteria.md")  # type: ignore[arg-type]


def test_a_file_that_is_there_stays_whole_where_writing_fails(make_criteria: Make, tmp_path: Path) -> None:
    folder = tmp_path / "criteria.md"
    folder.mkdir()  # a folder of that name stands in the way
    with pytest.raises(InvalidArgument, match="cannot be written"):
        write_criteria(make_criteria(), folder)
    with pytest.raises(InvalidArgument, match="cannot be written"):
        write_criteria(make_criteria(), tmp_path / "no such folder" / "criteria.md")
    assert [entry.name for entry in tmp_path.iterdir()] == ["criteria.md"]
