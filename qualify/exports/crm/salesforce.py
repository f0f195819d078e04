"""Criteria as formula fields of Salesforce, ready to paste."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

from qualify.criteria.model import Criteria
from qualify.exports.crm.fields import Asked, asked_of, heading, spellings, table
from qualify.exports.crm.formulas import chunked, combined, number, probability, steps, value_of_blank
from qualify.exports.crm.salesforce_size import FlowMap, SalesforceLimits, flow_text, place_fields, size_of
from qualify.exports.rules import NO_LIMIT, Choice, Question, Rules, rules_of
from qualify.formatting.formats import clean

LONGEST_VALUE = 255  # characters of a picklist value
LONGEST_NAME = 80  # characters of a question in the text of gates
SPARE = 300  # characters and bytes for what stands around cases
WHOLE, FRACTION, TEXT = "Number, 0 decimals", "Number, 12 decimals", "Text"
Cases = Sequence[tuple[str, str]]
Write = Callable[[Cases, str], str]

_INTRODUCTION = """\
HOW TO USE IT
1. The first table says which field each question is assumed to be. Where yours has another name, replace the
   name in the formulas (once in this file, before pasting).
2. A picklist must hold exactly the values listed, in the same case; it may hold fewer. Any other value gives
   no score. For a text field, write the field itself where TEXT(field) stands.
3. Create the fields of the last part in their order. For every formula field choose "Treat blank fields as
   blanks": with the other choice a question without an answer would count as 0 points.
4. An answer that the criteria do not know gives no score, no zone and no probability: nothing is guessed.

SIZE OF FORMULAS
A formula may have {characters:,} characters and {compiled:,} bytes when compiled. What a formula compiles to
includes every formula field that it mentions. Salesforce does not publish how it counts, so the size beside
each field is an estimate, meant to be too high; "Check Syntax" shows the true one. A field whose formula
would be too big is not a formula field but a plain field that a flow sets (marked FLOW FIELD):
a. create the field, with the type given;
b. make one record-triggered flow (before save, on create and on update), with a formula resource for each
   such field, named as the field without __c and holding the text given here;
c. in the flow, assign each resource to its field of the record, in the order of this file;
d. save every old record once, so that the flow runs for it.
"""


def criteria_to_salesforce(criteria: Criteria, limits: SalesforceLimits | None = None) -> str:
    """Write criteria as formula fields of Salesforce, with what an admin has to know.

    Parameters
    ----------
    criteria : Criteria
        From `refine_criteria` or `read_criteria`.
    limits : SalesforceLimits, optional
        What a formula may hold; without it, what Salesforce documents.

    Returns
    -------
    str
        Plain text: assumed fields and values, then formulas of points, score, gates, zone, probability.

    Examples
    --------
    >>> import qualify as ql
    >>> simulated = ql.simulate_deals(300, rng=1)
    >>> criteria = ql.refine_criteria(ql.read_deals(simulated.frame, simulated.survey), replicates=20)
    >>> "=== FORMULA FIELD Qualification_Zone__c | Text" in criteria_to_salesforce(criteria)
    True
    """
    limits = limits or SalesforceLimits()
    rules = rules_of(criteria)
    asked = asked_of(criteria, rules, partial(_values, criteria))
    formulas, types = _formulas(rules, asked, limits)
    flow = place_fields(formulas, limits)
    lines = heading("SALESFORCE FORMULA FIELDS FOR QUALIFICATION CRITERIA", criteria, rules)
    lines += [_INTRODUCTION.format(characters=limits.characters, compiled=limits.compiled)]
    lines += _assumed(asked)
    lines += ["", "FIELDS TO CREATE, IN THIS ORDER"]
    for name, formula in formulas.items():
        text = flow_text(formula, flow) if flow[name] else formula
        lines += ["", _head(name, types[name], formulas, flow), text, "=== END"]
    return "\n".join(lines) + "\n"


def _head(name: str, kind: str, formulas: dict[str, str], flow: FlowMap) -> str:
    if flow[name]:
        return f"=== FLOW FIELD {name} | {kind} | set by the flow to its resource {name[:-3]}"
    size = size_of(name, formulas, flow)
    return f"=== FORMULA FIELD {name} | {kind} | compiled about {size:,} bytes | blank fields as blanks"


def _values(criteria: Criteria, question: Question, choice: Choice) -> list[str]:
    """Ways of writing an answer that a picklist can hold."""
    return [word for word in spellings(criteria, question, choice) if _can_be_value(word)]


def _can_be_value(word: str) -> bool:
    # In a flow, {! would begin a reference; Salesforce's formulas know the characters from 3 to FFFD.
    known = all("\u0003" <= letter < "\ufffe" or letter > "\uffff" for letter in word)
    return len(word) <= LONGEST_VALUE and known and "{!" not in word


def _assumed(asked: Sequence[Asked]) -> list[str]:
    rows = [
        (
            one.question.field,
            f"{one.base}__c",
            "Number" if one.question.is_number else "Picklist",
            value_of_blank(one.question, lambda choice: "is the answer unknown", "gives no score"),
        )
        for one in asked
    ]
    lines = ["FIELDS THAT HOLD THE ANSWERS", *table(("column", "assumed field", "type", "a blank"), rows)]
    values = [
        (f"{one.base}__c", answer, " / ".join(map(_literal, words)) or "none that a picklist can hold")
        for one in asked
        for answer, words in one.values.items()
    ]
    return [*lines, "", "VALUES OF PICKLISTS", *table(("field", "answer", "values that give it"), values)]


def _literal(text: str) -> str:
    r"""Quote text for a formula: \ and quotes escaped, line breaks and tabs as \n, \r, \t."""
    for raw, safe in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        text = text.replace(raw, safe)
    return f'"{text}"'


def _formulas(
    rules: Rules, asked: Sequence[Asked], limits: SalesforceLimits
) -> tuple[dict[str, str], dict[str, str]]:
    """Every field in the order of creation: formula and type."""
    named: list[tuple[str, str, str]] = []
    for one in asked:
        named += [(*part, WHOLE) for part in _answers(one, "Points", _points, "NULL", limits)]
    points = [f"{one.base}_Points__c" for one in asked]
    score = combined(_outcome("Score"), points, _sum, limits.fits, partial(_sum, start=rules.start))
    named += [(*part, WHOLE) for part in score]
    gated = [one for one in asked if one.question in rules.gated]
    for one in gated:
        named += [(*part, FRACTION) for part in _answers(one, "Gate", _limit, "1", limits)]
    gates = [f"{one.base}_Gate__c" for one in gated]
    if gates:
        named += [(*part, FRACTION) for part in combined(_outcome("Limit"), gates, _least, limits.fits)]
        named += [(*part, TEXT) for part in _tripped(gated, gates, limits)]
    named.append((*_zone(rules, bool(gates)), TEXT))
    named += [(*part, FRACTION) for part in _probability(rules, bool(gates), limits)]
    return {name: formula for name, formula, _ in named}, {name: kind for name, _, kind in named}


def _outcome(what: str) -> Callable[[str], str]:
    return lambda part: f"Qualification_{what}{part}__c"


def _points(choice: Choice) -> str:
    return str(choice.points)


def _limit(choice: Choice) -> str:
    return probability(choice.limit)


def _answers(
    one: Asked, what: str, value: Callable[[Choice], str], otherwise: str, limits: SalesforceLimits
) -> list[tuple[str, str]]:
    """Give what an answer gives, as a chain of fields: each hands what it does not know to the next."""
    field, blank = f"{one.base}__c", value_of_blank(one.question, value, otherwise)
    write: Write
    if one.question.is_number:
        cases, write, tested = _rungs(one.question, field, value, otherwise), _nested, field
        cases, otherwise = cases[:-1], cases[-1][1]
    else:
        tested = f"TEXT({field})"
        given = {choice.answer: value(choice) for choice in one.question.choices}
        pairs = [(_literal(word), given[answer]) for answer, words in one.values.items() for word in words]
        cases, write = [(word, gives) for word, gives in pairs if gives != otherwise], _case_of(tested)
    chain = _chain(f"{one.base}_{what}", cases, otherwise, write, limits)
    name, formula = chain[-1]
    return [*chain[:-1], (name, f"IF(ISBLANK({tested}), {blank},\n{formula})")]


def _rungs(
    question: Question, field: str, value: Callable[[Choice], str], otherwise: str
) -> list[tuple[str, str]]:
    """Conditions on a number in the order in which they are asked, and what they give; the last is empty."""
    ladder = steps(question, value, otherwise)
    rungs = [(f"{field} < {number(high)}", given) for high, given in ladder[:-1]]
    above = [(f"{field} > {number(question.most)}", otherwise)] if math.isfinite(question.most) else []
    return [*above, *rungs, ("", ladder[-1][1])]


def _nested(cases: Cases, otherwise: str) -> str:
    opened = "".join(f"IF({condition}, {given},\n" for condition, given in cases)
    return opened + otherwise + ")" * len(cases)


def _case_of(tested: str) -> Write:
    def write(cases: Cases, otherwise: str) -> str:
        if not cases:
            return otherwise
        return f"CASE({tested},\n" + "".join(f"{when}, {given},\n" for when, given in cases) + f"{otherwise})"

    return write


def _chain(
    base: str,
    cases: Cases,
    otherwise: str,
    write: Write,
    limits: SalesforceLimits,
) -> list[tuple[str, str]]:
    """Cut cases into fields that fit; the first part comes last, as it mentions the others."""
    stand_in = f"{base}_99__c"

    def fits(run: Cases) -> bool:
        text = write(run, stand_in)
        compiled = size_of("", {"": text}, {"": False})
        return limits.fits(text, spare=SPARE) and compiled + SPARE <= limits.compiled

    runs = chunked(cases, fits) or [[]]
    found: list[tuple[str, str]] = []
    for place in range(len(runs), 0, -1):
        name = f"{base}__c" if place == 1 else f"{base}_{place}__c"
        found.append((name, write(runs[place - 1], otherwise)))
        otherwise = name
    return found


def _sum(fields: Sequence[str], start: int = 0) -> str:
    if not fields:
        return "0"
    # BLANKVALUE keeps blanks out of sums, whose treatment differs between formula fields and flows.
    begin = [str(start)] if start else []
    total = " + ".join([*begin, *(f"BLANKVALUE({field}, 0)" for field in fields)])
    return f"IF({_any_blank(fields)}, NULL,\n{total})"


def _any_blank(fields: Sequence[str]) -> str:
    blanks = [f"ISBLANK({field})" for field in fields]
    return blanks[0] if len(blanks) == 1 else f"OR({', '.join(blanks)})"


def _least(fields: Sequence[str]) -> str:
    return f"MIN({', '.join(fields)})" if len(fields) > 1 else fields[0]


def _tripped(gated: Sequence[Asked], gates: Sequence[str], limits: SalesforceLimits) -> list[tuple[str, str]]:
    """Name the questions whose answers trip a gate, as text."""
    labels = dict(zip(gates, (_shown(one.question.name) for one in gated), strict=True))

    def write(fields: Sequence[str]) -> str:
        named = (f'IF({f} < 1, {_literal(labels[f] + "; ")}, "")' if f in labels else f for f in fields)
        return " &\n".join(named)

    return combined(_outcome("Gates"), gates, write, limits.fits)


def _shown(name: str) -> str:
    return clean(name).replace("{!", "{ !")[:LONGEST_NAME]


def _zone(rules: Rules, gated: bool) -> tuple[str, str]:
    score = "Qualification_Score__c"
    below = f"{score} < {rules.first_inside}"
    below = f"OR(Qualification_Limit__c < {number(NO_LIMIT)}, {below})" if gated else below
    above = f'IF({score} >= {rules.first_above}, "above", "inside")'
    return "Qualification_Zone__c", f'IF(ISBLANK({score}), NULL,\nIF({below}, "below",\n{above}))'


def _probability(rules: Rules, gated: bool, limits: SalesforceLimits) -> list[tuple[str, str]]:
    cases = [(str(score), probability(chance)) for score, chance in enumerate(rules.probabilities)]
    base = "Qualification_Curve" if gated else "Qualification_Probability"
    scored = "BLANKVALUE(Qualification_Score__c, -1)"  # of -1 no case knows anything
    curve = _chain(base, cases, "NULL", _case_of(scored), limits)
    if not gated:
        return curve
    lower = f"MIN({base}__c, Qualification_Limit__c)"
    whole = f"IF(ISBLANK(Qualification_Score__c), NULL,\n{lower})"
    return [*curve, ("Qualification_Probability__c", whole)]
