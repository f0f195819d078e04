"""Recalibration → one HTML page for those who use the criteria."""

from __future__ import annotations

from qualify.formatting.wording import counted
from qualify.monitoring.cusum import WinAlarm
from qualify.monitoring.recalibration import Recalibration
from qualify.monitoring.tables import zones_shown
from qualify.report.standalone import Block, Picture, standalone_page

DRIFT = ["characteristic", "psi", "psi_limit", "psi_q", "unknown_then", "unknown_now", "q_value", "finding"]
ROW_HEIGHT = 0.36  # inches, of a characteristic in the picture of drift


def recalibration_page(found: Recalibration, alarm: WinAlarm, *, title: str, standing: str) -> str:
    """Return a recalibration as one HTML file.

    Parameters
    ----------
    found : Recalibration
        From `recalibrate`.
    alarm : WinAlarm
        From `watch_wins`, of the same deals.
    title : str
        The heading of the page.
    standing : str
        What is in force from now on, in a sentence.

    Returns
    -------
    str
        The file: the verdict, what changes, how the criteria fared, drift, the tests.
    """
    return standalone_page(
        title,
        [
            Block(heading="", lead=f"{standing}\n\n{found.summary}"),
            Block(heading="To be minded", lead="\n\n".join(_unsaid(found))),
            _fared(found),
            _deal_by_deal(alarm),
            _drift(found),
            Block(heading="What changes", tables=[("", found.changes[["change"]])]),
            _tests(found),
        ],
    )


def _unsaid(found: Recalibration) -> list[str]:
    """Return the notes that the summary does not hold already."""
    return [note for note in found.notes if note not in found.summary]


def _fared(found: Recalibration) -> Block:
    # matplotlib takes a second to load, so only where something is drawn
    from qualify.plots import plot_recalibration
    from qualify.plots._picture import png_of

    shows = "Win rate along the score: what the criteria foretold, and what the new deals show"
    return Block(
        heading="How the criteria in use fared",
        lead=f"{counted(found.n, 'deal')} closed since, {found.won:,} of them won.",
        pictures=[Picture(png=png_of(lambda ax: plot_recalibration(found, ax=ax)), shows=shows)],
        tables=[
            ("Zones then and now", zones_shown(found.zones)),
            ("On the new deals", found.performance),
            ("The band", found.band[found.band["now"].notna()]),
            ("Answers that stop a deal", found.gates),
        ],
    )


def _deal_by_deal(alarm: WinAlarm) -> Block:
    from qualify.plots import plot_alarm
    from qualify.plots._picture import png_of

    lead = (
        f"{alarm.summary[:1].upper()}{alarm.summary[1:]}. Of runs of {counted(alarm.horizon, 'deal')} in "
        f"which nothing changes, {alarm.false_alarms:.0%} raise an alarm."
    )
    shows = "Running sums of wins seen against wins foretold, with their limits"
    picture = Picture(png=png_of(lambda ax: plot_alarm(alarm, ax=ax)), shows=shows)
    return Block(heading="Deal by deal", lead=lead, pictures=[picture])


def _drift(found: Recalibration) -> Block:
    from qualify.plots import plot_drift
    from qualify.plots._picture import png_of

    height = 2.4 + ROW_HEIGHT * len(found.drift)
    shows = "How far the answers to each question have moved"
    picture = Picture(png=png_of(lambda ax: plot_drift(found, ax=ax), height=height), shows=shows)
    return Block(
        heading="Are the questions answered as before?",
        lead="The stability index (PSI) says how far the answers have moved; the limit beside it is what "
        "chance alone gives.",
        pictures=[picture],
        tables=[("Characteristics", found.drift[DRIFT]), ("Reps", found.reps.drop(columns=["p_value"]))],
    )


def _tests(found: Recalibration) -> Block:
    return Block(
        heading="What the verdict rests on",
        lead="Each step asks whether new points fit the new deals better than chance allows, against the "
        "criteria as they are, then against simpler updates. The simplest update that holds is taken.",
        tables=[
            ("The closed test", found.tests),
            ("Updates on deals they have not seen", found.comparison),
        ],
    )
