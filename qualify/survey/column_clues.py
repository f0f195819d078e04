"""What the cells of a column give away: yes and no, numbers, an order, words and codes for unknown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from qualify._support.words import fold, number_text
from qualify.reading.cells import Coded
from qualify.reading.numbers import Marks, Numbers, read_numbers
from qualify.survey.ordered_words import comparable, in_order, scale_words
from qualify.survey.unknown_words import CODES, MORE_UNKNOWN, UNKNOWN_WORDS

FEW = 12  # different answers a choice may have
SMALL_RANGE = 20  # between the lowest and the highest of a score
HALVES_RANGE = 10  # the same where half points occur
APART_CODES = (
    -1,
    -9,
    -99,
    -8,
    8,
    9,
    88,
    98,
    99,
    77,
    97,
    999,
    998,
    9999,
)  # of "don't know", as surveys have them
FEWEST_STEPS = 3  # of a scale beside which a code can stand apart
RATING = re.compile(r"(?<![\d.])(\d{1,2})\s*(?:-|–|to|bis|à|a|tot|\.\.)\s*(\d{1,2})(?![\d.%])", re.IGNORECASE)
CODE_HEADINGS = """
    code codes class classification category categories occupation sic naics nace isic zip postcode plz
    postal region territory cluster group product kategorie gruppe beruf branche categoria categorie
"""
CODE_WORDS = frozenset(CODE_HEADINGS.split())
PROBED = 200  # different cells that show whether a column holds numbers
MOST = 1e15  # numbers from here on are not told apart as text
LEAST_CODE = 100  # whole numbers from here on are codes where they are few

YES_NO = (
    ("no", "yes"), ("n", "y"), ("false", "true"), ("f", "t"), ("non", "oui"), ("n", "o"), ("nein", "ja"),
    ("n", "j"), ("no", "si"), ("nao", "sim"), ("n", "s"), ("nee", "ja"), ("falsch", "wahr"),
    ("faux", "vrai"), ("falso", "vero"), ("falso", "verdadero"), ("falso", "verdadeiro"),
    ("unchecked", "checked"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Clues:
    """A column in short.

    Attributes
    ----------
    known : list of str
        Its different answers without words for unknown, each in its most frequent spelling, by alphabet.
    unknown : list of str
        Words for unknown that were found and that a survey does not know by itself.
    numbers : list of float or None
        The answers as numbers, ascending, if they all are.
    apart : list of float
        Of these, codes that stand apart from a scale of the others and may mean not known.
    counts : dict
        Rows by answer in `known`.
    filled : int
        Rows with an answer that is known.
    rows : int
        All rows.
    marks : Marks or None
        Marks within the numbers, where the column settles them.
    ambiguous : bool
        Whether its numbers can be read in two ways.
    percent : bool
        Whether the numbers carry a percent sign.
    places : list of int
        For each distinct cell the position of its answer in `known`; their number for unknown and blank.
    """

    known: list[str]
    unknown: list[str]
    numbers: list[float] | None
    apart: list[float]
    counts: Mapping[str, int]
    filled: int
    rows: int
    marks: Marks | None = None
    ambiguous: bool = False
    percent: bool = False
    places: list[int] = field(default_factory=list)

    @property
    def all_different(self) -> bool:
        """Whether no answer stands twice, in a column long enough for that to mean something."""
        return self.filled == len(self.known) > 5

    @property
    def rating(self) -> list[float] | None:
        """The numbers that are no code for unknown."""
        return None if self.numbers is None else [one for one in self.numbers if one not in self.apart]

    @property
    def scale(self) -> bool:
        """Whether the answers are whole numbers in a small range, or half points in a smaller one."""
        if not self.rating or self.percent:
            return False
        span = max(self.rating) - min(self.rating)
        if all(number == int(number) for number in self.rating):
            return span <= SMALL_RANGE
        whole = sum(
            self.counts.get(number_text(number), 0) for number in self.rating if number == int(number)
        )
        halves = all(2 * number == int(2 * number) for number in self.rating)
        return halves and span <= HALVES_RANGE and 2 * whole >= self.filled

    @property
    def yes_no(self) -> list[str] | None:
        """The two answers, the no side first, if they say yes and no."""
        folded = {comparable(answer): answer for answer in self.known}
        for no, yes in YES_NO:
            if set(folded) == {no, yes}:
                return [folded[no], folded[yes]]
        return None

    @property
    def ordered(self) -> list[str] | None:
        """The answers, lowest first, if they have an order."""
        if len(self.known) > FEW:
            return None
        if self.numbers is None:
            return in_order(self.known)
        return self.known if self.percent else None


def clues_of(coded: Coded, unknown: frozenset[str] = frozenset()) -> Clues:
    """Return a column in short.

    Parameters
    ----------
    coded : Coded
        The column.
    unknown : frozenset of str
        Further words that mean unknown, folded.

    Returns
    -------
    Clues
        The same whatever the order of the rows.

    Examples
    --------
    >>> from qualify.reading.cells import code_cells
    >>> clues_of(code_cells(["yes", "No", "Yes", "?", "Yes", None])).yes_no
    ['No', 'Yes']
    >>> clues_of(code_cells([1, 2, 3, 4, 5, 9, 2, 3])).apart
    [9.0]
    """
    texts = coded.texts()
    spellings = _spellings(coded, texts)
    silent = unknown_among([key for key in spellings if key not in unknown]) | (unknown & set(spellings))
    answers = {key: max(sorted(found), key=found.__getitem__) for key, found in spellings.items()}
    known = sorted(key for key in spellings if key not in silent)
    first = {fold(text): place for place, text in reversed(list(enumerate(texts)))}
    numbers = _numbers([coded.values[first[key]] for key in known])
    numeric = bool(known) and (not numbers.faults or numbers.ambiguous)
    sure = numeric and not numbers.ambiguous and all(abs(number) < MOST for number in numbers.values)
    plain = sure and not numbers.percent
    named = dict(zip(known, map(number_text, numbers.values), strict=True)) if plain else answers
    counts = _counts(known, named, spellings)
    values = sorted(set(numbers.values)) if sure else None
    if sure:
        known.sort(key=dict(zip(known, numbers.values, strict=True)).__getitem__)
    shown = list(dict.fromkeys(named[key] for key in known))
    place = {answer: position for position, answer in enumerate(shown)}
    return Clues(
        known=shown,
        unknown=sorted(answers[key] for key in silent if key not in UNKNOWN_WORDS),
        numbers=values,
        apart=[] if values is None else codes_apart(values),
        counts=counts,
        filled=sum(counts.values()),
        rows=len(coded.codes),
        marks=numbers.marks if numeric else None,
        ambiguous=numeric and numbers.ambiguous,
        percent=numeric and numbers.percent,
        places=[place.get(named.get(fold(text), ""), len(place)) for text in texts],
    )


def _numbers(cells: Sequence[object]) -> Numbers:
    """Read cells as numbers, unless the first of them are none already."""
    start = read_numbers(cells[:PROBED])
    if len(cells) <= PROBED or (start.faults and not start.ambiguous):
        return start
    return read_numbers(cells)


def _counts(
    known: Sequence[str], named: Mapping[str, str], spellings: Mapping[str, Mapping[str, int]]
) -> Counter[str]:
    counts: Counter[str] = Counter()
    for key in known:
        counts[named[key]] += sum(spellings[key].values())
    return counts


def _spellings(coded: Coded, texts: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return how often each spelling of each answer occurs."""
    counts = np.bincount(coded.codes[coded.codes >= 0], minlength=len(coded.values)).tolist()
    spellings: dict[str, dict[str, int]] = {}
    for text, count in zip(texts, counts, strict=True):
        if text and count:
            found = spellings.setdefault(fold(text), {})
            found[text] = found.get(text, 0) + count
    return spellings


def codes_apart(numbers: Sequence[float]) -> list[float]:
    """Return the numbers that stand apart from a scale of the others, such as 9 beside 1 to 5.

    Parameters
    ----------
    numbers : sequence of float
        Different ones, ascending.

    Returns
    -------
    list of float
        Only usual codes of "don't know" with a gap of at least two steps (or below nought).

    Examples
    --------
    >>> codes_apart([1, 2, 3, 4, 5, 9]), codes_apart([1, 2, 3, 5, 8]), codes_apart([-1, 1, 2, 3])
    ([9.0], [], [-1.0])
    """
    rest = [float(number) for number in numbers]
    apart: list[float] = []
    if len(rest) <= FEWEST_STEPS:
        return apart
    while len(rest) > FEWEST_STEPS and rest[-1] in APART_CODES and rest[-1] - rest[-2] > 2:
        apart.append(rest.pop())
    while len(rest) > FEWEST_STEPS and rest[0] in APART_CODES and rest[0] < 0 <= rest[1]:
        apart.append(rest.pop(0))
    every_step = rest[-1] - rest[0] == len(rest) - 1
    few_steps = all(number == int(number) for number in rest) and rest[-1] - rest[0] <= SMALL_RANGE
    plain = every_step or (few_steps and all(abs(code) > SMALL_RANGE for code in apart))
    return sorted(apart) if plain else []


def range_in(heading: str) -> tuple[float, float] | None:
    """Return the ends of a rating that a heading names, as in "Need (1-5)"; None where it names none."""
    match = RATING.search(heading)
    low, high = (float(end) for end in match.groups()) if match else (0.0, 0.0)
    return (low, high) if match and low in (0, 1) and low + 1 < high <= SMALL_RANGE else None


def are_codes(heading_words: str, numbers: Sequence[float]) -> bool:
    """Return whether few whole numbers are codes without order, by their size or by the heading.

    Parameters
    ----------
    heading_words : str
        The heading in lower case.
    numbers : sequence of float
        Different ones, ascending.

    Returns
    -------
    bool
        Never for more than 12 different ones.
    """
    whole = all(number == int(number) for number in numbers)
    if not whole or not 2 < len(numbers) <= FEW:
        return False
    large = numbers[0] >= LEAST_CODE and len({len(number_text(number)) for number in numbers}) == 1
    return large or heading_words.rpartition(" ")[2] in CODE_WORDS


def unknown_among(words: Sequence[str]) -> set[str]:
    """Return the words that mean unknown; a code such as NA only where the others leave no doubt.

    Parameters
    ----------
    words : sequence of str
        The different words of a column, folded.

    Returns
    -------
    set of str
        Some of them.
    """
    plain = {word for word in words if word in UNKNOWN_WORDS or word in MORE_UNKNOWN}
    rest = [word for word in words if word not in plain and word not in CODES]
    clear = not _numbers(rest).faults
    if not clear and len(rest) <= PROBED:
        told = {comparable(word) for word in rest}
        clear = any(told <= some for some in [*map(set, YES_NO), *scale_words()])
    codes = {word for word in words if word in CODES}
    return plain | codes if rest and clear else plain | (codes - {"na"})
