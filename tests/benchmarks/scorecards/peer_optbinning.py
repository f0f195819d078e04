"""The scorecard of optbinning: optimal bins, questions of most information value, whole points 0 to 100."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.scorecards.held_out import Learn, Predicted, Table, line, main

if TYPE_CHECKING:
    import pandas as pd


def scorecard(train: Table, held: Table, most: int) -> Predicted:
    """Learn a card as its tutorial does; win probabilities are along its whole score, by a line of their own.

    Its own probabilities are those before rounding.
    """
    from optbinning import BinningProcess, Scorecard
    from sklearn.linear_model import LogisticRegression

    names = [one.name for one in train.asked]
    binning = BinningProcess(
        names,
        categorical_variables=[one.name for one in train.asked if one.numbers is None],
        selection_criteria={"iv": {"strategy": "highest", "top": min(most, len(names))}},
    )
    card = Scorecard(
        binning_process=binning,
        estimator=LogisticRegression(),
        scaling_method="min_max",
        scaling_method_params={"min": 0, "max": 100},
        rounding=True,
    )
    card.fit(_frame(train), train.outcome, metric_missing="empirical")
    intercept, slope = line(card.score(_frame(train)), train.outcome)
    log_odds = intercept + slope * card.score(_frame(held))
    points = card.table(style="detailed").groupby("Variable")["Points"]
    return Predicted(np.asarray(log_odds), int((points.nunique() > 1).sum()))


def _frame(table: Table) -> pd.DataFrame:
    """Numbers with gaps where unknown; choices as text, unknown being an answer of its own."""
    import pandas as pd

    return pd.DataFrame(
        {one.name: one.texts.astype(object) if one.numbers is None else one.numbers for one in table.asked}
    )


METHODS: dict[str, Learn] = {"scorecard": scorecard}

if __name__ == "__main__":
    main(METHODS)
