"""A source to raw cells: column name → list of text and None, or a typed numpy array. Nothing is
interpreted yet.
"""

import io
import json
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..device.cells import MISSING_WORDS, shorten
from ..device.numbers import THOUSANDS
from ..device.regular import open_regular
from ..errors import LoadError
from ..rows.parts import ColumnNote
from ..spec import Spec
from .csv_files import (
    OTHER_ENCODING,
    find_encoding,
    find_separator,
    read_csv,
    refuse_twice,
    with_rows,
)
from .files import find_file
from .limits import MAX_TABLE_BYTES, check_cells
from .marks import Marks, find_marks
from .parquet import read_parquet
from .spellings import check_spelling

_NUM_NAMED = 5  # columns of a model
MAX_JSON_LINE = 16 * 2**20


@dataclass(frozen=True)
class Reading(Spec):
    """How text becomes cells.

    Attributes:
        separator: The character between cells; empty: found.
        encoding: How characters are encoded, by its Python name; empty: found.
        decimal: The decimal mark, "." or ","; empty: found.
        missing_words: What reads as missing once white space is cut; the default is pandas' list.
        spelling: What becomes of classes and series whose names differ in spelling alone: "join"
            makes them one, "keep" leaves them apart; empty: classes that look the same are joined,
            names that differ in case are refused (see `sources.spellings`).
        thousands: The mark that parts the digits of numbers in threes: . , ' or a space; empty:
            found.
    """

    separator: str = ""
    encoding: str = ""
    decimal: str = ""
    missing_words: tuple[str, ...] = MISSING_WORDS
    spelling: str = ""
    thousands: str = ""

    def named_words(self) -> frozenset[str]:
        """The words for missing that the user has named: those beyond the default ones, those that
        stand twice, and all of a list that has few of the default ones.
        """
        default = set(MISSING_WORDS)
        counts = Counter(self.missing_words)
        is_own_list = 2 * len(default & set(counts)) < len(default)
        return frozenset(
            word
            for word, count in counts.items()
            if is_own_list or count > 1 or word not in default
        )

    def check(self) -> None:
        """Raises LoadError for what no text can be read with."""
        check_spelling(self.spelling)
        if self.separator and (len(self.separator) != 1 or self.separator in '"\r\n'):
            raise LoadError(
                f"separator {self.separator!r}",
                expected="one character",
                fix="--read 'separator=;'",
            )
        if self.decimal not in ("", ".", ","):
            raise LoadError(
                f"decimal mark {self.decimal!r}", expected="'.' or ','", fix="--read decimal=,"
            )
        if self.thousands not in THOUSANDS:
            raise LoadError(
                f"thousands mark {self.thousands!r}",
                expected="'.', ',', \"'\" or ' '",
                fix="--read thousands=.",
            )
        if self.thousands and self.thousands == self.decimal:
            raise LoadError(
                f"{self.decimal!r} as the decimal mark and the thousands mark",
                expected="two marks",
                fix="leave --read decimal or --read thousands out",
            )
        if self.encoding:
            try:
                "a".encode(self.encoding).decode(self.encoding)
            except (LookupError, UnicodeError, AttributeError, ValueError):
                raise LoadError(
                    f"encoding {self.encoding!r}",
                    expected="a text encoding that Python knows",
                    fix="--read encoding=utf-8, or cp1252, latin-1, ...",
                ) from None


def read_table(source: str, reading: Reading = Reading()) -> dict[str, Sequence]:
    """The raw cells of a .csv, .csv.gz, .parquet or .jsonl file by column: what `Runner.predict`
    takes. Raises LoadError for whatever cannot be read as one honest table.
    """
    reading.check()
    refuse_whole_series(source)
    refuse_arrays(source)
    path = find_table(source)
    size = path.stat().st_size
    if size == 0:
        raise LoadError(
            f"{path.name!r} is empty (0 bytes)",
            expected="a header line and rows",
            fix="check how the file was written",
        )
    if size > MAX_TABLE_BYTES:
        raise LoadError(
            f"{path.name!r} has {size:,} bytes",
            expected=f"at most {MAX_TABLE_BYTES:,}",
            fix="take fewer rows, or write Parquet with fewer columns",
        )
    if _is_parquet(path):
        return _read_parquet(path)
    if _is_jsonl(path):
        return _read_jsonl(path, reading)
    return read_csv(path, settle_reading(path, reading))


def refuse_whole_series(source: str) -> None:
    """Raises LoadError for a .ts file: it holds whole series with a class each, and no table."""
    path = Path(source)
    if not path.name.lower().endswith((".ts", ".ts.gz")):
        return
    other = path.with_name(path.name.replace("_TRAIN", "_TEST"))
    if other != path and other.is_file():
        files = [path, other]
    else:
        files = [path]
    raise LoadError(
        f"{path.name!r} is a .ts file, which holds whole series with a class each",
        expected="a table of rows: .csv, .csv.gz, .parquet or .jsonl",
        fix=f"python -m pipelines series {shlex.join(map(str, files))}; as a function: LoadTsFiles",
    )


def refuse_series_to_answer(source: str, names: Sequence[str]) -> None:
    """Raises LoadError for a file of whole series that are to be answered: only a training reads
    one.

    Args:
        source: Path of the file.
        names: The columns that the model knows.
    """
    name = Path(source).name
    if not name.lower().endswith((".ts", ".ts.gz", ".npy", ".npz")):
        return
    header = ", ".join(map(shorten, names[:_NUM_NAMED]))
    raise LoadError(
        f"{name!r} holds whole series or arrays",
        expected="a table of rows: .csv, .csv.gz, .parquet or .jsonl",
        fix=f"write a table with the columns {header}, a whole series in one cell, such as "
        "'1.5 NA 3'; or in Python: Runner.load(BUNDLE).predict({column: array})",
    )


def refuse_arrays(source: str) -> None:
    """Raises LoadError for a file of numpy arrays: it holds pictures or whole series."""
    name = Path(source).name
    if not name.lower().endswith((".npy", ".npz")):
        return
    raise LoadError(
        f"{name!r} holds arrays",
        expected="a table of rows: .csv, .csv.gz, .parquet or .jsonl",
        fix="python -m pipelines images, or series, learns from arrays",
    )


def find_table(source: str) -> Path:
    """The path of a source; bundled data are found from any folder. Raises LoadError where there is
    no file.
    """
    return find_file(source, "a .csv, .csv.gz, .parquet or .jsonl file")


def settle_reading(path: Path, reading: Reading) -> Reading:
    """The reading with separator and encoding found where they were not given."""
    if _is_parquet(path) or _is_jsonl(path):
        return reading
    encoding = reading.encoding or find_encoding(path)
    separator = reading.separator or find_separator(path, encoding)
    return replace(reading, encoding=encoding, separator=separator)


def read_source(
    path: str, reading: Reading, source: object = None
) -> tuple[Mapping[str, Sequence], tuple[ColumnNote, ...]]:
    """The cells of a file by column, or of `source`, a DataFrame or a dict of arrays that stands in
    for it; and what was found of how it is written. Raises LoadError.
    """
    if source is not None:
        return table_from_memory(source), ()
    settled = settle_reading(find_table(path), reading)
    if settled.encoding != OTHER_ENCODING or reading.encoding == OTHER_ENCODING:
        notes = ()
    else:
        notes = (
            ColumnNote(
                "(the file)",
                "cp1252",
                "not UTF-8, so read as Western Windows text; --read encoding=NAME",
            ),
        )
    return read_table(path, settled), notes


def marks_of(
    table: Mapping[str, Sequence], path: str, reading: Reading, source: object = None
) -> Marks:
    """How the numbers of a table are written, which `read_source` gave of the same arguments."""
    if source is not None:
        separator = ""
    else:
        separator = settle_reading(find_table(path), reading).separator
    return find_marks(
        table,
        reading.decimal,
        reading.thousands,
        separator=separator,
        missing=frozenset(reading.missing_words),
    )


def check_names(table: Mapping[str, Sequence], asked: Mapping[str, Sequence[str]]) -> None:
    """Raises LoadError where a name that a knob asks for (knob → names) is no column."""
    for knob, names in asked.items():
        for name in names:
            if name not in table:
                raise LoadError(
                    f"{knob} names the column {shorten(name)}, which is not there",
                    expected=", ".join(shorten(each) for each in list(table)[:30]),
                    fix="correct the name; it must be written as in the header",
                )


def table_from_memory(source: object) -> dict[str, Sequence]:
    """The cells of a DataFrame or a dict of arrays by column. Raises LoadError."""
    import pandas as pd

    if isinstance(source, Mapping):
        refuse_twice([str(name) for name in source])
        for name, values in source.items():
            if (
                not isinstance(
                    values, (list, tuple, np.ndarray, pd.Series, pd.api.extensions.ExtensionArray)
                )
                or getattr(values, "ndim", 1) != 1
            ):
                raise LoadError(
                    f"column {shorten(name)} of type {type(values).__name__}",
                    expected="a list or a one-dimensional array in every column",
                    fix="give each column its own name and its own array",
                )
        lengths = {name: len(values) for name, values in source.items()}
        if len(set(lengths.values())) > 1:
            raise LoadError(
                f"columns of different lengths: {shorten(lengths, 200)}",
                expected="one value a row in every column",
                fix="cut them to the same rows",
            )
        source = pd.DataFrame({name: _to_series(values) for name, values in source.items()})
    if not isinstance(source, pd.DataFrame):
        raise LoadError(
            f"a source of type {type(source).__name__}",
            expected="a path, a pandas DataFrame or a dict of arrays",
            fix="pass one of these",
        )
    refuse_twice([str(name) for name in source.columns])
    columns = {}
    for name in source.columns:
        columns[str(name)] = _from_series(source[name], str(name))
    return with_rows(columns)


def _to_series(values):
    import pandas as pd

    if isinstance(values, tuple):
        values = list(values)
    try:
        return pd.Series(values)
    except UnicodeEncodeError:
        # pandas keeps texts as UTF-8, in which half of a surrogate pair has no bytes.
        return pd.Series(values, dtype=object)


def _from_series(series, name):
    import pandas as pd

    if series.dtype.kind == "c":
        raise LoadError(
            f"column {shorten(name)} of complex numbers",
            expected="real numbers, text, truth values, dates",
            fix="split it into two columns",
        )
    if isinstance(series.dtype, np.dtype) and series.dtype.kind in "fiub":
        return series.to_numpy()
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        if getattr(series.dtype, "tz", None):
            utc = series.dt.tz_convert("UTC").dt.tz_localize(None)
        else:
            utc = series
        return utc.to_numpy().astype("datetime64[s]")
    if pd.api.types.is_bool_dtype(series.dtype) or not pd.api.types.is_numeric_dtype(series.dtype):
        return [
            None if absent is True else cell
            for cell, absent in zip(
                series.astype(object),
                series.isna().tolist(),
                strict=True,
            )
        ]
    return series.to_numpy(dtype=np.float64, na_value=np.nan)


def _is_parquet(path):
    return path.suffix.lower() == ".parquet"


def _is_jsonl(path):
    return path.suffix.lower() in (".jsonl", ".ndjson")


def _read_jsonl(path, reading):
    """One JSON object a line (https://jsonlines.org); a name that a line does not have is missing
    there.
    """
    rows = []
    names = {}
    encoding = reading.encoding or "utf-8-sig"
    size = 0
    with io.TextIOWrapper(open_regular(path), encoding=encoding) as file:
        try:
            for line in iter(lambda: file.readline(MAX_JSON_LINE + 1), ""):
                if not line.strip():
                    continue
                if len(line) > MAX_JSON_LINE:
                    raise ValueError(f"a line of more than {MAX_JSON_LINE:,} characters")
                row = json.loads(line)
                if not isinstance(row, dict) or any(
                    isinstance(each, (dict, list)) for each in row.values()
                ):
                    raise ValueError(
                        f"not an object of single values but {shorten(line.strip(), 80)}"
                    )
                names.update(dict.fromkeys(row))
                size += len(row)
                check_cells(size, 1, path.name)
                rows.append(row)
        except (ValueError, RecursionError) as error:
            raise LoadError(
                f"{path.name!r}, after {len(rows):,} rows: {shorten(str(error), 200)}",
                expected="one JSON object a line, of numbers, texts, true, false or null",
                fix="fix that line, or give --read encoding=...",
            ) from error
    refuse_twice(list(names))
    check_cells(len(rows), len(names), path.name)
    return with_rows({name: [row.get(name) for row in rows] for name in names})


def _read_parquet(path):
    from pyarrow import ArrowException

    try:
        return table_from_memory(read_parquet(path))
    except (ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise LoadError(
            f"{path.name!r} cannot be read as Parquet: {shorten(str(error), 200)}",
            expected="a Parquet file",
            fix="write it again, or rename a CSV file to .csv",
        ) from error
