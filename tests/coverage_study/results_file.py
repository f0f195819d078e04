"""One CSV per world and study: appended row by row, whole lines only, and read back to go on from."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from coverage_study.one_data_set import START, STUDIES, Facts
from coverage_study.worlds import World

FOLDER = Path(__file__).parent / "results"


class OtherSettings(Exception):
    """The rows of a file were made with other settings, so that no more can be added to them."""


class ResultsFile:
    """The rows of one study of one world, in the order of the data sets.

    The first line says with which settings the rows were made; rows of other settings are never mixed in.
    A line that was cut off is taken away when the file is opened, and so are data sets that broke, for these
    are to be tried again.
    """

    def __init__(self, folder: Path, study: str, world: World, replicates: int) -> None:
        self.path = folder / f"{study}-{world.name}.csv"
        self.columns = STUDIES[study][1]
        self.first = f"# {world!r}" + (f" replicates={replicates}" if study != "cheap" else "")
        self.done = self._mend() if self.path.exists() else set()

    def _mend(self) -> set[int]:
        """Keep complete lines of data sets that did not break; say which data sets they are."""
        text = self.path.read_text(encoding="utf-8")
        whole_lines = [line for line in text.splitlines(keepends=True) if line.endswith("\n")]
        if len(whole_lines) < 2:
            self.path.unlink()
            return set()
        first, header, *lines = whole_lines
        if first.strip() != self.first or header.strip() != ",".join(self.columns):
            raise OtherSettings(
                f"{self.path} holds rows of other settings or columns; move it away to start again. It says\n"
                f"{first.strip()}\nand wanted is\n{self.first}"
            )
        failed = START.index("failed")
        kept = [line for line in lines if not line.split(",")[failed].startswith("error")]
        if "".join([first, header, *kept]) != text:
            self._replace("".join([first, header, *kept]))
        return {int(line.split(",")[0]) for line in kept}

    def _replace(self, text: str) -> None:
        whole = self.path.with_suffix(".new")
        whole.write_text(text, encoding="utf-8")
        whole.replace(self.path)

    def append(self, rows: Iterable[Facts]) -> None:
        """Add rows, one write for all of them, and see that they reach the disk."""
        if not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._replace(self.first + "\n" + ",".join(self.columns) + "\n")
        lines = io.StringIO()
        writer = csv.DictWriter(lines, self.columns, restval="", lineterminator="\n")
        writer.writerows(rows)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(lines.getvalue())
            file.flush()
            os.fsync(file.fileno())


def read_results(folder: Path, study: str, worlds: Iterable[World]) -> dict[World, pd.DataFrame]:
    """Read what there is of a study; worlds that were not run are left out."""
    found = {}
    for world in worlds:
        path = folder / f"{study}-{world.name}.csv"
        if path.exists():
            frame = pd.read_csv(path, comment="#", dtype={"failed": "str"})
            frame["failed"] = frame["failed"].fillna("")
            if len(frame):
                found[world] = frame
    return found
