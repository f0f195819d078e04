"""Result in, Axes out: one chart per file. Importing this loads no matplotlib; drawing does."""

from qualify.plots.alarm import plot_alarm
from qualify.plots.answers import plot_answers
from qualify.plots.calibration import plot_calibration
from qualify.plots.drift import plot_drift
from qualify.plots.factors import plot_factors
from qualify.plots.net_benefit import plot_net_benefit
from qualify.plots.parsimony import plot_parsimony
from qualify.plots.recalibration import plot_recalibration
from qualify.plots.win_curve import plot_win_curve

__all__ = [
    "plot_alarm",
    "plot_answers",
    "plot_calibration",
    "plot_drift",
    "plot_factors",
    "plot_net_benefit",
    "plot_parsimony",
    "plot_recalibration",
    "plot_win_curve",
]
