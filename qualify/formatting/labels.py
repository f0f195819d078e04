"""What a column of a result is called when people read it, and how its values are written.

The frames keep their short, fixed column names (`win_rate`, `q_value`); the words for people live only here.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, NamedTuple

Format = Literal["text", "count", "percent", "swing", "p", "odds", "number", "metric", "statistic"]


class Interval(NamedTuple):
    """Three columns that belong together: an estimate and the limits of its interval."""

    estimate: str
    low: str
    high: str


# An estimate earlier in the list claims limits that two estimates could share (`ci_low`, `ci_high`).
INTERVALS: tuple[Interval, ...] = (
    Interval("swing", "swing_low", "swing_high"),
    Interval("win_rate_then", "win_rate_then_low", "win_rate_then_high"),
    Interval("win_rate", "win_rate_low", "win_rate_high"),
    Interval("win_rate_moved", "win_rate_moved_low", "win_rate_moved_high"),
    Interval("expected", "expected_low", "expected_high"),
    Interval("generosity", "generosity_low", "generosity_high"),
    Interval("moved", "moved_low", "moved_high"),
    Interval("now", "now_low", "now_high"),
    Interval("unknown_moved", "unknown_low", "unknown_high"),
    Interval("worse_by", "worse_low", "worse_high"),
    Interval("probability", "low", "high"),
    Interval("odds_ratio", "ci_low", "ci_high"),
    Interval("corrected", "ci_low", "ci_high"),
    Interval("estimate", "ci_low", "ci_high"),
)

RANGES: dict[tuple[str, str], str] = {("score_low", "score_high"): "Scores"}

METRICS: dict[str, str] = {
    "auc": "C-statistic (AUC)",
    "brier": "Brier score",
    "scaled_brier": "Scaled Brier score",
    "log_loss": "Log loss",
    "calibration_intercept": "Calibration intercept",
    "calibration_slope": "Calibration slope",
    "ici": "Mean calibration error (ICI)",
}

_COLUMNS: dict[str, tuple[str, Format]] = {
    "account": ("Account", "text"),
    "adds": ("Adds", "metric"),
    "adds_high": ("to", "metric"),
    "adds_low": ("from", "metric"),
    "alone_chi2": ("χ² alone", "statistic"),
    "alone_p": ("p alone", "p"),
    "alone_q": ("q alone", "p"),
    "answer": ("Answer", "text"),
    "apparent": ("Same deals", "metric"),
    "as_of": ("As of", "text"),
    "ask_next": ("Find out next", "text"),
    "change": ("Change", "text"),
    "characteristic": ("Characteristic", "text"),
    "characteristics": ("Characteristics", "text"),
    "chi2": ("χ²", "statistic"),
    "chosen": ("Chosen", "text"),
    "ci_high": ("to", "number"),
    "ci_low": ("from", "number"),
    "close_date": ("Closed", "text"),
    "cluster": ("Cluster", "text"),
    "corrected": ("Unseen deals", "metric"),
    "created_date": ("Created", "text"),
    "dated": ("In force from", "text"),
    "deal": ("Deal", "text"),
    "deals": ("Deals", "count"),
    "deals_to_be_sure": ("Deals to be sure", "count"),
    "decides": ("Decides", "text"),
    "detail": ("Detail", "text"),
    "df": ("df", "count"),
    "direction": ("Goes with", "text"),
    "estimate": ("Estimate", "number"),
    "expected": ("If nothing changed", "metric"),
    "expected_high": ("expected to", "metric"),
    "expected_low": ("expected from", "metric"),
    "finding": ("Finding", "text"),
    "gates": ("Gates", "text"),
    "generosity": ("Points above others", "number"),
    "generosity_high": ("Points to", "number"),
    "generosity_low": ("Points from", "number"),
    "generosity_then": ("Points above others then", "number"),
    "high": ("to", "number"),
    "in_use": ("In use", "text"),
    "inclusion": ("Chosen in", "percent"),
    "kept": ("Kept", "text"),
    "learned_from": ("Learned from (deals)", "count"),
    "levers": ("Levers", "text"),
    "limit": ("Limit", "percent"),
    "log_loss": ("Log loss", "metric"),
    "low": ("from", "number"),
    "mend": ("What to do", "text"),
    "metric": ("Measure", "text"),
    "more_deals": ("Deals missing", "count"),
    "moved": ("Moved by", "number"),
    "n": ("Deals", "count"),
    "n_then": ("Deals then", "count"),
    "nonlinear_p": ("p not straight", "p"),
    "note": ("Note", "text"),
    "now": ("Now", "number"),
    "odds_ratio": ("Odds ratio", "odds"),
    "optimism": ("Optimism", "metric"),
    "outcome": ("Outcome", "text"),
    "p_plain": ("p as if exactly true", "p"),
    "p_value": ("p", "p"),
    "period": ("Period", "text"),
    "points": ("Points", "count"),
    "pooled_into": ("Pooled into", "text"),
    "probability": ("Win probability", "percent"),
    "psi": ("PSI", "metric"),
    "psi_limit": ("PSI by chance", "metric"),
    "psi_p": ("p of PSI", "p"),
    "psi_q": ("q of PSI", "p"),
    "q_value": ("q", "p"),
    "quarter": ("Quarter", "text"),
    "rep": ("Rep", "text"),
    "score": ("Score", "number"),
    "score_high": ("to score", "number"),
    "score_low": ("from score", "number"),
    "severity": ("Severity", "text"),
    "share": ("Share of deals", "percent"),
    "shares_with": ("Shares with", "text"),
    "sign_agreement": ("Same sign in", "percent"),
    "surprise": ("Surprise", "text"),
    "survey_date": ("Surveyed", "text"),
    "swing": ("Swing", "swing"),
    "swing_high": ("Swing to", "swing"),
    "swing_low": ("Swing from", "swing"),
    "test": ("Test", "text"),
    "test_verdict": ("The test says", "text"),
    "then": ("Then", "metric"),
    "unknown_chi2": ("χ² unknown", "statistic"),
    "unknown_moved": ("Unknown moved by", "swing"),
    "unknown_now": ("Unknown now", "percent"),
    "unknown_p": ("p unknown", "p"),
    "unknown_q": ("q unknown", "p"),
    "unknown_share": ("Unknown", "percent"),
    "unknown_swing": ("Swing if unknown", "swing"),
    "unknown_then": ("Unknown then", "percent"),
    "update": ("Update", "text"),
    "verdict": ("Verdict", "text"),
    "version": ("Version", "text"),
    "what": ("What", "text"),
    "where": ("Where", "text"),
    "why": ("Why it matters", "text"),
    "win_rate": ("Win rate", "percent"),
    "win_rate_high": ("Win rate to", "percent"),
    "win_rate_low": ("Win rate from", "percent"),
    "win_rate_moved": ("Moved by", "swing"),
    "win_rate_moved_high": ("Moved to", "swing"),
    "win_rate_moved_low": ("Moved from", "swing"),
    "win_rate_then": ("Win rate then", "percent"),
    "win_rate_then_high": ("Win rate then to", "percent"),
    "win_rate_then_low": ("Win rate then from", "percent"),
    "won": ("Won", "count"),
    "won_then": ("Won then", "count"),
    "worse_by": ("Log loss more than in use", "metric"),
    "worse_high": ("Worse to", "metric"),
    "worse_low": ("Worse from", "metric"),
    "year": ("Year", "text"),
    "zone": ("Zone", "text"),
}


def heading(column: object) -> str:
    """Return the heading people read above a column.

    Parameters
    ----------
    column : object
        A column's name; one that no result of this package has is shown with its underscores as spaces.

    Returns
    -------
    str
        The heading.

    Examples
    --------
    >>> heading("win_rate"), heading("days_open")
    ('Win rate', 'Days open')
    """
    name = str(column)
    if name in _COLUMNS:
        return _COLUMNS[name][0]
    words = name.replace("_", " ").strip()
    # Only names written as code are made into words; a user's own spelling is left alone.
    return words[:1].upper() + words[1:] if name.islower() else words


def format_of(column: object, beside: Collection[object] = ()) -> Format | None:
    """Return how the values of a column are written.

    Parameters
    ----------
    column : object
        A column's name.
    beside : collection of object
        All column names of the same frame: the limits of an interval are written like their estimate.

    Returns
    -------
    str or None
        One of "text", "count", "percent", "swing", "p", "odds", "number", "metric", "statistic"; None for a
        column that no result of this package has.

    Examples
    --------
    >>> format_of("win_rate"), format_of("q_value"), format_of("swing")
    ('percent', 'p', 'swing')
    >>> format_of("ci_low", ["odds_ratio", "ci_low", "ci_high"])
    'odds'
    """
    name = str(column)
    for interval in INTERVALS:
        if interval.estimate in beside and name in interval[1:]:
            return format_of(interval.estimate, beside)
    if name == "estimate" and "metric" in beside:
        return "metric"
    return _COLUMNS[name][1] if name in _COLUMNS else None
