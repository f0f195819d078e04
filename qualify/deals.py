"""Deals: what was answered for every deal; the only reader of a user's table."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from qualify.survey import Survey

DATES = ("close_date", "survey_date", "created_date")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Deals:
    """Deals read against their survey."""

    survey: Survey
    closed: pd.DataFrame
    open: pd.DataFrame
    left_out: int = 0

    @property
    def answers(self) -> pd.DataFrame:
        """The closed deals' answers: a categorical per characteristic, its last category `unknown`."""
        return self.closed[list(self.survey.names)]

    @property
    def won(self) -> pd.Series[bool]:
        """Whether each closed deal was won."""
        return self.closed["outcome"] == "won"

    @property
    def dates(self) -> pd.DataFrame:
        """The date columns of the closed deals; none where the survey names none."""
        return self.closed[[name for name in DATES if name in self.closed.columns]]

    @property
    def weights(self) -> pd.Series[float]:
        """Weight of each closed deal: 1.0 unless the survey names a weight column."""
        if "weight" in self.closed.columns and self.survey.columns.weight is not None:
            return self.closed["weight"].astype("float64")
        return pd.Series(1.0, index=self.closed.index, name="weight")

    @property
    def n(self) -> int:
        """Number of closed deals."""
        return len(self.closed)

    @property
    def win_rate(self) -> float:
        """Share of the closed deals that were won, in [0, 1], unweighted."""
        return float(self.won.mean())

    def subset(self, mask: object) -> Deals:
        """Return the same with only the closed deals where `mask` is true."""
        raise NotImplementedError
