"""Numbers in text: what a convention writes reads back as the same number, or is called ambiguous."""

from __future__ import annotations

import itertools
import math
import random
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qualify.deals import read_deals
from qualify.errors import InvalidDeals
from qualify.reading.numbers import Marks, read_numbers
from qualify.survey import Characteristic, Columns, Outcomes, Survey

quick = settings(max_examples=150, deadline=None)

AMOUNTS = [13679, 25935, 15970, 40127]  # of the case `thousands`: exactly three digits behind every mark


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("USD 23,159.11", 23159.11),
        ("23.159,11 €", 23159.11),
        ("$1,200.00", 1200),
        ("-$5", -5),
        ("$-5", -5),
        ("CHF 1'200.50", 1200.5),
        ("CHF 1’200.50", 1200.5),
        ("1 200,50 zł", 1200.5),
        ("1\u00a0200,50\u202fzł", 1200.5),
        ("R$ 3.500,00", 3500),
        ("kr 1.200,5", 1200.5),
        ("1,23,456.00", 123456),
        ("1,200,000", 1200000),
        ("1.200.000", 1200000),
        ("$1,200.50 CAD", 1200.5),
        ("(1,200.50)", -1200.5),
        ("($1,200.50)", -1200.5),
        ("1200-", -1200),
        ("−5", -5),
        ("+5", 5),
        ("80 %", 80),
        ("%80", 80),
        ("0,125", 0.125),
        ("4,5", 4.5),
        (".5", 0.5),
        ("5.", 5),
        ("1.5e3", 1500),
        ("1,5E+03", 1500),
        (" 12 ", 12),
        (b"12", 12),
        (True, None),
        (12, 12),
        (12.5, 12.5),
        (Decimal("13.679"), 13.679),
        (np.float32(0.1), 0.1),
    ],
)
def test_one_cell(text: object, number: float | None) -> None:
    found = read_numbers([text])
    assert (found.values == [number]) if number is not None else (found.faults[0][0] == "not a number")


@pytest.mark.parametrize(
    "text",
    ["12,34,5", "1.2.3", "1,2.3,4", "1 2", "5.-", "5,-", "--5", "-(5)", "(5", "5)", "5+", "5-6", "$5 €",
     "5 % €", "% 5 %", "two", "12 years", "2024-01-02", "1_000", "0x10", "TOP 5", "ALL 5",
     "½", "١٢", "nan", "'12"],
)  # fmt: skip
def test_what_is_no_number(text: str) -> None:
    found = read_numbers([text, "7"])
    assert found.faults[0][0] == "not a number"
    assert math.isnan(found.values[0]) and found.values[1] == 7


def test_a_long_cell_that_is_no_number_takes_no_time() -> None:
    """Looked at digit by digit from every place this would take minutes."""
    assert read_numbers(["1" * 100_000 + "x"]).faults[0][0] == "not a number"


@pytest.mark.parametrize("text", ["1.2M", "500k", "3 Mio", "2 Mrd", "€1,5 Mio.", "2 bn", "3 lakh", "$1.2m"])
def test_a_unit_is_to_be_written_out(text: str) -> None:
    assert read_numbers([text]).faults[0][0] == "a number with a unit"


@pytest.mark.parametrize("value", ["inf", "-Infinity", "1e999", float("inf"), 10**400])
def test_numbers_must_be_finite(value: object) -> None:
    assert read_numbers([value]).faults[0][0] == "not a finite number"


def test_blanks_and_errors_are_no_numbers_and_no_faults() -> None:
    found = read_numbers([None, "", " \u00a0", "#REF!", math.nan, pd.NA])
    assert not found.faults and all(map(math.isnan, found.values))
    assert (found.marks, found.percent, found.currency, found.ambiguous) == (None, False, None, False)


@pytest.mark.parametrize(
    ("cells", "values", "marks"),
    [
        (["13.679", "5.25"], [13.679, 5.25], None),
        (["13.679", "23.159,11"], [13679, 23159.11], Marks(decimal=",", thousands=".")),
        (["13,679", "23,159.11"], [13679, 23159.11], Marks(decimal=".", thousands=",")),
        (["13,679", "5,25"], [13.679, 5.25], Marks(decimal=",")),
        (["13,679", "1,200,000"], [13679, 1200000], Marks(decimal=".", thousands=",")),
        (["13,679", "0,125"], [13.679, 0.125], Marks(decimal=",")),
        (["13.679", "12345"], [13.679, 12345], None),
        (["1.679", "1234"], [1.679, 1234], None),
        (["13 679", "4"], [13679, 4], Marks(thousands=" ")),
        (["13'679", "4.5"], [13679, 4.5], Marks(decimal=".", thousands="'")),
        (["4.5", "1200"], [4.5, 1200], None),
        (["1200", "1.200,50"], [1200, 1200.5], Marks(decimal=",", thousands=".")),
    ],
)
def test_the_column_says_which_mark_is_which(
    cells: list[str], values: list[float], marks: Marks | None
) -> None:
    found = read_numbers(cells)
    assert (found.values, found.faults, found.marks, found.ambiguous) == (values, {}, marks, False)


def test_four_digits_without_a_mark_do_not_rule_out_marks_from_ten_thousand_on() -> None:
    """Spanish, Portuguese and Polish write 1200 and 12.345."""
    found = read_numbers(["1200", "12.345"])
    assert found.ambiguous and found.faults[1][0] == "may be 12345 or 12.345"


@pytest.mark.parametrize("mark", [",", "."])
def test_thousands_where_both_readings_fit(mark: str) -> None:
    cells = [f"{amount:,}".replace(",", mark) for amount in AMOUNTS]
    found = read_numbers(cells)
    assert found.ambiguous and found.marks is None
    assert found.faults[0][0] == "may be 13679 or 13.679"
    assert found.faults[2][0] == "may be 15970 or 15.97"
    assert "write 13679 " in found.faults[0][1] and "table: {decimal:" in found.faults[0][1]
    assert read_numbers(cells, marks=Marks(thousands=mark)).values == AMOUNTS
    assert read_numbers(cells, marks=Marks(decimal=mark)).values == [amount / 1000 for amount in AMOUNTS]
    assert read_numbers(cells, marks=Marks(decimal=".,".replace(mark, ""))).values == AMOUNTS


def test_cells_against_the_marks_that_are_given_are_faults() -> None:
    found = read_numbers(["1.200,50", "7", "1,200.50"], marks=Marks(decimal=",", thousands="."))
    assert found.values[:2] == [1200.5, 7]
    assert found.faults[2][0] == 'its marks are not those of the table, decimal: ",", thousands: "."'
    assert read_numbers(["1’200"], marks=Marks(thousands="’")).values == [1200]
    assert read_numbers(["1\u00a0200"], marks=Marks(thousands="\u202f")).values == [1200]


def test_cells_that_contradict_the_column_are_faults() -> None:
    found = read_numbers(["23.159,11", "1.200,50", "1,200.50"])
    assert list(found.faults) == [2] and 'decimal: ","' in found.faults[2][0]
    assert list(read_numbers(["23.159,11", "1,200.50"]).faults) == [0, 1]


def test_a_percent_sign_stands_at_all_numbers_or_none() -> None:
    found = read_numbers(["80 %", "5%", None, "%12,5"])
    assert (found.values[0], found.values[3], found.percent, found.faults) == (80, 12.5, True, {})
    found = read_numbers(["80 %", "5%", "12"])
    assert list(found.faults) == [2] and found.faults[2][0].startswith("no percent sign")
    found = read_numbers(["80 %", 0.8, 0.5])
    assert list(found.faults) == [0] and not found.percent


def test_a_percent_sign_is_known_where_the_marks_are_not() -> None:
    found = read_numbers(["1.250 %"])
    assert found.ambiguous and found.percent


def test_two_currencies_are_not_added_up() -> None:
    assert read_numbers(["€ 5", "6 EUR", "7"]).currency == "EUR"
    found = read_numbers(["EUR 5", "USD 6", "USD 7"])
    assert found.currency == "USD"
    assert found.faults == {
        0: ("two currencies in one column: EUR and USD", "give all amounts in one currency")
    }
    assert math.isnan(found.values[0])


CONVENTIONS = [
    (".", ","),
    (",", "."),
    (",", " "),
    (".", "'"),
    (".", " "),
    (",", "\u202f"),
    (".", ""),
    (",", ""),
]
decimals = st.decimals(0, 10**7, places=3) | st.decimals(0, 10**5, places=2)
decimals |= st.integers(0, 10**6).map(Decimal)
SHELLS = ["{}", "{} €", "USD {}", "${}", "{} zł", "{} %", "CHF {}"]


def written(number: Decimal, decimal: str, thousands: str, least: int) -> str:
    """Return a number as a convention has it, without thousands marks below `least` digits."""
    whole, _, rest = f"{abs(number):f}".partition(".")
    if len(whole) >= least:
        whole = f"{int(whole):,}".replace(",", thousands)
    return whole + (decimal + rest if rest else "")


@quick
@given(
    st.lists(decimals, min_size=1, max_size=6),
    st.sampled_from(CONVENTIONS),
    st.sampled_from(SHELLS),
    st.sampled_from([4, 5]),
    st.lists(st.sampled_from(["{}", "-{}", "({})", "{}-", "−{}"]), min_size=6, max_size=6),
)
def test_numbers_of_any_convention_read_back(
    numbers: list[Decimal], marks: tuple[str, str], shell: str, least: int, signs: list[str]
) -> None:
    plain = [written(number, *marks, least) for number in numbers]
    cells = [sign.format(shell.format(text)) for sign, text in zip(signs, plain, strict=False)]
    values = [
        float(-number if sign != "{}" else number) for number, sign in zip(numbers, signs, strict=False)
    ]
    found = read_numbers(cells)
    assert found.percent == ("%" in shell)
    for place, value in enumerate(values):
        if place in found.faults:
            assert found.ambiguous and found.faults[place][0].startswith("may be")
        else:
            assert found.values[place] == value
    told = read_numbers(cells, marks=Marks(decimal=marks[0], thousands=marks[1] or None))
    assert told.values == values and not told.faults


def by_hand(text: str, decimal: str, thousands: str) -> tuple[float, int, int] | None:
    """Return the number, the digits of a marked whole part, and of an unmarked one, cutting the text."""
    whole, *rest = text.split(decimal)
    if len(rest) > 1 or (rest and not rest[0].isdigit()):
        return None
    groups = whole.split(thousands) if thousands else [whole]
    if not all(map(str.isdigit, groups)):
        return None
    digits = sum(map(len, groups))
    if len(groups) > 1:
        sizes = [len(group) for group in groups]
        usual = sizes[0] <= 3 and set(sizes[1:]) == {3}
        indian = thousands == "," and sizes[0] <= 2 and set(sizes[1:-1]) == {2} and sizes[-1] == 3
        if groups[0][0] == "0" or not (usual or indian):
            return None
    marked = digits if len(groups) > 1 else 0
    return float("".join(groups) + "." + (rest or ["0"])[0]), marked, 0 if marked else digits


def readings(cells: tuple[str, ...]) -> set[tuple[float, ...]]:
    """Return every way to read a column, tried one by one."""
    strict, lenient = set(), set()
    for decimal, thousands in itertools.product(".,", ["", ".", ","]):
        found = [by_hand(cell, decimal, thousands) for cell in cells]
        if decimal == thousands or None in found:
            continue
        values = tuple(one[0] for one in found if one)
        marked = [one[1] for one in found if one and one[1]]
        unmarked = max((one[2] for one in found if one), default=0)
        lenient.add(values)
        if not marked or unmarked < 4 or (unmarked == 4 and min(marked) > 4):
            strict.add(values)
    return strict or lenient


TEXTS = [
    "".join(itertools.chain(*itertools.zip_longest(parts, marks, fillvalue="")))
    for count in (1, 2, 3)
    for parts in itertools.product(["1", "12", "123", "1234", "0", "12345"], repeat=count)
    for marks in itertools.product(",.", repeat=count - 1)
]


def assert_read_as_by_hand(cells: tuple[str, ...]) -> None:
    possible = readings(cells)
    found = read_numbers(cells)
    assert bool(possible) or found.faults
    if len(possible) == 1:
        assert tuple(found.values) == next(iter(possible)) and not found.faults
    if len(possible) > 1:
        assert found.ambiguous
        for place in range(len(cells)):
            assert (place in found.faults) == (len({values[place] for values in possible}) > 1)


def test_every_small_text_is_ambiguous_where_two_readings_fit() -> None:
    for text in TEXTS:
        assert_read_as_by_hand((text,))


def test_pairs_of_small_texts_settle_each_other() -> None:
    chosen = random.Random(0)
    for _ in range(5000):
        assert_read_as_by_hand((chosen.choice(TEXTS), chosen.choice(TEXTS)))


def survey(low: float | None = None, high: float | None = None) -> Survey:
    return Survey(
        columns=Columns(outcome="Stage", value="Amount"),
        outcomes=Outcomes(won=("Won",), lost=("Lost",)),
        characteristics=(Characteristic(name="Need", column="Need", kind="score", low=low, high=high),),
    )


def deals_of(amounts: list[object], needs: list[object], asked: Survey) -> pd.DataFrame:
    frame = pd.DataFrame({"Stage": ["Won", "Lost"], "Amount": amounts, "Need": needs}, dtype=object)
    return read_deals(frame, asked).closed


def test_thousands_in_a_table_of_deals() -> None:
    assert deals_of(["USD 13,679.00", "USD 25,935"], [1, 2], survey())["value"].tolist() == [13679, 25935]
    with pytest.raises(InvalidDeals, match=r"may be 13679 or 13.679"):
        deals_of(["13,679", "25,935"], [1, 2], survey())
    assert deals_of([13.679, 25.935], [1, 2], survey())["value"].tolist() == [13.679, 25.935]


def test_the_range_of_a_score_may_settle_its_marks() -> None:
    assert deals_of([1, 2], ["1.250", "4.125"], survey(0, 5))["Need"].tolist() == ["1.25", "4.125"]
    assert deals_of([1, 2], ["1.250", "4.125"], survey(10, 9000))["Need"].tolist() == ["1250", "4125"]
    for asked in (survey(), survey(0, 9000)):
        with pytest.raises(InvalidDeals, match=r"may be 1250 or 1.25"):
            deals_of([1, 2], ["1.250", "4.125"], asked)


def test_decimal_commas_of_a_score() -> None:
    assert deals_of([1, 2], ["2,5", "3"], survey(1, 5))["Need"].tolist() == ["2.5", "3"]
