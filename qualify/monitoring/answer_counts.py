"""How often each answer was given among deals, counted as criteria count them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qualify.deals import Deals
from qualify.scoring.answer_levels import gives


def count_like(answers: pd.DataFrame, deals: Deals) -> pd.DataFrame:
    """Count the answers of deals as `Criteria.answers` does.

    Parameters
    ----------
    answers : DataFrame
        `Criteria.answers`, whose rows say which answers, and which numbers of a score, are counted together.
    deals : Deals
        Closed deals.

    Returns
    -------
    DataFrame
        The same rows; n and won are those of the deals.
    """
    won = deals.won.to_numpy()
    given: list[NDArray[np.bool_]] = []
    for row in answers.to_dict("records"):
        name = str(row["characteristic"])
        if name in deals.answers:
            given.append(
                gives(deals.answers[name], str(row["answer"]), float(row["low"]), float(row["high"]))
            )
        else:
            given.append(np.zeros(deals.n, dtype=np.bool_))
    n = [int(one.sum()) for one in given]
    wins = [int((one & won).sum()) for one in given]
    return answers.assign(n=np.array(n, dtype=np.int64), won=np.array(wins, dtype=np.int64))
