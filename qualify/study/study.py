"""Study: the whole chain, from closed deals to criteria, in one call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from qualify._support.progress import track
from qualify.audit.audit import Audit, audit_deals
from qualify.criteria.model import Criteria, refine_criteria
from qualify.criteria.tables import divided_by
from qualify.deals import Deals
from qualify.deals.economics import Economics
from qualify.deals.requirements import check_draws, check_outcomes
from qualify.errors import check_level
from qualify.factors.factors import Factors, find_factors
from qualify.formatting.render import page
from qualify.formatting.wording import counted
from qualify.study.summary import summarise
from qualify.study.trust import trust_in_words
from qualify.tipping.tipping import TippingPoint, find_tipping_point
from qualify.win_model.model import WinModel, fit_win_model
from qualify.win_model.validation import Validation, validate
from qualify.win_model.validation_tables import shown_measures


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Study:
    """What `analyze` found: the result of every step.

    Attributes
    ----------
    deals : Deals
        What was analysed.
    audit : Audit
        Whether these data can answer the question.
    factors : Factors
        Which characteristics matter, how much, how surely.
    model : WinModel
        How likely each deal is to be won.
    validation : Validation
        How the win model fares on deals it has not seen.
    tipping : TippingPoint
        Where the win model's score tips, or that it does not.
    criteria : Criteria
        Which few questions, with which points.
    summary : str
        All of it in plain words.
    """

    deals: Deals
    audit: Audit
    factors: Factors
    model: WinModel
    validation: Validation
    tipping: TippingPoint
    criteria: Criteria
    summary: str

    @property
    def mirrors(self) -> tuple[str, ...]:
        """Characteristics that say the outcome in other words, or are known only after it."""
        return self.audit.mirrors

    def __repr__(self) -> str:
        adds = int((self.factors.table["verdict"] == "adds").sum())
        kept = counted(len(self.criteria.kept), "characteristic")
        return (
            f"<Study of {counted(self.deals.n, 'deal')} ({self.audit.won:,} won): {adds} add; tipping point "
            f"{self.tipping.verdict}; criteria of {kept}>"
        )

    def _repr_html_(self) -> str:
        serious = self.audit.findings[self.audit.findings["severity"] != "note"]
        factors = self.factors.table[
            ["characteristic", "verdict", "swing", "swing_low", "swing_high", "shares_with"]
        ]
        points = self.criteria.points[["characteristic", "answer", "points"]]
        opening, check = self.summary.split("\n\n")[0], self.validation
        rested = f"{counted(check.n, 'deal')}, {check.won:,} won"
        lead = f"{opening} Tipping point: {self.tipping.verdict}; {self.tipping.reason}"
        sections = [
            ("Factors", factors),
            (f"The win model on the same deals and on unseen ones ({rested})", shown_measures(check.table)),
            ("Zones of the win model's score", self.tipping.zones),
            ("Points", points),
            ("Zones of the points", self.criteria.bands),
            ("To bear in mind", serious[["severity", "what", "mend"]]),
        ]
        trust = trust_in_words(check)
        lead = "\n\n".join([lead, trust[0], *trust[1]])
        return page("Study", lead, sections)


def analyze(
    deals: Deals,
    *,
    rng: np.random.Generator | int | None = 0,
    replicates: int = 200,
    level: float = 0.95,
    zones: tuple[float, float] | Economics = (0.25, 0.75),
) -> Study:
    """Run the whole chain: audit, factors, win model and its validation, tipping point, criteria, summary.

    Parameters
    ----------
    deals : Deals
        Closed deals read against their survey.
    rng : numpy.random.Generator, int or None
        Source of chance. A whole number goes to every step as it is, so that each result is the one the step
        gives when called by itself with that `rng`; else each step gets a generator of its own.
    replicates : int
        Bootstrap draws of the validation, of the tipping point and of the criteria, at least 2.
    level : float
        Confidence level of all intervals, in (0, 1).
    zones : tuple of float, or Economics
        What divides the zones of the criteria where there is no sharp tipping point, as in `refine_criteria`.

    Returns
    -------
    Study
        The results, and `summary`.

    Raises
    ------
    NotEnoughDeals
        Where there are not at least ten won and ten lost deals, or they come from too few accounts;
        `audit_deals` says more about them.
    InvalidArgument
        For deals that `read_deals` has not read, a level outside (0, 1), fewer than two replicates, or zones
        that `refine_criteria` would refuse.

    Notes
    -----
    Every step uses the `rng`, `replicates` and `level` given here in the place of its own. `validate` called
    by itself makes 1,000 draws, so that its intervals differ a little from those of a study with 200.

    Examples
    --------
    >>> import qualify as ql
    >>> simulated = ql.simulate_deals(200, characteristics=4, rng=1)
    >>> study = ql.analyze(ql.read_deals(simulated.frame, simulated.survey), replicates=20)
    >>> study.tipping.verdict in ("sharp", "gradual", "none")
    True
    >>> print(study.summary.splitlines()[0][:16])
    200 deals closed
    """
    check_level(level, where="analyze")
    replicates = check_draws(replicates, where="analyze")
    check_outcomes(deals, where="a study")
    divided_by(zones, deals, where="analyze")
    chance = _chances(rng)
    steps: dict[str, Callable[[], Any]] = {
        "audit": lambda: audit_deals(deals, level=level),
        "factors": lambda: find_factors(deals, level=level, rng=chance[0]),
        "model": lambda: fit_win_model(deals),
        "validation": lambda: validate(deals, replicates=replicates, level=level, rng=chance[3]),
        "tipping": lambda: find_tipping_point(deals, replicates=replicates, level=level, rng=chance[1]),
        "criteria": lambda: refine_criteria(
            deals, zones=zones, replicates=replicates, level=level, rng=chance[2]
        ),
    }
    found: dict[str, Any] = {name: steps[name]() for name in track(list(steps), what="analysing")}
    told = {name: found[name] for name in ("audit", "factors", "validation", "tipping", "criteria")}
    return Study(deals=deals, summary=summarise(deals, **told), **found)


def _chances(rng: np.random.Generator | int | None) -> list[np.random.Generator | int]:
    if isinstance(rng, int | np.integer):
        return [int(rng)] * 4
    return list(np.random.default_rng(rng).spawn(4))
