"""Gathers the cells of a table that do not fit, so that all of them are told at once."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qualify.errors import Problem
from qualify.reading.cells import Coded

MOST_ROWS = 10_000  # of one column told singly; the rest of them in one line

Fault = tuple[str, str]  # what is wrong with a cell, and how to mend it


@dataclass(slots=True)
class Faults:
    """What is wrong with a table.

    Attributes
    ----------
    rows : ndarray of int64
        Row of each record as a spreadsheet shows it.
    general : list of Problem
        What concerns the whole table or a whole column.
    first : list of Problem
        The first cell of each wrong value.
    again : list of Problem
        Its repetitions: told last, so that the first lines of a message show every kind of fault.
    aside : list or None
        Where words that are no answer of the survey are put aside, to count as unknown: the characteristic,
        the word, and the rows that have it. None where they are faults.
    """

    rows: NDArray[np.int64]
    general: list[Problem] = field(default_factory=list)
    first: list[Problem] = field(default_factory=list)
    again: list[Problem] = field(default_factory=list)
    aside: list[tuple[str, str, NDArray[np.bool_]]] | None = None

    def put_aside(self, name: str, coded: Coded, wrong: dict[int, Fault]) -> None:
        """Put aside words that are no answers of a characteristic.

        Parameters
        ----------
        name : str
            The characteristic.
        coded : Coded
            The column.
        wrong : dict
            The fault of each such word, by its position in `coded.values`.
        """
        texts = coded.texts()
        if self.aside is not None:
            self.aside += [(name, texts[place], coded.codes == place) for place in wrong]

    def cells(self, column: str, coded: Coded, wrong: dict[int, Fault], blank: Fault | None = None) -> None:
        """Note the cells that do not fit.

        Parameters
        ----------
        column : str
            Its heading.
        coded : Coded
            The column.
        wrong : dict
            The fault of each distinct cell that has one, by its position in `coded.values`.
        blank : tuple of str, optional
            The fault of a blank cell, where that is one.
        """
        hit = np.isin(coded.codes, list(wrong))
        if blank is not None:
            hit |= coded.blank()
        places = np.flatnonzero(hit)
        told: set[int] = set()
        for place in places[:MOST_ROWS].tolist():
            code = int(coded.codes[place])
            code = code if code in wrong else -1
            reason, mend = wrong[code] if code >= 0 else blank or ("", "")
            value = coded.values[code] if code >= 0 else None
            problem = Problem(reason=reason, mend=mend, column=column, row=int(self.rows[place]), value=value)
            (self.again if code in told else self.first).append(problem)
            told.add(code)
        if len(places) > MOST_ROWS:
            reason = f"{len(places) - MOST_ROWS} more cells do not fit, from this row on"
            row = int(self.rows[places[MOST_ROWS]])
            self.again.append(Problem(reason=reason, mend="mend these first", column=column, row=row))

    def all(self) -> list[Problem]:
        """Return everything noted: what concerns the table, each fault once, then the repetitions."""
        return [*self.general, *self.first, *self.again]
