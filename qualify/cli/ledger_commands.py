"""The commands about a ledger: `qualify recalibrate` and `qualify ledger`; thin, as those in cli.py."""

from __future__ import annotations

import contextlib
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qualify.cli.terminal import MISTAKE, AsJson, CriteriaFile, OutcomesFile, Seed, plain_errors, show
from qualify.errors import InvalidArgument, short

if TYPE_CHECKING:
    import pandas as pd

    from qualify.ledger.quarterly_job import Quarter

# Of `recalibrate --exit-code`: what a quarterly job may go on from.
TOO_FEW, CODES = 12, {"keep": 0, "shift": 10, "rescale": 10, "rebuild": 11}

ledger_app = typer.Typer(
    help="Criteria by version: add, history, diff.", no_args_is_help=True, add_completion=False
)

LedgerFolder = Annotated[Path, typer.Option(help="Folder of criteria by version.")]
Dated = Annotated[
    str | None, typer.Option(help="First day a new version is in force, YYYY-MM-DD; today where left out.")
]


def recalibrate(  # noqa: PLR0913 (the options of a command)
    ledger: LedgerFolder,
    deals: Annotated[Path, typer.Option(help="Table of the deals that closed since.")],
    history: Annotated[Path | None, typer.Option(help="Table of the deals that closed before.")] = None,
    outcomes: OutcomesFile = None,
    dated: Dated = None,
    report: Annotated[Path | None, typer.Option(help="HTML file for the findings and charts.")] = None,
    as_json: AsJson = False,
    exit_code: Annotated[
        bool,
        typer.Option(
            "--exit-code", help="End with 0 kept, 10 adjusted, 11 rebuilt, 12 too few deals, 2 any error."
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Add nothing to the ledger.")] = False,
    seed: Seed = 0,
    replicates: Annotated[int, typer.Option(help="Simulated quarters behind the tests.", min=99)] = 999,
) -> None:
    """Hold the newest criteria of a ledger against newly closed deals; add what must change.

    For a quarterly job: the ledger gets a new version, or a note that the newest stays; a job that is cut
    off changes nothing.
    """
    with plain_errors(too_few=TOO_FEW if exit_code else MISTAKE):
        from qualify._support.files import checked_suffix, staged
        from qualify.ledger.quarterly_job import hold_quarter
        from qualify.study.files import made_folder

        if report is not None:
            checked_suffix(report, [".html", ".htm"], InvalidArgument)
            _check_outside(report, ledger)
        options = {"rng": seed, "replicates": replicates}
        quarter = hold_quarter(
            ledger, deals, dated=_first_day(dated), history=history, outcomes=outcomes, options=options
        )
        with contextlib.ExitStack() as done:
            if report is not None:  # on the disk before anything is added, under its name after
                page = _page(quarter, dry_run)
                made_folder(report.parent)
                done.enter_context(staged(report, page, InvalidArgument))
            if not dry_run:
                quarter.add()
        _show_quarter(quarter, as_json=as_json, dry_run=dry_run)
        if exit_code:
            raise typer.Exit(TOO_FEW if quarter.too_few else CODES[quarter.found.verdict])


@ledger_app.command()
def add(
    criteria: CriteriaFile,
    ledger: LedgerFolder,
    dated: Dated = None,
) -> None:
    """Add criteria as the newest version; the first ones begin the ledger."""
    with plain_errors():
        import qualify as ql

        book = ql.open_ledger(ledger).add(ql.read_criteria(criteria), dated=_first_day(dated))
        last = book.history.iloc[-1]
        show(f"Version {last['version']} is in {ledger}, in force from {last['dated']}.")


@ledger_app.command()
def history(ledger: LedgerFolder, as_json: AsJson = False) -> None:
    """List the versions, what came when and from how many deals, and the days on which they were kept."""
    with plain_errors():
        import qualify as ql
        from qualify.formatting.plain import to_json, to_records
        from qualify.formatting.render import to_text
        from qualify.ledger.notes import KEPT_SHOWN
        from qualify.ledger.versions import SHOWN

        book = ql.open_ledger(ledger)
        if as_json:
            show(to_json({"versions": to_records(book.history), "kept": to_records(book.kept)}))
            return
        show(to_text(book.history, columns=SHOWN))
        if len(book.kept):
            show("\nHeld against new deals, and kept:\n" + to_text(book.kept, columns=KEPT_SHOWN))


@ledger_app.command()
def diff(
    before: Annotated[str, typer.Argument(help="A version, as 2026Q2.")],
    after: Annotated[str, typer.Argument(help="Another.")],
    ledger: LedgerFolder,
    as_json: AsJson = False,
) -> None:
    """Say what differs between two versions."""
    with plain_errors():
        import qualify as ql

        _show_table(ql.open_ledger(ledger).diff(before, after), ["change"], as_json=as_json, name="changes")


def _check_outside(report: Path, ledger: Path) -> None:
    """Refuse a page among the versions: it would spoil the ledger."""
    if report.resolve().is_relative_to(ledger.resolve()):
        raise InvalidArgument(f"--report {report} is in the ledger {ledger}; give another folder.")


def _first_day(dated: str | None) -> dt.date:
    """Read the option --dated: the one place where a clock is asked."""
    if dated is None:
        return dt.date.today()
    try:
        return dt.date.fromisoformat(dated)
    except ValueError:
        raise InvalidArgument(f"--dated must be a date as 2026-09-30; got {short(dated)}.") from None


def _page(quarter: Quarter, dry_run: bool) -> str:
    from qualify.report.recalibration import recalibration_page

    title = f"Criteria {quarter.found.in_use.version} on deals closed since"
    return recalibration_page(quarter.found, quarter.alarm, title=title, standing=_standing(quarter, dry_run))


def _standing(quarter: Quarter, dry_run: bool) -> str:
    return f"{quarter.standing} (A trial: nothing was added.)" if dry_run else quarter.standing


def _show_quarter(quarter: Quarter, *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        from qualify.formatting.plain import to_json

        typer.echo(to_json(quarter.to_dict() | {"dry_run": dry_run}))
        return
    show(f"{quarter.found.summary}\n\n{_standing(quarter, dry_run)}")


def _show_table(frame: pd.DataFrame, columns: list[str], *, as_json: bool, name: str) -> None:
    from qualify.formatting.plain import to_json, to_records
    from qualify.formatting.render import to_text

    show(to_json({name: to_records(frame)}) if as_json else to_text(frame, columns=columns))
