"""What the commands share: options that mean the same everywhere, plain errors, and showing things."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qualify.errors import NotEnoughDeals, QualifyError

if TYPE_CHECKING:
    from qualify.survey import Survey

MISTAKE, INTERRUPTED = 2, 130

DealsFile = Annotated[
    Path, typer.Argument(help="Table of deals: .csv, .xlsx, .parquet or .jsonl.", metavar="DEALS")
]
OutcomesFile = Annotated[
    Path | None,
    typer.Option(help="A second table with the outcomes, joined by deal id, where DEALS holds answers only."),
]
SurveyFile = Annotated[
    Path, typer.Option(help="The survey: .yaml or .json (`qualify infer-survey` drafts one).")
]
CriteriaFile = Annotated[
    Path, typer.Argument(help="criteria.json, as `qualify analyze` wrote it.", metavar="CRITERIA")
]
Seed = Annotated[int, typer.Option(help="Seed of all chance; the same seed gives the same files.", min=0)]
Replicates = Annotated[
    int, typer.Option(help="Bootstrap draws; more take longer and make intervals steadier.", min=2)
]
Level = Annotated[float, typer.Option(help="Confidence level of the intervals, within 0 and 1.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


@contextmanager
def plain_errors(too_few: int = MISTAKE) -> Iterator[None]:
    """Mistakes in what was given: the message and exit code 2, no traceback. Ctrl-C: 130, quietly."""
    try:
        yield
    except QualifyError as error:
        from qualify.formatting.formats import clean

        for line in str(error).splitlines():
            indent = line[: len(line) - len(line.lstrip())]
            typer.echo(indent + clean(line), err=True)
        raise typer.Exit(too_few if isinstance(error, NotEnoughDeals) else MISTAKE) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def tell_notes(survey: Survey) -> None:
    """Say beside the results what a draft took as what, what it left out and why, and what it asks."""
    from qualify.formatting.formats import clean

    for note in survey.notes:
        tell(clean(note))


def show(text: str) -> None:
    """Print text as it is, lines in capitals (headings) in bold where the terminal can."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for line in text.split("\n"):
        console.print(Text(line, style="bold" if line.isupper() else ""))


def hand_over(data: str) -> None:
    """Write data to standard output, in UTF-8 where a file or a program takes it, whatever the terminal's."""
    if sys.stdout.isatty() or not hasattr(sys.stdout, "buffer"):
        typer.echo(data, nl=False)
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(data.encode("utf-8"))
    sys.stdout.buffer.flush()


def tell(text: str) -> None:
    """Say something beside the results."""
    typer.echo(text, err=True)
