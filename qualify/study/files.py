"""A study as files in a folder, each written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from qualify._support.files import PathLike, write_whole
from qualify.errors import InvalidArgument
from qualify.exports.writing import TARGETS
from qualify.formatting.plain import plain_value, to_csv, to_records
from qualify.study.study import Study

# What each file holds, for people.
CONTENTS = {
    "summary.txt": "what was found, in plain words",
    "criteria.md": "the checklist for reps: questions, points, zones",
    "criteria.json": "the same criteria for `qualify score`",
    "factors.csv": "every characteristic: verdict, swing, tests",
    "answers.csv": "every answer: deals, win rate, odds ratio",
    "validation.csv": "how the win probability fares on deals not seen",
    "audit.csv": "what to mind about the data",
    "win_curve.png": "the win rate against the score",
    "calibration.png": "the win rate against the predicted probability",
}


_SETTINGS = ("n", "won", "level", "procedure", "grouping", "replicates", "failed")


def write_study_files(study: Study, folder: PathLike) -> list[Path]:
    """Write summary, criteria, tables and charts of a study into a folder, once all of them are made.

    Parameters
    ----------
    study : Study
        From `analyze`.
    folder : str or path-like
        Made where it is missing. Files of these names are replaced, others left alone.

    Returns
    -------
    list of Path
        The files, in the order of `CONTENTS`.

    Raises
    ------
    InvalidArgument
        Where the folder cannot be made or a file cannot be written.
    """
    place = made_folder(folder)
    makers: dict[str, Callable[[], str | bytes]] = {
        "summary.txt": lambda: study.summary + "\n",
        "factors.csv": lambda: to_csv(study.factors.table),
        "answers.csv": lambda: to_csv(study.factors.answers),
        "criteria.md": lambda: TARGETS[".md"](study.criteria),
        "criteria.json": lambda: TARGETS[".json"](study.criteria),
        "validation.csv": lambda: to_csv(_measures(study)),
        "audit.csv": lambda: to_csv(study.audit.findings),
        "win_curve.png": lambda: _win_curve(study),
        "calibration.png": lambda: _calibration(study),
    }
    contents = {name: makers[name]() for name in CONTENTS}
    return [write_whole(place / name, content, InvalidArgument) for name, content in contents.items()]


def study_to_dict(study: Study) -> dict[str, Any]:
    """Return the main results of a study as values that JSON can hold.

    Parameters
    ----------
    study : Study
        From `analyze`.

    Returns
    -------
    dict
        Numbers of deals, findings, factors, validation, tipping point, criteria and the summary in words.
    """
    tipping, criteria = study.tipping, study.criteria
    edges = ("midpoint", "low", "high", "width_share", "floor", "ceiling", "p_value")
    return {
        "deals": study.deals.n,
        "won": int(study.audit.won),
        "win_rate": study.deals.win_rate,
        "findings": to_records(study.audit.findings),
        "factors": to_records(study.factors.table),
        "validation": {
            **{name: getattr(study.validation, name) for name in _SETTINGS},
            "notes": list(study.validation.notes),
            "measures": to_records(study.validation.table),
            "groups": to_records(study.validation.groups),
            "later_quarters": to_records(study.validation.temporal),
        },
        "tipping": {
            "verdict": tipping.verdict,
            "reason": tipping.reason,
            **{edge: plain_value(getattr(tipping, edge)) for edge in edges},
            "zones": to_records(tipping.zones),
        },
        "criteria": {
            "version": criteria.version,
            "bands_from": criteria.bands_from,
            "points": to_records(criteria.points),
            "bands": to_records(criteria.bands),
            "performance": to_records(criteria.performance),
        },
        "summary": study.summary,
    }


def made_folder(folder: PathLike) -> Path:
    """Return a folder, made with its parents where it is missing.

    Parameters
    ----------
    folder : str or path-like
        The folder.

    Returns
    -------
    Path
        It.

    Raises
    ------
    InvalidArgument
        Where it cannot be made.
    """
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise InvalidArgument(f"the folder {place} cannot be made: {reason}") from None
    return place


def _measures(study: Study) -> pd.DataFrame:
    """Measures of the validation, each row with what it rests on."""
    check = study.validation
    return check.table.assign(n=check.n, won=check.won, level=check.level, replicates=check.replicates)


def _win_curve(study: Study) -> bytes:
    # matplotlib takes a second to load, so only where something is drawn
    from qualify.plots import plot_win_curve
    from qualify.plots._picture import png_of

    return png_of(lambda ax: plot_win_curve(study.tipping, ax=ax))


def _calibration(study: Study) -> bytes:
    from qualify.plots import plot_calibration
    from qualify.plots._picture import png_of

    return png_of(lambda ax: plot_calibration(study.validation, ax=ax), width=7.0, height=6.4)
