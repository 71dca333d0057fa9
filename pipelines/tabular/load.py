"""A table to a Dataset: CSV (plain or gz), Parquet, DataFrame or dict of arrays.

Nothing is learned here but the table's schema: the kind of each column (which is printed and can be
overridden) and the names of the classes. Every value that a model may learn from is learned from
training rows, after the split.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..device.cells import KINDS, read_column, read_numbers, shorten
from ..device.visible import and_more
from ..errors import LoadError
from ..rows.parts import ColumnNote, Dataset, Schema
from ..rows.sketch import DataSketch
from ..slots import Loader
from ..sources.files import describe_memory, file_digest
from ..sources.given_kinds import check_given_kinds
from ..sources.kinds import infer_column, read_times
from ..sources.label_sets import target_names, target_title
from ..sources.labels import group_codes
from ..sources.precision import numbers_as_float32
from ..sources.row_numbers import counts_rows
from ..sources.spellings import describe_groups, describe_spellings
from ..sources.table import Reading, check_names, find_table, marks_of, read_source
from ..sources.target_column import (
    check_target,
    labelled_rows,
    read_target,
    refuse_positive,
    tasks_of_kind,
)
from ..sources.words import describe_words
from .draw import draw_missing

MAX_NAMED = 3


@dataclass(frozen=True)
class LoadTable(Loader):
    """Loads a table and states what its columns are for.

    Attributes:
        source: Path of a .csv, .csv.gz or .parquet file.
        target: The column to predict; several columns are one label each.
        target_kind: "classes", "labels" (several in a cell), "number", "presence" (is the cell
            filled?), or "" to infer it.
        label_separator: What stands between the labels of a cell; if empty, it is found.
        empty_class: The class of rows without a target, of labels the word for none; if empty, such
            rows are left out.
        positive: Of two classes the one that scores are about; if empty, the one called true, yes
            or 1, else the rarer one.
        columns: Features; if empty, all but target, group and time.
        drop: Columns to leave out.
        kinds: Kinds of columns that override the inferred ones.
        group: Columns of which rows with the same values stay together in one part. They are no
            features.
        time: The column of time for the split; it is no feature.
        reading: How text is read.
    """

    source: str
    target: str | tuple[str, ...]
    target_kind: str = ""
    label_separator: str = ""
    empty_class: str = ""
    positive: str = ""
    columns: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    group: tuple[str, ...] = ()
    time: str = ""
    reading: Reading = Reading()

    def sketch(self) -> DataSketch:
        """Returns what the knobs alone show of the table."""
        return DataSketch(
            tasks_of_kind(self.target_kind),
            frozenset(KINDS),
            has_groups=self.has_groups(),
            has_times=bool(self.time),
            may_name_parts=False,
        )

    def suits(self, sketch: DataSketch) -> str:
        """Returns why a knob would have no effect, or ""."""
        return refuse_positive(self.positive, sketch)

    def has_groups(self) -> bool:
        """Returns whether `group` names columns."""
        return bool(self.group)

    def read(self, source: object = None) -> tuple[Dataset, tuple[ColumnNote, ...]]:
        """See `load_table`."""
        return load_table(self, source)

    def describe(self, source: object = None) -> dict[str, str]:
        """The source's name and sha256, for the report."""
        if source is not None:
            return describe_memory(source)
        return {"name": Path(self.source).name, "sha256": file_digest(find_table(self.source))}

    def draw(self, recipe, splits, shipped, evaluation) -> list[tuple[str, str]]:
        """(title, base64 PNG) of what only tables have: see `draw_missing`."""
        return draw_missing(splits)


def load_table(spec: LoadTable, source: object = None) -> tuple[Dataset, tuple[ColumnNote, ...]]:
    """The Dataset of a spec, and what was inferred about each column.

    `source` (a DataFrame or a dict of arrays) stands in for the file of the spec. Raises LoadError,
    before anything else is done, for whatever cannot be read as one honest table.
    """
    _check_spec(spec)
    table, notes, settled = read_source(spec.source, spec.reading, source, packed=True)
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
    missing = frozenset(spec.reading.missing_words)
    marks = marks_of(table, settled)
    table, ids, left_out = labelled_rows(table, spec, missing)
    y, target, target_notes = read_target(table, spec, missing, marks)
    notes += target_notes
    columns, inferred = _infer_columns(table, spec, ids, marks)
    if left_out:
        title = target_title(spec.target)
        notes = (ColumnNote(title, "target", " ".join(left_out).strip()), *notes)
    x = {column.name: _read(table[column.name], column, missing) for column in columns}
    groups = {name: table[name] for name in spec.group}
    if groups:
        group = group_codes(groups, missing)
    else:
        group = None
    notes += describe_groups(groups)
    if spec.time:
        time = read_times(table[spec.time], spec.time, missing, spec.kinds.get(spec.time, ""))[0]
    else:
        time = None
    schema = Schema(tuple(columns), target, spec.reading.missing_words)
    return Dataset(x=x, y=y, ids=ids, schema=schema, group=group, time=time), (*notes, *inferred)


def _check_spec(spec):
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


def _infer_columns(table, spec, rows, marks):
    missing = frozenset(spec.reading.missing_words)
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
        given = spec.kinds.get(name, "")
        if given or name in spec.columns:
            counting = ""
        else:
            counting = counts_rows(name, table[name], rows)
        if counting:
            inferred.append(ColumnNote(name, "ignored", counting))
            continue
        column, why = infer_column(name, table[name], given, marks=marks, missing=missing)
        if column:
            why += describe_words(table[name], column, missing, spec.reading.named_words())
        if column and column.kind == "categorical":
            why += describe_spellings(table[name], column, missing)
        inferred.append(ColumnNote(name, given or (column.kind if column else "ignored"), why))
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


def _read(cells, column, missing):
    is_numeric = column.kind == "numeric"
    if is_numeric:
        values, bad = read_numbers(cells, column, missing)
    else:
        values, bad = read_column(cells, column, missing)
    if bad:
        first = bad[0]
        more = and_more(len(bad) - 1, "cell")
        raise LoadError(
            f"the column {shorten(column.name)}, row {first.row}: {first.reason}: "
            f"{first.value}{more}",
            expected=f"a {column.kind} value or a missing one",
            fix="correct the cell, name the word as missing (--read missing=WORD), or override the "
            f"column's kind (--kind '{column.name}=categorical' or =ignored)",
        )
    if is_numeric:
        return numbers_as_float32(column.name, cells, values)
    return values
