"""Measuring in a fresh process: its peak memory, its compiling, its imports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import qualify

SOURCES = Path(qualify.__file__).parent.parent
TESTS = Path(__file__).parent.parent


def run_child(module: str, *arguments: str, limit: float = 600.0, **environment: str) -> dict[str, Any]:
    """Run ``python -m benchmarks.<module>`` and return what it printed last, as JSON.

    A child that is still busy after `limit` seconds is stopped; the answer is then its peak memory so far
    (where the system tells) under ``"peak"`` and ``"stopped": True``.
    """
    settings = {**os.environ, "PYTHONPATH": os.pathsep.join([str(SOURCES), str(TESTS)]), **environment}
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    child = subprocess.Popen(command, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    start = time.perf_counter()
    try:
        out, errors = child.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        peak = peak_memory(child.pid)
        child.kill()
        child.communicate()
        return {"stopped": True, "peak": peak, "seconds": time.perf_counter() - start}
    assert child.returncode == 0, errors[-2000:]
    answer: dict[str, Any] = json.loads(out.splitlines()[-1])
    return answer


def peak_memory(pid: int | str = "self") -> float:
    """Peak memory of a process in MiB since it began or since `forget_peak`.

    `getrusage` cannot be asked about a running child, and counts what the parent held when it started it.
    """
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("VmHWM:"):
            return float(line.split()[1]) / 1024
    return float("nan")


def forget_peak() -> None:
    """Begin the peak anew at what is held now."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
