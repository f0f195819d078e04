"""Seconds that `import qualify` takes in a fresh process: ``python -m benchmarks.imports``."""

from __future__ import annotations

import json
import time

if __name__ == "__main__":
    start = time.perf_counter()
    import qualify  # noqa: F401

    print(json.dumps({"seconds": time.perf_counter() - start}))  # noqa: T201
