"""A table to a Dataset: CSV (plain or gz), Parquet, DataFrame or dict of arrays.

Nothing is learned here but the table's schema: the kind of each column (which is printed and can be overridden) and
the names of the classes. Every value that a model may learn from is learned from training rows, after the split.
"""

import csv
import gzip
import hashlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ..device.cells import (FALSE_WORDS, KINDS, MISSING_WORDS, TRUE_WORDS, Column, is_missing, read_column, shorten)
from ..device.signature import Target
from ..errors import LoadError
from ..rows import Dataset, Schema

TARGET_KINDS = ("", "classes", "number", "presence")
MAX_TABLE_BYTES = 4 * 2**30
MAX_CLASSES = 1000
MAX_COLUMNS = 10_000
# A numeric target with more different values than this is a real number unless `target_kind` says otherwise.
MAX_CLASSES_OF_NUMBERS = 20
# Text columns in which more than this share of the values occurs once are free text or ids.
MOSTLY_DISTINCT = 0.5
_SNIFF_BYTES = 65_536


@dataclass(frozen=True)
class Reading:
    """How text becomes cells. Empty `separator` and `encoding` are found from the file's beginning. `missing_words`:
    what reads as missing once white space is cut (the default is pandas' own list)."""

    separator: str = ""
    encoding: str = ""
    decimal: str = "."
    missing_words: tuple[str, ...] = MISSING_WORDS


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

    def read(self, source: object = None) -> "tuple[Dataset, tuple[Inferred, ...]]":
        """See `load_table`."""
        return load_table(self, source)

    def describe(self, source: object = None) -> dict[str, str]:
        """The source's name and sha256, for the report."""
        if source is not None:
            return {"name": f"a {type(source).__name__} in memory", "sha256": ""}
        return {"name": Path(self.source).name, "sha256": fingerprint(self.source)}


@dataclass(frozen=True)
class Inferred:
    """One line of the printed schema: a column, its kind ("ignored" where it is left out) and why."""

    name: str
    kind: str
    why: str


def load_table(spec: LoadTable, source: object = None) -> tuple[Dataset, tuple[Inferred, ...]]:
    """The Dataset of a spec, and what was inferred about each column.

    `source` (a DataFrame or a dict of arrays) stands in for the file of the spec. Raises LoadError, before anything
    else is done, for whatever cannot be read as one honest table.
    """
    _check_spec(spec)
    table = _cells(spec, source)
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


def read_rows(path: str, reading: Reading = Reading()) -> dict[str, Sequence]:
    """The raw cells of a table file by column, unread: what `Runner.predict` takes. Raises LoadError."""
    return _cells(LoadTable(source=path, target="", reading=reading), None)


def _check_spec(spec):
    if spec.target_kind not in TARGET_KINDS:
        raise LoadError(f"target_kind {spec.target_kind!r}", expected=", ".join(map(repr, TARGET_KINDS)),
                        fix="leave it empty to infer")
    for name, kind in spec.kinds.items():
        if kind not in (*KINDS, "ignored"):
            raise LoadError(f"kind {kind!r} for column {shorten(name)}", expected=", ".join((*KINDS, "ignored")),
                            fix=f"--kind '{name}=categorical', for example")


def _cells(spec, source):
    """Column name → raw cells: a list of text and None, or a typed numpy array."""
    if source is None:
        path = Path(spec.source)
        if not path.is_file():
            raise LoadError(f"no file {spec.source!r}", expected="a .csv, .csv.gz or .parquet file",
                            fix="check the path")
        if path.stat().st_size == 0:
            raise LoadError(f"{path.name!r} is empty (0 bytes)", expected="a header line and rows",
                            fix="check how the file was written")
        if path.stat().st_size > MAX_TABLE_BYTES:
            raise LoadError(f"{path.name!r} has {path.stat().st_size:,} bytes", expected=f"at most {MAX_TABLE_BYTES:,}",
                            fix="take fewer rows, or write Parquet with fewer columns")
        table = _read_parquet(path) if path.suffix == ".parquet" else _read_csv(path, spec.reading)
    else:
        table = _from_memory(source)
    if not table or not len(next(iter(table.values()))):
        raise LoadError(f"a table with {len(table)} columns and no rows", expected="a header line and rows",
                        fix="check how the table was written")
    return table


def _from_memory(source):
    import pandas as pd
    if isinstance(source, Mapping):
        lengths = {name: len(values) for name, values in source.items()}
        if len(set(lengths.values())) > 1:
            raise LoadError(f"columns of different lengths: {lengths}", expected="one value a row in every column",
                            fix="cut them to the same rows")
        source = pd.DataFrame({name: pd.Series(list(values) if np.ndim(values) == 1 and not hasattr(values, "dtype")
                                               else values) for name, values in source.items()})
    if not isinstance(source, pd.DataFrame):
        raise LoadError(f"a source of type {type(source).__name__}",
                        expected="a path, a pandas DataFrame or a dict of arrays", fix="pass one of these")
    _refuse_twice([str(name) for name in source.columns])
    return {str(name): _from_series(source[name]) for name in source.columns}


def _from_series(series):
    import pandas as pd
    if isinstance(series.dtype, np.dtype) and series.dtype.kind in "fiub":
        return series.to_numpy()
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        utc = series.dt.tz_convert("UTC").dt.tz_localize(None) if getattr(series.dtype, "tz", None) else series
        return utc.to_numpy().astype("datetime64[s]")
    if pd.api.types.is_bool_dtype(series.dtype) or not pd.api.types.is_numeric_dtype(series.dtype):
        return [None if absent else cell for cell, absent in zip(series.astype(object), series.isna(), strict=True)]
    return series.to_numpy(dtype=np.float64, na_value=np.nan)


def _read_parquet(path):
    import pandas as pd
    from pyarrow import ArrowInvalid
    try:
        return _from_memory(pd.read_parquet(path))
    except (ArrowInvalid, OSError) as error:
        raise LoadError(f"{path.name!r} cannot be read as Parquet: {shorten(str(error), 200)}",
                        expected="a Parquet file", fix="write it again, or rename a CSV file to .csv") from error


def _read_csv(path, reading):
    from pyarrow import ArrowInvalid, csv as arrow_csv, string
    start = _start(path)
    encoding = reading.encoding or _find_encoding(start, path)
    separator = reading.separator or _find_separator(start, encoding)
    names = _header(start, encoding, separator, path)
    try:
        reader = arrow_csv.open_csv(
            path, arrow_csv.ReadOptions(use_threads=False, encoding=encoding, block_size=64 * 2**20),
            arrow_csv.ParseOptions(delimiter=separator, newlines_in_values=True),
            arrow_csv.ConvertOptions(column_types={name: string() for name in names}, strings_can_be_null=False))
        batches, size = [], 0
        for batch in reader:
            size += batch.nbytes
            if size > MAX_TABLE_BYTES:
                raise LoadError(f"{path.name!r} unpacks to more than {MAX_TABLE_BYTES:,} bytes", expected="a table "
                                "that fits into memory", fix="take fewer rows or columns")
            batches.append(batch)
        columns = {name: [cell for batch in batches for cell in batch.column(place).to_pylist()]
                   for place, name in enumerate(reader.schema.names)}
    except (ArrowInvalid, UnicodeDecodeError, LookupError, EOFError, OSError) as error:
        raise LoadError(f"{path.name!r} cannot be read as CSV with separator {separator!r} and encoding {encoding}: "
                        f"{shorten(str(error), 200)}", expected="as many cells in every row as in the header",
                        fix="mend that row, or give --separator and --encoding") from error
    if len(columns) == 1:
        raise LoadError(f"{path.name!r} has one column, {shorten(names[0])}, with separator {separator!r}",
                        expected="a target and at least one feature", fix="give the right one with --separator ';'")
    return columns


def _start(path):
    """The first bytes of a file, unpacked."""
    try:
        with (gzip.open(path) if path.suffix == ".gz" else open(path, "rb")) as file:
            return file.read(_SNIFF_BYTES)
    except (gzip.BadGzipFile, EOFError) as error:
        raise LoadError(f"{path.name!r} is not a gzip file: {error}", expected="gzip, as the name says",
                        fix="compress it again, or rename it to .csv") from error


def _find_encoding(start, path):
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if b"\0" in start:
        raise LoadError(f"{path.name!r} holds null bytes: it is not text", expected="CSV text",
                        fix="write it as CSV, or give --encoding for UTF-16 without a mark")
    if _is_utf8(path):
        return "utf-8-sig" if start.startswith(b"\xef\xbb\xbf") else "utf-8"
    from charset_normalizer import from_bytes
    found = from_bytes(start).best()
    return found.encoding if found else "latin-1"


def _is_utf8(path):
    """Whether the whole file is UTF-8: an accent may come late."""
    import codecs
    decoder = codecs.getincrementaldecoder("utf-8")()
    with (gzip.open(path) if path.suffix == ".gz" else open(path, "rb")) as file:
        try:
            while block := file.read(2**20):
                decoder.decode(block)
        except UnicodeDecodeError:
            return False
        except (gzip.BadGzipFile, EOFError) as error:
            raise LoadError(f"{path.name!r} is not a whole gzip file: {error}", expected="gzip, as the name says",
                            fix="compress it again") from error
    return True


def _find_separator(start, encoding):
    text = start.decode(encoding, errors="replace")
    lines = text.splitlines()[:20] if text.count("\n") < 2 else text.splitlines()[:20][:-1] or [text]
    # The separator is the candidate that the header has and that parts the first rows into the header's width.
    best, most = ",", 0
    for candidate in ",;\t|":
        widths = [len(row) for row in csv.reader(lines, delimiter=candidate)
                  ] if not any(len(line) > 131_072 for line in lines) else [len(lines[0].split(candidate))]
        same = sum(width == widths[0] for width in widths) if widths and widths[0] > 1 else 0
        if same * 1000 + (widths[0] if widths else 0) > most and same:
            best, most = candidate, same * 1000 + widths[0]
    return best


def _header(start, encoding, separator, path):
    text = start.decode(encoding, errors="replace").lstrip("\ufeff")
    names = next(csv.reader(text.splitlines(), delimiter=separator), [])
    if not names:
        raise LoadError(f"{path.name!r} has no header line", expected="column names in the first line",
                        fix="write the names into the first line")
    _refuse_twice(names)
    return names


def _refuse_twice(names):
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise LoadError(f"the column name {', '.join(map(shorten, twice[:5]))} stands twice",
                        expected="one column a name", fix="rename or remove one of them")
    if len(names) > MAX_COLUMNS:
        raise LoadError(f"{len(names):,} columns", expected=f"at most {MAX_COLUMNS:,}", fix="drop columns first")


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
        column, why = _infer(name, table[name], given, spec, missing)
        inferred.append(Inferred(name, given or (column.kind if column else "ignored"), "given" if given else why))
        if column:
            columns.append(column)
    if not columns:
        raise LoadError("no feature column is left", expected="at least one",
                        fix="override a kind, for example --kind 'name=categorical', or drop fewer columns")
    return columns, tuple(inferred)


def _infer(name, cells, given, spec, missing):
    """(Column or None where it is ignored, why) of raw cells."""
    decimal = spec.reading.decimal
    if given == "ignored":
        return None, "given"
    if given:
        column = Column(name, given, decimal=decimal)
        return (replace(column, format=_date_format(cells, missing) or "ISO8601") if given == "date" else column), ""
    if isinstance(cells, np.ndarray):
        kind = {"b": "boolean", "M": "date"}.get(cells.dtype.kind, "numeric")
        return Column(name, kind), f"stored as {cells.dtype}"
    filled = [cell for cell in cells if not is_missing(cell, missing)]
    if not filled:
        return Column(name, "numeric"), "all missing"
    words = {str(cell).strip().lower() for cell in filled}
    if words <= TRUE_WORDS | FALSE_WORDS and not words <= {"0", "1", "0.0", "1.0"}:
        return Column(name, "boolean"), "true and false words"
    _, bad = read_column(filled, Column(name, "numeric", decimal=decimal), missing)
    odd = [each for each in bad if each.reason == "not a number"]
    if not odd:
        return Column(name, "numeric", decimal=decimal), "every value is a number"
    if len(odd) <= 0.1 * len(filled):
        examples = ", ".join(list(dict.fromkeys(each.value for each in odd))[:5])
        raise LoadError(f"the column {shorten(name)} has {len(filled) - len(odd):,} numbers and {len(odd):,} other "
                        f"values: {examples}", expected="numbers only, or categories",
                        fix=f"read them as missing (--missing WORD), or --kind '{name}=categorical'")
    date_format = _date_format(filled, missing)
    if date_format:
        return Column(name, "date", date_format), f"dates of the format {date_format}"
    distinct = len({str(cell) for cell in filled})
    if distinct > 50 and distinct > MOSTLY_DISTINCT * len(filled):
        return None, f"{distinct:,} different values in {len(filled):,} cells: free text or ids"
    return Column(name, "categorical"), f"{distinct:,} different values"


def _date_format(cells, missing):
    """The one format that reads every cell, or "" where there is none."""
    from pandas.tseries.api import guess_datetime_format
    filled = [str(cell).strip() for cell in cells if not is_missing(cell, missing)]
    if not filled or not any(letter.isdigit() for letter in filled[0]) or len(filled[0]) > 40:
        return ""
    guesses = ["ISO8601"] if filled[0][:4].isdigit() else []
    for dayfirst in (False, True):
        with warnings.catch_warnings():
            # pandas warns where the first date can only be read the other way round; every cell is tried below.
            warnings.simplefilter("ignore", UserWarning)
            guess = guess_datetime_format(filled[0], dayfirst=dayfirst)
        guesses += [guess] if guess and guess not in guesses else []
    for date_format in guesses:
        if not read_column(filled, Column("", "date", date_format), missing)[1]:
            return date_format
    return ""


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
    date_format = "ISO8601" if isinstance(cells, np.ndarray) else _date_format(cells, missing)
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "fiu":  # a running number orders rows as well
        return cells.astype("datetime64[s]")
    if not date_format:
        numbers, bad = read_column(cells, Column(spec.time, "numeric"), missing)
        if bad or np.isnan(numbers).any():
            raise LoadError(f"the time column {shorten(spec.time)} has no one format",
                            expected="dates of one format, or numbers, in every row", fix="mend the column")
        return np.array([int(float(cell)) for cell in cells], "datetime64[s]")
    return _read(cells, Column(spec.time, "date", date_format), missing)
