"""What every test may lean on: the real data, an untouched random state, charts without a screen."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rich.style  # noqa: F401  (draws a random number when it is first imported, not when it is used)

ROOT = Path(__file__).resolve().parent.parent

os.environ.setdefault("MPLBACKEND", "Agg")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of published data sets; QUALIFY_DATA names it, else it stands beside the repository."""
    folder = Path(os.environ.get("QUALIFY_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "salvirt-b2b").is_dir():
        message = f"no published data sets in {folder}; name their folder in QUALIFY_DATA"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return folder


@pytest.fixture(autouse=True)
def global_random_state_untouched() -> Iterator[None]:
    """Chance comes in through `rng=` only: neither NumPy's nor Python's global state may move."""
    numpy_before = np.random.get_state(legacy=False)  # noqa: NPY002
    python_before = random.getstate()
    yield
    numpy_after = np.random.get_state(legacy=False)  # noqa: NPY002
    assert isinstance(numpy_before, dict) and isinstance(numpy_after, dict)
    same = numpy_before["state"]["pos"] == numpy_after["state"]["pos"] and np.array_equal(
        numpy_before["state"]["key"], numpy_after["state"]["key"]
    )
    assert same, "numpy.random's global state was used"
    assert random.getstate() == python_before, "the random module's global state was used"
