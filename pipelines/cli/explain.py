"""`explain`: one row on its way through every stage."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from .options import Bundle, Form
from .reading import FILE_MARKS, ReadFile, reading_of

if TYPE_CHECKING:
    from ..device import Runner


@dataclass(frozen=True, kw_only=True)
class ExplainOptions:
    """Options of `explain`."""

    bundle: Bundle
    file: Annotated[
        str | None,
        typer.Argument(
            help="A table, a picture or a text; without it, the rows that the bundle holds."
        ),
    ] = None
    row: Annotated[int, typer.Option(help="Which row, from 1, as `predict` counts.")] = 1
    form: Form = "int8"
    read: ReadFile = None


def explain_row(options: ExplainOptions) -> None:
    """Show one row on its way through every stage."""
    from ..bundle.explain import explain
    from ..device import Runner
    from ..errors import DeviceError
    from ..report.terminal import print_lines

    runner = Runner.load(options.bundle, form=options.form)
    rows = _rows(runner, options)
    if not 1 <= options.row <= len(rows):
        raise DeviceError(
            f"row {options.row}",
            expected=f"1 to {len(rows)}",
            fix="--row 1",
        )
    print_lines(explain(runner, rows[options.row - 1]), ("stage", "what", "value"))


def _rows(runner: "Runner", options: ExplainOptions) -> list[dict]:
    """Column → cell of each row that can be explained."""
    from ..bundle.folder import read_golden_rows
    from ..device.__main__ import takes
    from ..device.cells import PICTURE, TEXT
    from ..device.history import newest_windows
    from ..sources.table import read_table, refuse_series_to_answer

    file = options.file
    columns = runner.signature.columns
    if not file:
        pictures = [column.name for column in columns if column.kind == PICTURE]
        return read_golden_rows(options.bundle, pictures=pictures)
    kind = takes(runner)
    if kind == PICTURE or (kind == TEXT and not os.path.isfile(file)):
        return [{columns[0].name: file}]
    refuse_series_to_answer(file, [column.name for column in columns])
    cells = read_table(file, reading_of(options.read, marks=FILE_MARKS))
    if runner.signature.frame:
        cells = newest_windows(runner.signature, cells)[1]
    rows = []
    for values in zip(*cells.values(), strict=True):
        row = dict(zip(cells, values, strict=True))
        rows.append(row)
    return rows
