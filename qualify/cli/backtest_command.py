"""The command `qualify backtest`; thin, as those in cli.py."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qualify.cli.terminal import (
    AsJson,
    DealsFile,
    Level,
    OutcomesFile,
    Replicates,
    Seed,
    SurveyFile,
    plain_errors,
    show,
    tell,
)
from qualify.errors import InvalidArgument


def backtest(  # noqa: PLR0913 (the options of a command)
    deals: DealsFile,
    survey: SurveyFile,
    outcomes: OutcomesFile = None,
    criteria: Annotated[
        Path | None, typer.Option(help="criteria.json refined from these deals; thresholds as its scores.")
    ] = None,
    value: Annotated[
        float | None, typer.Option(help="What a win is worth; else each deal's own, where the survey says.")
    ] = None,
    cost: Annotated[
        float | None, typer.Option(help="What pursuing a deal costs, or one unit of its effort.")
    ] = None,
    threshold: Annotated[
        list[float] | None,
        typer.Option(help="A win probability to pursue from; repeat it for several, else 0.1 to 0.5."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="CSV file for the table.")] = None,
    seed: Seed = 0,
    replicates: Replicates = 1000,
    level: Level = 0.95,
    as_json: AsJson = False,
) -> None:
    """Work out what pursuing only the likelier of past deals would have kept and freed.

    Each deal is judged by points learned without it. With --value and --cost the win probability from which
    pursuing pays is tried too.
    """
    with plain_errors():
        import qualify as ql
        from qualify._support.files import checked_suffix, write_whole
        from qualify.deals.economics import THRESHOLDS
        from qualify.formatting.plain import plain_value, to_csv, to_json, to_records
        from qualify.formatting.render import to_text

        if out is not None:
            checked_suffix(out, [".csv"], InvalidArgument)
        money = ql.Economics(value=value, cost=cost, thresholds=threshold or THRESHOLDS)
        given = None if criteria is None else ql.read_criteria(criteria)
        read = ql.read_deals(deals, ql.read_survey(survey), outcomes=outcomes)
        found = ql.backtest(
            read, criteria=given, economics=money, replicates=replicates, level=level, rng=seed
        )
        if out is not None:
            write_whole(out, to_csv(found.table), InvalidArgument)
        if as_json:
            told = {name: plain_value(getattr(found, name)) for name in ("n", "won", "level", "break_even")}
            typer.echo(to_json(told | {"thresholds": to_records(found.table)}))
            return
        show(found.summary + "\n\n" + to_text(found.table, columns=found.shown))
        if out is not None:
            tell(f"Written: {out}")
