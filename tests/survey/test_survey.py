"""Surveys: checked as a whole, written for people, read back as they were, drafted from tables."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qualify.errors import InvalidSurvey
from qualify.survey import Answer, Characteristic, Columns, Outcomes, Survey
from qualify.survey.file import read_survey, write_survey


def answers(*values: str) -> tuple[Answer, ...]:
    return tuple(Answer(value=value) for value in values)


def asked(name: str = "Need", **fields: object) -> Characteristic:
    return Characteristic(**{"name": name, "column": name, "kind": "choice", **fields})


def survey_of(*characteristics: Characteristic, **fields: object) -> Survey:
    usual = {"columns": Columns(outcome="Status"), "outcomes": Outcomes(won=("Won",), lost=("Lost",))}
    return Survey(characteristics=characteristics, **{**usual, **fields})


def reasons(error: pytest.ExceptionInfo[InvalidSurvey]) -> str:
    assert all(problem.mend for problem in error.value.problems)
    return "\n".join(problem.reason for problem in error.value.problems)


RICH = survey_of(
    asked("RFP", kind="yes_no", answers=answers("No", "Yes"), controllable=True, reference="No"),
    asked(
        "Authority",
        kind="ordered",
        question="Who decides: really? # yes",
        answers=(Answer(value="null", label="~", anchor="a\nb", points=0), Answer(value="1.10", points=2.5)),
        group="People",
        blank="error",
        unknown=("ask, again",),
    ),
    asked("Fit", kind="score", low=1, high=5.5, points_per_step=-2, answers=answers("1", "5")),
    asked("Source", answers=answers("on", "OFF", "=1+1", "- x"), contrast=("on", "- x")),
    columns=Columns(outcome="Status", deal="Deal ID", rep="null", value="Amount"),
    outcomes=Outcomes(
        won=("Won", "1"), lost=("No",), open=("Open",), no_decision=("~",), no_decision_as="leave_out"
    ),
    title="'quoted' \u2028 é \ud800",
    notes=("one", "true"),
    unknown=(),
    min_answers=3,
)


@pytest.mark.parametrize("suffix", [".yaml", ".yml", ".json"])
def test_a_survey_reads_back_as_it_was(tmp_path, suffix):
    file = write_survey(RICH, tmp_path / f"survey{suffix}")
    assert read_survey(file) == RICH
    assert os.listdir(tmp_path) == [file.name]  # nothing temporary is left


def test_plain_values_read_back_as_they_were():
    assert Survey.from_dict(RICH.to_dict()) == RICH


words = st.text(min_size=1, max_size=12).filter(lambda text: text.strip() and text.strip() != "unknown")


@settings(max_examples=60, deadline=None)
@given(values=st.lists(words, min_size=2, max_size=5, unique=True), text=words)
def test_any_words_survive_the_file(tmp_path_factory, values, text):
    try:
        survey = survey_of(asked(text, answers=answers(*values), question=text, group=text), title=text)
    except InvalidSurvey:
        return  # words that differ only in what does not count
    folder = tmp_path_factory.mktemp("words")
    assert read_survey(write_survey(survey, folder / "s.yaml")) == survey
    assert read_survey(write_survey(survey, folder / "s.json")) == survey


def test_yaml_values_are_as_written(tmp_path):
    file = tmp_path / "survey.yaml"
    file.write_text(
        "columns: {outcome: Status, rep: null, deal: ~}\n"
        "outcomes: {won: Yes, lost: [No, off]}\n"
        "characteristics:\n"
        "- {name: Version, kind: choice, answers: [1.10, 1.1, 010, 2024-05-01, null, Yes], reference: yes}\n"
        "- {name: RFP, kind: yes_no, answers: [No, Yes], controllable: true}\n"
    )
    survey = read_survey(file)
    assert survey.characteristic("Version").values == ("1.10", "1.1", "010", "2024-05-01", "null", "Yes")
    assert survey.characteristic("Version").reference == "Yes"
    assert survey.characteristic("RFP").values == ("No", "Yes")
    assert survey.characteristic("RFP").controllable is True
    assert survey.outcomes.won == ("Yes",)
    assert survey.columns == Columns(outcome="Status")


def test_every_problem_of_a_file_is_told_at_once(tmp_path):
    file = tmp_path / "survey.yaml"
    file.write_text(
        "titel: x\n"
        "columns: {outcome: Status, rep: A, rep: B}\n"
        "outcomes: {won: [Won], lost: [WON]}\n"
        "min_answers: 0\n"
        "characteristics:\n"
        "- {name: A, kind: yes_no, answers: [Yes, yes , No]}\n"
        "- {name: a, column: A, kind: odered}\n"
        "- {name: B, kind: score, low: 5, high: 1}\n"
        "- {name: C, kind: score, low: five}\n"
        "- {name: D, kind: choice, answers: [{value: x, points: 1}, y], reference: z, contrast: [x, q]}\n"
        "- {name: E, kind: choice, answers: [x, [y]], blank: perhaps, controllable: maybe}\n"
    )
    with pytest.raises(InvalidSurvey) as error:
        read_survey(file)
    told = reasons(error)
    for part in (
        "unknown key 'titel'", "the key 'rep' is given twice", "outcomes.lost has 'WON'", "min_answers is 0",
        "'A' has the answer 'yes' twice", "'A' is yes_no and has 3 answers", "'a' has a name used twice",
        "'a' has the column 'A', already used", "'a' has the kind 'odered'", "low 5 not below high 1",
        "'C', low, is 'five'", "points for some answers but not for y", "reference 'z'", "contrast 'q'",
        "'E', an answer, is ['y']", "blank 'perhaps'", "controllable, is 'maybe'",
    ):  # fmt: skip
        assert part in told, part
    assert any("Did you mean title?" in problem.mend for problem in error.value.problems)
    assert any("Did you mean ordered?" in problem.mend for problem in error.value.problems)


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"answers": answers("A")}, "is choice and has 1 answers"),
        ({"answers": answers("A", "A ")}, "has the answer 'A ' twice"),
        ({"answers": answers("A", "unknown")}, "lists the answer 'unknown'"),
        ({"answers": answers("A", " ")}, "has an empty answer"),
        ({"answers": answers("A", "B"), "low": 1.0}, "is choice and has low"),
        ({"answers": answers("A", "B"), "unknown": ("b",)}, "both as an answer and as a word for unknown"),
        ({"answers": answers("A", "B"), "contrast": ("A", "A")}, "not two different answers"),
        ({"kind": "ordered", "answers": answers("A", "B"), "reference": "A"}, "ordered and has a reference"),
        ({"kind": "yes_no", "answers": answers("A", "B"), "contrast": ("A", "B")}, "and has a contrast"),
        ({"kind": "score", "low": float("nan")}, "has low nan"),
        ({"kind": "score", "answers": answers("x")}, "is a score and has the answer 'x'"),
        ({"kind": "score", "low": 1.0, "high": 2.0, "answers": answers("3")}, "outside low..high"),
        ({"kind": "score", "answers": (Answer(value="1", points=1.0),)}, "points for single answers"),
        ({"name": "outcome", "answers": answers("A", "B")}, "results use for something else"),
        ({"column": "Status", "answers": answers("A", "B")}, "already used for columns.outcome"),
    ],
)
def test_a_survey_made_in_python_is_checked_too(fields, part):
    with pytest.raises(InvalidSurvey) as error:
        survey_of(asked(**fields))
    assert part in reasons(error)


def test_a_word_for_unknown_may_be_an_answer_and_a_role_may_be_asked():
    survey = survey_of(
        asked("Segment", answers=answers("n/a", "EU")), columns=Columns(outcome="Status", segment="Segment")
    )
    assert survey.characteristic("Segment").values == ("n/a", "EU")


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("s.yaml", b"a: [1", "not YAML"),
        ("s.yaml", b"\ta: 1", "not YAML"),
        ("s.yaml", b"- 1", "the survey is ['1']"),
        ("s.yaml", b"", "the survey is None"),
        ("s.yaml", b"\xff\xfe\xff", "not in UTF-8"),
        ("s.yaml", b"schema_version: 2\nnew: 1", "newer than 1"),
        ("s.yaml", b"[" * 5000, "not YAML"),
        ("s.json", b"{", "not JSON"),
        ("s.json", b"[" * 100_000, "not YAML or JSON"),
        ("s.json", b'{"title": "a", "title": "b"}', "the key 'title' is given twice"),
        ("s.txt", b"", "says no known format"),
    ],
)
def test_unreadable_files_are_told_plainly(tmp_path, name, content, part):
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(InvalidSurvey) as error:
        read_survey(file)
    assert part in str(error.value)


def test_a_missing_file_is_told_with_its_neighbour(tmp_path):
    (tmp_path / "survey.yaml").touch()
    with pytest.raises(InvalidSurvey, match=r"Did you mean survey\.yaml\?"):
        read_survey(tmp_path / "survy.yaml")
    with pytest.raises(InvalidSurvey, match="no folder"):
        read_survey(tmp_path / "none" / "survey.yaml")
    (tmp_path / "d.yaml").mkdir()
    with pytest.raises(InvalidSurvey, match="is a folder"):
        read_survey(tmp_path / "d.yaml")


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    file = write_survey(RICH, tmp_path / "s.yaml")
    before = file.read_bytes()

    def fails(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(InvalidSurvey, match="cannot be written: disk full"):
        write_survey(replace(RICH, title="new"), file)
    assert file.read_bytes() == before
    assert os.listdir(tmp_path) == ["s.yaml"]
    with pytest.raises(InvalidSurvey, match="no known format"):
        write_survey(RICH, tmp_path / "s.txt")
    with pytest.raises(InvalidSurvey, match="cannot be written"):
        write_survey(RICH, tmp_path / "none" / "s.yaml")


def test_the_yaml_explains_itself(tmp_path):
    text = write_survey(RICH, tmp_path / "s.yaml").read_text(encoding="utf-8")
    for kind in ("yes_no", "score", "ordered", "choice"):
        assert f"#   {kind} " in text
    assert "answers: ['No', 'Yes']" in text


def test_characteristics_by_name_and_hand_given_points():
    assert RICH.names == ("RFP", "Authority", "Fit", "Source")
    assert RICH.hand_points("Authority") == {"null": 0.0, "1.10": 2.5}
    assert RICH.hand_points("Fit") == {"per step": -2}
    assert RICH.hand_points("RFP") == {}
    with pytest.raises(InvalidSurvey, match="Did you mean Authority"):
        RICH.characteristic("Authorty")
