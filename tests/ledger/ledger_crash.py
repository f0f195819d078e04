"""Processes that write in a ledger and are killed; run as a program, for it forks, which pytest should not.

    python ledger_crash.py WAY CRITERIA.json FOLDER [NUMBER]

Each way prints one JSON object of what was seen, and fails loudly where a version was lost or mixed.
"""

from __future__ import annotations

import functools
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any

import pandas as pd

from qualify._support import files, lock
from qualify.criteria.file import read_criteria
from qualify.criteria.model import Criteria
from qualify.errors import LedgerConflict, QualifyError
from qualify.ledger import days, ledger, notes, versions
from qualify.ledger import files as ledger_files
from qualify.ledger.ledger import Ledger, open_ledger

WATCHED = {module.__file__ for module in (files, ledger, days, ledger_files, notes, versions, lock)}
# System calls that a full or broken disk lets fail.
ON_FILES = ("openat", "mkdir", "read", "getdents64", "write", "fsync", "rename", "unlink", "close", "flock")
DATES = ("2026-07-01", "2026-10-01", "2027-01-01")


# Reading a version file is a pure function of its bytes, and most of the time spent here.
ledger.entry_of = ledger_files.entry_of = functools.cache(ledger_files.entry_of)


def tagged(criteria: Criteria, tag: str) -> Criteria:
    return replace(criteria, provenance=criteria.provenance | {"tag": tag})


def tags(book: Ledger) -> list[str]:
    return [book.criteria(version).provenance["tag"] for version in book.history["version"]]


def in_a_child(work: Callable[[], None]) -> int:
    """Start a process that does the work and nothing else; return its number."""
    child = os.fork()
    if child:
        return child
    try:
        work()
        os._exit(0)
    except QualifyError as error:
        sys.stderr.write(f"{error}\n")
        os._exit(1)
    except BaseException:
        traceback.print_exc()
        os._exit(4)


def how_it_ended(child: int) -> int:
    """0 for well, 1 for a plain error, 4 for any other, minus the signal where it was killed."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def kill_after(steps: int, *, opcodes: bool) -> Callable[[], int]:
    """Kill this process at a step of the watched modules; return a count of the steps made."""
    made = 0

    def step(frame: FrameType, event: str, _: Any) -> Callable[..., Any] | None:
        nonlocal made
        if frame.f_code.co_filename not in WATCHED:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = opcodes, not opcodes
        if event in ("line", "opcode"):
            if made == steps:
                os.kill(os.getpid(), signal.SIGKILL)
            made += 1
        return step

    sys.settrace(step)
    return lambda: made


def check_after(folder: Path, before: list[str], adding: str, criteria: Criteria) -> bool:
    """Check that the ledger holds the old or the new state and takes the next version; tell if the new."""
    book = open_ledger(folder)
    assert tags(book) in (before, [*before, adding]), tags(book)
    following = book.add(tagged(criteria, "next"), dated=DATES[2])
    again = open_ledger(folder)
    assert tags(again) == tags(following) == [*tags(book), "next"]
    index = json.loads((folder / "index.json").read_text())
    assert [row["version"] for row in index["versions"]] == again.history["version"].tolist()
    assert not list(folder.glob(".*.part")), "leftovers stay"
    return tags(book) != before


def at_every_step(criteria: Criteria, folder: Path, every: int, *, opcodes: bool) -> dict[str, int]:
    """Kill a process that adds the second version, at each step in turn."""
    original = folder / "original"
    open_ledger(original).add(tagged(criteria, "one"), dated=DATES[0])
    (original / ".2026Q4.json.torn.part").write_text("half a fi")

    def add(place: Path, steps: int) -> None:
        book, new = open_ledger(place), tagged(criteria, "two")
        made = kill_after(steps, opcodes=opcodes)
        book.add(new, dated=DATES[1])
        sys.settrace(None)
        (folder / "made").write_text(str(made()))

    shutil.copytree(original, folder / "primed")  # so that every process finds the same files read before
    open_ledger(folder / "primed").add(tagged(criteria, "two"), dated=DATES[1])
    shutil.copytree(original, folder / "whole")
    assert how_it_ended(in_a_child(lambda: add(folder / "whole", -1))) == 0
    total = int((folder / "made").read_text())
    seen = {"steps": total, "old": 0, "new": 0}
    place = folder / "cut"
    for steps in range(0, total, every):
        shutil.copytree(original, place)
        assert how_it_ended(in_a_child(partial(add, place, steps))) == -signal.SIGKILL
        seen["new" if check_after(place, ["one"], "two", criteria) else "old"] += 1
        shutil.rmtree(place)
    return seen


def while_noting(criteria: Criteria, folder: Path, every: int) -> dict[str, int]:
    """Kill a process that notes that the first version is kept, at each line in turn."""
    original, place = folder / "original", folder / "cut"
    open_ledger(original).add(tagged(criteria, "one"), dated=DATES[0])

    def keep(where: Path, steps: int) -> None:
        book = open_ledger(where)
        tests = pd.DataFrame({"p_value": [0.5]})
        found: Any = SimpleNamespace(
            verdict="keep", in_use=book.current, n=9, won=3, more_deals=0, fingerprint="f", tests=tests
        )
        found.test_verdict = "keep"
        made = kill_after(steps, opcodes=False)
        book.keep(found, dated=DATES[1])
        sys.settrace(None)
        (folder / "made").write_text(str(made()))

    shutil.copytree(original, folder / "whole")
    assert how_it_ended(in_a_child(lambda: keep(folder / "whole", -1))) == 0
    seen = {"steps": int((folder / "made").read_text()), "old": 0, "new": 0}
    for steps in range(0, seen["steps"], every):
        shutil.copytree(original, place)
        assert how_it_ended(in_a_child(partial(keep, place, steps))) == -signal.SIGKILL
        book = open_ledger(place)
        assert tags(book) == ["one"] and len(book.kept) <= 1
        seen["new" if len(book.kept) else "old"] += 1
        assert how_it_ended(in_a_child(partial(keep, place, -1))) == 0
        assert len(open_ledger(place).kept) == 1, "the same note is made once"
        assert tags(open_ledger(place).add(tagged(criteria, "two"), dated=DATES[2])) == ["one", "two"]
        assert not list(place.glob(".*.part")), "leftovers stay"
        shutil.rmtree(place)
    return seen


def at_random(criteria: Criteria, folder: Path, kills: int) -> dict[str, int]:
    """Kill processes that add one version after the other, at random moments; none that was told is lost."""
    chance = random.Random(1)
    told = folder / "told"
    told.touch()
    place = folder / "ledger"

    def add_on() -> None:
        while True:
            book = open_ledger(place)
            tag = f"{len(book.history)}"
            book.add(tagged(criteria, tag), dated=DATES[0])
            with told.open("a") as stream:
                stream.write(tag + "\n")

    for _ in range(kills):
        child = in_a_child(add_on)
        time.sleep(chance.uniform(0.0, 0.4))
        os.kill(child, signal.SIGKILL)
        assert how_it_ended(child) == -signal.SIGKILL
        there, said = tags(open_ledger(place)), told.read_text().split()
        assert there == [str(number) for number in range(len(there))]
        assert said == there[: len(said)] and len(there) - len(said) <= kills, (said, there)
        if len(there) > len(said):  # killed after the commit, before it was told
            told.write_text("".join(f"{tag}\n" for tag in there))
    return {"versions": len(there)}


def together(criteria: Criteria, folder: Path, workers: int) -> dict[str, int]:
    """Let processes add versions at once, some killed meanwhile, one always reading."""
    place, each = folder / "ledger", 3

    def add_mine(worker: int) -> None:
        for number in range(each):
            while True:
                try:
                    open_ledger(place).add(tagged(criteria, f"{worker}.{number}"), dated=DATES[0])
                    break
                except LedgerConflict:
                    time.sleep(0.001 * worker)

    def read_on() -> None:
        seen: list[str] = []
        while True:
            now = tags(open_ledger(place))
            assert now[: len(seen)] == seen
            seen = now

    reader = in_a_child(read_on)
    doomed = [in_a_child(lambda worker=worker: add_mine(worker)) for worker in (100, 101)]
    mine = [in_a_child(lambda worker=worker: add_mine(worker)) for worker in range(workers)]
    time.sleep(0.3)
    for child in doomed:
        os.kill(child, signal.SIGKILL)
        how_it_ended(child)
    assert [how_it_ended(child) for child in mine] == [0] * workers
    os.kill(reader, signal.SIGKILL)
    assert how_it_ended(reader) == -signal.SIGKILL, "the reader met a ledger it could not read"
    found = tags(open_ledger(place))
    assert len(set(found)) == len(found)
    lasting = [tag for tag in found if not tag.startswith("10")]
    assert sorted(lasting) == sorted(f"{w}.{n}" for w in range(workers) for n in range(each))
    return {"versions": len(found)}


def at_once(criteria: Criteria, folder: Path, workers: int) -> dict[str, int]:
    """Let processes that read the same version add at the same moment: one may."""
    place = folder / "ledger"
    book = open_ledger(place).add(tagged(criteria, "one"), dated=DATES[0])
    start = time.time() + 0.5

    def add(worker: int) -> None:
        time.sleep(max(0.0, start - time.time()))
        try:
            book.add(tagged(criteria, f"{worker}"), dated=DATES[1])
        except LedgerConflict as error:
            assert "another job has added" in str(error)
            os._exit(3)

    ends = [how_it_ended(c) for c in [in_a_child(lambda w=w: add(w)) for w in range(workers)]]
    assert tags(open_ledger(place)) == ["one", str(ends.index(0))]
    return {"added": ends.count(0), "refused": ends.count(3)}


def under_strace(work: Callable[[], None], log: Path, *options: str) -> int:
    """Do the work in a process whose system calls strace watches; return how that ended."""
    go = log.with_name("go")
    go.unlink(missing_ok=True)

    def patient() -> None:
        while not os.access(go, os.F_OK):
            time.sleep(0.005)
        work()

    child = in_a_child(patient)
    command = ["strace", "-p", str(child), "-o", str(log), *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as watcher:
        assert watcher.stderr is not None
        said = watcher.stderr.readline()
        if "attached" not in said:
            os.kill(child, signal.SIGKILL)
            raise SystemExit(f"strace may not watch: {said}")
        go.touch()
        ended = how_it_ended(child)
    return ended


def at_every_system_call(criteria: Criteria, folder: Path) -> dict[str, int]:
    """Kill a process that adds a version at each of its system calls, then let each of them fail."""
    original = folder / "original"
    open_ledger(original).add(tagged(criteria, "one"), dated=DATES[0])
    place, log = folder / "cut", folder / "log"

    def add() -> None:
        open_ledger(place).add(tagged(criteria, "two"), dated=DATES[1])

    def ended_and_new(*options: str) -> tuple[int, bool]:
        shutil.copytree(original, place)
        ended = under_strace(add, log, *options)
        new = check_after(place, ["one"], "two", criteria)
        shutil.rmtree(place)
        return ended, new

    ended_and_new()
    assert ended_and_new() == (0, True)  # now with everything read before, as every time from here on
    waiting = ("access", "clock_nanosleep", "restart_syscall")
    calls = [c for c in re.findall(r"^([a-z_0-9]+)\(", log.read_text(), re.MULTILINE) if c not in waiting]
    seen = {"calls": len(calls), "old": 0, "new": 0, "failed": 0, "done all the same": 0}
    for at, name in enumerate(calls):
        when = calls[: at + 1].count(name)
        ended, new = ended_and_new("-e", f"inject={name}:signal=SIGKILL:when={when}")
        assert ended == -signal.SIGKILL, (name, when, ended)
        seen["new" if new else "old"] += 1
        if name in ON_FILES:
            ended, new = ended_and_new("-e", f"inject={name}:error=EIO:when={when}")
            assert (ended, new) in ((1, False), (0, True)), (name, when, ended, new)
            seen["done all the same" if new else "failed"] += 1
    return seen


def main(way: str, criteria: str, folder: str, number: str = "1") -> None:
    given, place = read_criteria(criteria), Path(folder)
    ways: dict[str, Callable[[], dict[str, int]]] = {
        "lines": lambda: at_every_step(given, place, int(number), opcodes=False),
        "opcodes": lambda: at_every_step(given, place, int(number), opcodes=True),
        "noting": lambda: while_noting(given, place, int(number)),
        "random": lambda: at_random(given, place, int(number)),
        "together": lambda: together(given, place, int(number)),
        "at-once": lambda: at_once(given, place, int(number)),
        "calls": lambda: at_every_system_call(given, place),
    }
    sys.stdout.write(json.dumps(ways[way]()) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
