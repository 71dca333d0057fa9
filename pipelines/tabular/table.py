"""A source to raw cells: column name → list of text and None, or a typed numpy array. Nothing is interpreted yet."""

import csv
import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..device.cells import MISSING_WORDS, shorten
from ..errors import LoadError

MAX_TABLE_BYTES = 4 * 2**30
MAX_COLUMNS = 10_000
_SNIFF_BYTES = 65_536


@dataclass(frozen=True)
class Reading:
    """How text becomes cells. Empty `separator` and `encoding` are found from the file's beginning. `missing_words`:
    what reads as missing once white space is cut (the default is pandas' own list)."""

    separator: str = ""
    encoding: str = ""
    decimal: str = "."
    missing_words: tuple[str, ...] = MISSING_WORDS


def read_table(source: str, reading: Reading = Reading()) -> dict[str, Sequence]:
    """The raw cells of a .csv, .csv.gz or .parquet file by column: what `Runner.predict` takes. Raises LoadError for
    whatever cannot be read as one honest table."""
    path = Path(source)
    if not path.is_file():
        raise LoadError(f"no file {source!r}", expected="a .csv, .csv.gz or .parquet file", fix="check the path")
    size = path.stat().st_size
    if size == 0:
        raise LoadError(f"{path.name!r} is empty (0 bytes)", expected="a header line and rows",
                        fix="check how the file was written")
    if size > MAX_TABLE_BYTES:
        raise LoadError(f"{path.name!r} has {size:,} bytes", expected=f"at most {MAX_TABLE_BYTES:,}",
                        fix="take fewer rows, or write Parquet with fewer columns")
    return _read_parquet(path) if path.suffix == ".parquet" else _with_rows(_read_csv(path, reading))


def table_from_memory(source: object) -> dict[str, Sequence]:
    """The cells of a DataFrame or a dict of arrays by column. Raises LoadError."""
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
    return _with_rows({str(name): _from_series(source[name]) for name in source.columns})


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
        return table_from_memory(pd.read_parquet(path))
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


def _with_rows(table):
    if not table or not len(next(iter(table.values()))):
        raise LoadError(f"a table with {len(table)} columns and no rows", expected="a header line and rows",
                        fix="check how the table was written")
    return table
