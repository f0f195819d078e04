"""What `qualify demo` shows: simulated deals as files, their truth, and what to type with one's own."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path

from qualify._support.files import PathLike, write_whole
from qualify.criteria.model import Criteria
from qualify.datasets.datasets import SimulationTruth, simulate_deals
from qualify.errors import InvalidArgument
from qualify.formatting.formats import format_value
from qualify.formatting.plain import to_csv
from qualify.formatting.wording import listed
from qualify.scoring.scoring import score_deals
from qualify.study.files import made_folder
from qualify.study.summary import WIDTH
from qualify.survey.file import write_survey

# What each file holds, for people.
CONTENTS = {
    "deals.csv": "400 closed deals of an invented sales team, and 40 open ones",
    "open.csv": "the open ones by themselves",
    "survey.yaml": "what the team asks of a deal",
    "scored.csv": "the open deals, scored",
}
NEXT = """\
qualify infer-survey deals.csv --outcome Status --out survey.yaml    # then correct survey.yaml by hand
qualify analyze deals.csv --survey survey.yaml --out results
qualify score results/criteria.json open.csv --out scored.csv
qualify export results/criteria.json criteria.xlsx criteria.salesforce.txt"""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DemoFiles:
    """The files of a demonstration.

    Attributes
    ----------
    deals, open, survey : Path
        What a user would have.
    truth : SimulationTruth
        What a user never has.
    """

    deals: Path
    open: Path
    survey: Path
    truth: SimulationTruth

    def score(self, criteria: Criteria) -> Path:
        """Score the open deals into a file beside them.

        Parameters
        ----------
        criteria : Criteria
            From the closed deals.

        Returns
        -------
        Path
            The file.
        """
        scored = score_deals(criteria, self.open)
        return write_whole(self.open.with_name("scored.csv"), to_csv(scored.table), InvalidArgument)


def write_demo_files(folder: PathLike, seed: int) -> DemoFiles:
    """Write simulated deals and their survey.

    Parameters
    ----------
    folder : str or path-like
        Made where it is missing; files of the same names are replaced.
    seed : int
        The same seed gives the same files.

    Returns
    -------
    DemoFiles
        Where they are, and the truth behind them.

    Raises
    ------
    InvalidArgument
        Where a file cannot be written.
    """
    place = made_folder(folder)
    simulated = simulate_deals(400, rng=seed)
    still_open = simulated.frame[simulated.frame["Outcome"] == "Open"]
    return DemoFiles(
        deals=write_whole(place / "deals.csv", to_csv(simulated.frame), InvalidArgument),
        open=write_whole(place / "open.csv", to_csv(still_open), InvalidArgument),
        survey=write_survey(simulated.survey, place / "survey.yaml"),
        truth=simulated.truth,
    )


def truth_in_words(truth: SimulationTruth) -> str:
    """Return what is true of simulated deals, to be held against what was found.

    Parameters
    ----------
    truth : SimulationTruth
        The truth.

    Returns
    -------
    str
        Two sentences under a heading.
    """
    names = list(truth.points["characteristic"].unique())
    idle = [name for name in names if name not in truth.matters]
    floor, ceiling = (format_value(end, "percent") for end in (truth.floor, truth.ceiling))
    lines = (
        f"The win probability climbs from {floor} to {ceiling} with the true score, made of "
        f"{listed(truth.matters, most=20)}.",
        f"No part in it: {listed(idle, most=20)}.",
    )
    return "\n".join(
        ["THE TRUTH BEHIND THESE INVENTED DEALS", *(textwrap.fill(line, WIDTH) for line in lines)]
    )
