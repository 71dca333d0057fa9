"""What the columns of a table are, and their cells as typed columns."""

from collections.abc import Mapping, Sequence

import numpy as np

from ..device.cells import Column, read_column, read_numbers, shorten
from ..device.visible import and_more
from ..errors import LoadError
from ..rows.parts import ColumnNote
from ..sources.given_kinds import check_given_kinds
from ..sources.kinds import infer_column
from ..sources.label_sets import target_names
from ..sources.marks import Marks
from ..sources.precision import numbers_as_float32
from ..sources.row_numbers import counts_rows
from ..sources.spellings import describe_spellings
from ..sources.table import check_names
from ..sources.target_column import check_target
from ..sources.words import describe_words

MAX_NAMED = 3


def check_load(spec) -> None:
    """Raises LoadError for knobs of a load spec that no table can be read by."""
    check_target(spec)
    spec.reading.check()
    check_given_kinds(spec.kinds)
    given = set(target_names(spec.target)) & set(spec.kinds)
    if given:
        raise LoadError(
            f"a kind for the target {shorten(min(given))}",
            expected="load.target_kind",
            fix="--set load.target_kind=classes (or labels, number, presence)",
        )
    if len(set(spec.columns)) < len(spec.columns):
        raise LoadError(
            f"load.columns={spec.columns!r}",
            expected="each column once",
            fix="remove the second one",
        )


def infer_columns(
    table: Mapping[str, Sequence], spec, rows: np.ndarray, marks: Marks
) -> tuple[list[Column], tuple[ColumnNote, ...]]:
    """Infers what the feature columns of a table are.

    Args:
        table: Column → raw cells.
        spec: A load spec.
        rows: int64 [rows], the place of each row in the source.
        marks: How the numbers of the source are written.

    Returns:
        The columns, and a line of the printed schema for each, also of those that are left out.

    Raises:
        LoadError: If none is left, or what one is cannot be known.
    """
    apart = {*target_names(spec.target), *spec.group, *((spec.time,) if spec.time else ())}
    names = spec.columns or [name for name in table if name not in apart]
    columns = []
    inferred = []
    for name in names:
        if name in apart:
            raise LoadError(
                f"the column {shorten(name)} is a feature and the target, group or time as well",
                expected="one role a column",
                fix="leave it out of load.columns",
            )
        if name in spec.drop:
            continue
        column, note = _infer_column(name, table[name], spec, rows, marks)
        inferred.append(note)
        if column:
            columns.append(column)
    if not columns:
        why = "; ".join(f"{shorten(each.name)}: {each.why}" for each in inferred[:MAX_NAMED])
        raise LoadError(
            f"no feature column is left{f' ({why})' * bool(why)}",
            expected="at least one",
            fix="override a kind, for example --kind 'name=categorical', or drop fewer columns",
        )
    return columns, tuple(inferred)


def _infer_column(name, cells, spec, rows, marks):
    """Returns a column, None if it is left out, and its line of the printed schema."""
    given = spec.kinds.get(name, "")
    counting = ""
    if not given and name not in spec.columns:
        counting = counts_rows(name, cells, rows)
    if counting:
        return None, ColumnNote(name, "ignored", counting)
    missing = frozenset(spec.reading.missing_words)
    column, why = infer_column(name, cells, given, marks=marks, missing=missing, rows=rows)
    if column is None:
        return None, ColumnNote(name, given or "ignored", why)
    why += describe_words(cells, column, missing, spec.reading.named_words())
    if column.kind == "categorical":
        why += describe_spellings(cells, column, missing)
    return column, ColumnNote(name, given or column.kind, why)


def typed_cells(
    cells: Sequence, column: Column, missing: frozenset[str], *, rows: np.ndarray | range
) -> np.ndarray:
    """Reads the cells of a column.

    Args:
        cells: Raw, one a row.
        column: Of the cells.
        missing: The words that read as missing.
        rows: int64 [cells], the row of the source that each stands in, for the error.

    Returns:
        The values [rows] in the dtype of the kind; numbers in float64.

    Raises:
        LoadError: If a cell is not of the column's kind.
    """
    read = read_column
    if column.kind == "numeric":
        read = read_numbers
    values, bad = read(cells, column, missing)
    if bad:
        first = bad[0]
        more = and_more(len(bad) - 1, "cell")
        raise LoadError(
            f"the column {shorten(column.name)}, row {rows[first.row]}: {first.reason}: "
            f"{first.value}{more}",
            expected=f"a {column.kind} value or a missing one",
            fix="correct the cell, name the word as missing (--read missing=WORD), or override the "
            f"column's kind (--kind '{column.name}=categorical' or =ignored)",
        )
    return values


def read_columns(
    table: Mapping[str, Sequence],
    columns: Sequence[Column],
    missing: frozenset[str],
    *,
    rows: np.ndarray,
) -> dict[str, np.ndarray]:
    """Reads all cells of some columns; numbers in float32.

    Args:
        table: Column → raw cells.
        columns: Those that are read.
        missing: The words that read as missing.
        rows: As of `typed_cells`.

    Raises:
        LoadError: If a cell is not of the column's kind, or float32 cannot tell numbers apart.
    """
    x = {}
    for column in columns:
        cells = table[column.name]
        values = typed_cells(cells, column, missing, rows=rows)
        if column.kind == "numeric":
            values = numbers_as_float32(column.name, cells, values)
        x[column.name] = values
    return x


def check_columns(table: Mapping[str, Sequence] | Sequence[str], spec) -> None:
    """Raises LoadError where the columns of a table are not those that a load spec names."""
    if len(table) == 1:
        raise LoadError(
            f"the table has one column, {shorten(next(iter(table)))}",
            expected="a target and at least one feature",
            fix="give the right one with --read 'separator=;'",
        )
    check_names(
        table,
        {
            "load.target": target_names(spec.target),
            "load.columns": spec.columns,
            "load.drop": spec.drop,
            "load.group": spec.group,
            "load.time": (spec.time,) if spec.time else (),
            "load.kinds": tuple(spec.kinds),
        },
    )
