"""A table in parts to a Dataset: as a whole if it is small, else as a sample of rows and the way to
read all of them.

What the columns are is found from the first rows of some parts; the classes are those of all rows.
"""

from dataclasses import replace
from typing import Any

from ..device.cells import shorten
from ..engine.bars import progress_bar
from ..errors import LoadError
from ..rows.parts import ColumnNote, Dataset, Schema
from ..rows.stream import StreamedRows
from ..sources.header import describe_names
from ..sources.label_sets import target_names
from ..sources.memory import table_from_memory
from ..sources.part_cells import batch_cells, first_rows
from ..sources.parts import TableParts
from ..sources.table import marks_of
from .columns import check_columns, check_load, infer_columns, read_columns
from .memory import way_in_words
from .streamed_target import count_cells, read_streamed_target
from .table_stream import TableStream

# Rows that show what the columns are.
LOOK_ROWS = 100_000


def load_streamed(spec: Any, table: TableParts) -> tuple[Dataset, tuple[ColumnNote, ...]]:
    """Loads a table that does not fit into memory.

    Args:
        spec: A `LoadTable`.
        table: Its parts.

    Returns:
        The Dataset, whose rows in memory only show what columns there are, and the lines of the
        printed schema.

    Raises:
        LoadError: It cannot be read as one honest table, or not piece by piece.
    """
    check_load(spec)
    check_columns(dict.fromkeys(table.names), spec)
    _refuse_in_pieces(spec, table)
    frame = first_rows(table, table.names, LOOK_ROWS)
    sample = table_from_memory(frame, packed=True)
    missing = frozenset(spec.reading.missing_words)
    marks = marks_of(sample, replace(spec.reading, separator=table.format.separator))
    rows = frame.index.to_numpy()
    counts = count_cells(_cells_of(table, spec.target))
    found = read_streamed_target(spec, counts, sample, marks, rows=rows)
    columns, inferred = infer_columns(sample, spec, rows, marks)
    stream = TableStream(table, tuple(columns), spec.target, found.reader, spec.group, missing)
    y, is_labelled = found.reader.read(sample[spec.target], 0)
    shown = read_columns(sample, columns, missing, rows=rows)
    x = {name: values[is_labelled] for name, values in shown.items()}
    num_rows = found.num_rows or table.num_rows
    schema = Schema(tuple(columns), found.target, spec.reading.missing_words, is_streamed=True)
    dataset = Dataset(
        x=x,
        y=y[is_labelled],
        ids=rows[is_labelled],
        schema=schema,
        whole=StreamedRows(stream, num_rows, found.counts, sizes=spec.memory.sizes()),
    )
    words = ColumnNote("(the source)", "streamed", way_in_words(table, is_streamed=True))
    of_names = describe_names(sample, table.format.separator, missing)
    return dataset, (words, *of_names, *found.notes, *inferred)


def _refuse_in_pieces(spec, table):
    """Raises LoadError for knobs that need all rows at once, and for a nested target."""
    asked = {
        f"{len(target_names(spec.target))} targets": not isinstance(spec.target, str),
        f"load.target_kind={spec.target_kind}": spec.target_kind in ("labels", "characters"),
        f"load.time={shorten(spec.time)}": bool(spec.time),
    }
    for words, is_asked in asked.items():
        if is_asked:
            raise LoadError(
                f"{words}, of rows that are streamed",
                expected="one target of one class or one number a row, and rows that are split at "
                "random or by group",
                fix="--set load.memory.way=whole, if the rows fit into memory; or name one target, "
                "and leave --time out",
            )
    _refuse_nested(table, spec.target)


def _refuse_nested(table, name):
    """Raises LoadError for a target whose cells hold several values each."""
    from pyarrow import types

    if name not in table.schema.names:
        return  # of a hive partition
    kind = table.schema.field(name).type
    if types.is_nested(kind):
        raise LoadError(
            f"the target {shorten(name)} is nested: {kind}",
            expected="one class or one number a row, where rows are streamed",
            fix="write what is nested as columns of their own, and name one of them",
        )


def _cells_of(table, name):
    """Reads one column of all parts, a piece at a time, and shows how far it is: yields the first
    row of each piece, and its cells.
    """
    with progress_bar(total=table.num_rows, desc="target", unit="row") as bar:
        for place, part in enumerate(table.parts):
            first_row = part.first_row
            for batch in table.batches(place, (name,)):
                yield first_row, batch_cells(table, place, batch)[name]
                first_row += len(batch)
                bar.update(len(batch))
