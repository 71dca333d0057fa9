"""`predict`: the answers of a bundle."""

import os
import sys
from dataclasses import dataclass
from typing import Annotated

import typer

from ..errors import RecipeError
from .options import Bundle, Form
from .reading import FILE_MARKS, ReadFile, reading_of


@dataclass(frozen=True, kw_only=True)
class PredictOptions:
    """Options of `predict`."""

    bundle: Bundle
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILES",
            help="A table (.csv, .csv.gz, .parquet or .jsonl); or pictures, for a model of "
            "pictures; or texts, for a model of texts.",
        ),
    ]
    form: Form = "int8"
    prototypes: Annotated[
        str,
        typer.Option(metavar="FILE", help="New classes to answer with, a file that `adapt` wrote."),
    ] = ""
    rule: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RULE",
            help="What answers keep: \"status == 'hurricane' implies wind >= 64\"; may be "
            "repeated.",
        ),
    ] = None
    read: ReadFile = None
    safe_csv: Annotated[
        bool | None,
        typer.Option(
            "--safe-csv/--no-safe-csv",
            help="Write cells that neither a spreadsheet nor a terminal acts on: an apostrophe "
            "before =, +, -, @, tab and carriage return, escapes for control characters. Without "
            "either, for a terminal only.",
        ),
    ] = None


def predict(options: PredictOptions) -> None:
    """Answer rows, pictures or texts; CSV on standard output."""
    from ..device import Runner
    from ..device.__main__ import takes, write_cell_answers
    from ..device.cells import PICTURE, TEXT
    from ..device.safe_csv import answers_writer

    runner = Runner.load(
        options.bundle,
        form=options.form,
        prototypes=options.prototypes,
        rules=options.rule or (),
    )
    writer = answers_writer(sys.stdout, safe=options.safe_csv)
    kind = takes(runner)
    if kind == PICTURE or (kind == TEXT and not os.path.isfile(options.files[0])):
        failed = write_cell_answers(runner, options.files, writer)
    else:
        failed = _answer_table(runner, options, writer)
    raise typer.Exit(int(failed))


def _answer_table(runner, options, writer):
    from ..device.__main__ import write_answers, write_forecasts
    from ..device.csv_header import check_header
    from ..sources.table import read_table, refuse_series_to_answer

    if len(options.files) > 1:
        raise RecipeError(
            f"{len(options.files)} files for a model of tables",
            expected="one table",
            fix="answer them one by one",
        )
    wanted = [column.name for column in runner.signature.columns]
    refuse_series_to_answer(options.files[0], wanted)
    cells = read_table(options.files[0], reading_of(options.read, marks=FILE_MARKS))
    names = list(cells)
    check_header(names, wanted)
    rows = list(zip(*cells.values(), strict=True))
    if runner.signature.frame:
        return write_forecasts(runner, names, rows, writer)
    return write_answers(runner, names, rows, writer)
