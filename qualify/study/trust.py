"""How far the win probability can be trusted, in words for somebody without statistics."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qualify.formatting.wording import counted, pairs
from qualify.win_model.validation import Validation
from qualify.win_model.validation_tables import NO_SLOPE, calibration_verdict, why_no_slope

_CHANCE = (
    "That is no better than chance shows; a figure below 50 comes from leaving deals out, and does not mean "
    "that low scores win."
)


def trust_in_words(validation: Validation) -> tuple[str, tuple[str, ...]]:
    """Say what the win model is worth on deals it had not seen, and whether its probabilities hold.

    Parameters
    ----------
    validation : Validation
        Of the win model.

    Returns
    -------
    str
        A paragraph.
    tuple of str
        Points below it.
    """
    names = ["cross_validated", "cv_low", "cv_high", "apparent"]
    rows = validation.table[names].to_numpy(float).tolist()
    figures = dict(zip(validation.table["metric"], rows, strict=True))
    value, low, high, apparent = figures["auc"]
    chance = f" {_CHANCE}" if low <= 0.5 else ""
    text = (
        "On deals it had not seen, the win probability from all the answers put "
        f"{pairs(value, low, high, level=validation.level)}; a coin would in 50.{chance} On the "
        f"{counted(validation.n, 'deal')} it learned from it seems to do so in {100 * apparent:.0f}: a model "
        "always looks better on those."
    )
    return text, (_probabilities(validation), *_later(validation), *_notes(validation))


def _probabilities(validation: Validation) -> str:
    """Say whether the probabilities hold, and on which figures that rests."""
    n, won, unsure = counted(validation.n, "deal"), f"{validation.won:,} won", "can be taken as they are"
    slope, level = (_doubt(validation, name) for name in ("slope", "intercept"))
    words = {
        "hold": f"Its probabilities can be taken as they are, as far as these deals can tell ({slope}).",
        "roughly told": (
            f"Nothing shows its probabilities to be off, but {n} tell this only roughly ({slope})."
        ),
        "too low": f"Its probabilities are too low altogether: more deals are won than foretold ({level}).",
        "too high": (
            f"Its probabilities are too high altogether: fewer deals are won than foretold ({level})."
        ),
        "too extreme": f"Its high probabilities are too high and its low ones too low ({slope}).",
        "too timid": f"Its high probabilities are too low and its low ones too high ({slope}).",
        "not told": (f"Whether its probabilities {unsure} cannot be told from these {n} ({won}): {slope}."),
    }
    return words[calibration_verdict(validation.table)]


def _doubt(validation: Validation, name: str) -> str:
    """Give calibration slope or intercept with its interval, or the reason why there is no slope."""
    rows = validation.table.set_index("metric")[["cross_validated", "cv_low", "cv_high"]]
    value, low, high = rows.to_numpy(float)[list(rows.index).index(f"calibration_{name}")].tolist()
    if not (np.isfinite(low) and np.isfinite(high)):
        return f"no calibration {name} ({why_no_slope(validation.predictions)})"
    ideal = 1 if name == "slope" else 0
    return (
        f"calibration {name} {value:.2f}, {validation.level:.0%} interval {low:.2f} to {high:.2f}; "
        f"{ideal} is right"
    )


def _notes(validation: Validation) -> Iterator[str]:
    """Tell what is to be known beside the figures, save what is said already."""
    slope = validation.table["metric"] == "calibration_slope"
    said = bool(validation.table.loc[slope, "cv_low"].isna().all())
    return (note for note in validation.notes if not (said and note.startswith(NO_SLOPE)))


def _later(validation: Validation) -> Iterator[str]:
    auc = validation.temporal[validation.temporal["metric"] == "auc"].tail(1)
    for row in auc.to_dict("records"):
        told = pairs(row["estimate"], row["ci_low"], row["ci_high"], level=validation.level)
        later = f"{counted(row['n'], 'later deal')} ({row['won']:,} won)"
        yield f"Foretold from earlier quarters only, {later}: {told}."


__all__ = ["trust_in_words"]
