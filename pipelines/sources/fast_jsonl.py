"""JSON lines by pyarrow's reader, where it provably reads the same cells as the strict one.

`json_rows.json_object` stays the definition. A look through the bytes decides: UTF-8, every line
an object from { to }, as many objects as lines. What is in doubt is not read here, nor is what
pyarrow refuses, such as a column of numbers and texts: the strict reader reads it, or states what
is wrong with which row.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..device.regular import open_regular
from .arrow_cells import packed_cells
from .json_rows import MAX_JSON_LINE
from .limits import MAX_CELLS

_BLOCK = 4 * 2**20
# Up to here float64 holds every whole number.
_EXACT = 2**53
_UTF8 = ("", "utf-8", "utf8", "utf-8-sig")


def read_fast_lines(path: Path, encoding: str) -> dict[str, Sequence] | None:
    """Reads JSON lines by pyarrow.

    Args:
        path: Of the file.
        encoding: By its Python name; "" for UTF-8.

    Returns:
        Column → cells, numbers as arrays; None if the strict reader has to read the file.
    """
    if encoding.lower() not in _UTF8:
        return None
    num_lines = _count_lines(path)
    if not num_lines:
        return None
    table = _read(path)
    if table is None or len(table) != num_lines:
        return None
    if not 0 < num_lines * table.num_columns <= MAX_CELLS:
        return None
    columns = {}
    for name in table.column_names:
        cells = _cells_of(table.column(name))
        if cells is None:
            return None
        columns[name] = cells
    return columns


def _count_lines(path):
    """Returns how many lines a file has, each from { to }; 0 if that is in doubt."""
    num_lines = 0
    rest = b""
    with open_regular(path) as file:
        while block := file.read(_BLOCK):
            together = rest + block
            end = together.rfind(b"\n") + 1
            rest = together[end:]
            if len(rest) > MAX_JSON_LINE:
                return 0
            if end:
                num_found = _lines_in(together[:end])
                if not num_found:
                    return 0
                num_lines += num_found
    if rest:
        num_found = _lines_in(rest + b"\n")
        if not num_found:
            return 0
        num_lines += num_found
    return num_lines


def _lines_in(piece):
    """Returns how many lines some bytes have; 0 if one is not UTF-8 from { to }.

    Between } and { there is no end of line inside an object, and none inside a text.
    """
    if b"\r" in piece:
        piece = piece.replace(b"\r\n", b"\n")
        if b"\r" in piece:
            return 0
    num_lines = piece.count(b"\n")
    num_borders = piece.count(b"}\n{")
    is_whole = piece.startswith(b"{") and piece.endswith(b"}\n")
    if not is_whole or num_borders != num_lines - 1:
        return 0
    if not piece.isascii():
        try:
            piece.decode("utf-8")
        except UnicodeDecodeError:
            return 0
    return num_lines


def _read(path):
    """Returns a pyarrow.Table whose columns stand in the order of their first cells, None if
    pyarrow refuses the file.
    """
    import pyarrow as pa
    from pyarrow import json as arrow_json
    from pyarrow import types

    # One thread: several of them find the columns of later lines in any order.
    reading = arrow_json.ReadOptions(use_threads=False, block_size=_BLOCK)
    names: list[str] = []
    texts: dict[str, None] = {}
    try:
        source: object = pa.BufferReader(_first_lines(path))
        while True:
            schema = pa.schema([(name, pa.string()) for name in texts])
            options = arrow_json.ParseOptions(explicit_schema=schema if texts else None)
            table = arrow_json.read_json(source, read_options=reading, parse_options=options)
            names += [name for name in table.column_names if name not in names]
            # A text that pyarrow takes for a time is read again, as text.
            times = [field.name for field in table.schema if types.is_timestamp(field.type)]
            texts |= dict.fromkeys(times)
            if not times and source == str(path):
                return table.select(names)
            source = str(path)
    except pa.ArrowException:
        return None


def _first_lines(path):
    """Returns whole lines from the beginning of a file; none if the first one is long."""
    with open_regular(path) as file:
        block = file.read(_BLOCK // 16)
    end = block.rfind(b"\n") + 1
    return block[:end] or b"{}\n"


def _cells_of(column):
    """Returns the cells of a column, None if they may not be those of the strict reader."""
    import pyarrow.compute as pc
    from pyarrow import types

    kind = column.type
    if types.is_null(kind):
        return [None] * len(column)
    if types.is_boolean(kind):
        return column.to_numpy().tolist()
    if types.is_string(kind):
        return packed_cells(column)
    if types.is_int64(kind) and not column.null_count:
        return column.to_numpy()
    if not (types.is_int64(kind) or types.is_float64(kind)):
        return None
    limits = pc.min_max(column)
    least, most = limits["min"].as_py(), limits["max"].as_py()
    if max(abs(least), abs(most)) >= _EXACT:
        return None
    return column.to_numpy().astype(np.float64, copy=False)


def packed_column(cells: Sequence) -> Sequence:
    """Packs a column that the strict reader has read, as pyarrow's reader would have it, where its
    cells are of one type; others stay as they are.

    Args:
        cells: Numbers, texts, truth values and None.
    """
    import pyarrow as pa

    types = set(map(type, cells)) - {type(None)}
    if types == {str}:
        kind = pa.string()
    elif types == {int}:
        kind = pa.int64()
    elif types and types <= {int, float}:
        kind = pa.float64()
    else:
        return cells
    try:
        column = pa.array(cells, kind)
    except (pa.ArrowException, OverflowError, UnicodeEncodeError):
        return cells  # a large number, or half of a surrogate pair
    found = _cells_of(pa.chunked_array([column]))
    return cells if found is None else found
