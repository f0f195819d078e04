"""What the words of the outcome column mean: understood or told, never guessed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qualify._support.words import as_number, clean_text, number_text, squeeze
from qualify.errors import InvalidArgument, Problem
from qualify.reading.cells import Coded, cell_text
from qualify.reading.source import RawTable
from qualify.survey.model import Note, Outcomes
from qualify.survey.outcome_words import heading_says, meaning_of, named_in, plain_words, says_yes

Syntax = Literal["python", "command line"]

MEANINGS = ("won", "lost", "no decision", "open", "leave out")
MOST_WORDS = 20  # different words that nobody understands; more of them are no outcome
OBVIOUS = {"won", "lost", "open", "closedwon", "closedlost"}
INITIALS = {
    "w": "won",
    "l": "lost",
    "g": "won",
    "v": "lost",
    "p": "lost",
}  # won, gewonnen; lost, verloren, perdu
# What a word that is not understood may mean, for the line to write; never taken without being told.
LIKELY = {
    "no decision": "abandon|cancel|withdr|dead|expir|no bid|stall|abgebroch|storn|annul",
    "leave out": "duplic|delet|test|omit|merge|archiv|dublette|geloscht|dubbel|error",
    "lost": "compet|wettbew|konkurr|concurr|concorr|they won|reject|declin|disqual|unqual|out sold|outsold|"
    "not won|fail|abgelehnt|refus",
    "won": "sold|signed|success|order|accepted|converted|good|auftrag|signe",
}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Mapped:
    """What the outcome column was taken as.

    Attributes
    ----------
    columns : dict
        outcome, and closed or lost where a second column says it, as in `Columns`.
    outcomes : Outcomes
        The words.
    ended : ndarray of object
        What became of each row, as in `MEANINGS`; a blank cell is an open deal.
    notes : tuple of Note
        What was taken as what, where that is not obvious.
    """

    columns: dict[str, str]
    outcomes: Outcomes
    ended: NDArray[np.object_]
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Asked:
    """A question about outcomes, and how to write the answer to it.

    Attributes
    ----------
    syntax : {"python", "command line"}
        Where the question is asked.
    given : mapping
        Words by meaning, as the caller gave them.
    undated : callable
        Returns which rows have no close date; None where the table has no such column.
    """

    syntax: Syntax
    given: Mapping[str, Sequence[str]]
    undated: Callable[[], NDArray[np.bool_] | None]

    def flag(self, meaning: str, words: Sequence[str]) -> str:
        """Return what to write for words of a meaning."""
        name = meaning.replace(" ", "_")
        if self.syntax == "python":
            return f"{name}={list(words)!r}"
        return " ".join(f'--{name.replace("_", "-")} "{word}"' for word in words)

    def columns(self, headings: Sequence[str]) -> str:
        """Return what to write for outcome columns."""
        if self.syntax == "python":
            return f"outcome={list(headings) if len(headings) > 1 else headings[0]!r}"
        return " ".join(f'--outcome "{heading}"' for heading in headings)

    def flags(self, words: Mapping[str, Sequence[str]]) -> str:
        """Return what to write for words of several meanings."""
        apart = ", " if self.syntax == "python" else " "
        return apart.join(self.flag(meaning, some) for meaning, some in words.items() if some)

    @property
    def where(self) -> str:
        """How the argument is called in messages."""
        return "`outcome` of `infer_survey`" if self.syntax == "python" else "--outcome"


def map_outcomes(table: RawTable, headings: Sequence[str], asked: Asked) -> Mapped:
    """Say what the words of the outcome column, or of two columns, mean.

    Parameters
    ----------
    table : RawTable
        The table; it has the columns.
    headings : sequence of str
        One column; or one that says won or not, and one that says closed (or lost) or not.
    asked : Asked
        What the caller told, and how to ask for more.

    Returns
    -------
    Mapped
        The words and what became of each row.

    Raises
    ------
    InvalidArgument
        With every word that is not understood, its number of rows and the line to write; where won or lost
        are missing; where another column contradicts.
    """
    outcome, second = _which_says_what(headings, asked)
    found = _words(table.coded(outcome), outcome, asked)
    meanings = _meanings(found, outcome, second, asked)
    _refuse_not_understood(table, outcome, found, meanings, asked)
    _refuse_one_sided(outcome, found, meanings, asked)
    ended = _ended(table.coded(outcome), meanings)
    yes: tuple[str, ...] = ()
    if second:
        ((_, heading),) = second.items()
        yes = tuple(word for word in _words(table.coded(heading), heading, asked).values() if says_yes(word))
        ended = _with_second(ended, table.coded(heading))
    else:
        _refuse_open_ones(table, outcome, found, ended, asked)
    by_meaning = {one: tuple(word for key, word in found.items() if meanings[key] == one) for one in MEANINGS}
    return Mapped(
        columns={"outcome": outcome} | second,
        outcomes=Outcomes(
            won=by_meaning["won"],
            lost=by_meaning["lost"],
            no_decision=by_meaning["no decision"],
            open=by_meaning["open"],
            leave_out=by_meaning["leave out"],
            closed=yes,
        ),
        ended=ended,
        notes=_notes(table.coded(outcome), outcome, second, by_meaning, ended),
    )


def outcome_key(text: str) -> str:
    """Return the form in which outcome words are compared: without case and space, numbers by their value."""
    number = as_number(text)
    return squeeze(text) if number is None else number_text(number)


def told_words(words: object) -> list[str]:
    """Return words that a caller gave, one or several, as text."""
    several: list[Any] = list(words) if isinstance(words, list | tuple | set | frozenset) else [words]
    return [cell_text(word) for word in several]


def _which_says_what(headings: Sequence[str], asked: Asked) -> tuple[str, dict[str, str]]:
    """Return the column of outcome words, and the second one by what it says."""
    if len(headings) == 1:
        return headings[0], {}
    says = {heading: heading_says(heading) for heading in headings}
    second = {what: heading for what in ("closed", "lost") for heading in headings if says[heading] == what}
    if len(headings) == 2 and len(second) == 1:
        ((what, heading),) = second.items()
        other = next(one for one in headings if one != heading)
        return other, {what: heading}
    reason = f"{asked.where}: two columns must be one that says won and one that says closed (or lost)"
    raise InvalidArgument(f"{reason}, by their headings; got {', '.join(map(repr, headings))}.")


def _words(coded: Coded, column: str, asked: Asked) -> dict[str, str]:
    """Return the different words by the form in which they are compared."""
    there = set(coded.codes.tolist())
    found: dict[str, str] = {}
    texts = _texts(coded)
    for text in sorted({text for place, text in enumerate(texts) if place in there}):
        if text:
            found.setdefault(outcome_key(text), text)
    return found


def _texts(coded: Coded) -> list[str]:
    """Return the distinct cells as text; an error such as #N/A is a word, for it is no open deal."""
    return [clean_text(cell_text(value)) for value in coded.values]


def _meanings(
    found: Mapping[str, str], column: str, second: Mapping[str, str], asked: Asked
) -> dict[str, str | None]:
    told: dict[str, str] = {}
    for meaning, words in asked.given.items():
        absent = [word for word in words if outcome_key(word) not in found]
        twice = [word for word in words if told.get(outcome_key(word), meaning) != meaning]
        if absent or twice or not words:
            shown = ", ".join(map(repr, absent or twice)) or "nothing"
            what = "a word given to two meanings" if twice else f"but {_holds(column, list(found.values()))}"
            name = f"`{meaning.replace(' ', '_')}` of `infer_survey`"
            raise InvalidArgument(f"{name} names {shown}, {what}.")
        told |= {outcome_key(word): meaning for word in words}
    understood = {key: told.get(key) or meaning_of(word) for key, word in found.items()}
    open_words = [key for key, meaning in understood.items() if meaning is None]
    flags = {key: says_yes(found[key]) for key in open_words}
    if open_words and None not in flags.values():
        understood |= _yes_and_no(flags, column, second, asked)
    return understood


def _yes_and_no(
    flags: Mapping[str, bool | None], column: str, second: Mapping[str, str], asked: Asked
) -> dict[str, str]:
    """Return what yes and no mean in a column that says whether a deal was won."""
    says = heading_says(column)
    if says in ("closed", "open", "lost"):
        example = asked.columns([column, "Won"]) if says == "closed" else asked.columns(["Won", column])
        alone = f"{asked.where}: {column!r} says whether a deal is {says}, which is not whether it was won"
        raise InvalidArgument(f"{alone}; name the column that says won as well, for example {example}.")
    return {key: "won" if yes else "lost" for key, yes in flags.items()}


def _refuse_not_understood(
    table: RawTable, column: str, found: Mapping[str, str], meanings: Mapping[str, str | None], asked: Asked
) -> None:
    strange = {key: word for key, word in found.items() if meanings[key] is None}
    if not strange:
        return
    if len(strange) > MOST_WORDS:
        holds = _holds(column, list(strange.values()))
        raise InvalidArgument(f"{asked.where}: {holds}: too many different words for an outcome.")
    undated = asked.undated()
    rows = {key: _rows(table.coded(column), key) for key in strange}
    likely = _likely(strange, rows, undated, meanings)
    order = sorted(strange, key=lambda key: (-int(rows[key].sum()), strange[key]))
    problems = [
        Problem(reason=_counted(rows[key], undated), mend=f"write {asked.flag(likely[key], [strange[key]])}",
                column=column, value=strange[key])
        for key in order
    ]  # fmt: skip
    guess = asked.flags({one: [strange[key] for key in order if likely[key] == one] for one in MEANINGS})
    heading = (
        f"{asked.where}: {_counted_words(len(strange))} of {column!r} not understood. Say for each whether "
        f"it means won, lost, no decision, open or leave out. A guess to correct: {guess}"
    )
    raise InvalidArgument(problems, heading)


def _counted_words(n: int) -> str:
    return "1 word" if n == 1 else f"{n} words"


def _refuse_one_sided(
    column: str, found: Mapping[str, str], meanings: Mapping[str, str | None], asked: Asked
) -> None:
    """Refuse a column without a word for won, or without one for lost."""
    missing = [one for one in ("won", "lost") if one not in meanings.values()]
    if missing:
        holds = _holds(column, list(found.values()))
        example = asked.flag(missing[0], list(found.values())[:1] or ["..."])
        reason = f"{holds}; there must be both won and lost deals, and no word means {missing[0]}"
        raise InvalidArgument(f"{asked.where}: {reason}. Write which does, for example {example}.")


def _ended(coded: Coded, meanings: Mapping[str, str | None]) -> NDArray[np.object_]:
    known = [meanings.get(outcome_key(text)) if text else "open" for text in _texts(coded)]
    return np.array([*known, "open"], dtype=object)[coded.codes]


def _with_second(ended: NDArray[np.object_], coded: Coded) -> NDArray[np.object_]:
    """Take a deal that was not won as open where the second column does not say yes."""
    yes = np.array([*(says_yes(text) is True for text in coded.texts()), False])[coded.codes]
    return np.where((ended == "lost") & ~yes, "open", ended)


def _refuse_open_ones(
    table: RawTable, outcome: str, found: Mapping[str, str], ended: NDArray[np.object_], asked: Asked
) -> None:
    """Refuse a column of yes and no that says no of deals which another column says are open."""
    if any(says_yes(word) is None for word in found.values()):
        return
    for heading in table.headings:
        if not heading or heading == outcome:
            continue
        open_ones = _open_rows(table.coded(heading), heading)
        if open_ones is None:
            continue
        n = int(((ended == "lost") & open_ones).sum())
        if n:
            pair = [heading, outcome] if heading_says(heading) == "closed" else [heading]
            reason = f"{n:,} deals of which {outcome!r} says no are still open by {heading!r}"
            raise InvalidArgument(f"{asked.where}: {reason}; write {asked.columns(pair)}.")


def _open_rows(coded: Coded, heading: str) -> NDArray[np.bool_] | None:
    """Return which rows a column says are open; None where it says nothing of the kind."""
    texts = coded.texts()
    if len(texts) > 3 * MOST_WORDS or not any(texts):
        return None
    if heading_says(heading) == "closed" and all(says_yes(text) is not None for text in texts if text):
        says = [says_yes(text) is False for text in texts]
    else:
        meanings = [meaning_of(text) if text else None for text in texts]
        unclear = any(meaning is None and text for meaning, text in zip(meanings, texts, strict=True))
        if unclear or not {"won", "open"} <= set(meanings):
            return None
        says = [meaning == "open" for meaning in meanings]
    return np.array([*says, False])[coded.codes]


def _notes(
    coded: Coded,
    column: str,
    second: Mapping[str, str],
    words: Mapping[str, Sequence[str]],
    ended: NDArray[np.object_],
) -> tuple[Note, ...]:
    """Say what was taken as what, where a word is not plainly won, lost or open."""
    notes = []
    taken = [word for meaning in MEANINGS for word in words[meaning]]
    if second or not {squeeze(word) for word in taken} <= OBVIOUS:
        parts = [f"{one}: {_with_rows(coded, words[one])}" for one in MEANINGS if words[one]]
        notes.append(Note(f"taken as {'; '.join(parts)}.", column=column, decision="outcome"))
    for what, heading in second.items():
        n = int((ended == "open").sum())
        text = f"says whether a deal is {what}; {n:,} deals that are not won and not {what} here are open."
        notes.append(Note(text, column=heading, decision="outcome"))
    blanks = int(coded.blank().sum())
    if blanks:
        cells = (
            "1 blank cell, taken as an open deal"
            if blanks == 1
            else f"{blanks:,} blank cells, taken as open deals"
        )
        notes.append(Note(f"{cells}.", column=column, decision="outcome"))
    if words["no decision"]:
        text = "deals without a decision count as lost; write no_decision_as: leave_out to leave them out."
        notes.append(Note(text, column=column, decision="asked about"))
    return tuple(notes)


def _with_rows(coded: Coded, words: Sequence[str]) -> str:
    return ", ".join(f"{word} ({int(_rows(coded, outcome_key(word)).sum()):,})" for word in words)


def _rows(coded: Coded, key: str) -> NDArray[np.bool_]:
    same = [outcome_key(text) == key if text else False for text in _texts(coded)]
    return np.array([*same, False])[coded.codes]


def _counted(rows: NDArray[np.bool_], undated: NDArray[np.bool_] | None) -> str:
    n = int(rows.sum())
    counted = f"{n:,} row" if n == 1 else f"{n:,} rows"
    without = 0 if undated is None else int((rows & undated).sum())
    dates = "" if undated is None else f", {without:,} of them without a close date"
    return f"not understood ({counted}{dates})"


def _likely(
    strange: Mapping[str, str],
    rows: Mapping[str, NDArray[np.bool_]],
    undated: NDArray[np.bool_] | None,
    meanings: Mapping[str, str | None],
) -> dict[str, str]:
    """Return what each word may mean, as a suggestion."""
    guess: dict[str, str] = {}
    for key, word in strange.items():
        plain = " ".join(plain_words(word))
        named = (one for one, stems in LIKELY.items() if any(stem in plain for stem in stems.split("|")))
        found = next(named, None) or named_in(word) or INITIALS.get(plain)
        if found is None and undated is not None and bool(undated[rows[key]].all()):
            found = "open"
        if found is not None:
            guess[key] = found
    for key in strange:
        there = {*meanings.values(), *guess.values()}
        missing = next((one for one in ("won", "lost") if one not in there), "no decision")
        guess.setdefault(key, missing)
    return guess


def _holds(column: str, words: Sequence[str]) -> str:
    more = f" and {len(words) - MOST_WORDS} more" if len(words) > MOST_WORDS else ""
    shown = ", ".join(repr(word[:60]) for word in words[:MOST_WORDS]) or "nothing"
    return f"the column {column!r} holds {shown}{more}"
