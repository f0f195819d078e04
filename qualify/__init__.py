"""From closed deals to qualification criteria: what goes with winning, where the score tips, how surely.

The way through: `read_survey`, `read_deals`, `audit_deals`, `find_factors`, `fit_win_model`,
`validate`, `find_tipping_point`, `refine_criteria`, `backtest`, `write_criteria`, `score_deals`;
`analyze` runs the whole chain.
Each name is loaded when it is first used.
"""

import lazy_loader

__getattr__, __dir__, _ = lazy_loader.attach_stub(__name__, __file__)

__all__ = [
    "Answer",
    "Audit",
    "Backtest",
    "Characteristic",
    "Columns",
    "Criteria",
    "Deals",
    "Economics",
    "Factors",
    "InvalidArgument",
    "InvalidCriteria",
    "InvalidDeals",
    "InvalidSurvey",
    "NotEnoughDeals",
    "Outcomes",
    "QualifyError",
    "QualifyWarning",
    "ScorecardClassifier",
    "ScoredDeals",
    "SimulatedDeals",
    "Study",
    "Survey",
    "TippingPoint",
    "Validation",
    "WinModel",
    "__version__",
    "analyze",
    "audit_deals",
    "backtest",
    "fetch_b2b_sales",
    "find_factors",
    "find_tipping_point",
    "fit_win_model",
    "infer_survey",
    "plot_answers",
    "plot_calibration",
    "plot_factors",
    "plot_net_benefit",
    "plot_parsimony",
    "plot_win_curve",
    "read_criteria",
    "read_deals",
    "read_survey",
    "refine_criteria",
    "score_deals",
    "simulate_deals",
    "validate",
    "write_criteria",
    "write_survey",
]
