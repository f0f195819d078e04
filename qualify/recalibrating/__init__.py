"""The parts of `recalibrate`: deals held against criteria, the test, the update, drift, and their words."""
