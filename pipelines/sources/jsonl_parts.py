"""JSON lines in parts: pyarrow reads them where every cell of a column has one type; where types
are mixed, Python does, and such a column is text.
"""

from dataclasses import dataclass
from typing import Any

from ..device.cells import shorten
from ..errors import LoadError
from .csv_text import refuse_twice
from .json_rows import NoRow, json_object, row_error
from .part_format import ReadColumns, TablePart, is_text
from .text_parts import BYTE_ORDER_MARK, TextFormat, text_of


@dataclass(frozen=True)
class JsonLinesFormat(TextFormat):
    """One JSON object a line (https://jsonlines.org); a name that a line does not have is missing
    there.
    """

    @property
    def name(self) -> str:
        return "JSON lines"

    @property
    def may_lack_columns(self) -> bool:
        return True

    def head(self, block: bytes, path: str) -> tuple[int, Any]:
        """See `TextFormat`."""
        if block.startswith(BYTE_ORDER_MARK):
            return len(BYTE_ORDER_MARK), None
        return 0, None

    def row_end(self, block: bytes) -> int:
        """See `TextFormat`: in JSON a line ends inside no text."""
        return block.rfind(b"\n") + 1

    def rows(self, piece: bytes, part: TablePart, columns: ReadColumns) -> Any:
        """See `TextFormat`."""
        import pyarrow as pa
        from pyarrow import json as arrow_json

        wanted = _wanted(columns)
        options = arrow_json.ParseOptions(explicit_schema=wanted)
        if columns.names:
            options.unexpected_field_behavior = "ignore"
        reading = arrow_json.ReadOptions(block_size=max(len(piece), 1))
        try:
            table = arrow_json.read_json(
                pa.BufferReader(piece), read_options=reading, parse_options=options
            )
        except pa.ArrowException:
            return _strict_rows(piece, part, columns)
        if not all(map(_is_single, table.schema.types)):
            # A nested cell, or a text that pyarrow takes for a time.
            return _strict_rows(piece, part, columns)
        if columns.names:
            return table.select(list(columns.names))
        return table

    def joined(self, schema: Any, found: Any) -> Any:
        """See `TextFormat`."""
        import pyarrow as pa

        types = {}
        if schema is not None:
            types = dict(zip(schema.names, schema.types, strict=True))
        for field in found:
            known = types.get(field.name, pa.null())
            types[field.name] = common_type(known, field.type)
        refuse_twice(list(types))
        return pa.schema(list(types.items()))


def _wanted(columns):
    """Returns the schema that pyarrow is given, of what is known of the columns that are read."""
    import pyarrow as pa

    if columns.schema is None:
        return None
    fields = []
    for field in columns.schema:
        # What is known to be text stays text, and a column of no value yet may be anything.
        is_known = columns.names or is_text(field.type)
        is_read = not columns.names or field.name in columns.names
        if is_read and is_known:
            fields.append(field)
    return pa.schema(fields)


def _is_single(kind):
    from pyarrow import types

    plain = (types.is_null, types.is_boolean, types.is_int64, types.is_float64, is_text)
    return any(is_kind(kind) for is_kind in plain)


def common_type(one: Any, other: Any) -> Any:
    """Returns the type of pyarrow of a column that has cells of two: text, if they are mixed."""
    import pyarrow as pa
    from pyarrow import types

    if one == other or types.is_null(other):
        return one
    if types.is_null(one):
        return other
    numbers = {pa.int64(), pa.float64()}
    if {one, other} == numbers:
        return pa.float64()
    return pa.string()


def _strict_rows(piece, part, columns):
    """Returns the rows of a piece, read line by line."""
    import pyarrow as pa

    objects: list[dict[str, Any]] = []
    names = dict.fromkeys(columns.names)
    for line in text_of(piece, part).split("\n"):
        if not line.strip():
            continue
        row = _object(line, part, len(objects))
        if not columns.names:
            names.update(dict.fromkeys(row))
        objects.append(row)
    arrays = {}
    for name in names:
        cells = [row.get(name) for row in objects]
        if columns.names:
            kind = columns.schema.field(name).type
        else:
            kind = _type_of(cells)
        arrays[name] = _array(cells, kind, part, name)
    return pa.table(arrays)


def _object(line, part, place):
    """Returns the cells of a line. Raises LoadError with its row."""
    try:
        return json_object(line)
    except NoRow as error:
        raise row_error(part.file, part.first_row + place, error) from error


def _type_of(cells):
    """Returns the type of pyarrow that holds cells."""
    import pyarrow as pa

    kinds = {type(cell) for cell in cells if cell is not None}
    if not kinds:
        return pa.null()
    if kinds == {bool}:
        return pa.bool_()
    if kinds == {int}:
        is_large = any(abs(cell or 0) >= 2**63 for cell in cells)
        return pa.string() if is_large else pa.int64()
    if kinds <= {int, float}:
        return pa.float64()
    return pa.string()


def _array(cells, kind, part, name):
    """Returns cells as an array of pyarrow. Raises LoadError for what is no text in UTF-8."""
    import pyarrow as pa

    if is_text(kind):
        cells = [None if cell is None else str(cell) for cell in cells]
    elif kind == pa.float64():
        cells = [None if cell is None else float(cell) for cell in cells]
    try:
        return pa.array(cells, kind)
    except UnicodeEncodeError as error:
        raise LoadError(
            f"{part.file!r}, after row {part.first_row}: the column {shorten(name)} holds half of "
            "a surrogate pair",
            expected="texts that can be written as UTF-8",
            fix="leave it out of the text",
        ) from error
