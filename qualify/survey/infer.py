"""A first draft of a survey from a table nobody wrote one for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qualify.errors import InvalidArgument, InvalidDeals
from qualify.reading.cells import Coded, cell_text
from qualify.reading.source import RawTable, open_table
from qualify.survey.check import RESERVED
from qualify.survey.column_clues import FEW, Clues, clues_of, role_of
from qualify.survey.model import Answer, Characteristic, Columns, Outcomes, Survey
from qualify.words import as_number, fold, number_text, squeeze

# Compared without case and space.
WON = {"won", "win", "closedwon", "closed-won", "yes", "y", "true", "t", "1"}
LOST = {"lost", "loss", "closedlost", "closed-lost", "no", "n", "false", "f", "0"}
NO_DECISION = {"nodecision", "no-decision"}
OPEN = {"open", "pending", "inprogress"}
MOST_WORDS = 20  # different outcome words; more of them are no outcome

Word = str | int | float | bool


def infer_survey(frame: object, *, outcome: str, won: Word | Sequence[Word] | None = None) -> Survey:
    """Draft a survey from a table: kinds, answers, unknown words, and the columns that hold something else.

    Whole numbers in a small range (0/1 too) become `score`, yes and no `yes_no`, words with a known order
    (low/mid/high, poor/fair/good, ...) `ordered`, other text with at most 12 answers `choice`. Columns that
    never change, that look like ids, dates or measurements, or that have too many answers are left out. Deal
    id, dates, value, rep, account and segment are recognised by their headings. `Survey.notes` says what was
    done with every column that did not become a characteristic. Edit the draft: `write_survey` it to YAML.

    Parameters
    ----------
    frame : path or frame
        As for `read_deals`. It is never changed.
    outcome : str
        The column that says what became of the deal.
    won : word or sequence of words, optional
        The outcome words that mean won; all others mean lost, open or no decision. Not needed for won/lost,
        1/0, true/false and yes/no, in any case.

    Returns
    -------
    Survey
        The draft.

    Raises
    ------
    InvalidDeals
        Where the table cannot be read or no column can be asked.
    InvalidArgument
        Where there is no such outcome column, or its words are not understood; the message shows them.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"Status": ["Won", "Lost"], "Budget": ["Yes", "No"], "Fit": [5, 3]})
    >>> survey = infer_survey(frame, outcome="Status")
    >>> [(asked.name, asked.kind) for asked in survey.characteristics]
    [('Budget', 'yes_no'), ('Fit', 'score')]
    """
    table = open_table(frame)
    if table.problems or not len(table):
        raise InvalidDeals(table.problems or f"{table.name} has no rows", "")
    if not isinstance(outcome, str) or outcome not in table:
        problem = table.missing(str(outcome))
        raise InvalidArgument(f"`outcome` of `infer_survey`: {problem.reason} as {outcome!r}; {problem.mend}")
    draft = _Draft()
    outcomes = _outcomes(table.coded(outcome), outcome, won)
    _note_blanks(draft, table, outcome)
    for heading in table.headings:
        if heading and heading != outcome.strip():
            _place(draft, heading, table.coded(heading))
    if not draft.characteristics:
        reason = f"{table.name} has no column that can be asked as a characteristic"
        raise InvalidDeals("\n  - ".join([reason + ":", *draft.notes]))
    name = Path(frame).name if isinstance(frame, str | os.PathLike) else "a table"
    return Survey(
        title=f"Draft from {name}",
        columns=Columns(outcome=outcome.strip(), **draft.roles),
        outcomes=outcomes,
        characteristics=tuple(draft.characteristics),
        notes=tuple(draft.notes),
    )


@dataclass(slots=True)
class _Draft:
    roles: dict[str, str] = field(default_factory=dict)
    characteristics: list[Characteristic] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def name(self, heading: str) -> str:
        """Return a name nobody has yet."""
        taken = {fold(asked.name) for asked in self.characteristics}
        name, number = heading if heading not in RESERVED else f"{heading} (answer)", 2
        while fold(name) in taken:
            name, number = f"{heading} ({number})", number + 1
        return name


def _place(draft: _Draft, heading: str, coded: Coded) -> None:
    clues = clues_of(coded)
    role = role_of(heading, clues, coded)
    if role is not None and role not in draft.roles:
        draft.roles[role] = heading
        draft.notes.append(f"{heading}: holds the {role.replace('_', ' ')}; not drafted as a characteristic.")
        return
    reason = _left_out(clues)
    if reason:
        draft.notes.append(f"{heading}: left out, {reason}.")
        return
    draft.characteristics.append(_characteristic(draft.name(heading), heading, clues))
    if any(fold(answer) == "na" for answer in clues.known):
        draft.notes.append(f"{heading}: NA is drafted as an answer; move it to `unknown` if it is none.")


def _left_out(clues: Clues) -> str:
    """Return why a column cannot be asked, or nothing."""
    beside = " beside unknown or blank" if clues.filled < clues.rows else ""
    if not clues.known:
        return "nothing but blank or unknown"
    if len(clues.known) == 1:
        return f"always {clues.known[0]!r}{beside}"
    if clues.scale:
        return ""
    if clues.all_different:
        return "different in every row, like an id"
    if clues.numbers is not None:
        low, high = number_text(clues.numbers[0]), number_text(clues.numbers[-1])
        return (
            f"numbers from {low} to {high} ({len(clues.numbers)} different), no small scale; "
            "if it is one, add it as a score with low and high"
        )
    if len(clues.known) > FEW:
        return f"{len(clues.known)} different answers, more than {FEW}; it can be added as a choice"
    return ""


def _characteristic(name: str, heading: str, clues: Clues) -> Characteristic:
    unknown = tuple(clues.unknown)
    if clues.scale and clues.numbers:
        low, high = clues.numbers[0], clues.numbers[-1]
        return Characteristic(name=name, column=heading, kind="score", low=low, high=high, unknown=unknown)
    if clues.yes_no:
        answers = _answers(clues.yes_no)
        return Characteristic(name=name, column=heading, kind="yes_no", answers=answers, unknown=unknown)
    if clues.ordered:
        answers = _answers(clues.ordered)
        return Characteristic(name=name, column=heading, kind="ordered", answers=answers, unknown=unknown)
    answers = _answers(clues.known)
    return Characteristic(name=name, column=heading, kind="choice", answers=answers, unknown=unknown)


def _answers(values: Sequence[str]) -> tuple[Answer, ...]:
    return tuple(Answer(value=value) for value in values)


def _outcomes(coded: Coded, column: str, won: Word | Sequence[Word] | None) -> Outcomes:
    found: dict[str, str] = {}
    for text in sorted(set(coded.texts())):
        if text:
            found.setdefault(_outcome_key(text), text)
    told = None if won is None else _told(found, column, won)
    meanings: dict[str, list[str]] = {"won": [], "lost": [], "no_decision": [], "open": []}
    strange = [word for key, word in found.items() if not _meaning(key, told)]
    for key, word in found.items():
        meanings[_meaning(key, told) or "lost"].append(word)
    if strange or not meanings["won"] or not meanings["lost"] or len(found) > MOST_WORDS:
        raise InvalidArgument(_not_understood(column, list(found.values()), told))
    return Outcomes(
        won=tuple(meanings["won"]),
        lost=tuple(meanings["lost"]),
        no_decision=tuple(meanings["no_decision"]),
        open=tuple(meanings["open"]),
    )


def _meaning(key: str, won: set[str] | None) -> str | None:
    known = {"no_decision": NO_DECISION, "open": OPEN}
    known |= {"won": WON, "lost": LOST} if won is None else {"won": won}
    order = ("won", "no_decision", "open", "lost")
    found = next((meaning for meaning in order if key in known.get(meaning, ())), None)
    return found or (None if won is None else "lost")


def _told(found: dict[str, str], column: str, won: Word | Sequence[Word]) -> set[str]:
    words: list[Any] = list(won) if isinstance(won, list | tuple | set | frozenset) else [won]
    keys = {_outcome_key(cell_text(word)) for word in words}
    absent = [word for word in words if _outcome_key(cell_text(word)) not in found]
    if absent or not words:
        shown = ", ".join(map(repr, absent)) or "nothing"
        holds = f"the column {column!r} holds {_shown(list(found.values()))}"
        raise InvalidArgument(f"`won` of `infer_survey` names {shown}, but {holds}.")
    return keys


def _outcome_key(text: str) -> str:
    number = as_number(text)
    return squeeze(text) if number is None else number_text(number)


def _not_understood(column: str, words: list[str], won: set[str] | None) -> str:
    holds = f"the column {column!r} holds {_shown(words)}"
    if len(words) > MOST_WORDS:
        return f"`outcome` of `infer_survey`: {holds}: too many different words for an outcome."
    if won is None:
        return f"`outcome` of `infer_survey`: {holds}; say which mean won, for example won={words[:1]}."
    return f"`won` of `infer_survey`: {holds}; there must be both won and lost deals."


def _shown(words: list[str]) -> str:
    more = f" and {len(words) - MOST_WORDS} more" if len(words) > MOST_WORDS else ""
    return (", ".join(repr(word[:60]) for word in words[:MOST_WORDS]) or "nothing") + more


def _note_blanks(draft: _Draft, table: RawTable, outcome: str) -> None:
    blanks = int(table.coded(outcome).blank().sum())
    if blanks:
        draft.notes.append(f"{outcome.strip()}: {blanks} blank cells, taken as open deals.")
    if table.encoding not in ("", "utf-8", "utf-8-sig"):
        draft.notes.append(f"The file was read as {table.encoding}; check accented letters.")
