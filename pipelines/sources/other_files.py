"""Files that are no table of text, by their first bytes: read as CSV they would give an error of
cells, or a table of nonsense.
"""

import re
from pathlib import Path

from ..device.regular import open_regular
from ..errors import LoadError

_GZIP = b"\x1f\x8b"
_PACKED_LINES = (".jsonl.gz", ".ndjson.gz", ".json.gz")
_AS_PARQUET = "write it as Parquet: pandas.read_{kind}(...).to_parquet('rows.parquet', index=False)"
# A pattern of the first bytes, which no line of text begins with → what such a file is, and what to
# do.
_KINDS = {
    rb"PAR1\x15": ("Parquet", "rename it to end in .parquet"),
    rb"BZh[1-9]1AY&SY": ("packed by bzip2", "unpack it: bunzip2"),
    rb"\xfd7zXZ\x00": ("packed by xz", "unpack it: unxz"),
    rb"\x28\xb5\x2f\xfd": ("packed by Zstandard", "unpack it: unzstd"),
    rb"PK\x03\x04": (
        "a zip file, or a workbook of Excel",
        "unpack it, or save the sheet as CSV",
    ),
    rb"\xd0\xcf\x11\xe0": ("a workbook of Excel", "save the sheet as CSV"),
    rb"ARROW1\x00": ("Feather", _AS_PARQUET.format(kind="feather")),
    rb"\x89HDF": ("HDF5", _AS_PARQUET.format(kind="hdf")),
    rb"SQLite format 3\x00": ("a database of SQLite", _AS_PARQUET.format(kind="sql")),
}
_MOST = 16


def refuse_other_kind(path: Path) -> None:
    """Raises LoadError for a file that is no table of text, though it would be read as one.

    Args:
        path: Of a file that ends neither as Parquet nor as JSON lines do.
    """
    name = path.name.lower()
    with open_regular(path) as file:
        head = file.read(_MOST)
    kind = ""
    fix = ""
    for pattern, (words, way) in _KINDS.items():
        if re.match(pattern, head):
            kind = words
            fix = way
    if name.endswith(_PACKED_LINES):
        kind = "JSON lines packed by gzip"
        fix = "unpack it: gunzip"
    elif name.endswith(".json"):
        kind = "JSON"
        fix = (
            "rename it to end in .jsonl if it has one object a line; else "
            "pandas.read_json(...).to_json('rows.jsonl', orient='records', lines=True)"
        )
    elif head.startswith(_GZIP) and not name.endswith(".gz"):
        kind = "packed by gzip"
        fix = "rename it to end in .csv.gz"
    if not kind:
        return
    raise LoadError(
        f"{path.name!r} is {kind}",
        expected="a table of rows: .csv, .csv.gz, .parquet or .jsonl",
        fix=fix,
    )
