"""Evaluate formula columns with Microsoft's Power Fx engine: JSON on standard input, JSON in the file named.

Input: ``columns`` (name, formula, type), ``inputs`` (type per column of answers: text or number), ``rows``.
Runs in an environment of its own, which has the packages powerfx and dotnetcore2.
"""

from __future__ import annotations

import json
import re
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from powerfx._loader import load

load()

from Microsoft.PowerFx import (  # noqa: E402
    CheckResultExtensions,
    ReadOnlySymbolTable,
    ReadOnlySymbolValues,
    RecalcEngine,
    RuntimeConfig,
)
from Microsoft.PowerFx.Types import FormulaType, FormulaValue, NamedValue, RecordType  # noqa: E402
from System import Decimal as NetDecimal  # noqa: E402
from System.Globalization import CultureInfo  # noqa: E402
from System.Threading import CancellationToken  # noqa: E402

ENGINE = RecalcEngine()
TYPES = {"text": FormulaType.String, "number": FormulaType.Decimal}


def value_of(cell: object, kind: str) -> Any:
    if cell is None:
        return FormulaValue.NewBlank(TYPES[kind])
    if kind == "text":
        return FormulaValue.New(cell)
    return FormulaValue.New(NetDecimal.Parse(format(Decimal(str(cell)), "f"), CultureInfo.InvariantCulture))


class Column:
    """A formula column, checked once; results are kept by the values that it mentions."""

    def __init__(self, given: dict[str, str], kinds: dict[str, str]) -> None:
        words = re.findall(r'"(?:[^"]|"")*"|\w+', given["formula"])
        self.name, self.kind = given["name"], given["type"]
        self.kinds = {word: kinds[word] for word in words if word in kinds}
        self.record = RecordType.Empty()
        for name, kind in self.kinds.items():
            self.record = self.record.Add(name, TYPES[kind])
        self.table = ReadOnlySymbolTable.NewFromRecord(self.record)
        self.check = ENGINE.Check(given["formula"], None, self.table)
        if not self.check.IsSuccess:
            raise ValueError(f"{self.name}: {[str(error.Message) for error in self.check.Errors]}")
        self.known: dict[tuple[object, ...], object] = {}

    def of(self, row: dict[str, object]) -> object:
        key = tuple(row[name] for name in self.kinds)
        if key not in self.known:
            named = [NamedValue(name, value_of(row[name], kind)) for name, kind in self.kinds.items()]
            record = FormulaValue.NewRecordFromFields(self.record, named)
            config = RuntimeConfig(ReadOnlySymbolValues.NewFromRecord(self.table, record))
            evaluator = CheckResultExtensions.GetEvaluator(self.check)
            found = evaluator.EvalAsync(getattr(CancellationToken, "None"), config).Result
            self.known[key] = self.read(found.ToObject())
        return self.known[key]

    def read(self, found: object) -> object:
        if found is None or isinstance(found, str):
            return found
        return float(
            str(found.ToString(CultureInfo.InvariantCulture)) if hasattr(found, "ToString") else found
        )


def main() -> None:
    given = json.load(sys.stdin)
    kinds = dict(given["inputs"])
    columns = []
    for one in given["columns"]:
        columns.append(Column(one, kinds))
        kinds[one["name"]] = one["type"]
    rows = given["rows"]
    for row in rows:
        for column in columns:
            row[column.name] = column.of(row)
    Path(sys.argv[1]).write_text(json.dumps(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
