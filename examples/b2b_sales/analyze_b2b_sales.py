"""Take 448 real closed deals from the published file to qualification criteria.

    python examples/b2b_sales/analyze_b2b_sales.py [folder for the results]

The deals (Salvirt / M. Bohanec, CC BY 4.0) are downloaded once; survey.yaml, beside this script, says how to
read them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import qualify as ql

HERE = Path(__file__).resolve().parent


def main(folder: Path) -> None:
    """Run the whole chain and leave its results in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    survey = ql.read_survey(HERE / "survey.yaml")
    deals = ql.read_deals(ql.fetch_b2b_sales(), survey)
    study = ql.analyze(deals, rng=0)
    print(study.summary)

    study.audit.findings.to_csv(folder / "audit.csv", index=False)
    study.factors.table.to_csv(folder / "factors.csv", index=False)
    study.factors.answers.to_csv(folder / "answers.csv", index=False)
    study.criteria.points.to_csv(folder / "points.csv", index=False)
    for suffix in ("json", "md"):
        ql.write_criteria(study.criteria, folder / f"criteria.{suffix}")
    ql.plot_factors(study.factors).figure.savefig(folder / "factors.png", dpi=150, bbox_inches="tight")
    ql.plot_win_curve(study.tipping).figure.savefig(folder / "win_curve.png", dpi=150, bbox_inches="tight")
    print(f"\nResults are in {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("b2b_sales_results"))
