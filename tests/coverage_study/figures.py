"""Figures of the study: a dot with its Monte Carlo interval for every rate, beside where it should be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from coverage_study.one_data_set import ALPHA, LANDMARKS, PERFORMANCE, STRATA
from coverage_study.rates import COVERAGE_BAND
from coverage_study.tables import SAID, Finding
from coverage_study.worlds import World

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7")  # told apart by colour-blind eyes as well
VERDICTS = {"none": "#BBBBBB", "gradual": "#56B4E9", "sharp": "#D55E00"}
SHAPES = ("o", "s", "^", "D")


def draw_figures(findings: Sequence[Finding], images: Path) -> list[Path]:
    """Draw what there is to draw; say which files."""
    images.mkdir(parents=True, exist_ok=True)
    made = [
        _coverage_by_world(findings, images / "coverage_factors.png"),
        _tests(findings, images / "coverage_tests.png"),
        _coverage_of_curves(findings, images / "coverage_curves.png"),
        _verdicts(findings, images / "coverage_verdicts.png"),
    ]
    return [path for path in made if path is not None]


def _coverage_by_world(findings: Sequence[Finding], path: Path) -> Path | None:
    worlds = _worlds(findings, "odds")
    if not worlds:
        return None
    figure, panels = plt.subplots(1, 2, figsize=(11, 0.36 * len(worlds) + 2.0), sharey=True)
    for panel, table, strata, title in (
        (panels[0], "odds", STRATA, "Odds ratios"),
        (panels[1], "swing", STRATA[:3], "Swings"),
    ):
        _band(panel, *COVERAGE_BAND)
        _dots(panel, findings, table, strata, worlds)
        panel.set_title(title, loc="left", fontsize=10, pad=34)
        panel.set_xlabel("95 % intervals that cover the truth")
    _legend(panels[0], 2)
    return _save(figure, path)


def _tests(findings: Sequence[Finding], path: Path) -> Path | None:
    worlds = _worlds(findings, "tests")
    if not worlds:
        return None
    figure, panels = plt.subplots(1, 2, figsize=(11, 0.36 * len(worlds) + 2.0), sharey=True)
    for panel, table, quantities, title in (
        (panels[0], "tests", ("alone_null", "added_null", "unknown_null"), "Questions without an effect"),
        (panels[1], "discovery", ("adds",), "False among those said to add"),
    ):
        panel.axvline(ALPHA, color="#888888", linewidth=1)
        _dots(panel, findings, table, quantities, worlds)
        panel.set_title(title, loc="left", fontsize=10, pad=34)
        panel.set_xlabel("share" if table == "discovery" else "share with p < 0.05")
    _legend(panels[0], 3)
    return _save(figure, path)


def _coverage_of_curves(findings: Sequence[Finding], path: Path) -> Path | None:
    worlds = _worlds(findings, "whole")
    if not worlds:
        return None
    names = [*(f"{name}_declared" for name in LANDMARKS), "below", "above", *PERFORMANCE]
    figure, panels = plt.subplots(
        1, len(worlds), figsize=(2.1 * len(worlds) + 2.4, 4.8), sharex=True, sharey=True
    )
    for panel, world in zip([panels] if len(worlds) == 1 else panels, worlds, strict=True):
        _band(panel, *COVERAGE_BAND)
        mine = {f.quantity: f for f in findings if f.table == "whole" and f.world == world and f.rate.cases}
        for place, name in enumerate(names):
            if name in mine:
                _dot(panel, mine[name], place, COLOURS[0], SHAPES[0])
        panel.set(title=_short(world), yticks=range(len(names)))
        panel.set_yticklabels([SAID[name.removesuffix("_declared")] for name in names])
        panel.set_ylim(len(names) - 0.5, -0.5)
        panel.title.set_fontsize(9)
    figure.supxlabel("95 % intervals that cover the truth", fontsize=10)
    return _save(figure, path)


def _verdicts(findings: Sequence[Finding], path: Path) -> Path | None:
    worlds = _worlds(findings, "whole verdict")
    if not worlds:
        return None
    figure, panel = plt.subplots(figsize=(8, 0.5 * len(worlds) + 1.4))
    for place, world in enumerate(worlds):
        left = 0.0
        for verdict, colour in VERDICTS.items():
            share = next(
                f.rate.value
                for f in findings
                if (f.table, f.world, f.quantity) == ("whole verdict", world, verdict)
            )
            panel.barh(place, share, left=left, color=colour, label=verdict if place == 0 else None)
            if share >= 0.04:
                panel.text(left + share / 2, place, f"{share:.0%}", ha="center", va="center", fontsize=8)
            left += share
    panel.set(yticks=range(len(worlds)), xlim=(0, 1), xlabel="share of data sets called so")
    panel.set_yticklabels([_short(world) for world in worlds])
    panel.invert_yaxis()
    _legend(panel, 3)
    return _save(figure, path)


def _worlds(findings: Sequence[Finding], table: str) -> list[World]:
    return sorted({f.world for f in findings if f.table == table and f.rate.cases}, key=lambda w: w.number)


def _legend(panel: Axes, columns: int) -> None:
    panel.legend(ncols=columns, loc="lower center", bbox_to_anchor=(0.5, 1.0), fontsize=8, frameon=False)


def _band(panel: Axes, low: float, high: float) -> None:
    panel.axvspan(low, high, color="#DDDDDD", zorder=0)
    panel.axvline(0.95, color="#888888", linewidth=1)


def _dots(
    panel: Axes, findings: Sequence[Finding], table: str, quantities: Sequence[str], worlds: list[World]
) -> None:
    for k, quantity in enumerate(quantities):
        mine = [f for f in findings if f.table == table and f.quantity == quantity and f.rate.cases]
        away = 0.7 * ((k + 0.5) / len(quantities) - 0.5)
        for i, found in enumerate(mine):
            name = SAID.get(quantity, quantity) if i == 0 else None
            _dot(panel, found, worlds.index(found.world) + away, COLOURS[k], SHAPES[k], name)
    panel.set(yticks=range(len(worlds)), ylim=(len(worlds) - 0.5, -0.5))
    panel.set_yticklabels([_short(world) for world in worlds], fontsize=8)


def _dot(panel: Axes, found: Finding, y: float, colour: str, shape: str, name: str | None = None) -> None:
    panel.plot([found.rate.low, found.rate.high], [y, y], color=colour, linewidth=1.2)
    panel.plot([found.rate.value], [y], shape, color=colour, markersize=4, label=name)


def _short(world: World) -> str:
    extra = [("unknowns", world.unknowns == "many"), ("decisive", world.decisive), ("reps", world.raters)]
    tail = "".join(f", {word}" for word, on in extra if on)
    return f"{world.number} {world.curve} {world.n}×{world.characteristics}{tail}"


def _save(figure: plt.Figure, path: Path) -> Path:
    figure.tight_layout()
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)
    return path
