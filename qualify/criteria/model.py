"""Criteria: few characteristics, whole-number points, zones and the win probability of every score."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from qualify.criteria.gates import gates_of
from qualify.criteria.parsimony import left_out_table, parsimony_table
from qualify.criteria.points import highest_of, points_of_answers, start_of
from qualify.criteria.refine import refine
from qualify.criteria.settings import BOTH_WAYS, budget_of, origin_of, settings_of
from qualify.criteria.stability import stability_table
from qualify.criteria.tables import divided_by, performance_table, provenance_of, score_tables
from qualify.deals import Deals
from qualify.deals.economics import Economics
from qualify.deals.requirements import check_outcomes
from qualify.deals.resampling_units import in_order
from qualify.errors import InvalidDeals, Problem
from qualify.formatting.render import page
from qualify.numerics.procedures import points_recipe
from qualify.survey import Survey
from qualify.tipping.tipping import TippingPoint, describe_tipping
from qualify.tipping.verdict import Limits


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Criteria:
    """Refined qualification criteria.

    Attributes
    ----------
    points : DataFrame
        characteristic, answer, points, and for a score the numbers [low, high) that the answer covers. A
        row per answer of every characteristic that is kept, `unknown` included; the least is 0 points, or
        what answers take away is negative. Empty where the procedure does no better than chance on deals it
        has not seen.
    gates : DataFrame
        characteristic, answer, and for a score the numbers [low, high) that it covers, n, won, win_rate_high
        (upper limit of the weighted win rate): answers that all but decide on their own. A deal that gives
        one is in the zone `below` whatever its score, its win probability at most that limit.
    rules : DataFrame
        rule, auc, brier, log_loss, worse_by with worse_low and worse_high (log loss less that of points
        alone), stopped (deals), in_use: how rules fare on deals they have not seen. The rules are points
        alone, points and gates, and points and weakest links (where the survey lists several yes-or-no
        questions under one heading, the "no" side of any); points alone are in use unless another rule has
        surely less log loss.
    bands : DataFrame
        zone, score_low, score_high, n, won, win_rate, win_rate_low, win_rate_high: past deals by the score
        they got from criteria that never saw them, those that a gate stops below. NaN scores: the zone is
        empty.
    probabilities : DataFrame
        score, probability, low, high for every whole score that can occur.
    stability : DataFrame
        characteristic, inclusion (share of resamples that keep it), sign_agreement, kept, instead (the
        characteristic that is kept where this one is not, if one clearly is).
    parsimony : DataFrame
        characteristics (at most so many; with none, the win rate of the other deals), kept (their names,
        joined by ``"; "``), auc, brier, log_loss on deals the points never saw, worse_by with worse_low and
        worse_high (log loss less that of the best number), in_use.
    left_out : DataFrame
        characteristic, adds with adds_low and adds_high: by how much log loss per deal on unseen deals would
        fall if the characteristic were asked too. The kept ones were chosen on all deals, so that this leans
        a little towards leaving out. Where adds_low is not above 0, it is not shown to add anything.
    answers : DataFrame
        characteristic, answer, and for a score the numbers [low, high) that the answer covers, n, won: how
        often each answer of the survey was given among the deals, whether or not its question is kept.
    performance : DataFrame
        metric, estimate, ci_low, ci_high on deals the points never saw.
    tipping : TippingPoint
        The tipping point on the scale of the points.
    bands_from : {"tipping band", "win probabilities", "break-even"}
        Where the zones come from; only a sharp tipping point gives a tipping band. By break-even, pursuing
        a deal surely does not pay below, surely pays above, and either may be so inside.
    survey : Survey
        The survey, so that open deals can be read.
    version : str
        Version of these criteria.
    provenance : dict
        Deals, seed, settings, fingerprint of the deals, the fitted coefficients with their covariance, their
        uncertainty and the column that each answer goes into, and `past`: what open deals are held against
        (ends of every score, mean value of a win, mean effort); `mirrors` where questions say the outcome. Of
        recalibrated criteria also the verdict,
        the dates of the deals and the parent version.

    Notes
    -----
    Columns n, won and stopped are plain numbers of deals; other figures of refined criteria count deals by
    their weights.
    """

    points: pd.DataFrame
    gates: pd.DataFrame
    rules: pd.DataFrame
    bands: pd.DataFrame
    probabilities: pd.DataFrame
    stability: pd.DataFrame
    parsimony: pd.DataFrame
    left_out: pd.DataFrame
    answers: pd.DataFrame
    performance: pd.DataFrame
    tipping: TippingPoint
    bands_from: str
    survey: Survey
    version: str
    provenance: dict[str, Any]

    @property
    def kept(self) -> tuple[str, ...]:
        """Names of the characteristics that earn points, in the survey's order."""
        return tuple(str(name) for name in self.points["characteristic"].unique())

    @property
    def mirrors(self) -> tuple[str, ...]:
        """Characteristics of the survey that say the outcome in other words, or are known only after it."""
        found = self.provenance.get("mirrors", [])
        return tuple(str(name) for name in found) if isinstance(found, list) else ()

    @property
    def start(self) -> int:
        """What every score begins with: 0, or what answers can take away at most."""
        return start_of(self.points)

    @property
    def score_range(self) -> tuple[int, int]:
        """Lowest and highest score that can occur."""
        return 0, highest_of(self.points)

    def __repr__(self) -> str:
        low, high = self.score_range
        return f"<Criteria {self.version}: {len(self.kept)} characteristics, scores {low} to {high}>"

    def _repr_html_(self) -> str:
        low, high = self.score_range
        begin = f"Begin with {self.start}, then add" if self.start else "Add"
        lead = f"{begin} the points: {low} to {high}. Zones from {self.bands_from}."
        table = self.points[["characteristic", "answer", "points"]]
        if table.empty:
            lead = f"No criteria: {self.tipping.reason}"
        sections = [("Points", table), ("Answers that stop a deal", self.gates), ("Zones", self.bands)]
        sections = [(head, part) for head, part in sections if head == "Points" or len(part)]
        sections.append(("On deals never seen", self.performance))
        enough = self.parsimony[["characteristics", "auc", "log_loss", "worse_by", "in_use"]]
        more = [("How many questions are enough", enough), ("What the others would add", self.left_out)]
        sections += [(head, part) for head, part in more if len(part)]
        return page("Qualification criteria", lead, sections)

    def score(self, answers: pd.DataFrame) -> pd.Series[int]:
        """Return the score of each deal: `start` and the points of its answers.

        Parameters
        ----------
        answers : DataFrame
            Answers as in `Deals.answers`, indexed by deal.

        Returns
        -------
        Series
            Whole numbers, indexed by deal.

        Raises
        ------
        InvalidDeals
            Where a characteristic is missing or an answer has no points.
        """
        problems: list[Problem] = []
        total = np.full(len(answers), self.start, dtype=np.int64)
        for name in self.kept:
            if name not in answers:
                problems.append(Problem(reason="the criteria need it", mend="add its column", column=name))
                continue
            column = answers[name].cat
            given, codes = column.categories.astype(str), column.codes.to_numpy()
            points = points_of_answers(self.points, self.survey.characteristic(name), list(given))
            used = np.bincount(codes, minlength=len(given)) > 0
            problems += [
                Problem(reason="no points for this answer", mend="refine again", column=name, value=answer)
                for answer in given[used & np.isnan(points)]
            ]
            total += np.nan_to_num(points).astype(np.int64)[codes]
        if problems:
            raise InvalidDeals(problems, "these deals cannot be scored:")
        return pd.Series(total, index=answers.index, name="score")

    def points_of(self, characteristic: str, answer: str) -> int | None:
        """Return the points of one answer.

        Parameters
        ----------
        characteristic : str
            One of `kept`.
        answer : str
            An answer as it stands in `Deals.answers`; any number of a score.

        Returns
        -------
        int or None
            None where the criteria know no such answer.
        """
        (found,) = points_of_answers(self.points, self.survey.characteristic(characteristic), [answer])
        return None if np.isnan(found) else int(found)


def refine_criteria(  # noqa: PLR0913 - every one has its default, and three are those of all verbs
    deals: Deals,
    *,
    max_characteristics: int | None = None,
    points: Literal["0 to 5", "0 to 10", "-5 to 5", "total 100"] = "0 to 10",
    zones: tuple[float, float] | Economics = (0.25, 0.75),
    replicates: int = 200,
    level: float = 0.95,
    rng: np.random.Generator | int | None = 0,
) -> Criteria:
    """Turn closed deals into a short scorecard of whole-number points.

    Parameters
    ----------
    deals : Deals
        Closed deals read against their survey.
    max_characteristics : int, optional
        Keep at most this many characteristics. Unless told, as few, of at most eight, as come within one
        standard error of the best number on deals they have not seen.
    points : {"0 to 10", "0 to 5", "-5 to 5", "total 100"}
        Points of the widest characteristic, at most (fewer where that costs next to nothing), or the highest
        score that there can be. From -5 to 5, an answer that speaks for losing takes points away: 0 is about
        what deals got on average for a question, and every score begins with `Criteria.start`, so that
        none is below 0.
    zones : tuple of float, or Economics
        What divides the zones where there is no sharp tipping point: two win probabilities, below and from
        which on a deal is in the lower and the upper zone; or what a win is worth and pursuing a deal costs
        (their break-even).
    replicates : int
        Bootstrap draws of the whole procedure; with fewer than 200, simulations behind the choice of the
        curve are fewer in proportion.
    level : float
        Confidence level of the intervals, in (0, 1).
    rng : numpy.random.Generator, int or None
        Source of chance; the same seed gives the same criteria.

    Returns
    -------
    Criteria
        Points, zones, probabilities and how surely.

    Raises
    ------
    NotEnoughDeals
        Where there are not at least ten won and ten lost deals.
    InvalidArgument
        For zones that do not ascend within 0 and 1, economics that lack a value or a cost or by which
        pursuing never pays, or a level outside (0, 1).

    Notes
    -----
    A gate is an answer whose win rate lies below half that of all deals, by its exact upper limit (Clopper &
    Pearson 1934) after Bonferroni's correction for all answers looked at, on at least 30 deals; the search is
    repeated in every fold when rules are compared. Limits of gates and Wilson's of zones rest on the
    effective number of deals (Korn & Graubard 1998): fewer than there are where weights differ or deals of
    one account end alike. The AUC's interval takes deals of one account together (Obuchowski 1997).

    By break-even, a score is in the zone below where even the upper limit of its win probability is under
    mean cost over mean value (the threshold of net benefit, Vickers & Elkin 2006), above where even the
    lower limit is over it, and inside where the deals cannot tell.

    Every fold and replicate repeats all of it: pooling of rare answers; the ridge fit; the choice of
    characteristics by least corrected AIC, kept where at least a third of perturbed fits choose
    them (Meinshausen & Bühlmann 2010), the places going to those chosen most often; a ridge fit of those; and
    points found by lowering the penalised deviance over whole numbers, coarsest scale first (for the criteria
    themselves until no two moves at once would lower it, with up to 20,000 deals). How many to keep is
    settled once, by five divisions into five folds, for all of them. Probabilities are those of the tipping
    curve on scores from criteria that never saw the deal. The interval in `Criteria.performance` holds for
    given scores; `validate` adds how much the figure differs between models, and its interval is the wider.

    Examples
    --------
    >>> import qualify as ql
    >>> simulated = ql.simulate_deals(300, rng=1)
    >>> criteria = ql.refine_criteria(ql.read_deals(simulated.frame, simulated.survey), replicates=40)
    >>> bool(criteria.points["points"].min() == 0)
    True
    """
    settings = settings_of(max_characteristics, points, replicates, level)
    check_outcomes(deals, where="a scorecard")
    settings |= divided_by(zones, deals)
    arrived, (deals, _) = deals.closed.index, in_order(deals)
    chance = np.random.default_rng(rng)
    refined = refine(
        deals,
        points_recipe(deals.survey.min_answers, **budget_of(settings)),
        fewer=max_characteristics is None,
        replicates=settings["replicates"],
        level=level,
        rng=chance,
    )
    gates = gates_of(deals, refined, level, chance)
    tipping = describe_tipping(deals, refined.sample, refined.in_points, level=level, limits=Limits())
    origin = origin_of(settings | {"most": refined.recipe.most}, level, rng)
    tables = score_tables(deals, refined, tipping, gates.stopped, settings["zones"], BOTH_WAYS.get(points))
    return Criteria(
        **tables,
        gates=gates.table,
        rules=gates.rules,
        stability=stability_table(deals, refined),
        parsimony=parsimony_table(deals, refined, level),
        left_out=left_out_table(deals, refined, level, chance),
        performance=performance_table(refined, level),
        tipping=replace(tipping, scores=tipping.scores.loc[arrived]),
        survey=deals.survey,
        version="1",
        provenance=origin | provenance_of(deals, refined, tables["points"]),
    )
