"""Tables of deals and their survey, for the tests of the readers."""

from __future__ import annotations

import pandas as pd
import pytest

from qualify.deals import read_deals
from qualify.errors import InvalidDeals, Problem
from qualify.survey import Answer, Characteristic, Columns, Outcomes, Survey


def asked(name: str, *values: str, **fields: object) -> Characteristic:
    answers = tuple(Answer(value=value) for value in values)
    return Characteristic(**{"name": name, "column": name, "kind": "choice", "answers": answers, **fields})


SURVEY = Survey(
    columns=Columns(outcome="Status", deal="Id", close_date="Closed", value="Amount", account="Account"),
    outcomes=Outcomes(won=("Closed Won",), lost=("Lost",), no_decision=("None",), open=("Open",)),
    characteristics=(
        asked("RFP", "No", "Yes", kind="yes_no"),
        asked("Fit", kind="score", low=1, high=5),
        asked("Size", "Small", "Mid", "Big", kind="ordered"),
        asked("Source", "Web", "Fair", "4", "=1+1", unknown=("NA",)),
    ),
)
ROWS = {
    "Id": ["a", "b", "c", "d", "e"],
    "Status": ["closed won", " LOST ", "ClosedWon", "open", "none"],
    "Closed": ["2024-01-31", "2024-02-29", "", "", "2023-12-01"],
    "Amount": ["100", "2.5", "", "1e3", "-4"],
    "Account": ["X", "X", "", "Y", "Z"],
    "RFP": ["yes", "NO ", "", "Unknown", "?"],
    "Fit": ["4.0", "4", "2.5", "unknown", "1"],
    "Size": ["BIG", "mid", "small", "Big", " Big"],
    "Source": ["4.0", "NA", "web", "=1+1", "fair"],
}


def frame_of(**changes: object) -> pd.DataFrame:
    return pd.DataFrame({**ROWS, **changes})


DEALS = read_deals(frame_of(), SURVEY)


def problems_of(frame: object, survey: Survey = SURVEY) -> list[Problem]:
    with pytest.raises(InvalidDeals) as error:
        read_deals(frame, survey)
    assert all(problem.mend for problem in error.value.problems)
    return list(error.value.problems)
