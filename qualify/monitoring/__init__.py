"""Do the criteria still hold: newly closed deals held against them, and an alarm between quarters."""

from qualify.monitoring.cusum import WinAlarm, watch_wins
from qualify.monitoring.recalibration import Recalibration, recalibrate

__all__ = ["Recalibration", "WinAlarm", "recalibrate", "watch_wins"]
