"""Files of arrays, .npz, for every modality. Sizes that a file declares are checked before memory
is taken, and nothing in a file is run.
"""

import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..device.cells import shorten
from ..device.regular import open_regular
from ..errors import LoadError
from .array_files import npy_header
from .labels import PARTS, many
from .limits import MAX_ARCHIVE_BYTES, MAX_ARRAY_BYTES, check_members

_DAMAGED = (
    ValueError,
    OSError,
    EOFError,
    KeyError,
    NotImplementedError,
    RuntimeError,
    SyntaxError,
    MemoryError,
    tokenize.TokenError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
)

MAX_SHOWN = 20

# (part or None, values [rows, ...], labels [rows])
Part = tuple[str | None, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class ArrayFormat:
    """The arrays that a modality looks for in a .npz file.

    Attributes:
        noun: What a row is.
        suits: Tests whether an array of a shape and a dtype holds rows.
        expected: Such arrays in words.
        knob: The one of the load spec that names them.
    """

    noun: str
    suits: Callable[[tuple[int, ...], np.dtype], bool]
    expected: str
    knob: str


def read_npz(path: Path, wanted: ArrayFormat, values: str, labels: str) -> list[Part]:
    """Reads the parts of a .npz file.

    These are the two arrays named; else x_train, y_train, x_test, y_test (and x_valid, y_valid);
    else the one array that suits and the one of labels.

    Args:
        path: Of the file.
        wanted: Which arrays hold rows.
        values: The name of the array of values, or "".
        labels: The name of the array of labels, or "".

    Returns:
        (part or None, values [rows, ...], labels [rows]) of each part.

    Raises:
        LoadError: If the file is damaged or holds no such arrays.
    """
    headers = guarded(path, lambda: _npz_headers(path))
    pairs = _pairs(path, headers, wanted, values, labels)
    for _, x_name, y_name in pairs:
        _check_header(path, x_name, headers[x_name], wanted)
        _check_header(path, y_name, headers[y_name], wanted)
    parts = []
    with open_regular(path) as file, np.load(file, allow_pickle=False) as arrays:
        for part, x_name, y_name in pairs:
            x = guarded(path, lambda name=x_name: arrays[name])
            y = guarded(path, lambda name=y_name: arrays[name])
            parts.append((part, x, y))
    return parts


def _check_header(path, name, header, wanted):
    """Raises LoadError for an array of Python objects or of more bytes than memory should hold."""
    shape, dtype = header
    what = f"{path.name!r}: the array {shorten(name)}"
    if dtype.hasobject:
        raise LoadError(
            f"{what} holds Python objects",
            expected="plain arrays",
            fix="save text as np.array(labels, dtype=str): objects are never unpacked",
        )
    num_bytes = math.prod(shape) * dtype.itemsize
    if num_bytes > MAX_ARRAY_BYTES:
        raise LoadError(
            f"{what} of shape {shape}: {num_bytes:,} bytes",
            expected=f"at most {MAX_ARRAY_BYTES:,} in memory",
            fix=f"take fewer or smaller {many(wanted.noun)}",
        )


def guarded(path: Path, work: Callable[[], object]):
    """Returns what `work` returns.

    Raises:
        LoadError: If the file is damaged.
    """
    try:
        return work()
    except _DAMAGED as error:
        reason = str(error) or type(error).__name__
        raise LoadError(
            f"{path.name!r} cannot be read: {shorten(reason, 200)}",
            expected="a whole .npz file or idx files",
            fix="write or copy it again",
        ) from error


def _npz_headers(path):
    """Returns name → (shape, dtype), of which the sizes agree with the file's."""
    headers = {}
    with open_regular(path) as opened, zipfile.ZipFile(opened) as archive:
        check_members(archive, MAX_ARCHIVE_BYTES)
        for member in archive.infolist():
            if not member.filename.endswith(".npy"):
                continue
            with archive.open(member) as file:
                header = npy_header(file, member.file_size, member.filename)
            name = member.filename.removesuffix(".npy")
            headers[name] = header
    return headers


def _pairs(path, headers, wanted, values, labels):
    """Returns (part or None, name of the values, name of the labels) of each part."""
    if not values and not labels:
        pairs = _pairs_by_part(headers)
        if pairs:
            return pairs
    x_names = [values]
    if not values:
        x_names = [name for name, header in headers.items() if wanted.suits(*header)]
    y_names = [labels]
    if not labels:
        y_names = [name for name, (shape, _) in headers.items() if _may_be_labels(shape)]
        y_names = [name for name in y_names if name not in x_names]
    absent = [name for name in (*x_names, *y_names) if name not in headers]
    if not absent and len(x_names) == 1 and len(y_names) == 1:
        return [(None, x_names[0], y_names[0])]
    what = f"{len(x_names)} arrays of {many(wanted.noun)} and {len(y_names)} of labels"
    if absent:
        what = f"no array {shorten(absent[0])}"
    raise LoadError(
        f"{what} in {path.name!r}, which holds {_in_words(headers)}",
        expected=f"one {wanted.expected} and one of labels [rows], or x_train, y_train, "
        "x_test, y_test",
        fix=f"name them: load.{wanted.knob}=x, load.labels=y",
    )


def _pairs_by_part(headers):
    """Returns the pairs of arrays that are called after parts, such as x_train and y_train."""
    pairs = []
    for word, part in PARTS.items():
        x_name = f"x_{word}"
        y_name = f"y_{word}"
        if x_name in headers and y_name in headers:
            pairs.append((part, x_name, y_name))
    return pairs


def _may_be_labels(shape):
    """Tests whether an array of a shape holds one value a row."""
    if len(shape) == 2:
        return shape[1] == 1
    return len(shape) == 1


def _in_words(headers):
    """Returns names, dtypes and shapes of the first arrays."""
    shown = []
    for name, (shape, dtype) in list(headers.items())[:MAX_SHOWN]:
        shown.append(f"{shorten(name)} {dtype} {shape}")
    return ", ".join(shown) or "no arrays"
