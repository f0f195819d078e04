"""The `qualify` command: thin, calls the verbs of the library.

Whatever is heavy is imported inside the commands, so that `qualify --help` answers at once.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qualify._version import __version__
from qualify.cli.backtest_command import backtest
from qualify.cli.ledger_commands import ledger_app, recalibrate
from qualify.cli.terminal import (
    AsJson,
    CriteriaFile,
    DealsFile,
    Level,
    OutcomesFile,
    Replicates,
    Seed,
    SurveyFile,
    hand_over,
    plain_errors,
    show,
    tell,
    tell_notes,
)
from qualify.errors import InvalidArgument, InvalidDeals, Problem

if TYPE_CHECKING:
    import pandas as pd

    from qualify.deals import Deals
    from qualify.study.study import Study

MOST_ROWS = 40  # of scored deals shown on the screen

app = typer.Typer(
    help="From closed deals to qualification criteria: what goes with winning, where the score tips.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command()(backtest)
app.command()(recalibrate)
app.add_typer(ledger_app, name="ledger")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"qualify {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that lacks a character shows ? instead of failing
            stream.reconfigure(errors="replace")


@app.command()
def analyze(  # noqa: PLR0913 (the options of a command)
    deals: DealsFile,
    survey: SurveyFile,
    out: Annotated[Path, typer.Option(help="Folder for the results; made where it is missing.")],
    outcomes: OutcomesFile = None,
    zones: Annotated[
        tuple[float, float],
        typer.Option(help="Win probabilities that divide the zones where there is no sharp tipping point."),
    ] = (0.25, 0.75),
    strict: Annotated[
        bool,
        typer.Option("--strict", help="End with 2, and write nothing, where a question says the outcome."),
    ] = False,
    seed: Seed = 0,
    replicates: Replicates = 200,
    level: Level = 0.95,
    as_json: AsJson = False,
) -> None:
    """Find what goes with winning, how far that can be trusted on deals not seen, where the score tips.

    Writes summary, criteria, tables (also validation.csv, audit.csv), win_curve.png and calibration.png.
    """
    with plain_errors():
        options = {"rng": seed, "replicates": replicates, "level": level, "zones": zones}
        study, written = _analyze(deals, survey, out, options, outcomes=outcomes, strict=strict)
        if as_json:
            from qualify.formatting.plain import to_json
            from qualify.study.files import study_to_dict

            typer.echo(to_json(study_to_dict(study) | {"files": [str(path) for path in written]}))
            return
        show(study.summary)
        _list_files(out)


def _words_for(meaning: str) -> Any:
    return typer.Option(help=f"An outcome word that means {meaning}; repeat it for several.")


@app.command(name="infer-survey")
def infer_survey(  # noqa: PLR0913 (the options of a command)
    deals: DealsFile,
    outcome: Annotated[
        list[str],
        typer.Option(
            help="The column that says what became of the deal; twice where one says won and one says closed."
        ),
    ],
    won: Annotated[list[str] | None, _words_for("won")] = None,
    lost: Annotated[list[str] | None, _words_for("lost")] = None,
    still_open: Annotated[list[str] | None, typer.Option("--open", help="One that means still open.")] = None,
    no_decision: Annotated[list[str] | None, typer.Option(help="One that means no decision.")] = None,
    leave_out: Annotated[
        list[str] | None, typer.Option(help="One of rows that are no deals, such as duplicates.")
    ] = None,
    unknown: Annotated[
        list[str] | None, typer.Option(help="A further word that means not known, in any column.")
    ] = None,
    outcomes: OutcomesFile = None,
    sheet: Annotated[str | None, typer.Option(help="The sheet of a workbook; else the first table.")] = None,
    out: Annotated[Path | None, typer.Option(help="File for the draft; printed where left out.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Draft a survey from a table of deals, to be corrected by hand."""
    with plain_errors():
        from qualify.survey.file import survey_to_yaml, write_survey
        from qualify.survey.infer import draft_survey

        if out is not None and out.exists() and not force:
            raise InvalidArgument(f"{out} exists already; name another file, or say --force to replace it.")
        told = {"won": won, "lost": lost, "open": still_open, "no decision": no_decision}
        given = {meaning: words for meaning, words in (told | {"leave out": leave_out}).items() if words}
        drafted = draft_survey(
            deals,
            outcome,
            given,
            unknown=unknown or (),
            outcomes=outcomes,
            sheet=sheet,
            syntax="command line",
        )
        tell_notes(drafted)
        if out is None:
            hand_over(survey_to_yaml(drafted))
            return
        write_survey(drafted, out)
        n = len(drafted.names)
        tell(f"{n} characteristic{'s' * (n != 1)} drafted in {out}. Check kinds and orders before you go on.")


@app.command()
def score(  # noqa: PLR0913 (the options of a command)
    criteria: CriteriaFile,
    deals: DealsFile,
    out: Annotated[Path | None, typer.Option(help="CSV file for the scored deals.")] = None,
    value: Annotated[
        float | None, typer.Option(help="What a win is worth; else each deal's own, where the survey says.")
    ] = None,
    cost: Annotated[
        float | None, typer.Option(help="What pursuing a deal costs, or one unit of its effort.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse words that the survey does not know.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Score deals, open or closed, by refined criteria; say what to find out and what to change next.

    With --cost (and --value, or a column of values) the decision to pursue is what counts, else the zone.
    """
    with plain_errors():
        import qualify as ql
        from qualify._support.files import checked_suffix, write_whole
        from qualify.formatting.plain import to_csv, to_json, to_records
        from qualify.formatting.render import to_text
        from qualify.scoring.notes import BEFORE_THE_TABLE

        if out is not None:
            checked_suffix(out, [".csv"], InvalidArgument)
        money = None if value is None and cost is None else ql.Economics(value=value, cost=cost)
        scored = ql.score_deals(ql.read_criteria(criteria), deals, economics=money, strict=strict)
        if out is not None:
            write_whole(out, to_csv(scored.table), InvalidArgument)
        if as_json:
            told = {"notes": to_records(scored.notes), "deals": to_records(scored.table)}
            typer.echo(to_json({"criteria": scored.version} | told))
            return
        gates = ["gates"] if scored.table["gates"].any() else []
        shown = ["deal", "score", "probability", "low", "high", "zone", *gates, "ask_next", "levers"]
        before = scored.notes["what"].isin(BEFORE_THE_TABLE)
        _tell_notes_of(scored.notes[before])
        show(to_text(scored.table, columns=shown, max_rows=MOST_ROWS))
        _tell_notes_of(scored.notes[~before])
        if out is not None:
            tell(f"{len(scored.table)} deals scored in {out}.")


@app.command()
def export(
    criteria: CriteriaFile,
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Files to write; the suffix says the form.", metavar="FILE...", show_default=False
        ),
    ],
) -> None:
    """Write refined criteria in other forms: a checklist, a workbook, SQL, formulas for a CRM, Python.

    Suffixes: .md, .xlsx, .sql (DuckDB), .postgres.sql, .snowflake.sql, .bigquery.sql, .spark.sql,
    .sqlite.sql, .salesforce.txt, .powerfx.txt, .py, .json.
    """
    with plain_errors():
        import qualify as ql
        from qualify.exports.writing import write_forms

        for file in write_forms(ql.read_criteria(criteria), files):
            show(f"Written: {file}")


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for deals, survey and results.")] = Path("qualify-demo"),
    seed: Seed = 0,
    replicates: Replicates = 100,
) -> None:
    """Try everything on simulated deals: write them as files, analyze those, and score the open ones."""
    with plain_errors():
        from qualify.cli.demo import NEXT, truth_in_words, write_demo_files

        files = write_demo_files(out, seed)
        study, _ = _analyze(files.deals, files.survey, out, {"rng": seed, "replicates": replicates})
        files.score(study.criteria)
        show(study.summary)
        show("\n" + truth_in_words(files.truth))
        _list_files(out)
        show("\nWITH YOUR OWN DEALS\n" + NEXT)


def _analyze(
    deals: Path,
    survey: Path,
    out: Path,
    options: dict[str, Any],
    *,
    outcomes: Path | None = None,
    strict: bool = False,
) -> tuple[Study, list[Path]]:
    import qualify as ql
    from qualify.deals.requirements import check_outcomes
    from qualify.study.files import made_folder, write_study_files

    read = ql.read_deals(deals, ql.read_survey(survey), outcomes=outcomes)
    for note in read.notes:
        tell(note)
    check_outcomes(read, where="a study")
    _warn_of_mirrors(read, strict)
    made_folder(out)  # before the long work, so that a bad name is told at once
    tell(f"Analysing {read.n} closed deals; this may take a minute ...")
    study = ql.analyze(read, **options)
    return study, write_study_files(study, out)


def _tell_notes_of(notes: pd.DataFrame) -> None:
    """Say what scores rest on that past deals do not carry."""
    from qualify.formatting.formats import clean
    from qualify.formatting.wording import counted

    for note in notes.to_dict("records"):
        about = f"{note['characteristic']}: " if note["characteristic"] else ""
        tell(clean(f"{about}{note['what']} ({counted(note['deals'], 'deal')}): {note['detail']}"))


def _warn_of_mirrors(deals: Deals, strict: bool) -> None:
    """Say in red which questions say the outcome, before anything else; refuse to go on if `strict`."""
    from qualify.deals.mirrors import mirrors_of, said_of

    said = list(said_of(deals, mirrors_of(deals)).values())
    fix = "leave it out of the survey, or write known_before: true if it is known before the outcome"
    if said and strict:
        raise InvalidDeals([Problem(reason=text.rstrip("."), mend=fix) for text in said], "--strict:")
    for text in said:
        typer.secho(f"STOP: {text} {fix[:1].upper()}{fix[1:]}.", fg="red", err=True)


def _list_files(folder: Path) -> None:
    from qualify.cli.demo import CONTENTS as DEMO_CONTENTS
    from qualify.study.files import CONTENTS

    known = DEMO_CONTENTS | CONTENTS
    names = [name for name in known if (folder / name).is_file()]
    width = max(map(len, names))
    show(f"\nFILES\nIn {folder}:")
    show("\n".join(f"  {name:{width}}  {known[name]}" for name in names))
