"""Draw the win curve of a simulated team, as shown in the README.

Run it from anywhere: ``python examples/win_curve.py``; it writes win_curve.png beside where you are.
"""

import qualify as ql

simulated = ql.simulate_deals(600, curve="sharp", rng=4)
deals = ql.read_deals(simulated.frame, simulated.survey)
criteria = ql.refine_criteria(deals, replicates=100)

axes = ql.plot_win_curve(criteria.tipping)
axes.figure.savefig("win_curve.png", dpi=120, bbox_inches="tight", metadata={"Software": None})
print(criteria.tipping)
