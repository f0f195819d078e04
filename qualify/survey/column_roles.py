"""What a column holds beside answers, by its heading in seven languages and by its cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from qualify._support.words import fold
from qualify.reading.cells import Coded, cell_text
from qualify.reading.dates import Dates, read_dates
from qualify.survey.column_clues import FEW, Clues
from qualify.survey.ordered_words import comparable
from qualify.survey.unknown_words import MORE_UNKNOWN, UNKNOWN_WORDS

# Headings by role, most telling first, as `heading_words` gives them; words in ASIDE may stand beside them.
ROLES: dict[str, str] = {
    "deal": """
        deal id, opportunity id, opp id, deal number, opportunity number, deal no, opp nr, opp no,
        opportunity nr, record id, deal, opportunity, opp, chance, chancen nr, verkaufschance, vorgang,
        vorgangsnummer, opportunite, affaire, oportunidad, oportunidade, opportunita, verkoopkans,
        opportunity name, deal name, name of deal, id""",
    "close_date": """
        actual close date, close date, closed date, date closed, closed on, closing date, closedate,
        close, closed, abschlussdatum, abschluss am, abgeschlossen am, geschlossen am, schlusstermin,
        abschlusstermin, abschluss, date de cloture, date cloture, date de fermeture, cloture le, fecha
        de cierre, fecha cierre, cerrado el, data di chiusura, data chiusura, chiuso il, data de
        fechamento, data fechamento, data de encerramento, fechado em, sluitingsdatum, afsluitdatum,
        datum gesloten, gesloten op, afgesloten op""",
    "created_date": """
        created date, create date, date created, created on, created at, created, creation date,
        createdate, opened on, open date, date opened, erstellt am, erstelldatum, erstellungsdatum,
        angelegt am, anlagedatum, erfasst am, erfassungsdatum, eroffnet am, date de creation, date
        creation, cree le, fecha de creacion, fecha creacion, creado el, data di creazione, data
        creazione, creato il, data de criacao, data criacao, criado em, aanmaakdatum, gemaakt op,
        aangemaakt op, datum aangemaakt""",
    "survey_date": """
        survey date, surveyed on, date surveyed, date of survey, answered on, date answered, timestamp,
        completion time, recorded date, recordeddate, submitdate, submit date, date submitted,
        submission time, submitted at, submitted, end date, enddate, zeitstempel, horodateur, marca
        temporal, informazioni cronologiche, carimbo de data hora, tijdstempel, umfragedatum, befragt am""",
    "value": """
        deal value, value, amount, deal amount, opportunity value, opportunity amount, contract value,
        acv, tcv, arr, est revenue, estimated revenue, deal size, betrag, wert,
        auftragswert, summe, auftragssumme, volumen, auftragsvolumen, angebotssumme, angebotswert,
        dealwert, montant, valeur, importe, monto, valor, importo, valore, montante, bedrag, waarde,
        dealwaarde""",
    "effort": """
        effort, hours, hours spent, hours logged, effort hours, days spent, aufwand, aufwand stunden,
        stunden, heures, horas, ore, uren""",
    "rep": """
        rep, sales rep, owner, opportunity owner, deal owner, account executive, seller, salesperson,
        sales person, record owner, account owner, owner name, verkaufer, verkauferin, inhaber,
        besitzer, zustandig, zustandiger, vertriebler, vertriebsmitarbeiter, betreuer, kundenbetreuer,
        verantwortlich, verantwortlicher, opportunity inhaber, proprietaire, vendeur, commercial,
        responsable, propietario, vendedor, comercial, proprietario, venditore, commerciale, titolare,
        responsabile, responsavel, eigenaar, verkoper, vertegenwoordiger, accountmanager""",
    "account": """
        account id, account, account name, customer id, customer, customer name, company, company name,
        client, client name, associated company, potential customer, organization, organisation, kunde,
        kundenname, kundennr, firma, unternehmen, auftraggeber, compte, entreprise, societe, cuenta,
        cliente, empresa, azienda, societa, conta, klant, bedrijf, relatie, organisatie""",
    "segment": """
        segment, market segment, customer segment, kundensegment, marktsegment, segment client,
        segmento, klantsegment""",
    "respondent": """
        respondent, surveyed by, answered by, rater, assessor, respondent name, respondent email, email
        address, e mail address, email, username, user name, befragter, beantwortet von, bewerter,
        repondant, encuestado, rispondente, respondente, e mail adresse, adresse e mail, beoordelaar,
        ingevuld door""",
}  # fmt: skip
ASIDE = {
    "the",
    "of",
    "a",
    "name",
    "usd",
    "eur",
    "gbp",
    "chf",
    "sek",
    "k",
    "in",
    "company",
    "currency",
    "local",
    "total",
    "expected",
    "full",
    "opp",
}
DEAL_WORDS = {
    "deal",
    "opportunity",
    "opp",
    "verkaufschance",
    "opportunite",
    "oportunidad",
}  # before a heading
ID_WORDS = {
    "id",
    "n",
    "ids",
    "nr",
    "no",
    "num",
    "number",
    "nummer",
    "numero",
    "key",
    "code",
    "ref",
    "reference",
    "uid",
    "guid",
}
# Columns that forms add to every response.
TECHNICAL = """
    start date, startdate, end date, enddate, start time, completion time, ip address, ipaddress, ip
    adresse, progress, duration in seconds, duration, finished, recorded date, recordeddate, response
    id, responseid, respondent id, collector id, recipient last name, recipient first name, recipient
    email, external data reference, external reference, location latitude, location longitude,
    distribution channel, user language, email address, first name, last name, custom data, last page,
    lastpage, start language, startlanguage, seed, date started, startdatum, datestamp, date of last
    action, refurl, referrer url, interviewtime, submitdate, uuid, submission time, validation status,
    submitted by, formhub uuid, meta instanceid, instanceid, version, index, tags, deviceid,
    subscriberid, simid, phonenumber, last modified time, network id, token, antwort id, response type,
    total time"""
# Technical only beside others of them, for honest columns may be called so.
PERHAPS = (
    "status, progress, finished, duration, name, id, start, end, today, email, tags, index, version, token"
)
LATER = 1000  # added to the rank of a heading that has more words
PROBED = 200  # different cells that show whether a column holds dates
SURE_FROM = 2  # technical headings from which a table is a form's
WITHIN = re.compile(r".*\S/(?=\S)")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
PERIOD = re.compile(
    r"(?:[qthw]|quarter|quartal|trimestre|kwartaal|kw|cw)\s*-?\s*\d{1,2}\s*[-/ ]?\s*(?:fy\s*)?(?:\d\d){1,2}|"
    r"(?:fy\s*)?\d{4}\s*[-/ ]?\s*(?:[qthw]|fy|kw|cw)\s*-?\s*\d{1,2}|fy\s*-?\d{2,4}",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Column:
    """One column of a table, in short.

    Attributes
    ----------
    heading : str
        As it stands in the table.
    text : str
        The question's text from a second heading row; empty without one.
    coded : Coded
        Its cells.
    clues : Clues
        What they give away.
    """

    heading: str
    text: str
    coded: Coded
    clues: Clues


def heading_words(heading: str) -> str:
    """Return a heading in lower case without accents, its words parted by one space.

    Parameters
    ----------
    heading : str
        As written.

    Returns
    -------
    str
        The comparable form.

    Examples
    --------
    >>> heading_words("closeDate"), heading_words("Summe (€)"), heading_words("Opp. Nr.")
    ('close date', 'summe', 'opp nr')
    """
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", heading)
    return re.sub(r"[\W_]+", " ", comparable(parted)).strip()


def roles_of(columns: Sequence[Column]) -> dict[str, str]:
    """Return which column holds the deal's id, dates, value, rep and so on; the most telling heading of each.

    Parameters
    ----------
    columns : sequence of Column
        Those that may hold one.

    Returns
    -------
    dict
        Heading by role (fields of `Columns`).
    """
    found: dict[str, str] = {}
    for role in ROLES:
        ranked = sorted(
            (rank, place)
            for place, column in enumerate(columns)
            if (rank := _rank(role, column)) is not None and column.heading not in found.values()
        )
        for _, place in ranked:
            if _fits(role, columns[place]):
                found[role] = columns[place].heading
                break
    if "deal" not in found:
        found |= _any_id(columns, set(found.values()))
    return found


def technical_headings(columns: Sequence[Column]) -> set[str]:
    """Return the headings of columns that a form adds to every response, such as its start or an IP address.

    Parameters
    ----------
    columns : sequence of Column
        All columns.

    Returns
    -------
    set of str
        None in a table that is no form's.
    """
    sure, perhaps = _phrases(TECHNICAL), _phrases(PERHAPS)
    names = {column.heading: heading_words(column.heading) for column in columns}
    certain = [heading for heading, name in names.items() if name in sure - perhaps]
    if len(certain) < SURE_FROM:
        return set()
    return {heading for heading, name in names.items() if name in sure | perhaps or heading.startswith("_")}


def ids_beside(columns: Sequence[Column]) -> dict[str, str]:
    """Return headings of ids and the column that says the same by name, such as Account.id and Account."""
    names = {fold(column.heading): column.heading for column in columns}
    matches = {column.heading: re.fullmatch(r"(.+?)[._ ]id", fold(column.heading)) for column in columns}
    return {heading: names[match[1]] for heading, match in matches.items() if match and match[1] in names}


def holds_emails(clues: Clues) -> bool:
    """Return whether all answers are e-mail addresses."""
    return bool(clues.known) and all(EMAIL.fullmatch(answer.strip()) for answer in clues.known)


def holds_periods(clues: Clues) -> bool:
    """Return whether all answers are quarters, weeks or fiscal years, such as Q3-2024."""
    return bool(clues.known) and all(PERIOD.fullmatch(answer.strip()) for answer in clues.known)


def dates_in(coded: Coded) -> Dates | None:
    """Return the cells as dates where every filled one looks like a date, whether or not it can be read."""
    start = read_dates(coded.values[:PROBED])
    if not any(start.values) and not start.ambiguous and not start.serial:
        return None
    dates = read_dates(coded.values)
    wrong = [
        cell_text(coded.values[place])
        for place, (reason, _) in dates.faults.items()
        if reason.endswith("not a date")
    ]
    some = any(value is not None for value in dates.values) or dates.ambiguous or dates.serial
    return dates if some and all(_is_unknown(text) for text in wrong) else None


def _is_unknown(text: str) -> bool:
    return fold(text) in MORE_UNKNOWN or fold(text) in UNKNOWN_WORDS


def _phrases(text: str) -> set[str]:
    return {" ".join(phrase.split()) for phrase in text.split(",")}


def _ranks(text: str) -> dict[str, int]:
    return {" ".join(phrase.split()): rank for rank, phrase in enumerate(text.split(","))}


RANKS = {role: _ranks(text) for role, text in ROLES.items()}


def _rank(role: str, column: Column) -> int | None:
    """Return how telling a heading is for a role, 0 the most; None where it is not."""
    best = None
    for text in (column.heading, column.text):
        words = heading_words(text).split()
        bare = words
        while bare[1:] and bare[0] in DEAL_WORDS:
            bare = bare[1:]
        aside = [word for word in words if word not in ASIDE]  # less telling: Expected Close Date
        within = heading_words(WITHIN.sub("", text)).split()  # the group of a form's question before it
        for some, later in ((words, 0), (bare, 0), (aside, LATER), (within, LATER)):
            rank = RANKS[role].get(" ".join(some))
            rank = None if rank is None else rank + later
            best = rank if best is None or (rank is not None and rank < best) else best
    return best


def _fits(role: str, column: Column) -> bool:
    clues = column.clues
    plain = bool(clues.known) and not (clues.yes_no or clues.ordered or clues.unknown)
    return plain and CHECKS.get(role, _some_words)(column)


def _is_id(column: Column) -> bool:
    """Return whether cells are ids: one in every row, and many of them."""
    clues = column.clues
    return clues.filled == clues.rows and (len(clues.known) > FEW or len(clues.known) == clues.rows)


def _is_date(column: Column) -> bool:
    dates = dates_in(column.coded)
    if dates is None or dates.ambiguous or dates.serial:
        return False
    return all(fold(cell_text(column.coded.values[place])) in UNKNOWN_WORDS for place in dates.faults)


def _is_amount(column: Column) -> bool:
    return column.clues.numbers is not None and not column.clues.scale and not column.clues.ambiguous


def _is_name(column: Column) -> bool:
    """Return whether cells name somebody: few names are enough where the heading speaks of a name or id."""
    clues = column.clues
    if set(heading_words(column.heading).split()) & (ID_WORDS | {"name", "kundenname"}):
        return len(clues.known) > 1
    return len(clues.known) > FEW or len(clues.known) > clues.filled / 2


def _is_segment(column: Column) -> bool:
    clues = column.clues
    return len(clues.known) > 1 and not (clues.numbers and len(clues.known) > FEW)


def _some_words(column: Column) -> bool:
    return len(column.clues.known) > 1


def _is_person(column: Column) -> bool:
    """Return whether cells may name who answered; below an e-mail heading they must be addresses."""
    mail = "mail" in heading_words(column.heading)
    return holds_emails(column.clues) if mail else _some_words(column)


CHECKS: Mapping[str, Callable[[Column], bool]] = {
    "deal": _is_id,
    "close_date": _is_date,
    "created_date": _is_date,
    "survey_date": _is_date,
    "value": _is_amount,
    "effort": _is_amount,
    "account": _is_name,
    "segment": _is_segment,
    "respondent": _is_person,
}


def _any_id(columns: Sequence[Column], taken: set[str]) -> dict[str, str]:
    """Return a column that differs in every row and is headed like an id, such as Bid No."""
    for column in columns:
        words = set(heading_words(column.heading).split()) | set(heading_words(column.text).split())
        clues = column.clues
        different = clues.filled == len(clues.known) == clues.rows and clues.rows > 1
        if column.heading not in taken and different and words & ID_WORDS and dates_in(column.coded) is None:
            return {"deal": column.heading}
    return {}
