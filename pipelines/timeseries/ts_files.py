"""Files of whole series with their classes, as the UCR and UEA archives write them (Bagnall et al.
2018, https://arxiv.org/abs/1811.00075): a header of @tags, then one row a line, channels parted by
colons, steps by commas, the class last.
"""

import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..device.cells import MISSING_WORDS, Column, read_numbers, shorten
from ..device.flow import MAX_SIDE
from ..errors import LoadError
from ..sources.limits import open_unpacked
from ..sources.precision import series_as_float32

MAX_FILE_BYTES = 512 * 2**20
MAX_CHANNELS = 1024
MAX_STEPS = MAX_SIDE
TS_MISSING = (*MISSING_WORDS, "?")
_FLAGS = {
    "timestamps": "timeStamps",
    "univariate": "univariate",
    "equallength": "equalLength",
    "classlabel": "classLabel",
}
_COUNTS = {
    "dimensions": ("dimensions", MAX_CHANNELS),
    "dimension": ("dimensions", MAX_CHANNELS),
    "serieslength": ("seriesLength", MAX_STEPS),
}


@dataclass
class TsFile:
    """What a file holds. rows: each float32 [steps, channels], the newest step last, NaN where a
    value is missing or where another channel of the row is longer; labels: the class of each;
    classes: in the order of the header.
    """

    name: str
    rows: list[np.ndarray] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    classes: tuple[str, ...] = ()

    @property
    def num_channels(self) -> int:
        return self.rows[0].shape[1]

    @property
    def longest(self) -> int:
        return max(len(row) for row in self.rows)


def read_ts(path: Path) -> TsFile:
    """Reads a .ts or .ts.gz file, of series of one or of many lengths. Raises LoadError naming the
    line where it is not what its header states, and for time stamps.
    """
    lines = _text(path).splitlines()
    file = TsFile(path.name)
    header = {}
    for number, line in enumerate(map(str.strip, lines), start=1):
        if not line or line[0] in "#%":
            continue
        where = f"{path.name!r}, line {number}"
        if line[0] == "@" and "data" not in header:
            _read_tag(line, header, file, where)
        elif "data" not in header:
            raise LoadError(
                f"{where}: {shorten(line)} before a line @data",
                expected="a header of @tags, @data, rows",
                fix="check that this is a .ts file of the UCR or UEA archive",
            )
        else:
            _read_row(line, header, file, where)
    if not file.rows:
        raise LoadError(
            f"{path.name!r} has no rows" + ("" if "data" in header else " and no line @data"),
            expected="a header of @tags, @data, and a row a line",
            fix="copy the file again",
        )
    return file


def _text(path):
    try:
        with open_unpacked(path, MAX_FILE_BYTES + 1) as opened:
            content = opened.read(MAX_FILE_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise LoadError(
            f"{path.name!r} cannot be read: {error}",
            expected="a whole .ts or .ts.gz file",
            fix="copy it again",
        ) from error
    if len(content) > MAX_FILE_BYTES:
        raise LoadError(
            f"{path.name!r} holds more than {MAX_FILE_BYTES:,} bytes",
            expected="a file that fits",
            fix="keep fewer rows, or write arrays for LoadSeriesArrays",
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")  # comments quote people's names; numbers are ASCII


def _read_tag(line, header, file, where):
    tag, *words = line[1:].split()
    tag = tag.lower()
    if tag in _FLAGS:
        if not words or words[0].lower() not in ("true", "false"):
            raise LoadError(
                f"{where}: {shorten(line)}",
                expected=f"@{_FLAGS[tag]} true or false",
                fix="fix the line",
            )
        header[tag] = words[0].lower() == "true"
    if tag in _COUNTS:
        name, most = _COUNTS[tag]
        if words and words[0].isdecimal() and len(words[0]) < 19:
            number = int(words[0])
        else:
            number = -1
        if not 0 < number <= most:
            raise LoadError(
                f"{where}: {shorten(line)}",
                expected=f"@{name} and a number of 1 to {most:,}",
                fix="fix the line; longer series are read after thinning them out",
            )
        header[name] = number
    if tag == "timestamps" and header[tag]:
        _refuse_times(where)
    if tag == "classlabel" and header[tag]:
        file.classes = tuple(words[1:])
    if tag == "data":
        header["data"] = True
        if not file.classes:
            raise LoadError(
                f"{where}: no class is named before",
                expected="a line such as @classLabel true 1 2",
                fix="name the classes; real-number targets are not read from .ts files",
            )
        if header.get("univariate"):
            header["dimensions"] = 1


def _refuse_times(where):
    raise LoadError(
        f"{where}: series with time stamps",
        expected="values alone, equally far apart",
        fix="lay them on a regular grid, and write them without stamps with @timeStamps false",
    )


def _read_row(line, header, file, where):
    *channels, label = line.split(":")
    if "(" in line:
        _refuse_times(where)
    wanted = header.setdefault("dimensions", len(channels))
    if len(channels) != wanted or not channels:
        raise LoadError(
            f"{where}: {len(channels)} channels",
            expected=f"{wanted}, as the header or the rows before "
            "say, then the class, parted by colons",
            fix="fix the line, or @dimensions",
        )
    label = label.strip()
    if label not in (*file.classes, *TS_MISSING):
        raise LoadError(
            f"{where}: the class {shorten(label)}",
            expected=", ".join(map(shorten, file.classes[:20])),
            fix="fix the line, or name the class in @classLabel",
        )
    read = [_read_steps(text, where) for text in channels]
    longest = max(map(len, read))
    lengths = {len(steps) for steps in read}
    if header.get("equallength"):
        steps = header.setdefault("seriesLength", longest)
        if lengths != {steps}:
            raise LoadError(
                f"{where}: {', '.join(map(str, sorted(lengths)))} steps",
                expected=f"{steps}, as @equalLength true, @seriesLength or the first row states",
                fix="write @equalLength false, or fix the line",
            )
    if longest > MAX_STEPS:
        raise LoadError(
            f"{where}: {longest:,} steps",
            expected=f"at most {MAX_STEPS:,}",
            fix="thin the series out",
        )
    row = np.full((longest, len(read)), np.nan, np.float32)
    for place, steps in enumerate(read):
        row[longest - len(steps) :, place] = steps
    file.rows.append(row)
    file.labels.append(label)


def _read_steps(text, where):
    if text.count(",") >= MAX_STEPS:  # before a list is made of them
        raise LoadError(
            f"{where}: {text.count(',') + 1:,} steps",
            expected=f"at most {MAX_STEPS:,}",
            fix="thin the series out",
        )
    values, bad = read_numbers(
        text.split(","),
        Column("", "numeric"),
        frozenset(TS_MISSING),
    )
    if bad:
        raise LoadError(
            f"{where}, step {bad[0].row + 1}: {bad[0].reason}: {bad[0].value}",
            expected="numbers parted by commas, ? where one is missing",
            fix="fix the line",
        )
    return series_as_float32(where, values)
