"""Where everything of the workbook stands: words, ranges and answers of every question, and their cells."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from openpyxl.utils import get_column_letter

from qualify.exports.rules import Choice, Question, Rules
from qualify.formatting.formats import clean
from qualify.survey import UNKNOWN

DEALS = 500  # rows of the sheet Batch
FIRST_POINTS = 5  # first row of the tables in Points
FIRST_LIST = 2  # of those in Lists
FIRST_DEAL = 6  # of the deals in Batch, and of their workings
CALCULATOR = FIRST_DEAL - 1  # row of the calculator's deal in Workings
FIRST_QUESTION = 13  # of the questions in Calculator
LONGEST = 32_767  # characters of a cell
SHOWN = 200  # characters of an answer in a list, a name in a table
_OUTSIDE_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
Word = tuple[str, int]
_CODE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_SPACES = str.maketrans({"\t": " ", "\n": " ", "\r": " ", "\xa0": " "})
# Letters and signs that Python takes as the same; word processors write the latter unasked.
SAME = {
    "\u2019": "'",
    "\u2018": "'",
    "\u201c": '"',
    "\u201d": '"',
    "\u2013": "-",
    "\u2014": "-",
    "ß": "ss",
    "ς": "σ",
}
_LETTERS = str.maketrans(SAME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A question and where the workbook holds it.

    Attributes
    ----------
    question : Question
        The question.
    first : int
        Number of its first answer; answers are numbered over all questions, from 1, as Points lists them.
    labels : tuple of str
        What drop-down lists offer.
    words : tuple of (str, int)
        Each accepted word, its spaces made one, and the number of its answer.
    label_row, word_row, range_row : int
        First rows of its labels, words and ranges in Lists.
    text, trimmed, number, answer : str
        Its columns in Workings; `number` is empty where words answer.
    """

    question: Question
    first: int
    labels: tuple[str, ...]
    words: tuple[Word, ...]
    label_row: int
    word_row: int
    range_row: int
    text: str
    trimmed: str
    number: str
    answer: str

    @property
    def ranges(self) -> tuple[tuple[float, float, int], ...]:
        """Lowest number, the number below which, and the number of the answer."""
        choices = enumerate(self.question.choices, start=self.first)
        return tuple((choice.low, choice.high, number) for number, choice in choices if choice.is_range)

    @property
    def blank(self) -> int:
        """Number of the answer that a blank cell gives; 0 where it gives none."""
        return next(
            (n for n, choice in enumerate(self.question.choices, self.first) if "" in choice.words), 0
        )

    @property
    def unknown(self) -> int:
        """Number of the answer `unknown`, the last."""
        return self.first + len(self.question.choices) - 1

    @property
    def gates(self) -> tuple[tuple[int, float], ...]:
        """Number and limit of each answer that trips a gate."""
        choices = enumerate(self.question.choices, start=self.first)
        return tuple((number, choice.limit) for number, choice in choices if choice.limit < 1.0)

    @property
    def gain(self) -> int:
        """Points that the best answer earns beyond `unknown`."""
        return self.question.largest - self.question.choices[-1].points


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The whole workbook's plan.

    Attributes
    ----------
    rules : Rules
        What it renders.
    placed : tuple of Placed
        The questions.
    filled, score, limit : str
        Columns of Workings: whether the row holds a deal, its score, the most its probability can be.
    """

    rules: Rules
    placed: tuple[Placed, ...]
    filled: str
    score: str
    limit: str

    @property
    def answers(self) -> int:
        """How many answers Points lists."""
        return sum(len(question.choices) for question in self.rules.questions)


def plan_of(rules: Rules) -> Plan:
    """Give every question its rows and columns.

    Parameters
    ----------
    rules : Rules
        From `rules_of`.

    Returns
    -------
    Plan
        The same for the same rules.

    Examples
    --------
    >>> no = Choice(answer="No", points=0, words=("no",))
    >>> question = Question(name="Met", column="met", text="Met?", choices=(no,))
    >>> rules = Rules(title="", version="1", deal_column=None, questions=(question,),
    ...               start=0, probabilities=(0.5,), first_inside=0, first_above=1)
    >>> plan = plan_of(rules)
    >>> plan.placed[0].words, plan.placed[0].answer, plan.score
    ((('no', 1),), 'D', 'F')
    """
    size = len(rules.questions)
    numbers = sum(question.is_number for question in rules.questions)
    placed: list[Placed] = []
    first, label_row, word_row, range_row, number = 1, FIRST_LIST, FIRST_LIST, FIRST_LIST, 2 + 2 * size
    for k, question in enumerate(rules.questions):
        labels, words = _labels_and_words(question, first)
        one = Placed(
            question=question, first=first, labels=labels, words=words,
            label_row=label_row, word_row=word_row, range_row=range_row,
            text=get_column_letter(2 + k), trimmed=get_column_letter(2 + size + k),
            number=get_column_letter(number) if question.is_number else "",
            answer=get_column_letter(2 + 2 * size + numbers + k),
        )  # fmt: skip
        placed.append(one)
        first += len(question.choices)
        label_row, word_row = label_row + len(labels), word_row + len(words)
        range_row, number = range_row + len(one.ranges), number + question.is_number
    end = 2 + 3 * size + numbers
    filled, score, limit = (get_column_letter(end + k) for k in range(3))
    return Plan(rules=rules, placed=tuple(placed), filled=filled, score=score, limit=limit)


def place(number: int) -> int:
    """Row of an answer in Points.

    Parameters
    ----------
    number : int
        Of the answer, from 1.

    Returns
    -------
    int
        Row.
    """
    return FIRST_POINTS + number - 1


def shown(text: object, most: int = SHOWN) -> str:
    r"""Return text as people read it in a cell.

    Parameters
    ----------
    text : object
        A name, a question, an answer.
    most : int
        Longer text is cut.

    Returns
    -------
    str
        One line that any cell can hold.

    Examples
    --------
    >>> shown("=a\nb"), shown("abcdef", most=4)
    ('=a b', 'abc…')
    """
    line = _OUTSIDE_XML.sub("\ufffd", clean(text))
    return line if len(line) <= most else line[: most - 1] + "…"


def written(text: str) -> str:
    """Return text as the file holds it, where some of it would be read as a code of a character.

    Parameters
    ----------
    text : str
        A cell's text.

    Returns
    -------
    str
        The text escaped.

    Examples
    --------
    >>> written("plain _x0041_")
    'plain _x005F_x0041_'
    """
    return _CODE.sub("_x005F_", text).replace("\r", "_x000D_")


def _labels_and_words(question: Question, first: int) -> tuple[tuple[str, ...], tuple[Word, ...]]:
    """Drop-down entries, each accepted, and every accepted word, the first answer that has it first."""
    taken: dict[str, int] = {}
    choices = [(number, choice) for number, choice in enumerate(question.choices, first) if choice.words]
    for number, choice in choices:
        _take(taken, choice.words, number)
    for number, choice in choices:
        # A spreadsheet neither composes accents nor folds case as Python does: other spellings are listed.
        own = [] if choice.answer == UNKNOWN else [_lower(choice.answer)]
        spelt = [
            unicodedata.normalize(form, word) for word in (*own, *choice.words) for form in ("NFC", "NFD")
        ]
        _take(taken, spelt, number)
    labels = []
    for number, choice in choices:
        if label := _label(choice, number, taken):
            labels.append(label)
            _take(taken, [_lower(label)], number)
    words = sorted(taken.items(), key=lambda entry: entry[1])
    return tuple(labels), tuple(words)


def _take(taken: dict[str, int], words: Iterable[str], number: int) -> None:
    for word in words:
        if word.strip() and not _OUTSIDE_XML.search(word) and len(written(word)) <= LONGEST:
            taken.setdefault(_squeezed(word), number)


def _label(choice: Choice, number: int, taken: dict[str, int]) -> str:
    """Return a short line that no other answer of the question has; empty where only a blank gives it."""
    named = choice.answer
    if named == UNKNOWN and UNKNOWN not in choice.words:
        named = next((word for word in choice.words if word), "")
    line = shown(named) or ("(no name)" if named else "")
    for copy in range(2, len(taken) + 3):
        if taken.get(_lower(line), number) == number:
            break
        line = f"{shown(named, SHOWN - 8)} ({copy})"
    return line


def _squeezed(word: str) -> str:
    return " ".join(part for part in word.translate(_SPACES).split(" ") if part)


def _lower(text: str) -> str:
    return _squeezed(text).lower().translate(_LETTERS)
