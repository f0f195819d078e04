"""Result in, Axes out: one chart per file. Importing this loads no matplotlib; drawing does."""

from qualify.plots.answers import plot_answers
from qualify.plots.calibration import plot_calibration
from qualify.plots.factors import plot_factors
from qualify.plots.win_curve import plot_win_curve

__all__ = ["plot_answers", "plot_calibration", "plot_factors", "plot_win_curve"]
