"""Dates in text: every form that people write reads back, or is called ambiguous."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qualify.deals.columns import read_date_column
from qualify.deals.faults import Faults
from qualify.reading.cells import code_cells
from qualify.reading.dates import read_dates

quick = settings(max_examples=150, deadline=None)
DAY = dt.datetime(2025, 1, 2)
MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
}


@pytest.mark.parametrize(
    "text",
    [
        "2025-01-02", "20250102", "2025/01/02", "2025.1.2", "2025-1-2", "2. Januar 2025",
        "2 de enero de 2025", "2 janvier 2025", "1er janvier 2025", "Jan 2, 2025", "January 2nd, 2025",
        "02-Jan-25", "02-Jan-2025", "2 Jan '25", "Jan 2, 25", "2 gen 2025", "2 de jan. de 2025",
        "2 ene. 2025", "Thursday, January 2, 2025", "Do, 2. Jan. 2025", "jeudi 2 janvier 2025",
        "jueves, 2 de enero de 2025", "quinta-feira, 2 de janeiro de 2025", "2025 Jan 2",
        "Donnerstag, den 2. Januar 2025", "2\u00a0janvier\u00a02025", "2025\u201101\u201102",
    ],
)  # fmt: skip
def test_a_day_that_can_be_read_in_one_way_only(text: str) -> None:
    expected = DAY.replace(day=1) if text.startswith("1er") else DAY
    found = read_dates([text])
    assert (found.values, found.faults, found.order, found.ambiguous) == ([expected], {}, None, False)


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("2025-01-02T14:05:09Z", (14, 5, 9)),
        ("2025-01-02 14:05:09+01:00", (14, 5, 9)),
        ("2025-01-02 9:05", (9, 5)),
        ("2025/1/2 2:15:30 PM GMT+1", (14, 15, 30)),
        ("2025/01/02 14:05 CET", (14, 5)),
        ("Jan 2, 2025 9:00 AM", (9,)),
        ("Jan 2, 2025 12:00 AM", (0,)),
        ("Jan 2, 2025 12:30 p.m.", (12, 30)),
        ("Jan 2, 2025, 9 PM", (21,)),
        ("2 de enero de 2025, 9:00 a. m.", (9,)),
        ("2. Januar 2025, 14:30 Uhr", (14, 30)),
        ("2 janvier 2025 à 14h30", (14, 30)),
        ("Thu Jan 02 2025 09:00:00 GMT+0100 (Central European Standard Time)", (9,)),
        ("Thu Jan  2 09:00:00 2025", (9,)),
    ],
)
def test_the_clock_is_kept_and_the_zone_dropped(text: str, clock: tuple[int, ...]) -> None:
    assert read_dates([text]).values == [dt.datetime.combine(DAY, dt.time(*clock))]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Q3 2024", "a quarter, not a date"),
        ("2024-Q3", "a quarter, not a date"),
        ("Q3-2024", "a quarter, not a date"),
        ("T3 2024", "a quarter, not a date"),
        ("3. Quartal 2024", "a quarter, not a date"),
        ("H1 2024", "half a year, not a date"),
        ("Jan 2025", "a month, not a date"),
        ("janvier 2025", "a month, not a date"),
        ("2025-01", "a month, not a date"),
        ("01/2025", "a month, not a date"),
        ("2025", "a year, not a date"),
        ("2025-W03", "a week, not a date"),
        ("KW 3 2025", "a week, not a date"),
        ("31.02.2025", "not a date"),
        ("2024-02-30", "not a date"),
        ("30 Feb 2024", "not a date"),
        ("2025-13-01", "not a date"),
        ("2 Jan 2025 25:00", "not a date"),
        ("2 Jan 2025 13:00 AM", "not a date"),
        ("2 Foo 2025", "not a date"),
        ("2 January", "not a date"),
        ("soon", "not a date"),
        ("12345", "not a date"),
        ("45659.25", "not a date"),
        ("0024-01-01", "the year is not between 1900 and 2200"),
    ],
)
def test_what_is_no_date(text: str, reason: str) -> None:
    assert read_dates([text]).faults[0][0] == reason


def test_blanks_and_errors_are_no_dates_and_no_faults() -> None:
    found = read_dates([None, "", " \u00a0", "#REF!", pd.NaT, np.datetime64("NaT")])
    assert (found.values, found.faults, found.serial) == ([None] * 6, {}, False)


def test_years_of_two_digits_turn_at_69() -> None:
    found = read_dates(["31.12.68", "31.12.69", "31.12.00", "31.12.99"])
    assert [date.year for date in found.values if date] == [2068, 1969, 2000, 1999]
    assert found.order == "day first"


def test_an_order_that_is_given_holds() -> None:
    cells = ["3/4/2024", "13/4/2024", "4/13/2024"]
    found = read_dates(cells, order="day first")
    assert (found.values, found.order) == (
        [dt.datetime(2024, 4, 3), dt.datetime(2024, 4, 13), None],
        "day first",
    )
    assert found.faults[2][0] == "not a date with the day first"
    assert read_dates(cells[:1], order="month first").values == [dt.datetime(2024, 3, 4)]
    both = read_dates(cells)
    assert (list(both.faults), both.order, both.ambiguous) == ([0, 1, 2], None, False)


FORMS: dict[str, Callable[[dt.datetime], str]] = {  # of the case `date-forms`
    "de_2digit": lambda day: f"{day:%d.%m.%y}",
    "us_2digit": lambda day: f"{day.month}/{day.day}/{day:%y}",
    "us_ampm": lambda day: f"{day.month}/{day.day}/{day.year} 2:05 PM",
    "ms_forms": lambda day: f"{day.month}/{day.day}/{day:%y} 9:02:07",
    "weekday": lambda day: f"{day:%A}, {day:%B} {day.day}, {day.year}",
}


@pytest.mark.parametrize("form", FORMS)
def test_date_forms_hold_the_same_dates(form: str) -> None:
    days = [DAY + dt.timedelta(days=5 * place) for place in range(60)]
    coded = code_cells([FORMS[form](day) for day in days])
    faults = Faults(rows=np.arange(60))
    read = read_date_column("Close Date", coded, faults)
    assert not faults.all()
    assert read.astype("datetime64[D]").tolist() == [day.date() for day in days]


@pytest.mark.parametrize("cells", [["45659", "45664"], [45659, 45664.0], ["45659.5", None, "45664"]])
def test_date_forms_of_excel_are_read_only_when_told(cells: list[object]) -> None:
    found = read_dates(cells)
    assert found.serial and found.values == [None] * len(cells)
    assert found.faults[0][0] == "looks like Excel's number of a day (2025-01-02)"
    told = read_dates(cells, serial=True)
    assert not told.faults and [value.date() for value in told.values if value] == [
        dt.date(2025, 1, 2),
        dt.date(2025, 1, 7),
    ]


def test_one_date_among_numbers_is_no_column_of_excel_days() -> None:
    assert not read_dates(["45659", "2025-01-07"]).serial
    assert not read_dates(["45659", "7"]).serial


def worded(day: dt.datetime, language: str, form: str) -> str:
    name = MONTHS[language].split()[day.month - 1]
    return form.format(d=day.day, m=name, y=day.year)


NUMERIC = [
    "{d}/{m}/{y}",
    "{d:02}.{m:02}.{y}",
    "{d}-{m}-{y}",
    "{d}. {m}. {y}",
    "{m}/{d}/{y}",
    "{m:02}-{d:02}-{y}",
]
CLOCKS = ["", " 9:05", ", 14:05", " 2:05:07 PM", " 14:05 GMT+1", " 14:05 Uhr"]
days_of_two_digit_years = st.dates(dt.date(1969, 1, 1), dt.date(2068, 12, 31))


@quick
@given(
    st.lists(days_of_two_digit_years, min_size=1, max_size=6),
    st.sampled_from(NUMERIC),
    st.booleans(),
    st.sampled_from(CLOCKS),
)
def test_dates_in_numbers_read_back_or_are_ambiguous(
    days: list[dt.date], form: str, short: bool, clock: str
) -> None:
    def text(day: dt.date) -> str:
        year = f"{day.year % 100:02}" if short else day.year
        return form.format(d=day.day, m=day.month, y=year) + clock

    found = read_dates([text(day) for day in days])
    for place, day in enumerate(days):
        value = found.values[place]
        if place in found.faults:
            assert found.ambiguous and day.day <= 12 and found.faults[place][0].startswith("may be ")
        else:
            assert value is not None and value.date() == day
    told = read_dates(
        [text(day) for day in days], order="day first" if form.startswith("{d") else "month first"
    )
    assert [value.date() for value in told.values if value] == days


@quick
@given(
    days_of_two_digit_years,
    st.sampled_from(sorted(MONTHS)),
    st.sampled_from(
        ["{d} {m} {y}", "{d}. {m} {y}", "{m} {d}, {y}", "{d} de {m} de {y}", "{d}-{m}-{y}", "{d} {m}, {y}"]
    ),
    st.sampled_from(CLOCKS),
    st.sampled_from([str, str.upper, str.lower]),
)
def test_dates_in_words_read_back(
    day: dt.date, language: str, form: str, clock: str, case: Callable[[str], str]
) -> None:
    moment = dt.datetime.combine(day, dt.time())
    found = read_dates([case(worded(moment, language, form)) + clock])
    assert not found.faults
    assert found.values[0] is not None and found.values[0].date() == day


def valid(year: int, month: int, day: int) -> dt.datetime | None:
    try:
        return dt.datetime(year, month, day)
    except ValueError:
        return None


def test_every_pair_of_numeric_dates_settles_as_by_hand() -> None:
    parts = [1, 2, 4, 12, 13, 29, 31]
    texts = list(itertools.product(parts, parts))
    for pair in itertools.product(texts, texts):
        found = read_dates([f"{first}/{second}/2023" for first, second in pair])
        ways = {
            order: [valid(2023, b, a) if order == "day first" else valid(2023, a, b) for a, b in pair]
            for order in ("day first", "month first")
        }
        whole = [days for days in ways.values() if None not in days]
        if len({tuple(days) for days in whole}) == 1:
            assert found.values == whole[0] and not found.faults
        else:
            assert found.faults
            assert found.ambiguous == (len(whole) == 2 or (not whole and ambiguous_rest(pair)))


def ambiguous_rest(pair: tuple[tuple[int, int], ...]) -> bool:
    """Return whether, with impossible days left out, one date is left that could be two."""
    left = [(a, b) for a, b in pair if valid(2023, a, b) or valid(2023, b, a)]
    return len(left) == 1 and all(valid(2023, a, b) and valid(2023, b, a) and a != b for a, b in left)
