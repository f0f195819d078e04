"""What the cells and the heading of a column give away: a role, a kind, an order, words for unknown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qualify.reading.cells import Coded, cell_text
from qualify.reading.dates import read_dates
from qualify.survey.model import UNKNOWN_WORDS
from qualify.words import as_number, fold, number_text

FEW = 12  # different answers a choice may have
SMALL_RANGE = 20  # between the lowest and the highest of a score

YES_NO = (("no", "yes"), ("n", "y"), ("false", "true"), ("f", "t"), ("non", "oui"), ("nein", "ja"))

# Ranks, lowest first; words of one rank mean the same.
SCALES: tuple[tuple[tuple[str, ...], ...], ...] = (
    (("none",), ("very low",), ("low",), ("mid", "medium", "med", "moderate"), ("high",), ("very high",)),
    (("very small", "tiny"), ("small",), ("mid", "medium", "mid-size"), ("big", "large"), ("very large",)),
    (("none",), ("little", "few"), ("some", "partial"), ("most",), ("full", "all", "complete")),
    (("very poor",), ("poor", "bad"), ("fair", "average", "ok"), ("good",), ("very good",), ("excellent",)),
    (("never",), ("rarely",), ("sometimes",), ("often",), ("always",)),
    (("weak",), ("mid", "medium", "moderate"), ("strong",)),
    (("unimportant", "not important"), ("average important", "somewhat important"), ("important",),
     ("very important",)),
    (("strongly disagree",), ("disagree",), ("neutral",), ("agree",), ("strongly agree",)),
    (("no", "negative"), ("neutral", "partly", "maybe"), ("yes", "positive")),
    (("decline", "slow down", "shrinking"), ("stable", "flat"), ("growth", "growing")),
    (("cold",), ("warm",), ("hot",)),
)  # fmt: skip

# Words that mean unknown beside those every survey knows; NA only where it can be no answer (North America).
MORE_UNKNOWN = {"not available", "no answer", "not asked", "unspecified", "missing", "tbc", "-", "--", "..."}
CODES = {"na", "nan", "null", "#n/a", "<na>"}

ROLES: dict[str, tuple[str, ...]] = {
    "deal": ("deal_id", "dealid", "deal", "opportunity_id", "opportunityid", "opp_id", "opportunity", "id"),
    "close_date": ("close_date", "closed_date", "closedate", "date_closed", "closed_on", "closing_date"),
    "survey_date": ("survey_date", "surveyed_on", "date_surveyed", "date_of_survey"),
    "created_date": ("created_date", "createdate", "create_date", "date_created", "created_on", "created_at"),
    "value": ("deal_value", "value", "amount", "deal_amount", "opportunity_value", "contract_value", "acv"),
    "effort": ("effort", "hours", "hours_spent", "hours_logged", "effort_hours", "days_spent"),
    "rep": ("rep", "sales_rep", "owner", "opportunity_owner", "deal_owner", "account_executive", "seller",
            "salesperson"),
    "account": ("account_id", "account", "account_name", "customer_id", "customer", "customer_name",
                "company", "company_name"),
    "segment": ("segment", "market_segment", "customer_segment"),
    "respondent": ("respondent", "surveyed_by", "answered_by"),
}  # fmt: skip


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
        The answers as numbers, if they all are.
    filled : int
        Rows with an answer that is known.
    rows : int
        All rows.
    """

    known: list[str]
    unknown: list[str]
    numbers: list[float] | None
    filled: int
    rows: int

    @property
    def all_different(self) -> bool:
        """Whether no answer stands twice, in a column long enough for that to mean something."""
        return self.filled == len(self.known) > 5

    @property
    def scale(self) -> bool:
        """Whether the answers are whole numbers in a small range."""
        if not self.numbers or any(number != int(number) for number in self.numbers):
            return False
        return max(self.numbers) - min(self.numbers) <= SMALL_RANGE

    @property
    def yes_no(self) -> list[str] | None:
        """The two answers, the no side first, if they say yes and no."""
        folded = {fold(answer): answer for answer in self.known}
        for no, yes in YES_NO:
            if set(folded) == {no, yes}:
                return [folded[no], folded[yes]]
        return None

    @property
    def ordered(self) -> list[str] | None:
        """The answers, lowest first, if each has a rank of its own in one known scale."""
        for scale in SCALES:
            ranks = {word: rank for rank, words in enumerate(scale) for word in words}
            found = {ranks.get(fold(answer)): answer for answer in self.known}
            if None not in found and len(found) == len(self.known) > 1:
                return [answer for _, answer in sorted(found.items(), key=lambda pair: pair[0] or 0)]
        return None


def clues_of(coded: Coded) -> Clues:
    """Return a column in short.

    Parameters
    ----------
    coded : Coded
        The column.

    Returns
    -------
    Clues
        The same whatever the order of the rows.

    Examples
    --------
    >>> from qualify.reading.cells import code_cells
    >>> clues_of(code_cells(["yes", "No", "Yes", "?", "Yes", None])).yes_no
    ['No', 'Yes']
    """
    counts = np.bincount(coded.codes[coded.codes >= 0], minlength=len(coded.values)).tolist()
    spellings: dict[str, dict[str, int]] = {}
    for text, count in zip(coded.texts(), counts, strict=True):
        if text and count:
            found = spellings.setdefault(fold(text), {})
            found[text] = found.get(text, 0) + count
    unknown = _unknown(list(spellings))
    answers = {key: max(sorted(found), key=found.__getitem__) for key, found in spellings.items()}
    known = sorted(key for key in spellings if key not in unknown)
    numbers = {number for number in map(as_number, known) if number is not None and abs(number) < 1e15}
    numeric = bool(known) and all(as_number(key) in numbers for key in known)
    texts = [number_text(number) for number in sorted(numbers)]
    return Clues(
        known=texts if numeric else [answers[key] for key in known],
        unknown=sorted(answers[key] for key in unknown if key not in UNKNOWN_WORDS),
        numbers=sorted(numbers) if numeric else None,
        filled=sum(sum(spellings[key].values()) for key in known),
        rows=len(coded.codes),
    )


def role_of(heading: str, clues: Clues, coded: Coded) -> str | None:
    """Return what a column holds beside answers, if its name says so and its cells agree.

    Parameters
    ----------
    heading : str
        Its heading.
    clues : Clues
        The column in short.
    coded : Coded
        The column.

    Returns
    -------
    str or None
        A field of `Columns`.
    """
    role = next((role for role, names in ROLES.items() if plain_name(heading) in names), None)
    if role is None or not clues.known or clues.yes_no or clues.ordered or clues.unknown:
        return None
    if role == "deal":
        fits = clues.filled == len(clues.known) == clues.rows
    elif role.endswith("_date"):
        dates = read_dates(coded.values)
        fits = all(fold(cell_text(coded.values[place])) in UNKNOWN_WORDS for place in dates.faults)
    elif role in ("value", "effort"):
        fits = clues.numbers is not None and not clues.scale
    elif role == "account":
        fits = len(clues.known) > FEW or len(clues.known) > clues.filled / 2
    else:
        fits = len(clues.known) > 1 and not (clues.numbers and role == "segment" and len(clues.known) > FEW)
    return role if fits else None


def plain_name(heading: str) -> str:
    """Return a heading in lower case, its words joined by underscores.

    Parameters
    ----------
    heading : str
        As written.

    Returns
    -------
    str
        The comparable form.

    Examples
    --------
    >>> plain_name("Close Date"), plain_name("closeDate"), plain_name("Deal-ID")
    ('close_date', 'close_date', 'deal_id')
    """
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", heading)
    return re.sub(r"[\W_]+", "_", parted).strip("_").lower()


def _unknown(words: Sequence[str]) -> set[str]:
    """Return the words that mean unknown; a code such as NA only where the others leave no doubt."""
    plain = {word for word in words if word in UNKNOWN_WORDS or word in MORE_UNKNOWN}
    rest = [word for word in words if word not in plain and word not in CODES]
    known = [set(pair) for pair in YES_NO] + [{word for rank in scale for word in rank} for scale in SCALES]
    clear = all(as_number(word) is not None for word in rest) or any(set(rest) <= words for words in known)
    codes = {word for word in words if word in CODES}
    return plain | codes if rest and clear else plain | (codes - {"na"})
