"""A table to a Dataset: CSV (plain or gz), Parquet, DataFrame or dict of arrays.

Nothing is learned here but the table's schema: the kind of each column (which is printed and can be
overridden) and the names of the classes. Every value that a model may learn from is learned from
training rows, after the split.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..device.cells import KINDS
from ..errors import LoadError
from ..rows.parts import ColumnNote, Dataset, Schema
from ..rows.sketch import DataSketch
from ..slots import Loader
from ..sources.files import describe_memory, file_digest
from ..sources.header import describe_names
from ..sources.kinds import read_times
from ..sources.label_sets import target_title
from ..sources.labels import group_codes
from ..sources.part_cells import all_rows
from ..sources.parts import TableParts, find_parts, is_in_parts, is_one_file, text_bytes
from ..sources.spellings import describe_groups
from ..sources.table import Reading, find_table, marks_of, read_source
from ..sources.target_column import labelled_rows, read_target, refuse_positive, tasks_of_kind
from .columns import check_columns, check_load, infer_columns, read_columns
from .draw import draw_missing
from .memory import Memory, way_in_words
from .streamed import load_streamed


@dataclass(frozen=True)
class LoadTable(Loader):
    """Loads a table and states what its columns are for.

    Attributes:
        source: Path of a .csv, .csv.gz, .parquet, .jsonl or .tfrecord file; or of a folder of such
            files, or a URL of either (see docs/your-own-data/past-memory.md).
        target: The column to predict; several columns are one label each.
        target_kind: "classes", "labels" (several in a cell), "number", "presence" (is the cell
            filled?), "characters" (a short text to spell), or "" to infer it.
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
        memory: Whether files are held as a whole or read part by part.
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
    memory: Memory = Memory()

    def check(self) -> None:
        """Raises LoadError for an unknown way to hold the rows."""
        self.memory.check()

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

    def streams(self, source: object = None) -> bool:
        """Returns whether the rows are read part by part."""
        if source is not None or not self._may_be_in_parts():
            return False
        return self.memory.streams(self.find_parts())

    def find_parts(self) -> TableParts:
        """Returns the parts of the source. Raises LoadError if they are no table."""
        reading = self.reading
        if reading.quotes:
            raise LoadError(
                f"--read quotes={reading.quotes} for a table in parts",
                expected="one file, which is held as a whole",
                fix="join the files, or write them with quotes around whole cells, as pandas does",
            )
        return find_parts(self.source, separator=reading.separator, encoding=reading.encoding)

    def _may_be_in_parts(self):
        """Tests whether the parts are worth a look: those of one small file of text are not."""
        is_whole = is_one_file(self.source) and self.reading.quotes
        if is_whole or not is_in_parts(self.source):
            return False
        num_bytes = text_bytes(self.source)
        return num_bytes is None or self.memory.may_stream(num_bytes)

    def read(self, source: object = None) -> tuple[Dataset, tuple[ColumnNote, ...]]:
        """See `load_table`."""
        return load_table(self, source)

    def describe(self, source: object = None) -> dict[str, str]:
        """The source's name and sha256, for the report."""
        if source is not None:
            return describe_memory(source)
        if is_in_parts(self.source) and not is_one_file(self.source):
            table = self.find_parts()
            return {"name": table.name, "sha256": table.identity}
        return {"name": Path(self.source).name, "sha256": file_digest(find_table(self.source))}

    def draw(self, recipe, splits, shipped, evaluation) -> list[tuple[str, str]]:
        """(title, base64 PNG) of what only tables have: see `draw_missing`."""
        return draw_missing(splits)


def load_table(spec: LoadTable, source: object = None) -> tuple[Dataset, tuple[ColumnNote, ...]]:
    """The Dataset of a spec, and what was inferred about each column.

    `source` (a DataFrame or a dict of arrays) stands in for the file of the spec. Raises LoadError,
    before anything else is done, for whatever cannot be read as one honest table.
    """
    check_load(spec)
    if spec.streams(source):
        return load_streamed(spec, spec.find_parts())
    held: tuple[ColumnNote, ...] = ()
    separator = ""
    if source is None and is_in_parts(spec.source) and not is_one_file(spec.source):
        parts = spec.find_parts()
        separator = parts.format.separator
        source, held = _as_frame(parts)
    table, notes, settled = read_source(spec.source, spec.reading, source, packed=True)
    settled = replace(settled, separator=settled.separator or separator)
    notes = (*held, *notes)
    check_columns(table, spec)
    missing = frozenset(spec.reading.missing_words)
    notes += describe_names(table, settled.separator, missing)
    marks = marks_of(table, settled)
    table, ids, left_out = labelled_rows(table, spec, missing)
    y, target, target_notes = read_target(table, spec, missing, marks, rows=ids)
    notes += target_notes
    columns, inferred = infer_columns(table, spec, ids, marks)
    if left_out:
        title = target_title(spec.target)
        notes = (ColumnNote(title, "target", " ".join(left_out).strip()), *notes)
    x = read_columns(table, columns, missing, rows=ids)
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


def _as_frame(parts: TableParts):
    """Returns all rows of a table in parts as a DataFrame, and lines of the printed schema."""
    words = ColumnNote("(the source)", "whole", way_in_words(parts, is_streamed=False))
    return all_rows(parts).reset_index(drop=True), (words,)
