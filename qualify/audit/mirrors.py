"""Whether a question says the outcome, or is known only after it."""

from __future__ import annotations

from collections.abc import Iterator

from qualify.audit.finding import Finding
from qualify.deals import Deals
from qualify.survey.mirrors import Mirror


def check_mirrors(deals: Deals, mirrors: dict[str, Mirror]) -> Iterator[Finding]:
    """Yield questions that decide the outcome by themselves, or are known only once it is known.

    Parameters
    ----------
    deals : Deals
        The deals.
    mirrors : dict
        From `mirrors_of`.

    Yields
    ------
    Finding
        One for each.
    """
    for name, mirror in mirrors.items():
        why = (
            "What is known only once the outcome is known makes everything look better than it is, and is "
            "missing or a guess where the deal is still open."
        )
        fix = "Leave it out; if it is truly known before the outcome, write known_before: true in the survey."
        yield Finding("stop", mirror.in_words(name), name, deals.n, why, fix)
