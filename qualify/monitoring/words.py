"""A recalibration in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from qualify.formatting.formats import format_value
from qualify.formatting.wording import counted, listed
from qualify.numerics.blocks import Vector
from qualify.numerics.updating import Line

# So many changes are told in the summary; all of them are in the table.
TOLD = 6
NO_BETTER = "Points rebuilt from these deals do no better than chance; the old ones stay."
FALLING = (
    "Higher scores now go with fewer wins: no shift or stretch of the win probabilities can mend that, only "
    "points learned anew."
)
OLDER_CRITERIA = (
    "These criteria come from an older version, which did not keep how answers map to the fit behind the "
    "points: only keep, shift and rescale could be told apart, and what single answers are worth was not "
    "tested. Refine them anew to have it all."
)


def verdict_words(verdict: str, line: Line, outcome: Vector, chance: Vector) -> str:
    """Say what is to be done, and how many wins there were against those foretold.

    Parameters
    ----------
    verdict : str
        keep, shift, rescale or rebuild.
    line : Line
        The recalibration in force; 0 and 1 for keep.
    outcome, chance : ndarray, shape (n,)
        Of the new deals that no gate stops: 1 for won, and the win probability in use.

    Returns
    -------
    str
        Sentences.
    """
    deals, won = counted(outcome.size, "new deal"), int(outcome.sum())
    wins = f"Of {deals} {won:,} were won, where the criteria in use foretold {chance.sum():,.0f}."
    if verdict == "keep":
        return f"Keep the criteria. {wins}"
    if verdict == "rebuild":
        return f"Use the rebuilt criteria. {wins}"
    half, more = (format_value(float(chance), "percent") for chance in _examples(line))
    then = f"A deal that was said to be won with 50% is now at {half}, one of 75% at {more}."
    if verdict == "shift":
        way = "down" if line.intercept < 0 else "up"
        return f"Keep the points, and shift all win probabilities {way}. {wins} {then}"
    flat = "less" if line.slope < 1 else "more"
    return (
        f"Keep the points, and shift and stretch the win probabilities: the score now tells {flat} than it "
        f"did. {wins} {then}"
    )


def _examples(line: Line) -> Vector:
    return np.asarray(expit(line.intercept + line.slope * np.array([0.0, np.log(3.0)])))


def words_on_tests(tests: pd.DataFrame, test_verdict: str, alpha: float) -> str:
    """Say what the closed test found, and what the test of the level alone adds to it."""
    p_values, plain = tests["p_value"].to_numpy(), tests["p_plain"].to_numpy()
    p = format_value(p_values[0], "p")
    p = f"p {p}" if p.startswith(("<", ">")) else f"p = {p}"
    if test_verdict == "keep":
        words = f"Nothing shows that what goes with winning has changed ({p})."
        if plain[0] <= alpha:
            words += (
                " The criteria do not fit these deals closely, but no worse than criteria learned from so "
                "few deals were bound to: they never fitted better, which is no change."
            )
        if p_values[3] <= alpha:
            level = format_value(p_values[3], "p")
            words += (
                f" Taken by itself, the level of the win rates has moved (p {level}); the test of everything "
                "together does not confirm it. Watch the next deals."
            )
        return words
    found = {
        "shift": "the level of the win rates",
        "rescale": "the level of the win rates and how steeply they rise with the score",
        "rebuild": "what single answers are worth",
    }[test_verdict]
    return f"Something has changed ({p}): {found}."


def drift_words(drift: pd.DataFrame, reps: pd.DataFrame, alpha: float) -> str:
    """Say which questions and which reps drift; empty where none is shown to."""
    said = []
    for row in drift[drift["finding"].ne("")].to_dict("records"):
        said.append(f"{row['characteristic']}: {row['finding']}.")
    moved = reps[reps["q_value"].le(alpha)]
    for row in moved.to_dict("records"):
        way = "more" if row["moved"] > 0 else "fewer"
        by = format_value(abs(row["moved"]), "number")
        said.append(f"{row['rep']} gives {by} points {way} than before to deals that end alike.")
    return " ".join(said)


def changes_words(changes: pd.DataFrame) -> str:
    """Tell the first changes; empty where there are none."""
    told = changes[changes["what"].ne("probability")]["change"]
    return f"Changes: {listed(told, most=TOLD)}." if len(told) else ""


def rebuild_note(there: int, more: int, *, falling: bool) -> str:
    """Say that a rebuild is asked for, and how many more deals it takes."""
    until = (
        "the criteria stay, but do not lean on them" if falling else "the win probabilities are recalibrated"
    )
    return (
        f"The closed test asks to rebuild, but that takes about {counted(there + more, 'deal')} and there "
        f"are {there:,}: {counted(more, 'more deal')} needed. "
        f"Until then {until}."
    )


def gate_notes(gates: pd.DataFrame) -> list[str]:
    """Name the gates whose deals were won more often than their limit allows."""
    notes = []
    for gate in gates[~gates["holds"].astype(bool)].to_dict("records"):
        deals, limit = counted(int(gate["n"]), "such deal"), format_value(gate["limit"], "percent")
        notes.append(
            f"{gate['characteristic']}, {gate['answer']}: {gate['won']} of {deals} won, more than the limit "
            f"of this gate ({limit}) allows. Look at it again."
        )
    return notes


def update_note(verdict: str, row: Mapping[Any, Any]) -> str:
    """Say that an update was surely worse on unseen deals, and is left out for that."""
    worse, low, high = (format_value(row[name], "metric") for name in ("worse_by", "worse_low", "worse_high"))
    return (
        f"The closed test asks to {verdict}, but on deals it had not seen that update is worse than the "
        f"criteria in use (log loss by {worse}, {low} to {high}), so it is left out."
    )


def beaten_note(best: str, worse: tuple[float, float, float]) -> str:
    """Say that a rebuild was surely worse on unseen deals than a simpler step, which is taken instead."""
    by, low, high = (format_value(one, "metric") for one in worse)
    return (
        f"The closed test asks to rebuild, but on deals it had not seen the rebuild is worse than to {best} "
        f"(log loss by {by}, {low} to {high}), so the points stay."
    )


def sure_notes(verdict: str, comparison: pd.DataFrame) -> list[str]:
    """Say how many deals it would take to be sure that an update is better; nothing where it surely is."""
    row = comparison[comparison["update"].eq(verdict)].iloc[0]
    if row["worse_high"] < 0 or not np.isfinite(row["deals_to_be_sure"]):
        return []
    way = "better" if row["worse_by"] < 0 else "worse"
    by, deals = format_value(abs(row["worse_by"]), "metric"), counted(int(row["deals_to_be_sure"]), "deal")
    return [
        f"On deals it had not seen, to {verdict} is {way} than to keep by {by} in log loss, but not surely; "
        f"it would take about {deals} to be sure."
    ]


def new_word_findings(words: pd.DataFrame) -> list[str]:
    """Say which words of the new deals are no answers of the survey.

    Parameters
    ----------
    words : DataFrame
        As `Deals.new_words`.

    Returns
    -------
    list of str
        A sentence for each characteristic.
    """
    said = []
    for name, mine in words.groupby("characteristic", sort=False):
        listed = ", ".join(f"“{row['word']}” ({row['deals']:,})" for row in mine.to_dict("records"))
        said.append(
            f"{name}: words that the survey does not know count as unknown: {listed}; add them to it."
        )
    return said
