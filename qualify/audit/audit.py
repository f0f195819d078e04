"""Audit: whether these data can answer the question."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from qualify.audit.answers import check_answers
from qualify.audit.finding import SEVERITIES, Finding
from qualify.audit.mirrors import check_mirrors
from qualify.audit.numbers import check_numbers
from qualify.audit.overlap import check_overlap
from qualify.audit.times import check_times, deals_by_creation, win_rate_by_quarter
from qualify.deals import Deals
from qualify.deals.design import design_matrix
from qualify.deals.mirrors import mirrors_of
from qualify.deals.requirements import check_deals
from qualify.errors import NotEnoughDeals, check_level
from qualify.formatting.formats import clean
from qualify.formatting.render import page
from qualify.formatting.wording import counted, rate


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Audit:
    """What `audit_deals` found.

    Attributes
    ----------
    findings : DataFrame
        severity ("stop": do not go on without mending it; "warn": bear it in mind with every result; "note":
        good to know), what, where (characteristics joined by "; ", or "all deals"), deals (how many it
        concerns), why (it matters), mend (what to do). The worst first.
    quarters : DataFrame
        Win rate by quarter of the close date: quarter, n, won, win_rate, win_rate_low, win_rate_high.
    cohorts : DataFrame
        Deals by quarter of creation: quarter, n, open, won, win_rate (of the closed).
    mirrors : tuple of str
        Characteristics that say the outcome in other words, or are known only after it.
    n, won : int
        Closed deals, and how many of them were won.
    level : float
        Confidence level of the intervals.
    """

    findings: pd.DataFrame
    quarters: pd.DataFrame
    cohorts: pd.DataFrame
    mirrors: tuple[str, ...]
    n: int
    won: int
    level: float

    def __repr__(self) -> str:
        counts = self.findings["severity"].value_counts()
        found = ", ".join(f"{counts.get(severity, 0)} {severity}" for severity in SEVERITIES)
        return f"<Audit of {counted(self.n, 'deal')} ({self.won:,} won): {found}>"

    def _repr_html_(self) -> str:
        lead = f"Win rate {rate(self.won, self.n, level=self.level)}. The worst findings come first."
        sections = [("", self.findings)]
        for title, table in (("By quarter closed", self.quarters), ("By quarter created", self.cohorts)):
            sections += [] if table.empty else [(title, table)]
        return page("Audit", lead, sections)


def audit_deals(deals: Deals, *, level: float = 0.95) -> Audit:
    """Check whether closed deals can answer which characteristics matter and where the score tips.

    Parameters
    ----------
    deals : Deals
        Deals read against their survey.
    level : float
        Confidence level of the intervals, in (0, 1).

    Returns
    -------
    Audit
        Findings in plain words, each with how many deals it concerns and what to do.

    Raises
    ------
    NotEnoughDeals
        Where no deal is closed.
    InvalidArgument
        For a level outside (0, 1).

    Notes
    -----
    Win rates carry Wilson's intervals (1927). How many characteristics the deals can carry follows Harrell's
    rule: fewer than m/15 parameters, m = 3·n·q·(1 − q) for a win rate q. Whether the win rate moves between
    quarters, or differs between reps, is Pearson's chi-square test on groups of at least five expected wins
    and losses; whether unknown goes with the outcome is Fisher's exact test, adjusted for the number of
    characteristics (Benjamini & Hochberg 1995). Deals count once each, whatever their weight.

    References
    ----------
    Harrell, F. E. (2015). Regression Modeling Strategies, 2nd edition, section 4.4. Springer. Wilson, E. B.
    (1927). Journal of the American Statistical Association 22, 209–212.

    Examples
    --------
    >>> import qualify as ql
    >>> simulated = ql.simulate_deals(300, rng=1)
    >>> audit = ql.audit_deals(ql.read_deals(simulated.frame, simulated.survey))
    >>> audit
    <Audit of 300 deals (108 won): 0 stop, 1 warn, 5 note>
    >>> list(audit.findings.columns)
    ['severity', 'what', 'where', 'deals', 'why', 'mend']
    """
    check_deals(deals, where="audit_deals")
    check_level(level, where="audit_deals")
    if not deals.n:
        raise NotEnoughDeals("`audit_deals` needs closed deals; all deals here are open or left out.")
    quarters, mirrors = win_rate_by_quarter(deals, level), mirrors_of(deals)
    made = [*check_mirrors(deals, mirrors), *_findings(deals, quarters, level, set(mirrors))]
    found = [finding._replace(what=clean(finding.what)) for finding in made]
    found.sort(key=lambda finding: SEVERITIES.index(finding.severity))  # in the order of the checks within
    return Audit(
        findings=pd.DataFrame(found, columns=list(Finding._fields)).astype({"deals": int}),
        quarters=quarters,
        cohorts=deals_by_creation(deals),
        mirrors=tuple(mirrors),
        n=deals.n,
        won=int(deals.won.sum()),
        level=level,
    )


def _findings(deals: Deals, quarters: pd.DataFrame, level: float, mirrors: set[str]) -> Iterator[Finding]:
    design = design_matrix(deals)
    yield from check_numbers(deals, design)
    yield from check_times(deals, quarters)
    yield from check_answers(deals, design, level, mirrors)
    yield from check_overlap(deals, design)
