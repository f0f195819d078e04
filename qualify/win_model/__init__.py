"""The probability of winning, and how far it can be trusted on deals not seen."""

from qualify.win_model.model import WinModel, fit_win_model
from qualify.win_model.validation import Validation, validate

__all__ = ["Validation", "WinModel", "fit_win_model", "validate"]
