"""A date in text taken apart: the day in every way it may be meant, and the clock."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from typing import NamedTuple

from qualify._support.words import clean_text, plain_punctuation

# English, German, French, Spanish, Italian, Portuguese, Dutch; without accents, long and short.
MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january januar janvier enero gennaio janeiro januari jan janv ene gen jaenner janner",
            "february februar fevrier febrero febbraio fevereiro februari feb febr fevr fev",
            "march marz maerz mars marzo marco maart mar mrz mrt",
            "april avril abril aprile apr avr abr",
            "may mai mayo maggio maio mei mag",
            "june juni juin junio giugno junho jun giu",
            "july juli juillet julio luglio julho jul juil lug",
            "august aout agosto augustus aug ago agt",
            "september septembre septiembre settembre setembro sep sept set sett setiembre",
            "october oktober octobre octubre ottobre outubro oct okt ott out",
            "november novembre noviembre novembro nov",
            "december dezember decembre diciembre dicembre dezembro dec dez dic",
        ),
        start=1,
    )
    for name in names.split()
}
WEEKDAYS_TEXT = """
monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun
montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag mo di mi do fr sa so
lundi mardi mercredi jeudi vendredi samedi dimanche lun mar mer jeu ven sam dim
lunes martes miercoles jueves viernes sabado domingo mie jue vie sab dom
lunedi martedi mercoledi giovedi venerdi sabato domenica gio
segunda terca quarta quinta sexta segunda-feira terca-feira quarta-feira quinta-feira sexta-feira
seg ter qua qui sex
maandag dinsdag woensdag donderdag vrijdag zaterdag zondag ma wo vr za zo
"""
WEEKDAYS = frozenset(WEEKDAYS_TEXT.split())
ZONES = (
    "Z|UTC|GMT|WET|WEST|CET|CEST|MEZ|MESZ|EET|EEST|BST|IST|MSK|EST|EDT|CST|CDT|MST|MDT|PST|PDT|AKST|AKDT|HST|AST|ADT"
    "|BRT|ART|CLT|SGT|HKT|JST|KST|AWST|ACST|ACDT|AEST|AEDT|NZST|NZDT"
)
NOON = r"(?P<noon>[ap])\.?\s?m\b\.?"
CLOCK = re.compile(
    r"(?:(?<=[0-9])T|[,\s]*\b(?:at|um|à|a las|alle|às|om)\s|[,\s]+|^)"
    r"(?:(?P<hour>[0-9]{1,2})(?::|\s?h\s?)(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,][0-9]+)?)?"
    rf"(?:\s?{NOON}|\s?(?:Uhr|h)\b)?"
    rf"|(?P<hour_alone>[0-9]{{1,2}})\s?(?:{NOON.replace('noon', 'noon_alone')}|Uhr\b))"
    rf"(?:\s?(?:{ZONES})\b)?(?:\s?[+-][0-9]{{1,2}}(?::?[0-9]{{2}})?(?![0-9/.-]))?(?:\s?\([^()]*\))?(?=[\s,]|$)",
    re.IGNORECASE,
)
NUMERIC = re.compile(r"([0-9]{1,2})([/.-])\s?([0-9]{1,2})\2\s?([0-9]{4}|[0-9]{2})")
YEAR_FIRST = re.compile(r"([0-9]{4})([/.-])\s?([0-9]{1,2})\2\s?([0-9]{1,2})\.?")
DAY = r"(?P<day>[0-9]{1,2})"
YEAR = r"(?P<year>[0-9]{4})"
MONTH = r"(?P<month>[^\W\d_]+)"
WORDED = [
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"{DAY}(?:\.|st|nd|rd|th|er|º|°)?[ -]?(?:(?:of|de) )?{MONTH}\.?,?[ -]?(?:(?:de|del) )?"
        rf"(?:{YEAR}|'?(?P<short>[0-9]{{2}}))",
        rf"{MONTH}\.?[ -]?{DAY}(?:st|nd|rd|th)?(?:,[ ]?|[ -]){YEAR}",
        rf"{MONTH}\.? {DAY}(?:st|nd|rd|th)?(?:, ?'?| ')(?P<short>[0-9]{{2}})",
        rf"{YEAR}[ -]{MONTH}\.?[ -]{DAY}",
    )
]
UNDATED = (
    (
        "a quarter",
        re.compile(
            r"(?:fy ?)?(?:'?[0-9]{2}|[0-9]{4})?[ /-]?(?:[qtk][1-4]|[1-4] ?q|[1-4](?:\.|er|e|st|nd|rd|th|o)? ?"
            r"(?:quarter|quartal|trimestre|kwartaal))[ /-]?(?:(?:of|de) )?(?:fy ?)?(?:'?[0-9]{2}|[0-9]{4})?"
        ),
    ),
    ("half a year", re.compile(r"h[12][ /-]?(?:'?[0-9]{2}|[0-9]{4})|[0-9]{4}[ /-]?h[12]")),
    (
        "a week",
        re.compile(
            r"(?:[0-9]{4}[ /-]?)?(?:w|kw|cw|wk|week|woche|semaine|semana)[ -]?[0-9]{1,2}(?:[ /-]?[0-9]{4})?"
        ),
    ),
    ("a month", re.compile(r"[0-9]{4}[/.-][0-9]{1,2}|[0-9]{1,2}[/.-][0-9]{4}")),
    ("a year", re.compile(r"(?:fy ?)?(?:19|20|21)[0-9]{2}")),
)
MONTH_ALONE = re.compile(rf"{MONTH}\.?[ /-]?(?:(?:de|del) )?'?(?:[0-9]{{4}}|[0-9]{{2}})")
WEEKDAY = re.compile(r"([^\W\d_]+(?:-feira)?)[.,]*\s+(?:(?:den|le|el) )?", re.IGNORECASE)
LONGEST = 80  # characters of a date


class Days(NamedTuple):
    """A date as the day may be meant: day first, month first; the same twice where there is no doubt."""

    day_first: dt.datetime | None
    month_first: dt.datetime | None


def read_day(text: str) -> Days | None:
    """Return the readings of a date in text, or None where it is none.

    Parameters
    ----------
    text : str
        Not in ISO form.

    Returns
    -------
    Days or None
        With the clock; a time zone is dropped. A reading that is no day of the calendar is None.

    Examples
    --------
    >>> read_day("Do, 02.01.2025, 14:30 Uhr").day_first
    datetime.datetime(2025, 1, 2, 14, 30)
    """
    text = plain_punctuation(clean_text(text))
    if len(text) > LONGEST:
        return None
    found = _read_numeric(text, dt.time())
    if found is not None:
        return found
    rest, clock = _without_clock(text)
    if clock is None:
        return None
    word = WEEKDAY.match(rest)
    after = rest[word.end() :] if word and _plain_letters(word[1]) in WEEKDAYS else ""
    readings = (read(part, clock) for part in (rest, after) for read in (_read_numeric, _read_worded))
    return next((days for days in readings if days is not None), None)


def undated(text: str) -> str | None:
    """Return what a text is that is less than a date: "a quarter", "a month", "a year", "a week".

    Parameters
    ----------
    text : str
        A cell that is no date.

    Returns
    -------
    str or None
        None for anything else.

    Examples
    --------
    >>> undated("Q3 2024"), undated("Jan 2025"), undated("soon")
    ('a quarter', 'a month', None)
    """
    word = _plain_letters(plain_punctuation(clean_text(text)))
    if len(word) > LONGEST:
        return None
    month = MONTH_ALONE.fullmatch(word)
    if month and month["month"] in MONTHS:
        return "a month"
    return next((name for name, form in UNDATED if form.fullmatch(word)), None)


def _read_numeric(text: str, clock: dt.time) -> Days | None:
    if match := NUMERIC.fullmatch(text):
        first, second, year = int(match[1]), int(match[3]), _year(match[4])
        return _days(_date(year, second, first, clock), _date(year, first, second, clock))
    if match := YEAR_FIRST.fullmatch(text):
        day = _date(int(match[1]), int(match[3]), int(match[4]), clock)
        return _days(day, day)
    return None


def _read_worded(text: str, clock: dt.time) -> Days | None:
    for form in WORDED:
        match = form.fullmatch(text)
        month = MONTHS.get(_plain_letters(match["month"])) if match else None
        if match and month:
            parts = match.groupdict()
            day = _date(_year(parts.get("year") or parts.get("short") or ""), month, int(match["day"]), clock)
            return _days(day, day)
    return None


def _days(day_first: dt.datetime | None, month_first: dt.datetime | None) -> Days | None:
    return Days(day_first, month_first) if day_first or month_first else None


def _year(text: str) -> int:
    """Return a year; of two digits 69 to 99 are of the last century, as POSIX has it."""
    if len(text) > 2:
        return int(text)
    return int(text) + (1900 if int(text) >= 69 else 2000)


def _date(year: int, month: int, day: int, clock: dt.time) -> dt.datetime | None:
    try:
        return dt.datetime.combine(dt.date(year, month, day), clock)
    except ValueError:  # 31 February
        return None


def _without_clock(text: str) -> tuple[str, dt.time | None]:
    """Return a text without its time of day, and that; None for a time that is none."""
    match = CLOCK.search(text)
    if match is None:
        return text, dt.time()
    hour = int(match["hour"] or match["hour_alone"])
    noon = (match["noon"] or match["noon_alone"] or "").lower()
    if noon == "a" and not 0 <= hour <= 12:
        return text, None
    if noon and hour == 12:
        hour -= 12
    hour += 12 if noon == "p" and hour < 12 else 0
    rest = clean_text(f"{text[: match.start()]} {text[match.end() :]}").strip(", ")
    try:
        return rest, dt.time(hour, int(match["minute"] or 0), int(match["second"] or 0))
    except ValueError:
        return rest, None


def _plain_letters(word: str) -> str:
    """Return a word in lower case without accents."""
    parted = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in parted if not unicodedata.combining(letter))
