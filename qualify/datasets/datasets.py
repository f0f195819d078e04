"""Deals to try things on: simulated ones whose truth is known, and real ones that were published."""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd

from qualify.datasets.curve import ENDS, Curve, CurveKind, settle_curve
from qualify.datasets.drawing import (
    draw_answers,
    draw_circumstances,
    draw_outcomes,
    draw_reps,
    texts,
    true_scores,
)
from qualify.datasets.team import Trait, survey_of, traits_asked, true_points
from qualify.errors import (
    InvalidArgument,
    Problem,
    QualifyError,
    check_choice,
    check_level,
    check_positive,
    short,
)
from qualify.survey import Survey

_ADDRESS = "https://huggingface.co/datasets/markobo/B2B_Sales_data/resolve/main/"
_FILE = "Salvirt_B2B_ML_dataset_HF.csv"
_SHA256 = "8dee635b95bdcb00896b654efe62fc20177090081c81ef5224e8641ba31c3061"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SimulationTruth:
    """What is true of simulated deals.

    Attributes
    ----------
    points : pandas.DataFrame
        characteristic, answer ("unknown" included), points: whole numbers that add up to the true score.
    matters : tuple of str
        The characteristics that move the win probability; none for the curve "none".
    scores : pandas.Series
        True score of every row of the frame, by deal id.
    win_probability : pandas.Series
        Probability of winning of every row of the frame, by deal id, in [0, 1].
    curve : {"none", "gradual", "sharp", "plateau"}
        Shape of the win probability against the true score.
    floor, ceiling : float
        Win probabilities far below and far above the band, in [0, 1].
    slope : float
        Log-odds of the climb per point; 0 for "none".
    midpoint, low, high : float
        Scores, in points, at which 50, 10 and 90 % of the climb are done; NaN for "none".
    """

    points: pd.DataFrame
    matters: tuple[str, ...]
    scores: pd.Series[int]
    win_probability: pd.Series[float]
    curve: CurveKind
    floor: float
    ceiling: float
    slope: float
    midpoint: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SimulatedDeals:
    """Simulated deals with the survey that reads them.

    Attributes
    ----------
    frame : pandas.DataFrame
        One row per deal in the order of creation, as a CRM would export it; answers are text.
    survey : Survey
        The survey that fits the frame. Its hand-given points are what the simulated team believes: near the
        truth for most characteristics, too many for "Rapport" and "Procurement known", none for "Decision
        process".
    truth : SimulationTruth
        What the deals were drawn from.
    """

    frame: pd.DataFrame
    survey: Survey
    truth: SimulationTruth


def simulate_deals(
    n: int = 400,
    *,
    curve: CurveKind = "plateau",
    win_rate: float = 0.4,
    characteristics: int = 12,
    unknown_share: float = 0.08,
    rng: np.random.Generator | int | None = 0,
) -> SimulatedDeals:
    """Draw the closed and open deals of an invented sales team, with the truth they were drawn from.

    Only the deals come from `rng`. The team, its questions, the true points and the curve are settled by the
    other arguments, so that another `rng` and another `n` give fresh deals of the same world:
    ``simulate_deals(200_000, rng=1)`` is the population behind ``simulate_deals(400, rng=0)``.

    Parameters
    ----------
    n : int
        Closed deals (won, lost, no decision). A tenth as many open deals come on top.
    curve : {"none", "gradual", "sharp", "plateau"}
        Win probability against the true score. "none": `win_rate` for every deal; "gradual" and "sharp": from
        0 to 1, four fifths of the climb within nine tenths or one fifth of the score range (2.5-97.5 % of
        deals); "plateau": from 0.08 to 0.90, four fifths of the climb within one fifth.
    win_rate : float
        Share of closed deals won in the long run, in (0, 1); for "plateau" in (0.08, 0.90).
    characteristics : int
        Questions asked, at least 1. The first twelve are named and eight of them matter; more are ratings
        without any effect.
    unknown_share : float
        Share of answers that are unknown, in [0, 0.5].
    rng : numpy.random.Generator, int or None
        Source of chance; the same seed gives the same deals, None other ones every time.

    Returns
    -------
    SimulatedDeals
        Frame, survey and truth.

    Raises
    ------
    InvalidArgument
        If an argument lies outside its range.

    Notes
    -----
    Each deal has a hidden quality, a standard normal number, with which most answers go (one common factor).
    A rating is what the rep sees, cut at fixed places; generous reps see more. In the characteristics that
    matter, "Source" apart, unknown is the more common the worse the deal: at quality q it has the probability
    2 · `unknown_share` · Φ(−q); elsewhere it comes at random. The true score S is the sum of the true points
    of the answers as recorded, unknown included, and alone decides the win probability,
    floor + (ceiling − floor) · expit(slope · (S − midpoint)). Nothing drifts over time.

    Examples
    --------
    >>> simulated = simulate_deals(400, rng=0)
    >>> len(simulated.frame), int((simulated.frame["Outcome"] == "Open").sum())
    (440, 40)
    >>> simulated.truth.curve, simulated.truth.floor, simulated.truth.ceiling
    ('plateau', 0.08, 0.9)
    """
    n = int(check_positive(n, name="n", where="simulate_deals", whole=True))
    count = int(check_positive(characteristics, name="characteristics", where="simulate_deals", whole=True))
    check_choice(curve, get_args(CurveKind), name="curve", where="simulate_deals")
    win_rate = _check_win_rate(curve, win_rate)
    unknown_share = _check_unknown_share(unknown_share)
    generator = np.random.default_rng(rng)
    traits = traits_asked(count)
    reps = draw_reps(n + n // 10, generator)
    codes = draw_answers(traits, reps, unknown_share, generator)
    scores = true_scores(traits, codes)
    climb = settle_curve(curve, win_rate, count, unknown_share)
    probability = climb.probability(scores)
    frame = draw_circumstances(reps, n, generator)
    for column, trait in enumerate(traits):
        frame[trait.characteristic.column] = texts((*trait.answers, "Unknown"), codes[:, column])
    frame["Outcome"] = draw_outcomes(generator.random(len(frame)) < probability, n, generator)
    frame["True score"], frame["True probability"] = scores, probability
    return _with_truth(frame.sort_values("Created", kind="stable", ignore_index=True), traits, curve, climb)


def fetch_b2b_sales(*, folder: str | os.PathLike[str] | None = None) -> pd.DataFrame:
    """Get 448 real closed deals of a software company, as published, with every cell as text.

    The file is downloaded once, checked, and kept in the user's cache folder.

    Parameters
    ----------
    folder : str or path-like, optional
        A folder that holds the file in ``salvirt-b2b``; nothing is downloaded then. Where left out, the
        environment variable ``QUALIFY_DATA`` may name it.

    Returns
    -------
    pandas.DataFrame
        448 rows, 23 columns of text; the outcome is in "Status" (227 Won, 221 Lost). No cell is empty:
        "Unknown" is written out.

    Raises
    ------
    QualifyError
        If the file cannot be had or is not the published one (SHA-256); the message says what to do.

    Notes
    -----
    Licence CC BY 4.0, Salvirt and M. Bohanec. 83 of the rows repeat another row exactly.

    References
    ----------
    .. [1] M. Bohanec, M. Kljajić Borštnar, M. Robnik-Šikonja (2017), Explaining machine learning models in
       sales predictions, Expert Systems with Applications 71, 416-428.

    Examples
    --------
    >>> import qualify as ql
    >>> frame = ql.fetch_b2b_sales()  # doctest: +SKIP
    >>> frame["Status"].value_counts()  # doctest: +SKIP
    Status
    Won     227
    Lost    221
    Name: count, dtype: int64
    """
    folder = os.environ.get("QUALIFY_DATA") if folder is None else folder
    path = Path(folder) / "salvirt-b2b" / _FILE if folder else _download()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _no_file(f"{path} cannot be read ({error})") from error
    if hashlib.sha256(content).hexdigest() != _SHA256:
        raise _no_file(f"{path} is not the published file: its SHA-256 is not {_SHA256}")
    return pd.read_csv(io.BytesIO(content), sep=";", dtype=str, keep_default_na=False)


def _check_win_rate(curve: CurveKind, win_rate: float) -> float:
    """Refuse a win rate that the curve cannot have."""
    floor, ceiling = ENDS[curve]
    win_rate = check_level(win_rate, where="simulate_deals", name="win_rate")
    if floor < win_rate < ceiling:
        return win_rate
    allowed = f"must lie in ({floor:g}, {ceiling:g}) for the curve {curve!r}"
    raise InvalidArgument(f"`win_rate` of `simulate_deals` {allowed}; got {win_rate:g}.")


def _check_unknown_share(share: float) -> float:
    """Refuse a share that two draws per deal cannot give."""
    if isinstance(share, (int, float)) and 0 <= share <= 0.5:
        return float(share)
    raise InvalidArgument(f"`unknown_share` of `simulate_deals` must lie in [0, 0.5]; got {short(share)}.")


def _with_truth(
    frame: pd.DataFrame, traits: tuple[Trait, ...], curve: CurveKind, climb: Curve
) -> SimulatedDeals:
    """Give the deals numbers, part the truth from what a CRM would show, and add the survey."""
    frame.insert(0, "Deal", [f"D-{number:05d}" for number in range(1, len(frame) + 1)])
    hidden = frame[["True score", "True probability"]].set_axis(pd.Index(frame["Deal"], name="deal"))
    truth = SimulationTruth(
        points=true_points(traits),
        matters=tuple(t.characteristic.name for t in traits if t.matters and curve != "none"),
        scores=hidden["True score"].rename("score"),
        win_probability=hidden["True probability"].rename("probability"),
        curve=curve,
        **climb._asdict(),
        low=climb.low,
        high=climb.high,
    )
    shown = frame.drop(columns=["True score", "True probability"])
    return SimulatedDeals(frame=shown, survey=survey_of(traits), truth=truth)


def _download() -> Path:
    """Return the cached file, downloaded where it is missing."""
    import pooch  # type: ignore[import-untyped]  # only here: simulated deals need no network

    logger = pooch.get_logger()
    before = logger.level
    logger.setLevel("ERROR")
    try:
        found = pooch.retrieve(
            _ADDRESS + _FILE,
            known_hash=f"sha256:{_SHA256}",
            fname=_FILE,
            path=pooch.os_cache("qualify"),
            downloader=pooch.HTTPDownloader(timeout=30),
        )
    except OSError as error:
        raise _no_file(f"{_ADDRESS + _FILE} could not be downloaded ({error})") from error
    except ValueError as error:
        raise _no_file(f"what {_ADDRESS} sent is not the published file (SHA-256)") from error
    finally:
        logger.setLevel(before)
    return Path(found)


def _no_file(reason: str) -> QualifyError:
    """Say that the deals cannot be had, and how to get them by hand."""
    mend = (
        f"go online and try again, or fetch {_ADDRESS + _FILE} by hand, put it into a folder `salvirt-b2b` "
        "and set QUALIFY_DATA to the folder that holds `salvirt-b2b`; `simulate_deals` needs no file"
    )
    return QualifyError(Problem(reason=reason, mend=mend))
