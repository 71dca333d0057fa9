"""A table to a Dataset: CSV (plain or gz), Parquet, DataFrame or dict of arrays.

Nothing is learned here but the table's schema: the kind of each column (which is printed and can be overridden) and
the names of the classes. Every value that a model may learn from is learned from training rows, after the split.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..device.cells import KINDS, Column, is_missing, read_column, shorten
from ..device.signature import Target
from ..errors import LoadError
from ..rows import Dataset, Schema
from .kinds import Inferred, date_format, infer_column
from .table import Reading, read_table, table_from_memory

TARGET_KINDS = ("", "classes", "number", "presence")
MAX_CLASSES = 1000
# A numeric target with more different values than this is a real number unless `target_kind` says otherwise.
MAX_CLASSES_OF_NUMBERS = 20


@dataclass(frozen=True)
class LoadTable:
    """A table and what its columns are for.

    source: path of a .csv, .csv.gz or .parquet file. target: the column to predict. target_kind: "classes", "number",
    "presence" (is the cell filled?) or "" to infer. positive: of two classes the one that scores are about; the rarer
    one if empty. columns: features (empty: all but target, group and time). drop: columns to leave out. kinds:
    overrides of the inferred kinds. group, time: columns for the split, no features. reading: how text is read.
    """

    source: str
    target: str
    target_kind: str = ""
    positive: str = ""
    columns: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    group: tuple[str, ...] = ()
    time: str = ""
    reading: Reading = Reading()

    def read(self, source: object = None) -> tuple[Dataset, tuple[Inferred, ...]]:
        """See `load_table`."""
        return load_table(self, source)

    def describe(self, source: object = None) -> dict[str, str]:
        """The source's name and sha256, for the report."""
        if source is not None:
            return {"name": f"a {type(source).__name__} in memory", "sha256": ""}
        return {"name": Path(self.source).name, "sha256": fingerprint(self.source)}


def load_table(spec: LoadTable, source: object = None) -> tuple[Dataset, tuple[Inferred, ...]]:
    """The Dataset of a spec, and what was inferred about each column.

    `source` (a DataFrame or a dict of arrays) stands in for the file of the spec. Raises LoadError, before anything
    else is done, for whatever cannot be read as one honest table.
    """
    _check_spec(spec)
    table = read_table(spec.source, spec.reading) if source is None else table_from_memory(source)
    _check_names(spec, table)
    missing = frozenset(spec.reading.missing_words)
    table, ids, left_out = _labelled_rows(table, spec, missing)
    y, target = _read_target(table[spec.target], spec, missing)
    columns, inferred = _infer_columns(table, spec, missing)
    if left_out:
        inferred = (Inferred(spec.target, "target", f"{left_out:,} rows without it are left out"), *inferred)
    x = {column.name: _read(table[column.name], column, missing) for column in columns}
    group = _group_codes([table[name] for name in spec.group]) if spec.group else None
    time = _read_time(table[spec.time], spec, missing) if spec.time else None
    schema = Schema(tuple(columns), target, spec.reading.missing_words)
    return Dataset(x=x, y=y, ids=ids, schema=schema, group=group, time=time), inferred


def fingerprint(path: str) -> str:
    """sha256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_spec(spec):
    if spec.target_kind not in TARGET_KINDS:
        raise LoadError(f"target_kind {spec.target_kind!r}", expected=", ".join(map(repr, TARGET_KINDS)),
                        fix="leave it empty to infer")
    for name, kind in spec.kinds.items():
        if kind not in (*KINDS, "ignored"):
            raise LoadError(f"kind {kind!r} for column {shorten(name)}", expected=", ".join((*KINDS, "ignored")),
                            fix=f"--kind '{name}=categorical', for example")


def _check_names(spec, table):
    asked = {"load.target": (spec.target,), "load.columns": spec.columns, "load.drop": spec.drop,
             "load.group": spec.group, "load.time": (spec.time,) if spec.time else (), "load.kinds": tuple(spec.kinds)}
    for knob, names in asked.items():
        for name in names:
            if name not in table:
                raise LoadError(f"{knob} names the column {shorten(name)}, which is not there",
                                expected=", ".join(shorten(each) for each in list(table)[:30]),
                                fix="correct the name; it must be written as in the header")


def _labelled_rows(table, spec, missing):
    """The table without the rows that have no target, the source rows kept int64 [rows], and how many were left out.
    """
    absent = np.fromiter((is_missing(cell, missing) for cell in table[spec.target]), bool)
    if spec.target_kind == "presence" or not absent.any():
        return table, np.arange(len(absent)), 0
    if absent.all():
        raise LoadError(f"the target {shorten(spec.target)} is missing in all {len(absent):,} rows",
                        expected="rows with a target", fix="choose another target, or check the missing words")
    kept = np.flatnonzero(~absent)
    return ({name: cells[kept] if isinstance(cells, np.ndarray) else [cells[place] for place in kept]
             for name, cells in table.items()}, kept, int(absent.sum()))


def _read_target(cells, spec, missing):
    """y and its Target. Raises LoadError where there is nothing to learn."""
    if spec.target_kind == "presence":
        return _as_presence(cells, spec, missing)
    numbers, bad = read_column(cells, Column(spec.target, "numeric", decimal=spec.reading.decimal), missing)
    few = not bad and len(np.unique(numbers)) <= MAX_CLASSES_OF_NUMBERS and np.all(numbers == np.round(numbers))
    if spec.target_kind == "number" or (spec.target_kind == "" and not bad and not few):
        return _as_number(numbers, bad, spec)
    texts, bad = read_column(cells, Column(spec.target, "categorical"), missing)
    if bad:
        raise LoadError(f"the target {shorten(spec.target)} in row {bad[0].row}: {bad[0].reason}",
                        expected="short class names", fix="mend the cell")
    labels, counts = np.unique(texts.astype(str), return_counts=True)
    if len(labels) > MAX_CLASSES:
        raise LoadError(f"the target {shorten(spec.target)} has {len(labels):,} classes", expected=f"at most "
                        f"{MAX_CLASSES:,}", fix="merge classes, or set load.target_kind=number for real numbers")
    if len(labels) == 1:
        raise LoadError(f"the target {shorten(spec.target)} has one class, {shorten(labels[0])}, in all rows",
                        expected="at least two classes", fix="choose another target, or bring rows of another class")
    if counts.min() == 1:
        raise LoadError(f"class {shorten(labels[counts.argmin()])} of the target {shorten(spec.target)} has one row",
                        expected="at least three rows of each class: one to learn from, one to validate, one to test",
                        fix="remove that row, merge the class with another, or bring more rows")
    order = _label_order(labels, counts, spec)
    place = {label: index for index, label in enumerate(order)}
    y = np.fromiter((place[text] for text in texts), np.int64, len(texts))
    return y, Target(spec.target, "binary" if len(order) == 2 else "multiclass", tuple(order))


def _as_presence(cells, spec, missing):
    y = np.fromiter((not is_missing(cell, missing) for cell in cells), np.int64, len(cells))
    if len(np.unique(y)) < 2:
        raise LoadError(f"the target {shorten(spec.target)} is {'filled' if y[0] else 'empty'} in all rows",
                        expected="some filled and some empty cells", fix="choose another target or target_kind")
    return y, Target(spec.target, "binary", (f"no {spec.target}", spec.target))


def _as_number(numbers, bad, spec):
    if bad:
        raise LoadError(f"the target {shorten(spec.target)} in row {bad[0].row}: {bad[0].reason}: {bad[0].value}",
                        expected="a number in every row", fix="mend the cell, or set load.target_kind=classes")
    if np.all(numbers == numbers[0]):
        raise LoadError(f"the target {shorten(spec.target)} is {numbers[0]:g} in all rows",
                        expected="at least two values", fix="choose another target")
    return numbers.astype(np.float64), Target(spec.target, "regression")


def _label_order(labels, counts, spec):
    labels = [str(label) for label in labels]
    if spec.positive and spec.positive not in labels:
        raise LoadError(f"load.positive={spec.positive!r}", expected=f"one of {', '.join(labels[:20])}",
                        fix="write the class as it stands in the table")
    if len(labels) != 2:
        return labels
    positive = spec.positive or (labels[0] if counts[0] < counts[1] else labels[1])
    return [label for label in labels if label != positive] + [positive]


def _infer_columns(table, spec, missing):
    apart = {spec.target, spec.time, *spec.group}
    names = spec.columns or [name for name in table if name not in apart]
    columns, inferred = [], []
    for name in names:
        if name in apart:
            raise LoadError(f"the column {shorten(name)} is a feature and the target, group or time as well",
                            expected="one role a column", fix="leave it out of load.columns")
        if name in spec.drop:
            continue
        given = spec.kinds.get(name, "")
        column, why = infer_column(name, table[name], given, decimal=spec.reading.decimal, missing=missing)
        inferred.append(Inferred(name, given or (column.kind if column else "ignored"), "given" if given else why))
        if column:
            columns.append(column)
    if not columns:
        raise LoadError("no feature column is left", expected="at least one",
                        fix="override a kind, for example --kind 'name=categorical', or drop fewer columns")
    return columns, tuple(inferred)


def _read(cells, column, missing):
    values, bad = read_column(cells, column, missing)
    if bad:
        first = bad[0]
        raise LoadError(f"the column {shorten(column.name)}, row {first.row}: {first.reason}: {first.value}"
                        + (f" (and {len(bad) - 1:,} more cells)" if len(bad) > 1 else ""),
                        expected=f"a {column.kind} value or a missing one",
                        fix="mend the cell, name the word as missing (--missing WORD), or override the column's kind "
                            f"(--kind '{column.name}=categorical' or =ignored)")
    return values


def _group_codes(columns):
    """int64 [rows]: one code a group, in the order of the groups' texts."""
    together = np.array(["\x1f".join(map(str, cells)) for cells in zip(*columns, strict=True)])
    return np.unique(together, return_inverse=True)[1]


def _read_time(cells, spec, missing):
    found = "ISO8601" if isinstance(cells, np.ndarray) else date_format(cells, missing)
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "fiu":  # a running number orders rows as well
        return cells.astype("datetime64[s]")
    if not found:
        numbers, bad = read_column(cells, Column(spec.time, "numeric"), missing)
        if bad or np.isnan(numbers).any():
            raise LoadError(f"the time column {shorten(spec.time)} has no one format",
                            expected="dates of one format, or numbers, in every row", fix="mend the column")
        return np.array([int(float(cell)) for cell in cells], "datetime64[s]")
    return _read(cells, Column(spec.time, "date", found), missing)
