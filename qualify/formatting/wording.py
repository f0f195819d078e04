"""Numbers in running text: a rate never stands without the deals it rests on."""

from __future__ import annotations

from collections.abc import Iterable

from statsmodels.stats.proportion import proportion_confint

from qualify.formatting.formats import clean, format_value


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun.

    Parameters
    ----------
    number : int
        How many.
    noun : str
        One of them.
    plural : str
        Several of them; `noun` with an s where left out.

    Returns
    -------
    str
        Such as "1 deal" or "1,240 deals".

    Examples
    --------
    >>> counted(1, "deal"), counted(1240, "deal"), counted(2, "reply", "replies")
    ('1 deal', '1,240 deals', '2 replies')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def listed(names: Iterable[object], *, most: int = 8) -> str:
    """Return names in a row, the last joined by "and".

    Parameters
    ----------
    names : iterable of object
        What to list; each is made one harmless line.
    most : int
        How many are named before the rest are only counted.

    Returns
    -------
    str
        Such as "A, B and C".

    Examples
    --------
    >>> listed("ABC"), listed("ABCD", most=2), listed([])
    ('A, B and C', 'A, B and 2 more', 'none')
    """
    words = [clean(name) for name in names]
    if len(words) > most + 1:  # "and 1 more" would be no shorter than the name
        words = [*words[:most], f"{len(words) - most} more"]
    if len(words) < 2:
        return words[0] if words else "none"
    return f"{', '.join(words[:-1])} and {words[-1]}"


def rate(
    won: int,
    n: int,
    *,
    share: float | None = None,
    level: float | None = None,
    ends: tuple[float, float] | None = None,
) -> str:
    """Return a win rate with the deals it rests on and, if asked for, its interval.

    Parameters
    ----------
    won, n : int
        Deals won, and all of them.
    share : float, optional
        The win rate by the deals' weights, in [0, 1]; that of the counts where left out.
    level : float, optional
        Confidence level of the interval, in (0, 1); no interval when None.
    ends : tuple of float, optional
        Limits of the interval, in [0, 1]; Wilson's where left out.

    Returns
    -------
    str
        Such as "31% (12 of 39 deals; 19 to 46%)".

    Examples
    --------
    >>> rate(12, 39), rate(0, 0)
    ('31% (12 of 39 deals)', 'no rate (0 deals)')
    >>> rate(12, 39, level=0.95, ends=(0.1, 0.5))
    '31% (12 of 39 deals; 95% interval 10 to 50%)'
    >>> rate(12, 39, level=0.95)
    '31% (12 of 39 deals; 95% interval 19 to 46%)'
    >>> rate(12, 39, share=0.4)
    '40% by weight (12 of 39 deals)'
    """
    if n == 0:
        return "no rate (0 deals)"
    beside = ""
    if level is not None:
        low, high = ends or proportion_confint(won, n, alpha=1 - level, method="wilson")
        beside = f"; {level:.0%} interval {limits(float(low), float(high))}"
    told = plain = format_value(won / n, "percent")
    if share is not None and format_value(share, "percent") != plain:
        told = f"{format_value(share, 'percent')} by weight"
    return f"{told} ({won:,} of {counted(n, 'deal')}{beside})"


def limits(low: float, high: float) -> str:
    """Return the two limits of an interval of shares.

    Parameters
    ----------
    low, high : float
        In [0, 1].

    Returns
    -------
    str
        Such as "19 to 46%".

    Examples
    --------
    >>> limits(0.187, 0.464)
    '19 to 46%'
    """
    return f"{format_value(low, 'percent').removesuffix('%')} to {format_value(high, 'percent')}"


def pairs(auc: float, low: float, high: float, *, level: float) -> str:
    """Return a C-statistic (AUC) in words.

    Parameters
    ----------
    auc : float
        Share of pairs of a won and a lost deal in which the won one has the higher score, in [0, 1].
    low, high : float
        Limits of its interval; none is written where they are missing.
    level : float
        Confidence level of the interval, in (0, 1).

    Returns
    -------
    str
        Such as "a won deal above a lost one in 80 of 100 pairs (95% interval 75 to 84)".

    Examples
    --------
    >>> pairs(0.8, 0.751, 0.842, level=0.95)
    'a won deal above a lost one in 80 of 100 pairs (95% interval 75 to 84)'
    >>> pairs(0.9991, float("nan"), float("nan"), level=0.95)
    'a won deal above a lost one in >99 of 100 pairs'
    """
    if auc != auc:
        return "a won deal above a lost one in an unknown share of pairs"
    interval = (
        "" if low != low or high != high else f" ({level:.0%} interval {100 * low:.0f} to {100 * high:.0f})"
    )
    # All of them is said only where it is all of them.
    often = ">99" if 0.995 <= auc < 1 else f"{100 * auc:.0f}"
    return f"a won deal above a lost one in {often} of 100 pairs{interval}"
