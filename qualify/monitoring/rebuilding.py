"""Criteria rebuilt from earlier and new deals: whether there are enough of them, how, and from what."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qualify.criteria.model import Criteria, refine_criteria
from qualify.criteria.settings import budget_of, settings_told
from qualify.deals import Deals
from qualify.deals.economics import Economics
from qualify.deals.resampling_units import FOLDS, in_order
from qualify.deals.score_bins import scales_of, whole_sample
from qualify.errors import NotEnoughDeals
from qualify.monitoring.origin import Origin, as_parent, described, next_version
from qualify.numerics.blocks import Vector
from qualify.numerics.coding import Items
from qualify.numerics.procedures import Recipe, points_recipe, predict, train
from qualify.numerics.sample_size import expected_r2, riley_sizes


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Rebuild:
    """A rebuild to be judged on new deals it has not seen.

    Attributes
    ----------
    items, outcome, weights
        Of the earlier deals, then the new ones.
    new : ndarray of int
        Places of the new ones.
    recipe : Recipe
        The way to points.
    """

    items: Items
    outcome: Vector
    weights: Vector
    new: NDArray[np.intp]
    recipe: Recipe

    def without(self, left_out: NDArray[np.bool_]) -> Vector:
        """Return log-odds of the new deals by points learned without some of them."""
        weights = self.weights.copy()
        weights[self.new[left_out]] = 0.0
        trained = train(self.items, self.outcome, weights, self.recipe)
        return predict(self.items.codes[self.new], trained)


def rebuild_of(criteria: Criteria, deals: Deals, new: pd.Index[Any]) -> Rebuild:
    """Set up a rebuild to be judged.

    Parameters
    ----------
    criteria : Criteria
        The criteria in use, for their settings.
    deals : Deals
        Earlier and new deals.
    new : Index
        Ids of the new deals, in the order in which they are judged.

    Returns
    -------
    Rebuild
        Deals and recipe.
    """
    sample, _ = whole_sample(deals, scales_of(deals))
    return Rebuild(
        items=sample.items,
        outcome=sample.outcome,
        weights=sample.weights,
        new=deals.closed.index.get_indexer(new),
        recipe=points_recipe(deals.survey.min_answers, **budget_of(settings_told(criteria.provenance))),
    )


def deals_missing(criteria: Criteria, parameters: int, deals: Deals) -> int:
    """Count the deals that a rebuild would need beyond those there are.

    Parameters
    ----------
    criteria : Criteria
        The criteria in use; how much they explain is what the new ones may.
    parameters : int
        Columns of the fit behind their points.
    deals : Deals
        Earlier and new deals.

    Returns
    -------
    int
        0 where there are enough: as many as Riley et al. (2020) ask for, and ten of either outcome.
    """
    won = int(deals.won.sum())
    rate = float(np.clip(won / max(deals.n, 1), 0.01, 0.99))
    needed = riley_sizes(max(parameters, 1), _explained(criteria), rate).needed
    rarer = min(won, deals.n - won)
    by_outcome = int(np.ceil(max(FOLDS - rarer, 0) / min(rate, 1.0 - rate)))
    return max(needed - deals.n, by_outcome, 0)


def _explained(criteria: Criteria) -> float:
    """R² of the criteria on deals that their points never saw."""
    past, table = criteria.tipping.scores, criteria.probabilities
    won = past["won"].to_numpy(dtype=np.float64)
    chance = np.interp(past["score"], table["score"], table["probability"]).clip(1e-12, 1.0 - 1e-12)
    loss = -float(np.mean(won * np.log(chance) + (1.0 - won) * np.log(1.0 - chance)))
    return expected_r2(loss, float(np.clip(won.mean(), 0.01, 0.99)))


def _zones_of(settings: dict[str, Any]) -> tuple[float, float] | Economics:
    """Return what divides the zones: break-even is worked out anew, two win probabilities stay."""
    if "economics" in settings:
        money = settings["economics"]
        return Economics(value=money["value"], cost=money["cost"])
    low, high = (float(zone) for zone in settings["zones"])
    return low, high


def rebuilt(criteria: Criteria, deals: Deals, origin: Origin, rng: np.random.Generator) -> Criteria | None:
    """Refine criteria anew, as the ones in use were.

    Parameters
    ----------
    criteria : Criteria
        The criteria in use, for their settings and as parent.
    deals : Deals
        Earlier and new deals.
    origin : Origin
        Where the rebuild comes from.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    Criteria or None
        None where points learned from these deals do no better than chance, or nothing can be learned.
    """
    settings = settings_told(criteria.provenance)
    try:
        made = refine_criteria(
            in_order(deals)[0],
            max_characteristics=settings["max_characteristics"],
            points=settings["points"],
            zones=_zones_of(settings),
            replicates=int(settings["replicates"]),
            level=criteria.tipping.level,
            rng=rng,
        )
    except NotEnoughDeals:
        return None
    if not made.kept:
        return None
    provenance = made.provenance | described(deals, origin) | {"parent": as_parent(criteria)}
    return replace(made, version=next_version(criteria.version), provenance=provenance)
