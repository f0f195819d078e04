"""The query behind the view: cells become answers, answers points, the sum of points a probability."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Iterator
from functools import reduce

from sqlglot import exp

from qualify._support.words import as_number, fold
from qualify.deals.options import NOT_CHOSEN
from qualify.exports.rules import NO_LIMIT, Choice, Question, Rules
from qualify.exports.sql.dialects import (
    SPACES,
    UNPLAIN,
    as_double,
    create_view,
    least,
    number_of,
    row_number,
    text_of,
    trimmed,
)
from qualify.exports.sql.remarks import UNHELD, plain_remark
from qualify.survey import Option

# Left to themselves these put the steps into one another, and work a cell out anew wherever it is used:
# twenty to sixty times slower.
EACH_STEP_ONCE = ("postgres", "sqlite")
# What the database trims.
OUTER = "".join(map(chr, (32, *SPACES)))
# Each costs SQLite two of the thousand levels that an expression may have.
MOST_UNPLAIN = 100
Case = tuple[exp.Expr, Choice]


def view_of(rules: Rules, dialect: str) -> str:
    """Write the statement that creates the view.

    Parameters
    ----------
    rules : Rules
        Of the criteria.
    dialect : str
        Whose SQL.

    Returns
    -------
    str
        It ends with a semicolon.
    """
    cases = [list(_cases(question, place)) for place, question in enumerate(rules.questions, start=1)]
    steps = {
        "answers": _answers(rules, dialect),
        "numbers": _numbers(cases, dialect),
        "points": _points(rules, cases),
        "scores": _scores(rules, dialect),
        "chances": _chances(rules),
    }
    query = exp.select("deal", _score(), _zone(rules), _probability(rules)).from_("chances")
    for name, step in steps.items():
        query = query.with_(name, as_=step, materialized=dialect in EACH_STEP_ONCE or None)
    return create_view("qualify_scores", query, dialect)


def _answers(rules: Rules, dialect: str) -> exp.Select:
    """Cells as text in lower case; NULL is blank."""
    deal: exp.Expr = exp.cast(row_number(dialect), "text")
    if rules.deal_column is not None:
        deal = trimmed(_cell(rules.deal_column))
    words = [
        _word(question.column) if question.option is None else _chosen(question, question.option)
        for question in rules.questions
    ]
    named = [exp.alias_(word, f"answer_{place}") for place, word in enumerate(words, start=1)]
    return exp.select(exp.alias_(deal, "deal"), *named).from_("deals AS d")


def _word(column: str) -> exp.Expr:
    """Return a cell as text in lower case, empty for NULL."""
    return exp.func("COALESCE", exp.Lower(this=trimmed(_cell(column))), exp.Literal.string(""))


def _chosen(question: Question, option: Option) -> exp.Expr:
    """Return yes where the option was chosen, a blank where nothing was, else no, as words of the answers."""
    no, yes, unknown = question.choices[0], question.choices[1], question.choices[-1]
    silent = [text_of(word) for word in spellings(unknown)]
    nothing = exp.and_(*(_word(column).isin(*silent) for column in question.columns))
    if option.separator:
        chosen = exp.or_(
            *(_holds(_word(question.column), form, option.separator) for form in _forms(option.word))
        )
    else:
        said = [*silent, *map(text_of, sorted(NOT_CHOSEN)), text_of("0")]
        chosen = exp.not_(_word(question.column).isin(*said))
    answer = exp.case().when(chosen, text_of(fold(yes.answer))).when(nothing, text_of(""))
    return answer.else_(text_of(fold(no.answer)))


def _forms(word: str) -> list[str]:
    return spellings(Choice(answer=word, points=0, words=(fold(word),)))


def _holds(cell: exp.Expr, word: str, separator: str) -> exp.Expr:
    """Ask whether a cell holds a part, whatever space stands about the sign between parts."""
    sign = separator.strip() or separator
    for spaced in (f"{sign} ", f" {sign}"):
        cell = exp.func("REPLACE", cell, text_of(spaced), text_of(sign))
    whole = exp.DPipe(this=exp.DPipe(this=text_of(sign), expression=cell), expression=text_of(sign))
    place = exp.StrPosition(this=whole, substr=text_of(f"{sign}{word}{sign}"))
    return exp.GT(this=place, expression=exp.Literal.number(0))


def _numbers(cases: list[list[Case]], dialect: str) -> exp.Select:
    """Add the numbers that are compared with numbers."""
    wanted = [
        place
        for place, mine in enumerate(cases, start=1)
        if any(column.name == f"number_{place}" for test, _ in mine for column in test.find_all(exp.Column))
    ]
    named = [exp.alias_(as_double(f"answer_{place}", dialect), f"number_{place}") for place in wanted]
    return exp.select("*", *named).from_("answers")


def _points(rules: Rules, cases: list[list[Case]]) -> exp.Select:
    """Points of each answer, and where gates are, the most that the probability can be."""
    columns: list[exp.Expr] = [exp.column("deal")]
    for place, (question, mine) in enumerate(zip(rules.questions, cases, strict=True), start=1):
        points = exp.alias_(_case((test, exp.convert(one.points)) for test, one in mine), f"points_{place}")
        points.add_comments([f" {plain_remark(question.name)} "])
        columns.append(points)
        if question in rules.gated:
            columns.append(exp.alias_(_limit(mine), f"limit_{place}"))
    return exp.select(*columns).from_("numbers")


def _limit(cases: list[Case]) -> exp.Expr:
    """Ask in the same order as for the points, down to the last gate."""
    last = max(place for place, (_, one) in enumerate(cases) if one.limit < NO_LIMIT)
    whens = ((test, number_of(one.limit)) for test, one in cases[: last + 1])
    return _case(whens).else_(number_of(NO_LIMIT))


def _scores(rules: Rules, dialect: str) -> exp.Select:
    """Add the points up, to what scores begin with; NULL where one of them is."""
    columns: list[exp.Expr] = [exp.column(f"points_{place}") for place in range(1, len(rules.questions) + 1)]
    begin = [exp.Literal.number(rules.start)] if rules.start or not columns else []
    score = reduce(lambda left, right: exp.Add(this=left, expression=right), [*begin, *columns])
    query = exp.select("deal", exp.alias_(score, "score")).from_("points")
    limits = [f"limit_{place}" for place, one in enumerate(rules.questions, start=1) if one in rules.gated]
    return query.select(exp.alias_(least(limits, dialect), "most")) if limits else query


def _chances(rules: Rules) -> exp.Select:
    """Look up the win probability of each score, as if there were no gates."""
    chance = exp.case("score")
    for score, probability in enumerate(rules.probabilities):
        chance = chance.when(number_of(score), number_of(probability))
    return exp.select("*", exp.alias_(chance, "chance")).from_("scores")


def _score() -> exp.Expr:
    return exp.alias_(exp.cast(exp.column("score"), "int"), "score")


def _zone(rules: Rules) -> exp.Expr:
    zone = exp.case().when(exp.column("score").is_(exp.null()), exp.null())
    below = _compare(exp.LT, "score", rules.first_inside)
    if rules.gated:
        below = exp.or_(_compare(exp.LT, "most", NO_LIMIT), below)
    zone = zone.when(below, exp.Literal.string("below"))
    zone = zone.when(_compare(exp.GTE, "score", rules.first_above), exp.Literal.string("above"))
    return exp.alias_(zone.else_(exp.Literal.string("inside")), "zone")


def _probability(rules: Rules) -> exp.Expr:
    """Take the least of chance and most; where the chance is NULL, nothing is less than it."""
    probability: exp.Expr = exp.column("chance")
    if rules.gated:
        smaller = exp.LT(this=exp.column("most"), expression=exp.column("chance"))
        probability = exp.case().when(smaller, exp.column("most")).else_(exp.column("chance"))
    return exp.alias_(exp.cast(probability, "double"), "probability")


def _cases(question: Question, place: int) -> Iterator[Case]:
    """Ask of a cell, in order: is it one of the words, a word that is a number, a number in a range."""
    answer, number = exp.column(f"answer_{place}"), f"number_{place}"
    for choice in question.choices:
        words = [text_of(word) for word in spellings(choice)]
        if words:
            yield answer.copy().isin(*words), choice
    for value, choice in _number_words(question):
        yield _compare(exp.EQ, number, value), choice
    for choice in question.choices:
        if choice.is_range and choice.low <= question.most and choice.high > question.least:
            yield _within(number, question, choice), choice


def spellings(choice: Choice) -> list[str]:
    """Return the words of an answer, and for words beyond ASCII how databases may spell them otherwise.

    Parameters
    ----------
    choice : Choice
        The answer.

    Returns
    -------
    list of str
        Some databases put only A to Z in lower case, and most compare é in one piece with é in two as
        different: forms that Python takes for the same word. Words that no
        database can hold, or that are made of little but control characters, are left out.

    Examples
    --------
    >>> "ÉlevÉ" in spellings(Choice(answer="Élevé", points=1, words=("élevé",)))
    True
    """
    found: list[str] = []
    for word in choice.words:
        texts = [word, word.replace("'", "\u2019"), *([choice.answer] if fold(choice.answer) == word else [])]
        cased = [form for text in texts for form in (text, text.lower(), text.upper(), text.title())]
        forms = [form for text in cased for form in (text, unicodedata.normalize("NFD", text))]
        found += [word, *(form for form in map(_plain_lower, forms) if fold(form) == word)]
    return [word for word in dict.fromkeys(found) if _is_writable(word)]


def _plain_lower(text: str) -> str:
    """Do what every database does at least: trim, and put A to Z in lower case."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in text).strip(OUTER)


def _is_writable(word: str) -> bool:
    return not UNHELD.search(word) and len(UNPLAIN.findall(word)) <= MOST_UNPLAIN


def _number_words(question: Question) -> Iterator[tuple[float, Choice]]:
    """Words that are numbers, where only one answer is that number: 4.00 is the answer 4."""
    owners: dict[float, list[Choice]] = {}
    for choice in question.choices:
        for number in {as_number(word) for word in choice.words}:
            if number is not None and math.isfinite(number):
                owners.setdefault(number, []).append(choice)
    for number, choices in sorted(owners.items(), key=lambda owner: owner[0]):
        # An answer comes before unknown, which stands last.
        if len(choices) == 1 or (len(choices) == 2 and choices[1] is question.choices[-1]):
            yield number, choices[0]


def _within(number: str, question: Question, choice: Choice) -> exp.Expr:
    low, tests = max(choice.low, question.least), []
    if math.isfinite(low):
        tests.append(_compare(exp.GTE, number, low))
    if choice.high <= question.most and math.isfinite(choice.high):
        tests.append(_compare(exp.LT, number, choice.high))
    elif math.isfinite(question.most):
        tests.append(_compare(exp.LTE, number, question.most))
    return exp.and_(*tests) if tests else exp.not_(exp.column(number).is_(exp.null()))


def _compare(kind: type[exp.Binary], column: str, value: float) -> exp.Expr:
    return kind(this=exp.column(column), expression=number_of(value))


def _case(whens: Iterable[tuple[exp.Expr, exp.Expr]]) -> exp.Case:
    case = exp.case()
    for test, value in whens:
        case = case.when(test, value)
    return case


def _cell(column: str) -> exp.Expr:
    """Name a column with its table, for SQLite takes a missing column without it for a text."""
    return exp.column(exp.to_identifier(column, quoted=True), table="d")
