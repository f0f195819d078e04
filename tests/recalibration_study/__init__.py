"""How often `recalibrate` asks for an update where nothing has changed, and where something known has.

``python -m recalibration_study.run --help`` from the folder tests; figures in docs/explanation/recalibration.
"""
