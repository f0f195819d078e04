"""How far the win probability can be trusted, in words for somebody without statistics."""

from __future__ import annotations

from collections.abc import Iterator

from qualify.tables.wording import counted, pairs
from qualify.validation import Validation
from qualify.validation_tables import calibration_verdict


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
    text = (
        "On deals it had not seen, the win probability from all the answers put "
        f"{pairs(value, low, high, level=validation.level)}; a coin would in 50. On the "
        f"{counted(validation.n, 'deal')} it learned from it seems to do so in {100 * apparent:.0f}: a model "
        "always looks better on those."
    )
    slope, low, high, _ = figures["calibration_slope"]
    doubt = (
        f"calibration slope {slope:.2f}, {validation.level:.0%} interval {low:.2f} to {high:.2f}; 1 is right"
    )
    words = {
        "hold": f"Its probabilities can be taken as they are, as far as these deals can tell ({doubt}).",
        "too extreme": f"Its high probabilities are too high and its low ones too low ({doubt}).",
        "too timid": f"Its high probabilities are too low and its low ones too high ({doubt}).",
        "not told": "Whether its probabilities can be taken as they are cannot be told from these deals.",
    }
    return text, (words[calibration_verdict(validation.table)], *_later(validation))


def _later(validation: Validation) -> Iterator[str]:
    auc = validation.temporal[validation.temporal["metric"] == "auc"].tail(1)
    for row in auc.to_dict("records"):
        told = pairs(row["estimate"], row["ci_low"], row["ci_high"], level=validation.level)
        later = f"{counted(row['n'], 'later deal')} ({row['won']:,} won)"
        yield f"Foretold from earlier quarters only, {later}: {told}."


__all__ = ["trust_in_words"]
