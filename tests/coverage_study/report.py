"""Write the tables into docs/explanation/coverage.md, between its marks, and draw the figures.

``python -m coverage_study.report`` reads the CSV files and nothing else; every number on the page but those
that say how the study was made comes from here.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from coverage_study.figures import draw_figures
from coverage_study.one_data_set import LANDMARKS, PERFORMANCE, STRATA
from coverage_study.rates import Rate
from coverage_study.results_file import FOLDER, read_results
from coverage_study.tables import (
    SAID,
    Finding,
    Results,
    biases,
    curve_findings,
    factor_findings,
    usable,
    verdict_findings,
)
from coverage_study.worlds import WORLDS, World

DOCS = Path(__file__).resolve().parents[2] / "docs"
NOT_RUN = "*Not run yet.*"
PICTURES = {
    "odds": ("coverage_factors.png", "Coverage of odds ratios and swings in every world"),
    "tests": ("coverage_tests.png", "Error of the tests and false discoveries in every world"),
    "whole declared": ("coverage_curves.png", "Coverage of what is said of the tipping point"),
    "whole verdicts": ("coverage_verdicts.png", "What the curves of each world were called"),
}
STUDY_SAID = {"whole": "tipping point", "criteria": "tipping point in points"}
MARKS = {"good": "", "low": " ▼", "high": " ▲", "open": " ?"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Write page and figures."""
    parser = argparse.ArgumentParser(prog="coverage_study.report")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the CSV files are")
    parser.add_argument("--page", type=Path, default=DOCS / "explanation" / "coverage.md")
    parser.add_argument("--images", type=Path, default=DOCS / "images")
    asked = parser.parse_args(arguments)
    write_report(asked.folder, asked.page, asked.images)
    return 0


def write_report(folder: Path, page: Path, images: Path) -> None:
    """Put tables between the marks of the page, and figures beside it."""
    results = {study: read_results(folder, study, WORLDS) for study in ("cheap", "whole", "criteria")}
    findings = list(factor_findings(results["cheap"]))
    for study in ("whole", "criteria"):
        findings += [
            *curve_findings(results[study], study),
            *verdict_findings(results[study], f"{study} verdict"),
        ]
    blocks = blocks_of(results, findings, list(biases(results["whole"])))
    text = page.read_text(encoding="utf-8")
    for name, block in blocks.items():
        text = fill(text, name, block)
    page.write_text(text, encoding="utf-8")
    draw_figures(findings, images)


def fill(text: str, name: str, block: str) -> str:
    """Replace what stands between the marks `begin name` and `end name`."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    if text.count(begin) != 1 or text.count(end) != 1:
        raise ValueError(f"the page has no place for {name!r}: it needs {begin} and {end} once each")
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), flags=re.DOTALL)
    return pattern.sub(lambda _: f"{begin}\n\n{block}\n\n{end}", text)


def blocks_of(results: dict[str, Results], findings: list[Finding], off: list[Finding]) -> dict[str, str]:
    """Every generated block of the page by its name."""
    blocks = {
        "worlds": _worlds_table(results),
        "shortfalls": _shortfalls(findings),
        "odds": _table(findings, "odds", STRATA),
        "swings": _table(findings, "swing", STRATA[:3]),
        "tests": _tests_table(findings),
        "performance": _table(findings, "whole", PERFORMANCE),
        "bias": _bias_table(results["whole"], off),
    }
    ends = ("below", "above")
    for study in ("whole", "criteria"):
        declared, of_world = ([f"{name}_{kind}" for name in LANDMARKS] for kind in ("declared", "world"))
        blocks[f"{study} declared"] = _table(findings, study, [*declared, *ends])
        blocks[f"{study} world"] = _table(findings, study, of_world)
        blocks[f"{study} verdicts"] = _table(findings, f"{study} verdict", ["none", "gradual", "sharp"])
    for name, (picture, says) in PICTURES.items():
        if blocks[name] != NOT_RUN:
            blocks[name] = f"![{says}](../images/{picture})\n\n{blocks[name]}"
    return blocks


def label(world: World) -> str:
    """A world in a few words."""
    return f"{world.number} {describe(world)}"


def describe(world: World) -> str:
    """What a world is like."""
    extra = [
        ("many unknowns", world.unknowns == "many"),
        ("decisive", world.decisive),
        ("reps", world.raters),
    ]
    words = [f"{world.n:,} deals", f"{world.characteristics} questions", f"{world.win_rate:.0%} won"]
    return ", ".join([world.curve, *words, *(word for word, on in extra if on)])


def percent(found: Rate) -> str:
    """A rate with its Monte Carlo interval, in percent."""
    if not found.cases:
        return "–"
    return f"{100 * found.value:.1f} ({100 * found.low:.1f}–{100 * found.high:.1f})"


def said(quantity: str) -> str:
    """A quantity in words, whichever truth it is held against."""
    bare = quantity.removesuffix("_declared").removesuffix("_world")
    return SAID.get(bare, bare)


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; the first column reads left, numbers right."""
    rows = list(rows)
    if not rows:
        return NOT_RUN
    rule = [":--"] + ["--:"] * (len(header) - 1)
    return "\n".join("| " + " | ".join(row) + " |" for row in [header, rule, *rows])


def _worlds_table(results: dict[str, Results]) -> str:
    rows = []
    for world in WORLDS:
        made = [results[study].get(world) for study in ("cheap", "whole", "criteria")]
        counts = ["–" if frame is None else f"{len(frame):,}" for frame in made]
        refused = sum(
            int(frame["failed"].str.startswith("refused").sum()) for frame in made if frame is not None
        )
        broken = sum(
            int(frame["failed"].str.startswith("error").sum()) for frame in made if frame is not None
        )
        properties = [world.curve, f"{world.n:,}", str(world.characteristics), f"{world.win_rate:.0%}"]
        marks = ["●" if on else "" for on in (world.unknowns == "many", world.decisive, world.raters)]
        rows.append([str(world.number), *properties, *marks, *counts, str(refused), str(broken)])
    header = ["world", "curve", "deals", "questions", "won", "many unknowns", "decisive answer", "reps"]
    return markdown([*header, "data sets: factors", "tipping", "criteria", "refused", "broken"], rows)


def _table(findings: list[Finding], table: str, quantities: Sequence[str]) -> str:
    mine = {(f.world, f.quantity): f for f in findings if f.table == table and f.rate.cases}
    worlds = [world for world in WORLDS if any((world, quantity) in mine for quantity in quantities)]
    shown = [quantity for quantity in quantities if any((world, quantity) in mine for world in worlds)]
    rows = []
    for world in worlds:
        found = [mine.get((world, quantity)) for quantity in shown]
        data_sets = max(f.rate.data_sets for f in found if f is not None)
        cells = ["–" if f is None else percent(f.rate) + MARKS[f.standing] for f in found]
        rows.append([label(world), f"{data_sets:,}", *cells])
    names = [said(quantity) for quantity in shown]
    return markdown(["world", "data sets", *names], rows)


def _tests_table(findings: list[Finding]) -> str:
    wanted = [("tests", q) for q in ("alone_null", "added_null", "unknown_null")]
    wanted += [("discovery", "adds"), ("power", "added_real")]
    mine = {(f.world, f.table, f.quantity): f for f in findings if f.rate.cases}
    rows = []
    for world in WORLDS:
        found = [mine.get((world, *one)) for one in wanted]
        if any(found):
            data_sets = max(f.rate.data_sets for f in found if f is not None)
            cells = ["–" if f is None else percent(f.rate) + MARKS[f.standing] for f in found]
            rows.append([label(world), f"{data_sets:,}", *cells])
    header = [
        "alone",
        "added to the others",
        "not knowing",
        "false among `adds`",
        "real ones found at p < .05",
    ]
    return markdown(["world", "data sets", *header], rows)


def _bias_table(results: Results, off: list[Finding]) -> str:
    mine = {(f.world, f.quantity): f.rate for f in off if f.rate.cases}
    rows = []
    for world in sorted({world for world, _ in mine}, key=lambda w: w.number):
        frame = usable(results[world])
        cells = [str(len(frame)), f"{frame['auc_true'].mean():.3f}"]
        for quantity in PERFORMANCE:
            found = mine.get((world, quantity))
            cells.append(f"{found.value:+.3f} ({found.low:+.3f} to {found.high:+.3f})" if found else "–")
        rows.append([label(world), *cells])
    return markdown(["world", "data sets", "true AUC", *(SAID[q] for q in PERFORMANCE)], rows)


def _shortfalls(findings: list[Finding]) -> str:
    if not any(f.rate.cases for f in findings):
        return NOT_RUN
    judged = [f for f in findings if f.counts and f.rate.cases and f.high - f.low < 1]
    lines = [f"- {_sentence(f)}" for f in judged if f.standing in ("low", "high")]
    unclear = sum(f.standing == "open" for f in judged)
    held = len(judged) - len(lines) - unclear
    sums = (
        f"Of {len(judged)} rates {held} are where they should be, {len(lines)} fall short, and {unclear} lie "
    )
    return "\n".join([sums + "outside by no more than chance may do.", *([""] if lines else []), *lines])


def _sentence(f: Finding) -> str:
    name = said(f.quantity)
    what = {
        "odds": f"odds ratios, {name}: covered",
        "swing": f"swings, {name}: covered",
        "tests": f"tests of nothing, {name}: significant",
        "discovery": "false among what `adds`:",
    }.get(f.table)
    if what is None and f.table.endswith("verdict"):
        what = f"{STUDY_SAID[f.table.split()[0]]}: called {f.quantity}"
    if what is None:
        what = f"{STUDY_SAID[f.table]}, {name}: covered"
    numbers = f"{percent(f.rate)} %, {f.rate.cases:,} cases in {f.rate.data_sets:,} data sets"
    return f"World {label(f.world)}: {what} {numbers}" + (f"; {f.misses}." if f.misses else ".")


if __name__ == "__main__":
    sys.exit(main())
