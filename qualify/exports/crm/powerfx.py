"""Criteria as formula columns of Dataverse, in Power Fx, ready to paste."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from functools import partial

from qualify.criteria.model import Criteria
from qualify.exports.crm.fields import Asked, asked_of, heading, spellings, table
from qualify.exports.crm.formulas import chunked, combined, number, probability, steps, value_of_blank
from qualify.exports.crm.powerfx_text import RESERVED, PowerFxLimits, literal
from qualify.exports.rules import Choice, Question, Rules, rules_of
from qualify.formatting.formats import clean
from qualify.survey import UNKNOWN

SPARE = 250  # characters for what stands around cases
LONGEST_NAME = 60  # characters of a question in the text of gates
LARGEST = 1e11  # numbers of Dataverse end here
WHOLE, FRACTION, TEXT = "Decimal, precision 0", "Decimal, precision 10", "Text"
SCORE, LIMIT, BLANK = "Qualification_Score", "Qualification_Limit", "Blank()"
Cases = Sequence[tuple[str, str]]
Column = tuple[str, str, str]

_INTRODUCTION = """\
HOW TO USE IT
1. The first table says which column each question is assumed to be. Where yours has another name, replace the
   name in the formulas (once in this file, before pasting); a name with spaces stands in single quotes.
2. Answers in words are taken from text columns, whatever their case and outer spaces. Formulas of Dataverse
   compare choice columns with choices, not with texts: keep such an answer in a text column, or, where your
   environment accepts it, write Text(column) for the column.
3. Create the formula columns of the last part in their order, each with the precision given.
4. An answer that the criteria do not know gives no score, no zone and no probability: nothing is guessed.
   Dataverse counts a blank as 0 in sums, so every formula asks for blanks first.

SIZE OF FORMULAS
A formula column may have {characters:,} characters; longer formulas are split. Formula columns may build on
one another {depth} deep; these do so {deepest} deep.
"""


def criteria_to_powerfx(criteria: Criteria, limits: PowerFxLimits | None = None) -> str:
    """Write criteria as formula columns of Dataverse, with what an admin has to know.

    Parameters
    ----------
    criteria : Criteria
        From `refine_criteria` or `read_criteria`.
    limits : PowerFxLimits, optional
        What a formula may hold; without it, what Dataverse documents.

    Returns
    -------
    str
        Plain text: assumed columns, then formulas of points, score, gates, zone and probability.

    Examples
    --------
    >>> import qualify as ql
    >>> simulated = ql.simulate_deals(300, rng=1)
    >>> criteria = ql.refine_criteria(ql.read_deals(simulated.frame, simulated.survey), replicates=20)
    >>> "=== FORMULA COLUMN Qualification_Zone | Text" in criteria_to_powerfx(criteria)
    True
    """
    limits = limits or PowerFxLimits()
    rules = rules_of(criteria)
    asked = asked_of(criteria, rules, partial(_values, criteria, limits), RESERVED)
    columns = _columns(rules, asked, limits)
    deepest = max(_depths(columns).values())
    lines = heading("POWER FX FORMULA COLUMNS FOR QUALIFICATION CRITERIA (DATAVERSE)", criteria, rules)
    lines += [_INTRODUCTION.format(characters=limits.characters, depth=limits.depth, deepest=deepest)]
    if deepest > limits.depth:
        lines += ["TOO DEEP: Dataverse will refuse the last of these columns. Shorten answers or names.", ""]
    lines += _assumed(asked)
    lines += ["", "COLUMNS TO CREATE, IN THIS ORDER"]
    for name, formula, kind in columns:
        lines += ["", f"=== FORMULA COLUMN {name} | {kind}", formula, "=== END"]
    return "\n".join(lines) + "\n"


def _values(criteria: Criteria, limits: PowerFxLimits, question: Question, choice: Choice) -> list[str]:
    """Ways of writing an answer, in the form in which formulas compare them."""
    written = [*choice.words, *(_lower(word) for word in spellings(criteria, question, choice))]
    return [word for word in dict.fromkeys(written) if word and _can_be_written(word, limits)]


def _lower(word: str) -> str:
    """Lower case as Power Fx has it, which leaves letters apart that Python's folding makes one."""
    return word.replace("\u2019", "'").lower().strip()


def _can_be_written(word: str, limits: PowerFxLimits) -> bool:
    return "\0" not in word and limits.fits(literal(word), spare=SPARE)


def _assumed(asked: Sequence[Asked]) -> list[str]:
    rows = [
        (
            one.question.field,
            one.base,
            "Number" if one.question.is_number else "Text",
            value_of_blank(one.question, lambda choice: "is the answer unknown", "gives no score"),
        )
        for one in asked
    ]
    lines = ["COLUMNS THAT HOLD THE ANSWERS", *table(("column", "assumed column", "type", "a blank"), rows)]
    lost = [
        (one.base, f"{answer[:LONGEST_NAME]} ({len(answer):,} characters)")
        for one in asked
        for answer, words in one.values.items()
        if not words and answer != UNKNOWN
    ]
    left_out = [
        "",
        "ANSWERS THAT NO FORMULA CAN HOLD: they give no score",
        *table(("column", "answer"), lost),
    ]
    return [*lines, *left_out] if lost else lines


def _columns(rules: Rules, asked: Sequence[Asked], limits: PowerFxLimits) -> list[Column]:
    """Every formula column in the order of creation: name, formula, type."""
    columns: list[Column] = []
    for one in asked:
        columns += _answers(one, "Points", lambda choice: str(choice.points), BLANK, limits)
    points = [f"{one.base}_Points" for one in asked]
    whole = partial(_sum, start=rules.start)
    columns += _typed(combined(f"{SCORE}{{}}".format, points, _sum, limits.fits, whole), WHOLE)
    gated = [one for one in asked if one.question in rules.gated]
    for one in gated:
        columns += _answers(one, "Gate", lambda choice: probability(choice.limit), "1", limits)
    gates = [f"{one.base}_Gate" for one in gated]
    if gates:
        columns += _typed(combined(f"{LIMIT}{{}}".format, gates, _least, limits.fits), FRACTION)
        columns += _tripped(gated, gates, limits)
    return [*columns, _zone(rules, bool(gates)), *_probability(rules, bool(gates), limits)]


def _typed(formulas: Sequence[tuple[str, str]], kind: str) -> list[Column]:
    return [(name, formula, kind) for name, formula in formulas]


def _answers(
    one: Asked, what: str, value: Callable[[Choice], str], otherwise: str, limits: PowerFxLimits
) -> list[Column]:
    """Give what an answer gives, by way of columns that each know some answers where they are many."""
    blank = value_of_blank(one.question, value, otherwise)
    write: Callable[[Cases], str]
    if one.question.is_number:
        cases, write = _rungs(one, value, otherwise), _branches
        tested = one.base
    else:
        given = {choice.answer: value(choice) for choice in one.question.choices}
        pairs = [(literal(word), given[answer]) for answer, words in one.values.items() for word in words]
        cases = [(word, gives) for word, gives in pairs if gives != otherwise]
        tested, write = f"TrimEnds({one.base})", partial(_switch, _folded(one))
    name, kind = f"{one.base}_{what}", WHOLE if what == "Points" else FRACTION
    *parts, (_, formula) = _parts(name, cases, write, limits)
    known = f"If(IsBlank({tested}), {blank},\n{_or_else(formula, otherwise)})"
    return _typed([*parts, (name, known)], kind)


def _or_else(formula: str, otherwise: str) -> str:
    """Let what none of the cases knows give something; cases end with a blank."""
    return formula.removesuffix(f"{BLANK})") + f"{otherwise})" if formula != BLANK else otherwise


def _folded(one: Asked) -> str:
    """Write the answer in the form in which it is compared."""
    apostrophe = any("'" in word for words in one.values.values() for word in words)
    text = f"TrimEnds({one.base})"
    return f'Lower(Substitute({text}, "\u2019", "\'"))' if apostrophe else f"Lower({text})"


def _rungs(one: Asked, value: Callable[[Choice], str], otherwise: str) -> list[tuple[str, str]]:
    """Write conditions of a number, each true from one end to the next, and what they give."""
    ladder = [(high, given) for high, given in steps(one.question, value, otherwise) if high > -LARGEST]
    lows = [-math.inf, *(high for high, _ in ladder)]
    cases = []
    for low, (high, given) in zip(lows, ladder, strict=False):
        ends = [f"{one.base} >= {number(low)}"] if abs(low) < LARGEST else []
        ends += [f"{one.base} < {number(high)}"] if high < LARGEST else []
        ends += (
            [f"{one.base} <= {number(one.question.most)}"] if one.question.most < min(high, LARGEST) else []
        )
        if given != otherwise and low <= one.question.most:
            cases.append((f"And({', '.join(ends)})" if len(ends) > 1 else "".join(ends) or "true", given))
    return cases


def _branches(cases: Cases) -> str:
    if not cases:
        return BLANK
    return "If(\n" + "".join(f"{condition}, {given},\n" for condition, given in cases) + f"{BLANK})"


def _switch(tested: str, cases: Cases) -> str:
    if not cases:
        return BLANK
    return f"Switch({tested},\n" + "".join(f"{when}, {given},\n" for when, given in cases) + f"{BLANK})"


def _parts(
    name: str, cases: Cases, write: Callable[[Cases], str], limits: PowerFxLimits
) -> list[tuple[str, str]]:
    """Cut cases into columns that fit, and the column that takes the one of them that is not blank."""
    runs = chunked(cases, lambda run: limits.fits(write(run), spare=SPARE))
    if len(runs) < 2:
        return [(name, write(cases))]
    found = [(f"{name}_Part_{place}", write(run)) for place, run in enumerate(runs, start=1)]
    parts = [part for part, _ in found]
    return found + combined(f"{name}{{}}".format, parts, _first_known, lambda text: limits.fits(text, SPARE))


def _first_known(columns: Sequence[str]) -> str:
    return _branches([(f"Not(IsBlank({column}))", column) for column in columns])


def _sum(columns: Sequence[str], start: int = 0) -> str:
    if not columns:
        return "0"
    blanks = [f"IsBlank({column})" for column in columns]
    blank = blanks[0] if len(blanks) == 1 else f"Or({', '.join(blanks)})"
    begin = [str(start)] if start else []
    return f"If({blank}, {BLANK},\n{' + '.join([*begin, *columns])})"


def _least(columns: Sequence[str]) -> str:
    return f"Min({', '.join(columns)})" if len(columns) > 1 else columns[0]


def _tripped(gated: Sequence[Asked], gates: Sequence[str], limits: PowerFxLimits) -> list[Column]:
    """Name the questions whose answers trip a gate, as text."""
    labels = dict(zip(gates, (clean(one.question.name)[:LONGEST_NAME] for one in gated), strict=True))

    def write(columns: Sequence[str]) -> str:
        named = (f'If({c} < 1, {literal(labels[c] + "; ")}, "")' if c in labels else c for c in columns)
        return " &\n".join(named)

    return _typed(combined("Qualification_Gates{}".format, gates, write, limits.fits), TEXT)


def _zone(rules: Rules, gated: bool) -> Column:
    cases = [(f"IsBlank({SCORE})", BLANK), *([(f"{LIMIT} < 1", '"below"')] if gated else [])]
    cases += [(f"{SCORE} < {rules.first_inside}", '"below"'), (f"{SCORE} >= {rules.first_above}", '"above"')]
    return "Qualification_Zone", _or_else(_branches(cases), '"inside"'), TEXT


def _probability(rules: Rules, gated: bool, limits: PowerFxLimits) -> list[Column]:
    cases = [(str(score), probability(chance)) for score, chance in enumerate(rules.probabilities)]
    name = "Qualification_Curve" if gated else "Qualification_Probability"
    curve = _parts(name, cases, partial(_switch, SCORE), limits)
    # A blank score would be the score 0.
    guarded = [(one, f"If(IsBlank({SCORE}), {BLANK},\n{formula})") for one, formula in curve]
    if gated:
        lower = f"If(IsBlank({SCORE}), {BLANK},\n{_least((name, LIMIT))})"
        guarded.append(("Qualification_Probability", lower))
    return _typed(guarded, FRACTION)


def _depths(columns: Sequence[Column]) -> dict[str, int]:
    """Count how many formula columns deep each builds on others."""
    depths: dict[str, int] = {}
    for name, formula, _ in columns:
        named = re.findall(r'"(?:[^"]|"")*"|\w+', formula)
        depths[name] = 1 + max((depths[word] for word in named if word in depths), default=0)
    return depths
