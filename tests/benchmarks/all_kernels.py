"""Call everything that is compiled, and tell how long each kernel took: ``python -m benchmarks.all_kernels``.

With NUMBA_CACHE_DIR naming an empty folder, everything is compiled; else it is found on disk.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import pkgutil
import threading
import time
from collections import defaultdict
from typing import Any

import numpy as np
from numba.core import event
from numba.core.dispatcher import Dispatcher

import qualify as ql
import qualify.numerics
from benchmarks.data import answered
from qualify.criteria.file import criteria_to_json
from qualify.numerics.refits import Draws, refit_many


class Compilations(event.Listener):
    """Processor seconds spent on each function, without those on others that it calls."""

    def __init__(self) -> None:
        self.own: dict[str, float] = defaultdict(float)
        self.times: dict[str, int] = defaultdict(int)
        self.open = threading.local()

    def on_start(self, event: Any) -> None:
        self._stack().append([time.thread_time(), 0.0])

    def on_end(self, event: Any) -> None:
        start, inner = self._stack().pop()
        whole = time.thread_time() - start
        if self._stack():
            self._stack()[-1][1] += whole
        function = event.data["dispatcher"].py_func
        name = f"{function.__module__}.{function.__qualname__}"
        self.own[name] += whole - inner
        self.times[name] += 1

    def _stack(self) -> list[list[float]]:
        if not hasattr(self.open, "stack"):
            self.open.stack = []
        stack: list[list[float]] = self.open.stack
        return stack


def use_everything() -> str:
    """Call every verb that computes, on a few deals; return a digest of the criteria."""
    simulated = ql.simulate_deals(300, curve="sharp", rng=1)
    deals = ql.read_deals(simulated.frame, simulated.survey)
    ql.find_factors(deals)
    ql.fit_win_model(deals)
    ql.validate(deals, replicates=2)
    ql.validate(deals, procedure="criteria", replicates=2)
    ql.find_tipping_point(deals, replicates=2)
    criteria = ql.refine_criteria(deals, replicates=2)
    later = ql.simulate_deals(200, curve="gradual", rng=2)
    later_deals = ql.read_deals(later.frame.assign(Deal="later " + later.frame["Deal"]), later.survey)
    ql.recalibrate(criteria, later_deals, history=deals, replicates=20)
    few = answered(100, 2)
    refit_many(few.design, few.outcome, Draws(2, np.random.default_rng(1)))
    return hashlib.sha256(criteria_to_json(criteria).encode()).hexdigest()


def not_called() -> list[str]:
    """Kernels that nothing above has compiled."""
    left = []
    for found in pkgutil.iter_modules(qualify.numerics.__path__, "qualify.numerics."):
        module = importlib.import_module(found.name)
        for name, kernel in vars(module).items():
            if (
                isinstance(kernel, Dispatcher)
                and kernel.py_func.__module__ == found.name
                and not kernel.overloads
            ):
                left.append(f"{found.name}.{name}")
    return left


def main() -> dict[str, Any]:
    noted = Compilations()
    event.register("numba:compile", noted)
    start = time.perf_counter()
    digest = use_everything()
    seconds = time.perf_counter() - start
    slowest = sorted(noted.own, key=lambda name: -noted.own[name])
    return {
        "digest": digest,
        "seconds": seconds,
        "compiling": sum(noted.own.values()),
        "kernels": [(name, noted.own[name], noted.times[name]) for name in slowest],
        "not_called": not_called(),
    }


if __name__ == "__main__":
    print(json.dumps(main()))  # noqa: T201
