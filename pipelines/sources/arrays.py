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

# (part or None, values [rows, ...], labels [rows])
Part = tuple[str | None, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class ArrayFormat:
    """What a modality looks for in a .npz file. `noun`: what a row is; `suits`: whether an array of
    that shape and dtype holds rows; `expected`: such arrays in words; `knob`: the one of the load
    spec that names them.
    """

    noun: str
    suits: Callable[[tuple[int, ...], np.dtype], bool]
    expected: str
    knob: str


def read_npz(path: Path, wanted: ArrayFormat, values: str, labels: str) -> list[Part]:
    """The parts of a .npz file: the two arrays named; else x_train, y_train, x_test, y_test (and
    x_valid, y_valid); else the one array that suits and the one of labels. Raises LoadError.
    """
    headers = guarded(path, lambda: _npz_headers(path))
    pairs = _pairs(path, headers, wanted, values, labels)
    for name in [name for _, *names in pairs for name in names]:
        shape, dtype = headers[name]
        if dtype.hasobject:
            raise LoadError(
                f"{path.name!r}: the array {shorten(name)} holds Python objects",
                expected="plain arrays",
                fix="save text as np.array(labels, dtype=str): objects are never unpacked",
            )
        if math.prod(shape) * dtype.itemsize > MAX_ARRAY_BYTES:
            raise LoadError(
                f"{path.name!r}: the array {shorten(name)} of shape {shape}: "
                f"{math.prod(shape) * dtype.itemsize:,} bytes",
                expected=f"at most {MAX_ARRAY_BYTES:,} in memory",
                fix=f"take fewer or smaller {many(wanted.noun)}",
            )
    with open_regular(path) as file, np.load(file, allow_pickle=False) as arrays:
        return [
            (part, *(guarded(path, lambda name=name: arrays[name]) for name in names))
            for part, *names in pairs
        ]


def guarded(path: Path, work: Callable[[], object]):
    """What `work` gives. Raises LoadError where the file is damaged."""
    try:
        return work()
    except _DAMAGED as error:
        raise LoadError(
            f"{path.name!r} cannot be read: {shorten(str(error) or type(error).__name__, 200)}",
            expected="a whole .npz file or idx files",
            fix="write or copy it again",
        ) from error


def _npz_headers(path):
    """name → (shape, dtype), of which the sizes agree with the file's."""
    headers = {}
    with open_regular(path) as opened, zipfile.ZipFile(opened) as archive:
        check_members(archive, MAX_ARCHIVE_BYTES)
        for member in archive.infolist():
            if not member.filename.endswith(".npy"):
                continue
            with archive.open(member) as file:
                header = npy_header(file, member.file_size, member.filename)
            headers[member.filename.removesuffix(".npy")] = header
    return headers


def _pairs(path, headers, wanted, values, labels):
    """(part or None, name of the values, name of the labels) of each part."""
    shown = ", ".join(
        f"{shorten(name)} {dtype} {shape}" for name, (shape, dtype) in list(headers.items())[:20]
    )
    if not values and not labels:
        pairs = [
            (part, f"x_{word}", f"y_{word}")
            for word, part in PARTS.items()
            if f"x_{word}" in headers and f"y_{word}" in headers
        ]
        if pairs:
            return pairs
    if values:
        suiting = [values]
    else:
        suiting = [
            name
            for name, (shape, dtype) in headers.items()
            if wanted.suits(
                shape,
                dtype,
            )
        ]
    if labels:
        named = [labels]
    else:
        named = [
            name
            for name, (shape, _) in headers.items()
            if name not in suiting and (len(shape) == 1 or (len(shape) == 2 and shape[1] == 1))
        ]
    absent = [name for name in (*suiting, *named) if name not in headers]
    if absent or len(suiting) != 1 or len(named) != 1:
        if absent:
            what = f"no array {shorten(absent[0])}"
        else:
            what = f"{len(suiting)} arrays of {many(wanted.noun)} and {len(named)} of labels"
        raise LoadError(
            f"{what} in {path.name!r}, which holds {shown or 'no arrays'}",
            expected=f"one {wanted.expected} and one of labels [rows], or x_train, y_train, "
            "x_test, y_test",
            fix=f"name them: load.{wanted.knob}=x, load.labels=y",
        )
    return [(None, suiting[0], named[0])]
