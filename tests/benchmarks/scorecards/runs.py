"""Working methods off, each in its environment; what is unchanged is not worked off again."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import qualify
from benchmarks.scorecards import held_out, ours, plain
from benchmarks.scorecards.data import HERE, Case, as_json

TESTS = HERE.parents[1]
PACKAGE = Path(qualify.__file__).parent
# Divisions into folds that a method is worked off on, unless told: seconds for a card are too many for all.
DIVISIONS = {"all": 20, "some": 5, "few": 5}


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A way to a scorecard.

    environment : folder of the environment it needs, None for this one.
    module : what works it off; `name` is what it is called there.
    sources : the files whose change makes it worth working off again.
    divisions : on how many divisions into folds it is worked off; a key of `DIVISIONS`.
    """

    label: str
    module: str
    name: str
    environment: str | None
    sources: tuple[Path, ...]
    divisions: Literal["all", "some", "few"] = "some"


def _peer(label: str, package: str, name: str, divisions: Literal["some", "few"]) -> Method:
    sources = HERE / "held_out.py", HERE / f"peer_{package}.py", HERE / f"requirements-{package}.txt"
    return Method(
        label=label,
        module=f"peer_{package}",
        name=name,
        environment=package,
        sources=sources,
        divisions=divisions,
    )


OWN = (HERE / "ours.py", *sorted(PACKAGE.rglob("*.py")))
# Probabilities, and whether points are handed out at all, take thousands of repetitions; points alone do not.
QUALIFY = Method(
    label="qualify", module="ours", name="points", environment=None, sources=OWN, divisions="few"
)
POINTS = Method(
    label="qualify", module="ours", name="points alone", environment=None, sources=OWN, divisions="all"
)
WIN_MODEL = Method(
    label="no card: win model, all questions",
    module="ours",
    name="win model",
    environment=None,
    sources=OWN,
)
PEERS = (
    Method(
        label="rounded logistic regression",
        module="plain",
        name="rounded ridge",
        environment=None,
        sources=(HERE / "held_out.py", HERE / "plain.py"),
        divisions="all",
    ),
    _peer("fasterrisk, k questions", "fasterrisk", "questions", "few"),
    _peer("fasterrisk, k columns", "fasterrisk", "columns", "few"),
    _peer("optbinning", "optbinning", "scorecard", "some"),
)
METHODS = (QUALIFY, *PEERS, WIN_MODEL)


def predictions(
    case: Case,
    method: Method,
    most: int,
    folder: Path,
    say: Callable[[str], None],
    few: int = DIVISIONS["few"],
) -> list[dict[str, Any]]:
    """Return what a method predicts for unseen deals, a record per division into folds.

    A division is worked off now unless that was done before with the same deals, folds and sources.
    """
    file = folder / f"{case.name}-{method.module}-{method.name.replace(' ', '-')}-{most}.json"
    before: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    keys = [_key(as_json(case, division), method, most) for division in range(len(case.folds))]
    kept = {key: before[key] for key in keys if key in before}
    wanted = keys[: few if method.divisions == "few" else DIVISIONS[method.divisions]]
    for division, key in enumerate(wanted):
        if key not in kept:
            say(f"{case.name}, {most} questions, division {division + 1}: {method.label}")
            kept[key] = _work_off(case, division, method, most, folder)
            file.write_text(json.dumps(kept), encoding="utf-8")
    return [kept[key] for key in wanted]


def _key(data: str, method: Method, most: int) -> str:
    digest = hashlib.sha256(f"{method.name} {most} {data}".encode())
    for source in method.sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _work_off(case: Case, division: int, method: Method, most: int, folder: Path) -> dict[str, Any]:
    if method.module == "ours":
        return ours.work_off(case, division, method.name, most)
    data = as_json(case, division)
    if method.module == "plain":
        return held_out.work_off(json.loads(data), plain.METHODS[method.name], most)
    return _in_its_environment(data, method, most, folder)


def _in_its_environment(data: str, method: Method, most: int, folder: Path) -> dict[str, Any]:
    given, into = folder / f"given-{os.getpid()}.json", folder / f"found-{os.getpid()}.json"
    given.write_text(data, encoding="utf-8")
    python = folder / str(method.environment) / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    command = [str(python), "-m", f"benchmarks.scorecards.{method.module}", str(given), str(into)]
    command += ["--method", method.name, "--most", str(most)]
    settings = {**os.environ, "PYTHONPATH": str(TESTS)}
    child = subprocess.run(command, env=settings, capture_output=True, text=True)
    if child.returncode:
        raise RuntimeError(f"{method.label} failed:\n{child.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(into.read_text(encoding="utf-8"))
    given.unlink()
    into.unlink()
    return found
