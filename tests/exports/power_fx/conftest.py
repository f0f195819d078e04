"""The runner of Power Fx is no module of the tests: it runs where the engine is installed."""

collect_ignore = ["run_formulas.py"]
