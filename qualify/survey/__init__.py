"""The survey: what is asked of every deal, as a file, and as a first draft from a table."""

from qualify.survey.model import (
    UNKNOWN,
    UNKNOWN_WORDS,
    Answer,
    Characteristic,
    Columns,
    Kind,
    Note,
    Option,
    Outcomes,
    Survey,
)

__all__ = [
    "UNKNOWN",
    "UNKNOWN_WORDS",
    "Answer",
    "Characteristic",
    "Columns",
    "Kind",
    "Note",
    "Option",
    "Outcomes",
    "Survey",
]
