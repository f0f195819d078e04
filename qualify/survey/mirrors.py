"""Columns that say the outcome in other words, or are known only after it: by name and by data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qualify.survey.column_roles import heading_words

MirrorKind = Literal["decides", "only after winning", "only after losing", "only closed"]
Counts = NDArray[np.int64]

SURE = 0.02  # one-sided: how often as few exceptions come about where the share that is ruled out is true
FEWEST = 10  # deals for which a column must be known that is filled only after one outcome
MOST_ANSWERS = 4  # answers told one by one


class Limits(NamedTuple):
    """What counts as a mirror: exceptions at most, the share of them ruled out, the least share filled."""

    undecided: float
    undecided_ruled_out: float
    stray: float
    stray_ruled_out: float
    filled: float


# By simulation (tests/front_door): a question with an AUC of 0.9 is called in at most 1 % of samples, a
# column that decides 99 % of 250 deals of each outcome in 95 %.
BY_DATA = Limits(0.02, 0.10, 0.02, 0.10, 0.5)
# A heading that names the outcome needs less.
NAMED = Limits(0.10, 0.25, 0.05, 0.20, 0.1)


# Whole headings, as `heading_words` gives them, with the reason. English, German, French, Spanish, Italian,
# Portuguese, Dutch. Words of BESIDE may stand before them.
IS_OUTCOME = "its name says that it is the outcome"
NAMES = {
    IS_OUTCOME: """
        won, lost, closed, closed won, closed lost, won lost, win loss, win lost, outcome, result, won or
        lost, won flag, lost flag, won deal, lost deal, gewonnen, verloren, geschlossen, abgeschlossen,
        ergebnis, gagne, perdu, ganado, ganada, perdido, perdida, vinto, vinta, perso, persa, ganho,
        ganha, perdue, gagnee, esito, desfecho, uitkomst, won amount, won value, closed amount, closed
        value, closed won amount, closed won count, closed won value""",
    "its name says that it is the stage of the deal": """
        stage, stage name, sales stage, pipeline stage, status, status reason, statecode, statuscode,
        phase, verkaufsphase, vertriebsphase, deal phase, etape, etapa, fase, statut, verkoopfase, stage
        duration, last stage, previous stage, stage before close""",
    "its name says that it is the reason of the outcome": """
        loss reason, lost reason, loss reasons, lost reasons, reason lost, reason for loss, reason for
        losing, closed lost reason, reason won, closed won reason, win reason, won reason, reason for win,
        reason for winning, close reason, closed reason, loss reason detail, win loss reason, reason
        closed, lost to, lost to competitor, won by, won by competitor, verlustgrund, verlustgrunde,
        absagegrund, abschlussgrund, gewinngrund, grund fur verlust, grund fur den verlust, grund des
        verlusts, grund der absage, verloren an, raison de la perte, raison de perte, motif de perte,
        raison du gain, motivo de perdida, motivo perdida, motivo de la perdida, motivo della perdita,
        motivo perdita, motivo da perda, motivo de perda, razao da perda, reden verlies, verliesreden,
        reden van verlies, reden gewonnen""",
    "its name says that it is a forecast, which the outcome ends": """
        probability, win probability, close probability, forecast, forecast category, forecast category
        name, forecast type, forecast status, forecast probability, forecast amount, weighted amount,
        weighted value, weighted revenue, expected revenue, likelihood to close, wahrscheinlichkeit,
        abschlusswahrscheinlichkeit, gewinnwahrscheinlichkeit, prognose, prognosekategorie, probabilite,
        probabilidad, probabilita, probabilidade, waarschijnlijkheid, kans, prognosecategorie""",
    "its name says that it is known only after closing": """
        days to close, days open, days in pipeline, age, deal age, age days, age in days, sales cycle,
        sales cycle days, sales cycle length, sales cycle duration, length of sales cycle, duration of the
        sales cycle, contract signed, contract signed date, contrat signe, contrato
        firmado, contratto firmato, contrato assinado, contract getekend, vertrag unterschrieben, next
        step after closing, next steps after closing, actual revenue, actual value, actual amount,
        invoice, invoice number, invoice date, order number, date won, date lost, won date, lost date, won
        time, lost time, won on, lost on, date closed won, date closed lost, contract number, tage bis
        abschluss, tage bis zum abschluss, alter in tagen, vertriebsdauer, rechnungsnummer,
        auftragsnummer, jours avant cloture, dias hasta el cierre, giorni alla chiusura, dias ate o
        fechamento, dagen tot sluiting""",
}  # fmt: skip
BESIDE = {"is", "deal", "opportunity", "opp", "hs", "the", "this", "sales", "date", "ist", "est", "es"}


def mirror_by_name(heading: str) -> str | None:
    """Return why a heading is taken for a mirror of the outcome; None where it is not.

    Parameters
    ----------
    heading : str
        As written.

    Returns
    -------
    str or None
        A reason, to go on after the heading.

    Examples
    --------
    >>> mirror_by_name("Probability (%)")
    'its name says that it is a forecast, which the outcome ends'
    >>> mirror_by_name("Age of current system"), mirror_by_name("Champion")
    (None, None)
    """
    words = heading_words(heading).split()
    while words:
        for reason, names in PHRASES.items():
            if " ".join(words) in names:
                return reason
        if words[0] not in BESIDE:
            return None
        words = words[1:]
    return None


PHRASES = {reason: {" ".join(name.split()) for name in names.split(",")} for reason, names in NAMES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """A column that mirrors the outcome.

    Attributes
    ----------
    kind : {"decides", "only after winning", "only after losing", "only closed"}
        Nearly every closed deal is decided by its answer, unknown being an answer too; or known for nearly no
        lost, no won, or no open deal.
    decided : int
        Closed deals whose outcome follows from the answer; for "only closed", deals whose answer says whether
        they are closed.
    deals : int
        Of so many.
    counts : tuple of tuple of int
        Won, lost and open deals of each answer, unknown last.
    cut : int, optional
        Where a threshold decides: the first answer above it.
    """

    kind: MirrorKind
    decided: int
    deals: int
    counts: tuple[tuple[int, ...], ...]
    cut: int | None = None

    def in_words(self, name: str, answers: Sequence[str] = ()) -> str:
        """Return what was found, in a sentence.

        Parameters
        ----------
        name : str
            The column or characteristic.
        answers : sequence of str
            The answers in the order of `counts`, to be named where few; unknown may be missing.

        Returns
        -------
        str
            The sentence.

        Examples
        --------
        >>> found = mirror_by_data(np.array([[87, 0, 0], [0, 113, 0], [0, 0, 0]]))
        >>> found.in_words("IsWon", ["TRUE", "FALSE"])
        'IsWon decides the outcome by itself: all 87 deals with TRUE were won, all 113 with FALSE were lost.'
        """
        return _IN_WORDS[self.kind](self, name, [*answers])


def mirror_by_data(counts: Counts, *, ordered: bool = False, named: bool = False) -> Mirror | None:
    """Return how a column mirrors the outcome, judged by its answers, or None.

    Parameters
    ----------
    counts : ndarray of int, shape (answers, 3)
        Deals won, lost and open for each answer; the last row holds unknown.
    ordered : bool
        Whether the known answers ascend, as numbers do: a threshold that parts the outcomes counts then.
    named : bool
        Whether its heading names the outcome (`mirror_by_name`): then more exceptions are allowed.

    Returns
    -------
    Mirror or None
        None where the column is no mirror, or the deals are too few to call it one.

    Notes
    -----
    A deal is decided where most of the *other* deals with its answer ended as it did, so that an answer that
    nobody else gave decides nothing; or where one threshold in the order of the answers parts the outcomes.
    With m deals of the rarer outcome, a column decides the outcome where at most 2 % of 2 m deals are not
    decided (4 % of the rarer outcome) and 10 % can be ruled out by the binomial test at 2 %: at least 20
    deals of each outcome with no exception, 30 with one. It is filled only after winning where it is known
    for at least half of the won deals and for at most 2 % of the lost ones, 10 % being ruled out (at least
    38 lost deals); after losing and after closing alike.

    Examples
    --------
    >>> mirror_by_data(np.array([[155, 0, 0], [7, 638, 0]])).in_words("Contract type")[:68]
    'Contract type is known for 155 of 162 won deals and for none of 638 '
    >>> mirror_by_data(np.array([[40, 10, 0], [10, 40, 0], [0, 0, 0]])) is None
    True
    """
    counts = np.asarray(counts, dtype=np.int64).reshape(-1, 3)
    limits = NAMED if named else BY_DATA
    won, lost, still = counts.T
    if _filled_only(won, lost, limits):
        return _mirror("only after winning", counts, int(won[-1] + lost[:-1].sum()))
    if _filled_only(lost, won, limits):
        return _mirror("only after losing", counts, int(lost[-1] + won[:-1].sum()))
    undecided, cut = _undecided(won, lost, ordered)
    if _rare(undecided, 2 * min(won.sum(), lost.sum()), limits.undecided, limits.undecided_ruled_out):
        return _mirror("decides", counts, undecided, cut)
    closed = won + lost
    if _filled_only(closed, still, limits):
        return _mirror("only closed", counts, int(closed[-1] + still[:-1].sum()))
    # Honest answers may differ between years: only where the heading agrees.
    apart, cut = _undecided(closed, still, ordered)
    if named and _rare(apart, 2 * min(closed.sum(), still.sum()), *limits[:2]):
        return _mirror("only closed", counts, apart, cut)
    return None


def _mirror(kind: MirrorKind, counts: Counts, undecided: int, cut: int | None = None) -> Mirror:
    deals = int(counts.sum() if kind == "only closed" else counts[:, :2].sum())
    rows = tuple(tuple(row) for row in counts.tolist())
    return Mirror(kind=kind, decided=deals - undecided, deals=deals, counts=rows, cut=cut)


def _filled_only(here: Counts, elsewhere: Counts, limits: Limits) -> bool:
    """Whether a column is known for many deals here and for nearly none elsewhere."""
    known, stray = int(here[:-1].sum()), int(elsewhere[:-1].sum())
    enough = known >= max(FEWEST, limits.filled * here.sum())
    return bool(enough and _rare(stray, int(elsewhere.sum()), limits.stray, limits.stray_ruled_out))


def _undecided(first: Counts, second: Counts, ordered: bool) -> tuple[int, int | None]:
    """Deals that their answer does not decide: by each answer, or by the best threshold (then with it)."""
    apart = np.where(np.abs(first - second) >= 2, np.minimum(first, second), first + second)
    above, below = first[:-1], second[:-1]  # the unknown have no place in the order
    if above.size < 2 or not ordered:
        return int(apart.sum()), None
    one_way = np.cumsum(above)[:-1] + below[::-1].cumsum()[::-1][1:]
    either = np.minimum(one_way, above.sum() + below.sum() - one_way)
    cut = int(np.argmin(either))
    by_cut = int(either[cut] + apart[-1])
    return (by_cut, cut + 1) if by_cut < apart.sum() else (int(apart.sum()), None)


def _rare(exceptions: int, of: int, at_most: float, ruled_out: float) -> bool:
    """Whether exceptions are few, and too few to come from the share that is to be ruled out."""
    exceptions, of = int(exceptions), int(of)
    if exceptions > at_most * of:
        return False
    if of > 1000:  # so far below the share, no test is needed
        return True
    as_few = (math.comb(of, k) * ruled_out**k * (1 - ruled_out) ** (of - k) for k in range(exceptions + 1))
    return sum(as_few) < SURE


def _after_winning(found: Mirror, name: str, answers: Sequence[str]) -> str:
    return f"{name} is {_filled(found, 'won', 'lost')}: it looks as if it were filled in after winning."


def _after_losing(found: Mirror, name: str, answers: Sequence[str]) -> str:
    return f"{name} is {_filled(found, 'lost', 'won')}: it looks as if it were filled in after losing."


def _only_closed(found: Mirror, name: str, answers: Sequence[str]) -> str:
    if found.counts[-1][2] < sum(row[2] for row in found.counts) / 2:  # known for open deals too
        told = f"{found.decided:,} of {found.deals:,} deals follow from its answer"
        return f"{name} says by itself whether a deal is closed: {told}."
    return f"{name} is {_filled(found, 'closed', 'open')}: it looks as if it were filled in at closing."


def _decides(found: Mirror, name: str, answers: Sequence[str]) -> str:
    start = f"{name} decides the outcome by itself:"
    labels = [*answers, "unknown"][: len(found.counts)] if len(answers) + 1 >= len(found.counts) else []
    given = [(label, row) for label, row in zip(labels, found.counts, strict=False) if row[0] + row[1]]
    if found.cut is None and 1 < len(given) <= MOST_ANSWERS:
        each = [_ended(row, f"with {label}", first=not place) for place, (label, row) in enumerate(given)]
        return f"{start} {', '.join(each)}."
    if found.cut is not None and labels:
        return f"{start} {', '.join(_around(found.counts, labels, found.cut))}."
    return f"{start} {found.decided:,} of {found.deals:,} closed deals follow from its answer."


def _around(counts: Sequence[Sequence[int]], labels: Sequence[str], cut: int) -> list[str]:
    """Say what became of the deals on the two sides of a threshold, and of the unknown."""
    known = [place for place in range(len(counts) - 1) if counts[place][0] + counts[place][1]]
    low, high = [place for place in known if place < cut], [place for place in known if place >= cut]
    sides = [(low, f"up to {labels[low[-1]]}"), (high, f"from {labels[high[0]]} on")]
    sides += [([len(counts) - 1], "with unknown")] if counts[-1][0] + counts[-1][1] else []
    summed = [
        ([sum(counts[place][end] for place in places) for end in (0, 1)], text) for places, text in sides
    ]
    return [_ended(row, text, first=not place) for place, (row, text) in enumerate(summed)]


def _ended(row: Sequence[int], which: str, *, first: bool) -> str:
    won, lost = row[0], row[1]
    deals = ("deal" if won + lost == 1 else "deals") + " " if first else ""
    how = "won" if won >= lost else "lost"
    if won and lost:
        return f"{max(won, lost):,} of {won + lost:,} {deals}{which} were {how}"
    if won + lost == 1:
        return f"the one {deals}{which} was {how}"
    return f"all {won + lost:,} {deals}{which} were {how}"


def _filled(found: Mirror, here: str, elsewhere: str) -> str:
    places = {"won": (0,), "lost": (1,), "closed": (0, 1), "open": (2,)}
    known, everything = (
        {end: sum(row[place] for row in rows for place in places[end]) for end in (here, elsewhere)}
        for rows in (found.counts[:-1], found.counts)
    )
    few = f"only {known[elsewhere]:,}" if known[elsewhere] else "none"
    return (
        f"known for {known[here]:,} of {everything[here]:,} {here} deals and for {few} of "
        f"{everything[elsewhere]:,} {elsewhere} ones"
    )


_IN_WORDS = {
    "decides": _decides,
    "only after winning": _after_winning,
    "only after losing": _after_losing,
    "only closed": _only_closed,
}
