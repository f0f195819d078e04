"""Stand-in until mirrors are merged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Mirror:
    """A mirror."""

    kind: str

    def in_words(self, name: str) -> str:
        """Say it."""
        return f"{name} {self.kind}"


def mirror_by_name(heading: str) -> str | None:
    """Return why."""
    return None


def mirror_by_data(counts: NDArray[np.int64]) -> Mirror | None:
    """Return a mirror."""
    return None
