"""A file of text to its characters: which encoding it is in, and what is no text at all."""

import codecs
import os
import re
from collections.abc import Iterable
from pathlib import Path

from ..device.cells import shorten
from ..device.pictures import check_file
from ..device.regular import open_regular
from ..errors import LoadError
from ..sources.csv_files import OTHER_ENCODING
from ..sources.folders import path_inside
from ..sources.limits import MAX_TABLE_BYTES

MAX_FILE_BYTES = 4_000_000
_CONTROL = re.compile("[\x01-\x08\x0e-\x1f\x7f]")


def read_text(root: Path, name: str, encoding: str) -> tuple[str, str]:
    """The text of a file below a folder (a resolved path) and its encoding, which is found if "".
    Raises ValueError with the reason where it cannot be read, leads out of the folder, or is no
    text.
    """
    path = path_inside(root, name)
    check_file(path, MAX_FILE_BYTES)
    try:
        with open_regular(path) as file:
            content = file.read(MAX_FILE_BYTES)
    except PermissionError:
        raise ValueError("may not be read") from None
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    return decode(content, encoding)


def decode(content: bytes, encoding: str = "") -> tuple[str, str]:
    """The text of a file's bytes and its encoding; "" is UTF-8, UTF-16 if it begins with a mark,
    else OTHER_ENCODING. Raises ValueError with the reason where it is no text.
    """
    is_marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    used = encoding or ("utf-16" if is_marked else "utf-8")
    try:
        text = content.decode("utf-8-sig" if codecs.lookup(used).name == "utf-8" else used)
    except UnicodeError:
        if encoding or is_marked:
            raise ValueError(f"not {used}") from None
        text = _decode_otherwise(content)
        used = OTHER_ENCODING
    if "\0" in text:
        raise ValueError("holds null characters: it is not text")
    return text, used


def _decode_otherwise(content):
    try:
        text = content.decode(OTHER_ENCODING)
    except UnicodeError:
        raise ValueError(f"neither UTF-8 nor {OTHER_ENCODING}") from None
    # Nearly every byte stands for something in that encoding: control characters show that it was
    # a bad guess.
    if _CONTROL.search(text):
        raise ValueError(f"neither UTF-8 nor {OTHER_ENCODING}: it holds control characters")
    return text


def check_folder_bytes(root: Path, names: Iterable[str]) -> None:
    """Raises LoadError where the texts of files below a folder would not fit into memory."""
    check_bytes(
        sum(
            size
            for size in map(_num_bytes, (root / name for name in names))
            if size <= MAX_FILE_BYTES
        ),
        f"the texts in {shorten(root.name, 120)}",
    )


def check_bytes(num_bytes: int, what: str) -> None:
    """Raises LoadError for texts that would not fit into memory."""
    if num_bytes > MAX_TABLE_BYTES:
        raise LoadError(
            f"{what}: {num_bytes:,} bytes",
            expected=f"at most {MAX_TABLE_BYTES:,}",
            fix="take fewer texts, or a few splits: load.splits",
        )


def _num_bytes(path):
    try:
        return os.stat(path).st_size
    except (OSError, ValueError):  # reading it will tell
        return 0
