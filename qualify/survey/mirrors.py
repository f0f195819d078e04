"""Columns that say the outcome in other words, or are known only after it: by name and by data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qualify.survey.column_roles import heading_words

MirrorKind = Literal["decides", "only after winning", "only after losing", "only closed"]

FEWEST = 10  # deals of each outcome, below which chance may decide
GIVEN = 3  # deals that gave an answer, for it to count as deciding them
COVERED = 0.8  # of the closed deals must have answers that count
WRONG = 0.05  # of the rarer outcome may stand on the other side
WRONG_BY_NAME = 0.2  # the same where the name says so too
KNOWN, UNKNOWN = 0.5, 0.02  # shares known on one side, and on the other
FEWEST_OPEN = 20
# Whole headings, as `heading_words` gives them, with the reason. English, German, French, Spanish, Italian,
# Portuguese, Dutch. Words of BESIDE may stand before them.
NAMES = {
    "its name says that it is the outcome": """
        won, lost, closed, closed won, closed lost, won lost, win loss, win lost, outcome, result, won
        or lost, won flag, lost flag, won deal, lost deal, gewonnen, verloren, geschlossen,
        abgeschlossen, ergebnis, gagne, perdu, ganado, ganada, perdido, perdida, vinto, vinta, perso,
        persa, ganho, ganha, won amount, won value, closed amount, closed value, closed won amount,
        closed won count, closed won value""",
    "its name says that it is the stage of the deal": """
        stage, stage name, sales stage, pipeline stage, status, status reason, statecode, statuscode,
        phase, verkaufsphase, vertriebsphase, deal phase, etape, etapa, fase, statut, stato,
        verkoopfase, stage duration, last stage, previous stage, stage before close""",
    "its name says that it is the reason of the outcome": """
        loss reason, lost reason, reason lost, reason for loss, reason for losing, closed lost reason,
        reason won, closed won reason, win reason, won reason, reason for win, reason for winning, close
        reason, closed reason, loss reason detail, win loss reason, reason closed, lost to, lost to
        competitor, won by, won by competitor, verlustgrund, absagegrund, abschlussgrund, gewinngrund,
        grund fur verlust, grund der absage, verloren an, raison de la perte, raison de perte, motif de
        perte, raison du gain, motivo de perdida, motivo perdida, motivo de la perdida, motivo della
        perdita, motivo perdita, motivo da perda, motivo de perda, reden verlies, verliesreden, reden
        van verlies, reden gewonnen""",
    "its name says that it is a forecast, which the outcome ends": """
        probability, win probability, close probability, forecast, forecast category, forecast category
        name, forecast type, forecast status, forecast probability, forecast amount, weighted amount,
        weighted value, weighted revenue, expected revenue, likelihood to close, wahrscheinlichkeit,
        abschlusswahrscheinlichkeit, gewinnwahrscheinlichkeit, prognose, prognosekategorie, probabilite,
        probabilidad, probabilita, probabilidade, waarschijnlijkheid, kans, prognosecategorie""",
    "its name says that it is known only after closing": """
        days to close, days open, days in pipeline, age, deal age, age days, age in days, sales cycle,
        sales cycle days, sales cycle length, sales cycle duration, length of sales cycle, actual
        revenue, actual value, actual amount, invoice, invoice number, invoice date,
        order number, date won, date lost, won date, lost date, won time, lost time, won on, lost on,
        date closed won, date closed lost, contract number, tage bis abschluss, tage bis zum abschluss,
        alter in tagen, vertriebsdauer, rechnungsnummer, auftragsnummer, jours avant cloture, dias hasta
        el cierre, giorni alla chiusura, dias ate o fechamento, dagen tot sluiting""",
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
    """What makes a column a mirror of the outcome.

    Attributes
    ----------
    kind : str
        "decides": nearly every closed deal is sorted into won and lost by its answers, unknown being one;
        "only after winning" or "only after losing": known for nearly no deal of the other outcome; "only
        closed": known for nearly no open deal.
    known, deals : tuple of int
        Deals whose answer is known, and all of them: won, lost, open.
    sorted_right : int
        Closed deals that are on the side of their answer.
    """

    kind: MirrorKind
    known: tuple[int, int, int]
    deals: tuple[int, int, int]
    sorted_right: int

    def in_words(self, name: str) -> str:
        """Say it in a sentence.

        Parameters
        ----------
        name : str
            What to call the column.

        Returns
        -------
        str
            With the numbers of deals.
        """
        known = [
            f"{k:,} of {n:,}" if k else f"none of {n:,}" for k, n in zip(self.known, self.deals, strict=True)
        ]
        won, lost, still = known
        if self.kind == "only after winning":
            ends = "it looks as if it were filled in after winning"
            return f"{name} is known for {won} won deals and for {lost} lost ones: {ends}."
        if self.kind == "only after losing":
            ends = "it looks as if it were filled in after losing"
            return f"{name} is known for {lost} lost deals and for {won} won ones: {ends}."
        if self.kind == "only closed":
            closed = f"{self.known[0] + self.known[1]:,} of {self.deals[0] + self.deals[1]:,}"
            ends = "it looks as if it were filled in at closing"
            return f"{name} is known for {closed} closed deals and for {still} open ones: {ends}."
        share = f"{self.sorted_right:,} of {self.deals[0] + self.deals[1]:,}"
        return f"{name} decides the outcome by itself: its answers sort {share} closed deals correctly."


def mirror_by_data(
    counts: NDArray[np.int64], *, ordered: bool = False, wrong: float = WRONG
) -> Mirror | None:
    """Return what makes answers a mirror of the outcome, from how many deals gave each.

    Parameters
    ----------
    counts : ndarray of int, shape (A, 3)
        A row per answer, unknown and blank last; deals that were won, lost, and are open.
    ordered : bool
        Whether the known answers ascend, as numbers do: a threshold that sorts the deals counts then.
    wrong : float
        Share of the rarer outcome that may stand on the wrong side.

    Returns
    -------
    Mirror or None
        None where the answers do not decide, or fewer than ten deals were won or lost.

    Notes
    -----
    Only answers that at least three deals gave decide, and they must be those of four in five closed deals,
    so that numbers of which each occurs once decide nothing. At most one in twenty of the rarer outcome may
    be on the wrong side: an honest question with an AUC of .9 has about one in six there.
    """
    won, lost, still = (int(total) for total in counts.sum(axis=0))
    if min(won, lost) < FEWEST:
        return None
    known = counts[:-1].sum(axis=0)
    share = known / np.maximum(counts.sum(axis=0), 1)
    right = _sorted_right(counts, ordered)
    kind: MirrorKind | None = None
    if share[0] >= KNOWN and share[1] <= UNKNOWN:
        kind = "only after winning"
    elif share[1] >= KNOWN and share[0] <= UNKNOWN:
        kind = "only after losing"
    elif won + lost - right <= wrong * min(won, lost):
        kind = "decides"
    elif still >= FEWEST_OPEN and share[2] <= UNKNOWN and known[:2].sum() >= KNOWN * (won + lost):
        kind = "only closed"
    if kind is None:
        return None
    told = (int(known[0]), int(known[1]), int(known[2]))
    return Mirror(kind=kind, known=told, deals=(won, lost, still), sorted_right=right)


def _sorted_right(counts: NDArray[np.int64], ordered: bool) -> int:
    """Return how many closed deals are on the side of their answer, or of the best threshold."""
    closed = counts[:, :2]
    often = closed.sum(axis=1) >= GIVEN
    right = 0
    if closed[often].sum() >= COVERED * closed.sum():
        right = int(closed[often].max(axis=1).sum())
    if not ordered or len(closed) < 3:
        return right
    # Deals below a threshold on one side, those above on the other, unknown wherever it is better.
    below = np.cumsum(closed[:-1], axis=0)[:-1]
    above = closed[:-1].sum(axis=0) - below
    both = np.maximum(below[:, 0] + above[:, 1], below[:, 1] + above[:, 0])
    enough = np.minimum(below.sum(axis=1), above.sum(axis=1)) >= FEWEST
    best = int(both[enough].max()) if enough.any() else 0
    return max(right, best + int(closed[-1].max()))


__all__ = ["WRONG_BY_NAME", "Mirror", "MirrorKind", "mirror_by_data", "mirror_by_name"]
