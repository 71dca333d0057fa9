"""A raw row as C, for example programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from ...device.cells import PICTURE, SERIES
from ...device.primitives import num_draws
from ...device.signature import Signature
from ...tasks import task_of
from ...tasks.c_text import comment, literal, quoted
from .model.source import lines_of_numbers
from .names import identifier
from .rules import with_rules

NUMBERS_A_LINE = 16
PRINT_VALUE = """
/* In whole numbers, because many targets print no fractions. */
static void print_value(double value) {
  const double size = value < 0.0 ? -value : value;
  const long whole = (long)size;
  print_line("value: %s%ld.%03d", value < 0.0 ? "-" : "", whole, (int)(1000.0 * (size - (double)whole)));
}
"""


_ANSWER_ROW = """  int refused;
  prepare_reset();
  refused = prepare(&row, &inputs);
  if (refused != 0) return refused;
  model_reset();
  model_run(&inputs, output);"""
_ANSWER_LOOP = """  int refused;
  prepare_reset();
  refused = prepare(&row, &inputs);
  if (refused != 0) return refused;
  {begin}
  do {{
    model_reset();
    model_run(&inputs, output);
  }} while ({again});"""
_ANSWER_DRAWS = """  for (signature_draw = 0; signature_draw < SIGNATURE_NUM_DRAWS; ++signature_draw) {
    int8_t *into = output + signature_draw * (SIGNATURE_NUM_OUTPUTS / SIGNATURE_NUM_DRAWS);
    int refused;
    prepare_reset();
    refused = prepare(&row, &inputs);
    if (refused != 0) return refused;
    model_reset();
    model_run(&inputs, into);
  }"""


@dataclass(frozen=True)
class RowCode:
    """A raw row in C.

    Attributes:
        tables: Constant tables that it needs, each on lines of its own.
        fields: Statements that set the fields of `row`.
    """

    tables: str
    fields: str


@dataclass(frozen=True)
class AnswerCode:
    """What takes a raw row to its answer, in C that is C++ too.

    Attributes:
        row: Statements of a function that returns what `prepare` refused, or ends with the outputs
            of `row` in `output`.
        functions: What the statements call, or "".
        statements: What prints the answer by `print_line(format, ...)`.
    """

    row: str
    functions: str
    statements: str


def answer_code(signature: Signature) -> AnswerCode:
    """Returns the C that answers a row; the model runs once a draw of missing numbers."""
    statements = example_code(signature)
    functions = ""
    if "print_value" in statements:
        functions = PRINT_VALUE
    row = _ANSWER_ROW
    begin, again = task_of(signature.target).c_loop(signature)
    if begin:
        row = _ANSWER_LOOP.format(begin=begin, again=again)
    if num_draws(signature.primitives) > 1:
        row = _ANSWER_DRAWS
    return AnswerCode(row, functions, statements)


def example_code(signature: Signature) -> str:
    """Returns C that prints the answer to `row`, which keeps the rules of the model."""
    return with_rules(signature, task_of(signature.target).c_example(signature))


def row_code(signature: Signature, row: Mapping[str, np.ndarray], table: str) -> RowCode:
    """Writes a raw row.

    Args:
        signature: Of the model.
        row: Column → array [1, ...].
        table: What the names of its tables begin with.
    """
    tables = []
    fields = []
    for place, column in enumerate(signature.columns):
        cell = row[column.name][0]
        name = f"{table}_{place}"
        value = name
        if column.kind in (PICTURE, SERIES):
            tables.append(
                table_code(
                    cell,
                    column.kind,
                    name,
                )
            )
        else:
            value = cell_code(cell, column.kind)
        field = identifier(place, column.name)
        fields.append(f"  row->{field} = {value}; /* {comment(column.name)} */")
    return RowCode("".join(f"{each}\n" for each in tables), "\n".join(fields))


def wrapped(numbers: Iterable[str]) -> str:
    """Returns numbers with commas between them, broken into lines."""
    return lines_of_numbers(list(numbers), a_line=NUMBERS_A_LINE, indent=4)


def table_code(cell: np.ndarray, kind: str, name: str) -> str:
    """Returns a picture or a series as a constant table.

    Args:
        cell: Its numbers.
        kind: Of the column.
        name: Of the table.
    """
    numbers = np.asarray(cell).ravel().tolist()
    if kind == PICTURE:
        body = wrapped(map(str, numbers))
        return f"static const uint8_t {name}[{len(numbers)}] = {{\n    {body}}};"
    body = wrapped(map(_number, numbers))
    return f"static const float {name}[{len(numbers)}] = {{\n    {body}}};"


def cell_code(cell: object, kind: str) -> str:
    """Returns a cell of a column of a kind as C."""
    if kind == "numeric":
        return _number(cell)
    if kind == "date":
        if np.isnat(cell):
            return "INT64_MIN"
        seconds = cell.astype("datetime64[s]").astype(np.int64)
        return f"INT64_C({seconds})"
    if cell is None:
        return "NULL"
    return quoted(str(cell))


def _number(value):
    if value != value:
        return "NAN"
    return literal(value)
