"""Whether a question says the outcome, or is known only after it."""

from __future__ import annotations

from collections.abc import Iterator

from qualify.audit.finding import EVERYWHERE, Finding
from qualify.deals import Deals
from qualify.deals.mirrors import answered_before, late_questions, named_like_the_outcome, said_of
from qualify.formatting.wording import counted
from qualify.survey.mirrors import Mirror

FIX = "Leave it out; if it is truly known before the outcome, write known_before: true in the survey."


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
        A `stop` for each; a `warn` for each name that speaks of the outcome though its answers do not show
        it, and for a survey that is answered at closing.
    """
    for name, sentence in said_of(deals, mirrors).items():
        why = (
            "What is known only once the outcome is known makes everything look better than it is, and is "
            "missing or a guess where the deal is still open."
        )
        yield Finding("stop", sentence, name, deals.n, why, FIX)
    if answered_before(deals):
        return
    yield from _by_name_alone(deals, mirrors)
    late = late_questions(deals)
    if late:
        asked = counted(len(late), "question")
        what = f"{asked} of {len(deals.survey.names)} are known for closed deals and for hardly any open one."
        why = "Answers given when a deal closes are given in hindsight, and open deals have none to score."
        fix = "Ask while deals are open; the date of the answers (`survey_date`) shows when they were given."
        yield Finding("warn", what, EVERYWHERE, len(deals.open), why, fix)


def _by_name_alone(deals: Deals, mirrors: dict[str, Mirror]) -> Iterator[Finding]:
    for asked in deals.survey.characteristics:
        reason = named_like_the_outcome(asked)
        if reason and not asked.known_before and asked.name not in mirrors:
            what = f"{asked.name}: {reason}; its answers do not show whether it is known before."
            why = "What is written down when a deal closes makes every result look better than it is."
            yield Finding("warn", what, asked.name, deals.n, why, FIX)
