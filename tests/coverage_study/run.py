"""Run the study: every data set of every world, on every core, to go on where it stopped.

``python -m coverage_study.run --worlds 3 12 --data-sets 1000 --only cheap whole``; see `--help`. Each data
set is one task with seeds of its own, so that neither the order nor the number of workers changes a figure.
Rows are written as they come; an interruption loses the data sets that were being worked on, nothing else.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

from coverage_study.one_data_set import STUDIES, Facts, facts
from coverage_study.results_file import FOLDER, OtherSettings, ResultsFile
from coverage_study.worlds import WORLDS, World
from qualify.numerics import parallel

ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
REPLICATES = 200
SAID_EVERY = 30.0  # seconds
BROKEN_MOST = 5  # of the first data sets: then something is wrong with the program, not with the data


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for; 1 where something broke, 130 on Ctrl-C."""
    asked = _parser().parse_args(arguments)
    os.environ["QUALIFY_PROGRESS"] = "0"  # one line for the study instead of a bar for every verb
    wanted = [world for world in WORLDS if not asked.worlds or world.number in asked.worlds]
    try:
        for study in asked.only:
            for world in wanted:
                # Whole procedures are studied where the table of worlds says so, unless worlds are named.
                if study == "cheap" or world.whole or asked.worlds:
                    run_world(study, world, asked.data_sets, asked.replicates, asked.workers, asked.folder)
    except (OtherSettings, Broken) as problem:
        _say(str(problem))
        return 1
    except KeyboardInterrupt:
        _say("Stopped. The same command goes on from here.")
        return 130
    return 0


class Broken(Exception):
    """Too many data sets ended in an error that no verb should raise."""


def run_world(study: str, world: World, data_sets: int, replicates: int, workers: int, folder: Path) -> None:
    """Work off data sets 1 to `data_sets` of one world that are not in its file yet."""
    file = ResultsFile(folder, study, world, replicates)
    missing = [k for k in range(1, data_sets + 1) if k not in file.done]
    began, said, broken = time.monotonic(), time.monotonic(), 0
    for made, row in enumerate(_worked_off(study, world, missing, replicates, workers), start=1):
        file.append([row])
        if str(row["failed"]).startswith("error"):
            broken += 1
            _say(f"{study} {world.name}, data set {row['data_set']}: {row['failed']}")
            if broken >= BROKEN_MOST and broken > made / 10:
                raise Broken(f"{study} {world.name}: {broken} of {made} data sets broke; see above.")
        now = time.monotonic()
        if made == 1:
            began = now  # starting the workers takes longer than many a data set
        if now - said > SAID_EVERY or made == len(missing):
            each = (now - began) / max(made - 1, 1)
            left = each * (len(missing) - made) / 60
            done = len(file.done) + made
            _say(f"{study} {world.name}: {done} of {data_sets}, {each:.2f} s each, {left:.0f} min left")
            said = now


def _worked_off(
    study: str, world: World, data_sets: list[int], replicates: int, workers: int
) -> Iterator[Facts]:
    """Facts of each data set, in order."""
    if workers == 1:
        yield from (facts(study, world, k, replicates) for k in data_sets)
        return
    for name in ONE_THREAD:
        os.environ[name] = "1"  # read by the workers when they import NumPy
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_settle) as pool:
        try:
            # A few tasks wait in line; the rest is handed over as they are done.
            waiting: list[Future[Facts]] = []
            for k in data_sets:
                waiting.append(pool.submit(facts, study, world, k, replicates))
                if len(waiting) >= 4 * workers:
                    yield waiting.pop(0).result()
            while waiting:
                yield waiting.pop(0).result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _settle() -> None:
    """Set up a worker: one thread each, since there is a worker per core; Ctrl-C is for the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parallel.cores = lambda: 1  # the number of threads that `replicate` asks for


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="coverage_study.run", description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "--worlds", type=int, nargs="+", default=[], help="numbers of worlds; all if left out"
    )
    parser.add_argument("--data-sets", type=int, default=1000, help="data sets a world (1000)")
    parser.add_argument(
        "--only", nargs="+", choices=list(STUDIES), default=["cheap", "whole"], help="studies to run"
    )
    parser.add_argument("--replicates", type=int, default=REPLICATES, help="bootstrap replicates (200)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the CSV files are")
    return parser


def _stop(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    for wish in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wish, _stop)  # else workers are left behind, and a run in the background never hears
    sys.exit(main())
