"""Whole-number scorecards of qualify and of other packages, on the same folds: `make scorecards`.

`data` writes deals and folds as JSON; `held_out` works the folds off for one method, in whatever environment
that method lives: `ours` and `plain` in the developer's, `peer_fasterrisk` and `peer_optbinning` in their
own. `runs` calls them and keeps what they predict, `measures` holds that against what became of the deals,
and `compare` tables it all.
"""
