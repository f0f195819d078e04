"""Mirrors of the outcome by heading and by data: found where they are, and not where questions are honest."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit

from qualify.survey.mirrors import Mirror, mirror_by_data, mirror_by_name

NAMED = (
    *("Won", "IsWon", "Is Closed Won", "Is closed lost", "Closed", "IsClosed", "Outcome", "Result", "Status"),
    *("Stage", "StageName", "Sales Stage", "Deal Stage", "opportunity_stage", "Forecast Category"),
    *("Loss Reason", "Closed Lost Reason", "Closed Won Reason", "Reason Lost", "Win Reason", "Lost reasons"),
    *("Probability (%)", "Deal probability", "Win probability", "ForecastCategoryName", "Expected revenue"),
    *("Days to close", "Age", "Duration of the sales cycle", "Actual Revenue"),
    *("Closed Amount", "Invoice", "Order number", "Contract signed", "Won by competitor"),
    "Next step after closing",
    *("Gewonnen", "Verloren", "Verlustgrund", "Verlustgründe", "Absagegrund", "Abschlussgrund", "Phase"),
    *("Wahrscheinlichkeit (%)", "Grund für den Verlust", "Tage bis Abschluss"),
    *("Gagné", "Perdue", "Raison de la perte", "Motif de perte", "Probabilité", "Étape", "Contrat signé"),
    *("Ganado", "Motivo de pérdida", "Motivo de la pérdida", "Probabilidad", "Etapa"),
    *("Vinta", "Motivo della perdita", "Probabilità", "Esito"),
    *("Ganho", "Motivo da perda", "Razão da perda", "Probabilidade (%)"),
    *("Gewonnen", "Reden verlies", "Reden van verlies", "Kans (%)", "Dagen tot sluiting"),
)
HONEST = (
    *("Champion", "Champion Strength", "Budget approved?", "Stage of the buyer's journey", "Need Score"),
    *("Age of current system", "Decision process known", "Reason to buy now", "Competitor won before"),
    *("Contract type", "Close plan agreed", "Budget status", "Lead Source", "Type", "Competitor Present"),
    *("Estado", "Stato", "Lost customer before", "Result of last audit", "Reason for change", "Issue"),
    *("Outcome defined", "Next step", "Next steps agreed", "Purchase order process", "Win themes clear"),
    *("Status quo is bad", "Buyer stage", "Company age", "Probability of budget", "Win strategy", ""),
    *("Wettbewerber gewonnen hat", "Raison d'acheter", "Motivo de compra", "Kansen in de markt", "Amount"),
)


@pytest.mark.parametrize("heading", NAMED)
def test_headings_that_speak_of_the_outcome(heading: str) -> None:
    reason = mirror_by_name(heading)
    assert reason is not None and reason.startswith("its name says ")


@pytest.mark.parametrize("heading", HONEST)
def test_headings_of_honest_questions(heading: str) -> None:
    assert mirror_by_name(heading) is None


def counted(
    answers: NDArray[np.generic], won: NDArray[np.bool_], known: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """Won, lost and open deals of each answer, unknown last."""
    values, codes = np.unique(answers, return_inverse=True)
    codes = codes if known is None else np.where(known, codes, values.size)
    counts = np.zeros((values.size + 1, 3), dtype=np.int64)
    np.add.at(counts, (codes, np.where(won, 0, 1)), 1)
    return counts


Chance = np.random.Generator
World = Callable[[Chance, int], NDArray[np.int64]]


def noise(answers: int, share_known: float = 0.8) -> World:
    def draw(rng: Chance, n: int) -> NDArray[np.int64]:
        return counted(rng.integers(0, answers, n), rng.random(n) < 0.4, rng.random(n) < share_known)

    return draw


def yes_or_no(accuracy: float, win_rate: float = 0.5) -> World:
    def draw(rng: Chance, n: int) -> NDArray[np.int64]:
        won = rng.random(n) < win_rate
        return counted(np.where(rng.random(n) < accuracy, won, ~won), won)

    return draw


def rating(distance: float, step: float) -> World:
    """A number whose mean lies `distance` standard deviations higher for won deals: AUC .9 at 1.81."""

    def draw(rng: Chance, n: int) -> NDArray[np.int64]:
        won = rng.random(n) < 0.5
        return counted(np.round((rng.normal(size=n) + distance * won) / step), won)

    return draw


def sharp(rng: Chance, n: int) -> NDArray[np.int64]:
    """60 different numbers; the win rate climbs from 10 to 90 % within a quarter of their range."""
    number = rng.integers(0, 61, n)
    return counted(number, rng.random(n) < expit(2 * np.log(9) / 15 * (number - 30)))


def gate(rng: Chance, n: int) -> NDArray[np.int64]:
    """One answer of four is always lost."""
    answers = rng.integers(0, 4, n)
    return counted(answers, (answers > 0) & (rng.random(n) < 0.6))


def often_unknown(rng: Chance, n: int) -> NDArray[np.int64]:
    """Known for 90 % of won and 15 % of lost deals: not knowing goes with losing."""
    won = rng.random(n) < 0.3
    return counted(rng.integers(0, 3, n), won, rng.random(n) < np.where(won, 0.9, 0.15))


HONEST_WORLDS: dict[str, tuple[World, tuple[int, ...]]] = {
    "noise, two answers": (noise(2), (8, 20, 60, 200, 1000)),
    "noise, sixty answers": (noise(60), (8, 20, 60, 200, 1000)),
    "noise, every number once": (noise(10**6, 1.0), (8, 20, 60, 200, 1000)),
    "yes or no, AUC .9": (yes_or_no(0.9), (8, 20, 44, 60, 80, 200, 1000)),
    "yes or no, AUC .9, few won": (yes_or_no(0.9, 0.08), (60, 200, 1000)),
    "five steps, AUC .9": (rating(1.81, 1.0), (20, 60, 200, 1000)),
    "every number different, AUC .9": (rating(1.81, 1e-9), (20, 60, 200, 1000)),
    "a sharp score": (sharp, (200, 500, 1000)),
    "a gate": (gate, (20, 60, 200, 1000)),
    "often unknown where lost": (often_unknown, (60, 200, 1000)),
}


@pytest.mark.parametrize("name", HONEST_WORLDS)
def test_honest_questions_are_called_mirrors_in_at_most_one_sample_of_a_hundred(name: str) -> None:
    world, sizes = HONEST_WORLDS[name]
    rng, draws = np.random.default_rng(7), 400
    for n in sizes:
        called = sum(mirror_by_data(world(rng, n), ordered=True) is not None for _ in range(draws))
        assert called <= 0.01 * draws + 2, (n, called)  # and two for the chance of the simulation


@pytest.mark.parametrize(("accuracy", "least"), [(1.0, 1.0), (0.99, 0.95)])
def test_columns_that_decide_nearly_every_deal_are_found(accuracy: float, least: float) -> None:
    rng = np.random.default_rng(3)
    found = [mirror_by_data(yes_or_no(accuracy)(rng, 500)) for _ in range(200)]
    assert np.mean([mirror is not None and mirror.kind == "decides" for mirror in found]) >= least


def test_many_numbers_parted_by_one_threshold_decide() -> None:
    rng = np.random.default_rng(1)
    won = rng.random(300) < 0.4
    messages = np.where(won, rng.integers(64, 40_000, 300), rng.integers(0, 51, 300))
    counts = counted(messages, won)
    assert mirror_by_data(counts) is None  # without an order, each number stands alone
    found = mirror_by_data(counts, ordered=True)
    assert found is not None and (found.kind, found.decided, found.deals) == ("decides", 300, 300)
    lost = messages[~won]
    words = found.in_words("Messages", [str(number) for number in np.unique(messages)])
    first = messages[won].min()
    assert words == (
        f"Messages decides the outcome by itself: all {lost.size} deals up to {lost.max()} were lost, "
        f"all {int(won.sum())} from {first} on were won."
    )


CLOSED, OPEN = [40, 60, 0], [0, 0, 50]


@pytest.mark.parametrize(
    ("counts", "kind", "words"),
    [
        (
            [[87, 0, 0], [0, 113, 0], [0, 0, 0]],
            "decides",
            "X decides the outcome by itself: all 87 deals with a were won, all 113 with b were lost.",
        ),
        (
            [[99, 1, 0], [1, 99, 0], [0, 0, 9]],
            "decides",
            "X decides the outcome by itself: 99 of 100 deals with a were won, 99 of 100 with b were lost.",
        ),
        (
            [[100, 0, 0], [55, 0, 0], [7, 638, 0]],
            "only after winning",
            "X is known for 155 of 162 won deals and for none of 638 lost ones: "
            "it looks as if it were filled in after winning.",
        ),
        (
            [[1, 60, 0], [0, 40, 0], [99, 5, 0]],
            "only after losing",
            "X is known for 100 of 105 lost deals and for only 1 of 100 won ones: "
            "it looks as if it were filled in after losing.",
        ),
        (
            [CLOSED, CLOSED, [5, 5, 60]],
            "only closed",
            "X is known for 200 of 210 closed deals and for none of 60 open ones: "
            "it looks as if it were filled in at closing.",
        ),
    ],
)
def test_kinds_and_their_words(counts: list[list[int]], kind: str, words: str) -> None:
    found = mirror_by_data(np.array(counts))
    assert isinstance(found, Mirror) and found.kind == kind
    assert found.in_words("X", ["a", "b"]) == words
    assert found.in_words("X").startswith("X ")


@pytest.mark.parametrize(
    "counts",
    [
        [[4, 0, 0], [0, 4, 0], [0, 0, 0]],  # eight deals
        [[90, 10, 0], [10, 90, 0], [0, 0, 0]],  # 90 % decided
        [[40, 60, 0], [60, 40, 0], [0, 0, 12]],  # a dozen open deals
        [[0, 0, 0]],
        [[50, 50, 30], [0, 0, 0]],
        [[0, 200, 0], [0, 0, 0]],  # nothing was won
    ],
)
def test_what_is_no_mirror(counts: list[list[int]]) -> None:
    assert mirror_by_data(np.array(counts)) is None


def test_a_heading_that_speaks_of_the_outcome_needs_less_of_the_data() -> None:
    rarely_filled = np.array([[30, 0, 0], [10, 0, 0], [120, 200, 0]])
    assert mirror_by_data(rarely_filled) is None
    found = mirror_by_data(rarely_filled, named=True)
    assert found is not None and found.kind == "only after winning"
    closed_flag = np.array([[0, 0, 60], [104, 156, 0], [0, 0, 0]])
    assert mirror_by_data(closed_flag) is None
    found = mirror_by_data(closed_flag, named=True)
    assert found is not None and found.kind == "only closed"
    assert found.in_words("Closed", ["0", "1"]) == (
        "Closed says by itself whether a deal is closed: 320 of 320 deals follow from its answer."
    )
    assert mirror_by_data(np.array([[60, 40, 9], [40, 60, 9], [0, 0, 0]]), named=True) is None
