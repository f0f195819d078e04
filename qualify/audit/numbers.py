"""Whether there are enough deals, and which ones are not among them."""

from __future__ import annotations

from collections.abc import Iterator

from qualify.audit.finding import EVERYWHERE, Finding, Severity
from qualify.deals import Deals
from qualify.deals.design import DesignMatrix
from qualify.formatting.formats import format_value
from qualify.formatting.wording import counted, listed

FEWEST = 10  # of the rarer outcome: below it nothing can be told
FEW = 50
DEALS_PER_PARAMETER = 15
MUCH_LEFT_OUT = 0.1


def check_numbers(deals: Deals, design: DesignMatrix) -> Iterator[Finding]:
    """Yield what is wrong with how many deals there are.

    Parameters
    ----------
    deals : Deals
        The deals.
    design : DesignMatrix
        Their answers in columns.

    Yields
    ------
    Finding
        Few deals, too many questions for them, deals that are not counted, points that are missing.
    """
    yield from _few_outcomes(deals)
    yield from _too_many_questions(deals, design)
    yield from _no_decision(deals)
    yield from _open_deals(deals)
    yield from _hand_points(deals)


def carried(n: int, win_rate: float) -> float:
    """Return how many parameters deals can carry: m/15 with m = 3·n·q·(1 − q), q the win rate.

    Parameters
    ----------
    n : int
        Closed deals.
    win_rate : float
        In [0, 1].

    Returns
    -------
    float
        Parameters; rarely a whole number.

    References
    ----------
    Harrell, F. E. (2015). Regression Modeling Strategies, 2nd edition, section 4.4. Springer.

    Examples
    --------
    >>> carried(400, 0.5)
    20.0
    """
    return 3 * n * win_rate * (1 - win_rate) / DEALS_PER_PARAMETER


def _few_outcomes(deals: Deals) -> Iterator[Finding]:
    won = int(deals.won.sum())
    lost = deals.n - won
    fewer, kind = (won, "won") if won <= lost else (lost, "not won")
    if fewer >= FEW:
        return
    severity: Severity = "stop" if fewer < FEWEST else "warn"
    why = "The rarer outcome sets how much can be learned; on so few deals only very large differences show"
    if severity == "stop":
        why = "On so few deals, luck alone makes any answer look decisive"
    yield Finding(
        severity,
        f"Only {counted(fewer, 'deal')} of {deals.n:,} {'was' if fewer == 1 else 'were'} {kind}.",
        EVERYWHERE,
        fewer,
        why + ".",
        f"Add older deals, or wait for more; {FEW} of each outcome are a modest start.",
    )


def _too_many_questions(deals: Deals, design: DesignMatrix) -> Iterator[Finding]:
    parameters = design.matrix.shape[1] - 1
    most = carried(deals.n, deals.win_rate)
    if parameters <= most or not deals.survey.names:
        return
    size = parameters / len(deals.survey.names)
    questions = int(most / size)
    what = (
        f"{counted(len(deals.survey.names), 'characteristic')} ask for {parameters} parameters, but "
        f"{counted(deals.n, 'deal')} at a win rate of {format_value(deals.win_rate, 'percent')} carry about "
        f"{most:.0f}: some {counted(questions, 'characteristic')} of this kind."
    )
    why = (
        "With more, part of what is found is luck. The estimates are shrunk for it, and verdicts on single "
        "characteristics stay unsure."
    )
    mend = "Add deals, or leave out beforehand, without looking at outcomes, the questions nobody would miss."
    yield Finding("warn", what, EVERYWHERE, deals.n, why, mend)


def _no_decision(deals: Deals) -> Iterator[Finding]:
    if deals.left_out:
        share = deals.left_out / (deals.n + deals.left_out)
        what = f"{counted(deals.left_out, 'deal')} without a decision left out ({share:.0%} of those closed)."
        why = "The win rates here are those of deals that were decided; a live deal may still end undecided."
        mend = "Set no_decision_as: lost in the survey's outcomes to count them as lost."
        severity: Severity = "warn" if share > MUCH_LEFT_OUT else "note"
        yield Finding(severity, what, EVERYWHERE, deals.left_out, why, mend)
    undecided = int((deals.closed["outcome"] == "no decision").sum())
    if undecided:
        what = f"{counted(undecided, 'deal')} without a decision count as lost ({undecided / deals.n:.0%})."
        why = "What goes with losing and what goes with no decision may differ; here the two are one."
        mend = "Set no_decision_as: leave_out in the survey's outcomes to see the decided deals alone."
        yield Finding("note", what, EVERYWHERE, undecided, why, mend)


def _open_deals(deals: Deals) -> Iterator[Finding]:
    still = len(deals.open)
    if not still:
        return
    everything = still + deals.n + deals.left_out
    what = f"{counted(still, 'deal')} are still open ({still / everything:.0%} of all) and not counted."
    if still == 1:
        what = what.replace("are still", "is still")
    why = (
        "Of the youngest deals only the quick ones have closed. Where slow deals are lost more often, recent "
        "win rates look too good."
    )
    mend = "See `cohorts`, the win rate by quarter of creation; leave out quarters that are mostly open."
    yield Finding("warn" if 2 * still > everything else "note", what, EVERYWHERE, still, why, mend)


def _hand_points(deals: Deals) -> Iterator[Finding]:
    without = [name for name in deals.survey.names if not deals.survey.hand_points(name)]
    if not without:
        return
    mend = "Write points (or points_per_step) into the survey if the team has a scorecard."
    why = "Where a team's own points stand beside the findings, what was overlooked or overrated is shown."
    what = f"No points were given by hand for {listed(without)}."
    if len(without) == len(deals.survey.names):
        what = "The survey gives no points by hand."
    yield Finding("note", what, "; ".join(without), deals.n, why, mend)
