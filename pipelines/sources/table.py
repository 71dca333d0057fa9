"""A source to raw cells: column name → list of text and None, or a typed numpy array. Nothing is
interpreted yet.
"""

import csv
import io
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..device.cells import MISSING_WORDS, shorten
from ..device.numbers import THOUSANDS
from ..device.regular import open_regular
from ..errors import LoadError
from ..rows.parts import ColumnNote
from ..spec import Spec
from .csv_files import OTHER_ENCODING, find_encoding, find_separator, read_csv
from .csv_text import refuse_twice, with_rows
from .fast_csv import read_fast
from .fast_jsonl import packed_column, read_fast_lines
from .files import find_file
from .json_rows import EXPECTED, MAX_JSON_LINE, NoRow, json_object, row_error
from .limits import MAX_TABLE_BYTES, check_cells
from .marks import Marks, find_marks
from .memory import table_from_memory
from .other_files import refuse_other_kind
from .parquet import PARQUET, read_parquet
from .spellings import check_spelling

_NUM_NAMED = 5  # columns of a model


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
        quotes: What a quote at the beginning of a cell means: empty: that it ends at the next one;
            "none": nothing, as in tab-separated text.
    """

    separator: str = ""
    encoding: str = ""
    decimal: str = ""
    missing_words: tuple[str, ...] = MISSING_WORDS
    spelling: str = ""
    thousands: str = ""
    quotes: str = ""

    def quoting(self) -> int:
        """Returns what the csv module calls `quotes`."""
        if self.quotes:
            return csv.QUOTE_NONE
        return csv.QUOTE_MINIMAL

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
        if self.quotes not in ("", "none"):
            raise LoadError(
                f"quotes {self.quotes!r}",
                expected="none, or nothing where quotes hold a cell together",
                fix="--read quotes=none",
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


def read_table(
    source: str, reading: Reading = Reading(), *, packed: bool = False
) -> dict[str, Sequence]:
    """Returns the raw cells of a .csv, .csv.gz, .parquet or .jsonl file by column, as
    `Runner.predict` takes them.

    Args:
        source: Path of the file.
        reading: How its text is read.
        packed: Whether columns of text may be `PackedCells`, which take a tenth of the time and
            memory to read as a whole; else they are lists, for those who look at single cells.

    Raises:
        LoadError: For whatever cannot be read as one honest table.
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
            fix="write it as Parquet, which is read part by part "
            "(docs/your-own-data/past-memory.md), or take fewer rows",
        )
    if _is_parquet(path):
        return _read_parquet(path, packed)
    if _is_jsonl(path):
        return _read_lines(path, reading, packed)
    settled = settle_reading(path, reading)
    if packed and not settled.quotes:
        table = read_fast(path, settled.separator, settled.encoding)
        if table is not None:
            return dict(table)
    return read_csv(path, settled)


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
    """The reading with separator and encoding found where they were not given. Raises LoadError for
    a file that is no table.
    """
    if _is_parquet(path) or _is_jsonl(path):
        return reading
    refuse_other_kind(path)
    encoding = reading.encoding or find_encoding(path)
    separator = reading.separator or find_separator(path, encoding)
    return replace(reading, encoding=encoding, separator=separator)


def read_source(
    path: str, reading: Reading, source: object = None, *, packed: bool = False
) -> tuple[Mapping[str, Sequence], tuple[ColumnNote, ...], Reading]:
    """The cells of a file by column, or of `source`, a DataFrame or a dict of arrays that stands in
    for it; and what was found of how it is written, as notes and as the reading for `marks_of`.
    `packed` is of `read_table`. Raises LoadError.
    """
    if source is not None:
        return table_from_memory(source, packed=packed), (), replace(reading, separator="")
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
    return read_table(path, settled, packed=packed), notes, settled


def marks_of(table: Mapping[str, Sequence], reading: Reading) -> Marks:
    """Returns how the numbers of a table are written, which `read_source` gave with the reading."""
    return find_marks(
        table,
        reading.decimal,
        reading.thousands,
        separator=reading.separator,
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


def _is_parquet(path):
    return path.name.lower().endswith(PARQUET)


def _is_jsonl(path):
    return path.suffix.lower() in (".jsonl", ".ndjson")


def _read_lines(path, reading, packed):
    """Returns the columns of JSON lines."""
    lines: dict[str, Sequence] | None = None
    if packed:
        lines = read_fast_lines(path, reading.encoding)
    if lines is None:
        lines = _read_jsonl(path, reading)
        if packed:
            lines = {name: packed_column(cells) for name, cells in lines.items()}
    refuse_twice(list(lines))
    return with_rows(lines)


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
                row = json_object(line)
                names.update(dict.fromkeys(row))
                size += len(row)
                check_cells(size, 1, path.name)
                rows.append(row)
        except NoRow as error:
            raise row_error(path.name, len(rows), error) from error
        except UnicodeError as error:
            raise LoadError(
                f"{path.name!r}, after {len(rows):,} rows: {shorten(str(error), 200)}",
                expected=EXPECTED,
                fix="give --read encoding=...",
            ) from error
    check_cells(len(rows), len(names), path.name)
    return {name: [row.get(name) for row in rows] for name in names}


def _read_parquet(path, packed):
    from pyarrow import ArrowException

    try:
        return table_from_memory(read_parquet(path), packed=packed)
    except (ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise LoadError(
            f"{path.name!r} cannot be read as Parquet: {shorten(str(error), 200)}",
            expected="a Parquet file",
            fix="write it again, or rename a CSV file to .csv",
        ) from error
