"""The files of a table in parts: where they lie, on this machine or behind a URL that fsspec knows,
and what they are.
"""

from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ..device.cells import shorten
from ..device.visible import and_more
from ..errors import LoadError
from .files import path_where
from .parquet import PARQUET
from .record_parts import is_records

CSV = (".csv", ".csv.gz")
JSON_LINES = (".jsonl", ".ndjson")
RECORDS = (".tfrecord",)
ENDINGS = (*PARQUET, *CSV, *JSON_LINES)
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
# What Spark and others write next to the parts, and what editors copy, begins so.
_HIDDEN = ("_", ".")


def local_path(source: str) -> Path:
    """Returns the path of a local source; bundled data are found from any folder."""
    return path_where(source, Path.exists) or Path(source)


def filesystem_of(source: str) -> tuple[Any, str]:
    """Returns the filesystem of a source, of pyarrow, and the path on it.

    Raises:
        LoadError: fsspec has no way to the URL.
    """
    from pyarrow.fs import LocalFileSystem, PyFileSystem

    if "://" not in source:
        return LocalFileSystem(), str(local_path(source))
    import fsspec

    from .url_files import UrlFiles

    try:
        filesystem, path = fsspec.core.url_to_fs(source)
    except Exception as error:  # each client has classes of errors of its own
        raise LoadError(
            f"{shorten(source, 120)}: {shorten(str(error), 200)}",
            expected="a URL that fsspec can open",
            fix="check the address; or pip install s3fs for s3://, gcsfs for gs://, adlfs for "
            "az://, aiohttp and requests for http://",
        ) from error
    return PyFileSystem(UrlFiles(filesystem)), path


def files_below(filesystem: Any, path: str) -> list:
    """Returns the pyarrow.fs.FileInfo of a table's files, in the order of their paths. What stands
    in a hidden folder is none: an attempt that was given up (`_temporary/`), or a copy.
    """
    from pyarrow.fs import FileSelector, FileType

    info = filesystem.get_file_info(path)
    if info.type == FileType.File:
        return [info]
    found = []
    for each in filesystem.get_file_info(FileSelector(path, recursive=True)):
        *folders, name = _names_below(each.path, path)
        is_hidden = name.startswith(_HIDDEN) or any(map(_is_hidden_folder, folders))
        if each.type == FileType.File and not is_hidden:
            found.append(each)
    return sorted(found, key=lambda each: each.path)


def _is_hidden_folder(name):
    # The name of a column may begin with _ too.
    return name.startswith(_HIDDEN) and "=" not in name


def _names_below(file, root):
    """Returns the names of the folders below a root that a file lies in, and then its own."""
    return file[len(root) :].strip("/").split("/")


def partition_of(file: str, root: str) -> tuple[tuple[str, str | None], ...]:
    """Returns column → value, as pairs, of the hive partition that a file lies in."""
    *folders, _ = _names_below(file, root)
    pairs = []
    for folder in folders:
        name, mark, value = folder.partition("=")
        if mark:
            text = unquote(value)
            pairs.append((unquote(name), None if text == _NO_VALUE else text))
    return tuple(pairs)


def kind_of(path: str) -> tuple[str, ...] | None:
    """Returns the endings that a file shares with others of its kind, None of another file."""
    for kind in (PARQUET, CSV, JSON_LINES):
        if path.lower().endswith(kind):
            return kind
    if is_records(path):
        return RECORDS
    return None


def refuse_other_files(source: str, files: list) -> None:
    """Raises LoadError where there is no file of rows, or one of another kind.

    Args:
        source: Of the table.
        files: As `files_below` gives them.
    """
    kind = kind_of(files[0].path) if files else None
    others = [each.path for each in files if kind_of(each.path) != kind or kind is None]
    if files and not others:
        return
    received = f"no file below {shorten(source, 120)}"
    if others:
        more = and_more(len(others) - 1, "such file")
        received = f"{shorten(source, 120)} holds {others[0]!r}{more}"
    raise LoadError(
        received,
        expected="files of one kind, that end in .parquet, .csv, .csv.gz, .jsonl or .tfrecord",
        fix="name the folder of the parts, take other files out of it, and write or unpack other "
        "kinds as one of these",
    )
