"""A chart as the bytes of a picture, without a window and without pyplot's list of open figures."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DOTS_PER_INCH = 150


def png_of(draw: Callable[[Axes], object], *, width: float = 8.5, height: float = 5.6) -> bytes:
    """Draw into a figure of its own and return it as PNG.

    Parameters
    ----------
    draw : callable
        Draws into the axes it is given.
    width, height : float
        Size, inches.

    Returns
    -------
    bytes
        The picture; the same drawing gives the same bytes.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    draw(figure.add_subplot())
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return picture.getvalue()
