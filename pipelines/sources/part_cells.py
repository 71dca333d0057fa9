"""Pieces of a table in parts to raw cells, the same cells as of the table in memory."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..device.packed import PackedCells, RepeatedCells
from .arrow_cells import packed_cells
from .memory import table_from_memory
from .part_format import is_text
from .parts import TableParts

_MAX_READ = 16  # parts whose first rows show what kinds the columns are


def batch_cells(table: TableParts, place: int, batch: Any) -> dict[str, Sequence]:
    """Returns the raw cells of a batch by column, those of its hive partition among them.

    Args:
        table: The table.
        place: Of the part that the batch is of.
        batch: pyarrow.RecordBatch.
    """
    cells: dict[str, Sequence] = {}
    others = []
    for field in batch.schema:
        column = batch.column(field.name)
        found = _typed_cells(column)
        if found is None:
            others.append(field.name)
        else:
            cells[field.name] = found
    if others:
        frame = batch.select(others).to_pandas()
        cells |= table_from_memory(frame, packed=True)
    for name, value in table.parts[place].folders:
        cells[name] = RepeatedCells([value], np.zeros(len(batch), np.int32))
    return cells


def _typed_cells(column):
    """Returns the cells of a column of numbers, times or texts, None of another one."""
    import pyarrow as pa
    from pyarrow import types

    kind = column.type
    if types.is_integer(kind) or types.is_floating(kind):
        # As pandas has it, whole numbers with holes are float64.
        return column.to_numpy(zero_copy_only=False)
    if types.is_timestamp(kind):
        return _seconds_of(column)
    if types.is_dictionary(kind) and is_text(kind.value_type):
        return _coded_cells(column)
    if is_text(kind):
        return packed_cells(pa.chunked_array([column]))
    return None


def _seconds_of(column):
    """Returns times as datetime64[s], in UTC where a zone is given."""
    times = column.to_numpy(zero_copy_only=False)
    return times.astype("datetime64[s]")


def _coded_cells(column) -> PackedCells:
    """Returns the cells of a pyarrow.DictionaryArray of texts."""
    import pyarrow.compute

    texts = column.dictionary.to_pylist()
    places = column.indices
    if places.null_count:
        places = pyarrow.compute.fill_null(places, len(texts))
        texts = [*texts, None]
    return RepeatedCells(texts, places.to_numpy(zero_copy_only=False))


def first_rows(table: TableParts, columns: Sequence[str], most: int) -> Any:
    """Reads the first rows of parts that lie evenly over the table.

    Args:
        table: The table.
        columns: What is read.
        most: How many rows are read, about.

    Returns:
        A pandas.DataFrame, whose index is the place of each row in the table.
    """
    num_parts = len(table.parts)
    evenly = np.linspace(0, num_parts - 1, min(num_parts, _MAX_READ))
    places = np.unique(evenly.astype(int)).tolist()
    of_each = -(-most // len(places))
    return _frame_of(table, columns, dict.fromkeys(places, of_each))


def all_rows(table: TableParts) -> Any:
    """Reads a table as a whole, as `first_rows` does."""
    wanted = {}
    for place, part in enumerate(table.parts):
        wanted[place] = part.num_rows
    return _frame_of(table, table.names, wanted)


def _frame_of(table, columns, wanted):
    """Returns the first rows of parts; `wanted`: place of a part → how many of its rows."""
    import pandas as pd

    frames = []
    for place, num_rows in wanted.items():
        frames.append(_part_frame(table, place, columns, num_rows))
    return pd.concat(frames)


def _part_frame(table, place, columns, num_rows):
    import pyarrow as pa

    part = table.parts[place]
    batches = []
    num_left = min(num_rows, part.num_rows)
    for batch in table.batches(place, columns):
        batches.append(batch.slice(0, num_left))
        num_left -= len(batches[-1])
        if num_left <= 0:
            break
    frame = _decoded(pa.Table.from_batches(batches)).to_pandas()
    for name, value in part.folders:
        if name in columns:
            frame[name] = value
    frame.index = np.arange(part.first_row, part.first_row + len(frame))
    return frame


def _decoded(table):
    """Returns a table whose texts are no dictionaries, and whose times are seconds, those of any
    zone in UTC: of parts that are written in several ways too, one column comes of them.
    """
    import pyarrow as pa
    from pyarrow import types

    for place, field in enumerate(table.schema):
        column = table.column(place)
        if types.is_dictionary(field.type):
            column = column.cast(field.type.value_type)
        elif types.is_timestamp(field.type):
            column = pa.array(_seconds_of(column))
        else:
            continue
        table = table.set_column(place, field.name, column)
    return table
