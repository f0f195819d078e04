"""How big formulas of Salesforce are, and which of them a flow has to set instead."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

FlowMap = Mapping[str, bool]

_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|[A-Za-z]\w*__c|[A-Z]+\(|[0-9.]+|,|[-+<>=&]+')
# Bytes of what tokens compile to, from the SQL that Salesforce's published formula engine writes: a WHEN of a
# picklist compares the field twice; a function is a CASE or a call with a guard for blanks.
_FIELD, _FUNCTION, _COMMA, _OPERATOR, _WHEN = 30, 30, 8, 5, 90


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesforceLimits:
    """What a formula of Salesforce may hold.

    Attributes
    ----------
    characters : int
        Of the formula as written; 4,000 bytes are never passed either.
    compiled : int
        Bytes of what it compiles to, formula fields that it mentions included, by an estimate meant to be
        too high. Raise it where your organisation allows more.
    """

    characters: int = 3900
    compiled: int = 5000

    def fits(self, formula: str, spare: int = 0) -> bool:
        """Say whether a formula is short enough, as a formula field and as a resource of a flow.

        Parameters
        ----------
        formula : str
            Its text.
        spare : int, optional
            Characters to leave for more.

        Returns
        -------
        bool
            Whether.
        """
        # Bytes, which are never fewer than characters; a flow has to write the most for a field.
        return len(flow_text(formula, {}).encode()) + spare <= self.characters


def place_fields(formulas: Mapping[str, str], limits: SalesforceLimits) -> dict[str, bool]:
    """Decide which fields a flow has to set because their formulas would compile too big.

    Parameters
    ----------
    formulas : mapping of str to str
        A formula per field, in an order in which each mentions earlier ones only.
    limits : SalesforceLimits
        What fits.

    Returns
    -------
    dict of str to bool
        Per field, whether a flow sets it.

    Examples
    --------
    >>> formulas = {"A__c": "CASE(" + "1, 2, " * 200 + "3)", "B__c": "A__c + A__c"}
    >>> place_fields(formulas, SalesforceLimits(compiled=6000))
    {'A__c': True, 'B__c': False}
    """
    flow = dict.fromkeys(formulas, False)
    for name in formulas:
        while not flow[name] and size_of(name, formulas, flow) > limits.compiled:
            flow[_heaviest(name, formulas, flow)] = True
    _follow(formulas, flow)
    return flow


def _heaviest(name: str, formulas: Mapping[str, str], flow: FlowMap) -> str:
    """Find the field that makes up more than half of a formula: one that it mentions, or itself."""
    sizes: Counter[str] = Counter()
    for other in mentions(formulas[name], formulas):
        sizes[other] += 0 if flow[other] else size_of(other, formulas, flow)
    for other, size in sizes.most_common(1):
        if 2 * size > size_of(name, formulas, flow):
            return other
    return name


def _follow(formulas: Mapping[str, str], flow: dict[str, bool]) -> None:
    """Let the flow set what it reads and sets in the same run: a formula field would be out of date then."""
    depends: dict[str, bool] = {}
    for name, formula in formulas.items():
        depends[name] = flow[name] or any(depends[other] for other in mentions(formula, formulas))
    for name in reversed(list(formulas)):
        if flow[name]:
            for other in mentions(formulas[name], formulas):
                flow[other] = flow[other] or depends[other]


def mentions(formula: str, formulas: Mapping[str, str]) -> Iterator[str]:
    """Find the fields of this file that a formula mentions, each as often as it does.

    Parameters
    ----------
    formula : str
        Its text.
    formulas : mapping of str to str
        Every field.

    Yields
    ------
    str
        Names.
    """
    return (token for token in _TOKEN.findall(formula) if token in formulas)


def size_of(name: str, formulas: Mapping[str, str], flow: FlowMap) -> int:
    """Estimate what a field's formula compiles to, too high rather than too low.

    Parameters
    ----------
    name : str
        The field.
    formulas : mapping of str to str
        Every field.
    flow : mapping of str to bool
        Whether a flow sets a field: then it counts as a field, else its whole formula counts at each mention.

    Returns
    -------
    int
        Bytes.
    """
    return sum(_cost(token, formulas, flow) for token in _TOKEN.findall(formulas[name]))


def _cost(token: str, formulas: Mapping[str, str], flow: FlowMap) -> int:
    if token in formulas:
        return _FIELD if flow[token] else size_of(token, formulas, flow) + 2
    if token.startswith('"'):
        return len(token.encode()) + _WHEN
    if token.endswith("__c"):
        return _FIELD
    if token.endswith("("):
        return _FUNCTION
    return _COMMA if token == "," else _OPERATOR if token[0] in "-+<>=&" else len(token)


def flow_text(formula: str, flow: FlowMap) -> str:
    """Write a formula for a resource of a flow, which names fields in another way.

    Parameters
    ----------
    formula : str
        As a formula field has it.
    flow : mapping of str to bool
        Per field of this file, whether the flow sets it, and so has a resource for it.

    Returns
    -------
    str
        The text.

    Examples
    --------
    >>> flow_text('IF(A__c < B__c, "A__c", Fit__c)', {"A__c": True, "B__c": False})
    'IF({!A} < {!$Record.B__c}, "A__c", {!$Record.Fit__c})'
    """

    def named(found: re.Match[str]) -> str:
        token = found.group()
        if not token.endswith("__c"):
            return token
        return f"{{!{token[:-3]}}}" if flow.get(token) else f"{{!$Record.{token}}}"

    return _TOKEN.sub(named, formula)
