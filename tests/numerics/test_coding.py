"""From answers to columns: pooling, references, centring; against a plain pandas construction."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels import from_python

from qualify.numerics.coding import (
    NOMINAL,
    NUMERIC,
    RANKED,
    Coding,
    Items,
    code_answers,
    count_answers,
    dense_design,
    pool_answers,
)

(pool_answers,) = from_python(pool_answers)

# Sums in another order.
ROUNDING = 1e-12


def items_of(
    kind: int, codes: list[int], levels: int, *, reference: int = -1, value: list[float] | None = None
) -> Items:
    """One characteristic."""
    numbers = np.zeros((1, levels + 1))
    numbers[0, :levels] = np.arange(levels) if value is None else value
    return Items(
        codes=np.array(codes, dtype=np.int32)[:, None],
        kind=np.array([kind], dtype=np.int8),
        levels=np.array([levels], dtype=np.int32),
        value=numbers,
        reference=np.array([reference], dtype=np.int32),
    )


# Pooling by hand: kind, counts of the known answers, reference, fewest → group of each.
BY_HAND = {
    "a rare answer joins the next higher": (RANKED, [10, 2, 9, 10], 0, 5, [0, 1, 1, 3]),
    "two rare ones are enough together": (RANKED, [10, 2, 3, 10], 0, 5, [0, 1, 1, 3]),
    "a rare last one joins the one below": (RANKED, [10, 6, 2], 0, 5, [0, 1, 1]),
    "a rare first one joins the next": (RANKED, [1, 9, 9], 0, 5, [0, 0, 2]),
    "too few on either side of one": (RANKED, [2, 10, 3], 0, 5, [0, 0, 0]),
    "all rare and few": (RANKED, [1, 1, 1], 0, 5, [0, 0, 0]),
    "never given answers": (RANKED, [0, 9, 0, 9, 0], 0, 5, [0, 0, 2, 2, 2]),
    "rare ones are others together": (NOMINAL, [10, 3, 8, 2], 0, 5, [0, 1, 2, 1]),
    "rare ones too few even together": (NOMINAL, [10, 2, 8, 2], 0, 5, [0, 0, 2, 0]),
    "a rare reference takes all": (NOMINAL, [4, 4, 4], 0, 5, [0, 0, 0]),
    "a rare reference takes the rare": (NOMINAL, [2, 9, 2, 2], 0, 5, [0, 1, 0, 0]),
    "numbers stand alone": (NUMERIC, [10, 1, 0, 10], 0, 5, [0, 1, 2, 3]),
}


@pytest.mark.parametrize("case", BY_HAND)
def test_pooling_by_hand(case: str) -> None:
    kind, counts, reference, fewest, expected = BY_HAND[case]
    group = pool_answers(np.array([*counts, 0.0]), kind, len(counts), reference, float(fewest))
    assert group[:-1].tolist() == expected
    assert group[-1] == -1  # nobody answered unknown


@pytest.mark.parametrize(("unknown", "group"), [(4.0, -1), (5.0, 2)])
def test_unknown_is_pooled_where_rare(unknown: float, group: int) -> None:
    for kind in (NOMINAL, RANKED, NUMERIC):
        assert pool_answers(np.array([9.0, 9.0, unknown]), kind, 2, 0, 5.0)[2] == group


@given(
    counts=st.lists(st.integers(0, 20), min_size=1, max_size=7),
    kind=st.sampled_from([NOMINAL, RANKED]),
    fewest=st.integers(1, 10),
)
@settings(max_examples=300, deadline=None)
def test_pooled_groups_are_large_enough(counts: list[int], kind: int, fewest: int) -> None:
    """Of several groups each has `fewest` deals; ranked groups are runs; a group bears a member's name."""
    levels, reference = len(counts), int(np.argmax(counts))
    group = pool_answers(np.array([*counts, 3.0]), kind, levels, reference, float(fewest))[:levels]
    names = np.unique(group)
    assert all(group[name] == name for name in names)
    if len(names) > 1:
        assert all(np.array(counts)[group == name].sum() >= fewest for name in names)
    if kind == RANKED:
        assert np.all(np.diff(group) >= 0)
    else:
        kept = [a for a in range(levels) if counts[a] >= fewest]
        assert len({group[a] for a in kept}) == len(kept)  # answers that are not rare stay apart


# A plain construction ------------------------------------------------------------------------


def groups_in_words(counts: pd.Series, kind: int, reference: int, fewest: float) -> dict[int, int]:
    """The rules of pooling once more, on a Series of deals per known answer."""
    if kind == NUMERIC:
        return {a: a for a in counts.index}
    if kind == RANKED:
        runs: list[list[int]] = [[]]
        for a in counts.index:
            runs[-1].append(a)
            if counts[runs[-1]].sum() >= fewest:
                runs.append([])
        last = runs.pop()
        runs = runs or [[]]
        runs[-1] += last
        return {a: run[0] for run in runs for a in run}
    rare = [a for a in counts.index if counts[a] < fewest and a != reference]
    joined = min(rare, default=0) if counts[rare].sum() >= fewest <= counts[reference] else reference
    return {a: joined if a in rare else a for a in counts.index}


def plain_design(items: Items, weights: np.ndarray, fewest: float) -> np.ndarray:
    """Intercept and columns of every deal with pandas, characteristic by characteristic."""
    blocks = [pd.Series(1.0, index=range(len(items.codes)))]
    for c in range(items.kind.size):
        codes, levels, kind = pd.Series(items.codes[:, c]), int(items.levels[c]), items.kind[c]
        deals = pd.Series(weights).groupby(codes).sum().reindex(range(levels + 1), fill_value=0.0)
        counts, unknown = deals.iloc[:levels], deals[levels]
        reference = int(items.reference[c])
        if reference < 0 or counts[reference] < fewest:
            reference = int(counts.idxmax())
        group = groups_in_words(counts, kind, reference, fewest)
        pooled = codes.map({**group, levels: levels})
        if kind == NOMINAL:
            for name in sorted(set(group.values()) - {group[reference]}):
                blocks.append((pooled == name).astype(float))
        else:
            ranks = {name: rank for rank, name in enumerate(sorted(set(group.values())))}
            number = (
                pooled.map(ranks) if kind == RANKED else codes.map(dict(enumerate(items.value[c, :levels])))
            )
            known = codes < levels
            mean = (weights * number)[known].sum() / weights[known].sum()
            column = (number - mean).where(known, 0.0)
            if (weights * column.abs())[known].sum() > 0:
                blocks.append(column)
        if unknown >= fewest:
            blocks.append((codes == levels).astype(float))
    return pd.concat(blocks, axis=1).to_numpy()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("fewest", [1.0, 5.0, 12.0, 40.0])
def test_design_equals_a_plain_construction(
    mixed_items: Callable[[int, int], Items], seed: int, fewest: float
) -> None:
    items = mixed_items(90, seed)
    weights = np.random.default_rng(seed).integers(0, 3, 90).astype(float)
    design = dense_design(items, code_answers(items, weights, fewest))
    np.testing.assert_allclose(design, plain_design(items, weights, fewest), atol=ROUNDING)


@pytest.mark.parametrize("seed", range(4))
def test_numbers_and_ranks_are_centred_on_the_known(
    mixed_items: Callable[[int, int], Items], seed: int
) -> None:
    items = mixed_items(90, seed)
    weights = np.random.default_rng(seed).integers(0, 3, 90).astype(float)
    coding = code_answers(items, weights, 5.0)
    design = dense_design(items, coding)
    for c in (2, 3, 4, 5):
        known = items.codes[:, c] < items.levels[c]
        column = design[:, 1 + coding.first[c]]
        assert abs(weights[known] @ column[known]) < 1e-10
        assert not column[~known].any()  # unknown stands at the mean, with a column of its own


def test_columns_are_laid_out_without_gaps(mixed_items: Callable[[int, int], Items]) -> None:
    coding = code_answers(mixed_items(200, 1), np.ones(200), 5.0)
    assert coding.first[0] == 0 and np.all(np.diff(coding.first) >= 0)
    for c in range(coding.first.size - 1):
        touched = np.unique(coding.column[c][coding.column[c] >= 0])
        assert touched.tolist() == list(range(coding.first[c], coding.first[c + 1]))


def test_deals_without_weight_have_no_say(mixed_items: Callable[[int, int], Items]) -> None:
    items, weights = mixed_items(120, 2), np.r_[np.ones(80), np.zeros(40)]
    other = items._replace(codes=np.vstack([items.codes[:80], mixed_items(120, 9).codes[80:]]))
    part = items._replace(codes=items.codes[:80])
    codings = [
        code_answers(items, weights, 5.0),
        code_answers(other, weights, 5.0),
        code_answers(part, np.ones(80), 5.0),
    ]
    for coding in codings[1:]:
        for field in Coding._fields:
            np.testing.assert_array_equal(getattr(codings[0], field), getattr(coding, field))


def test_reference_asked_for_is_used_unless_rare() -> None:
    answers = [0] * 9 + [1] * 6 + [2] * 3
    for reference, expected in ((-1, 0), (1, 1), (2, 0)):
        coding = code_answers(items_of(NOMINAL, answers, 3, reference=reference), np.ones(18), 5.0)
        assert coding.column[0, expected] == -1 and coding.group[0, expected] == expected


def test_nothing_to_learn_gives_no_column() -> None:
    for kind in (NOMINAL, RANKED, NUMERIC):
        constant = code_answers(items_of(kind, [1] * 20, 3), np.ones(20), 5.0)
        unknown = code_answers(items_of(kind, [3] * 20, 3), np.ones(20), 5.0)
        assert constant.first[-1] == 0 and unknown.first[-1] == 0
    # The same number under two names is one number.
    twins = items_of(NUMERIC, [0, 1] * 10, 2, value=[4.0, 4.0])
    assert code_answers(twins, np.ones(20), 5.0).first[-1] == 0


def test_counts_are_sums_of_weights(mixed_items: Callable[[int, int], Items]) -> None:
    items = mixed_items(50, 4)
    weights = np.random.default_rng(0).random(50)
    counts = count_answers(items, weights)
    np.testing.assert_allclose(counts.sum(axis=1), weights.sum(), rtol=ROUNDING)
    assert counts[1, 2] == pytest.approx(weights[items.codes[:, 1] == 2].sum(), rel=ROUNDING)
