"""The invented sales team behind `simulate_deals`: its questions (team), deals (drawing) and odds (curve)."""
