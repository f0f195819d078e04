"""Seconds that `import qualify` takes in a fresh process: ``python -m benchmarks.imports``."""

from __future__ import annotations

import json
import time

start = time.perf_counter()
import qualify  # noqa: E402, F401

print(json.dumps({"seconds": time.perf_counter() - start}))  # noqa: T201
