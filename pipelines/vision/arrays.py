"""Files of arrays of pictures: .npz, and the idx files that MNIST and its kin come in. Sizes that a
file declares are checked before memory is taken, and nothing in a file is run.
"""

import math
import re
import struct
from pathlib import Path

import numpy as np

from ..device.cells import PICTURE, shorten
from ..errors import LoadError
from ..sources.arrays import MAX_ARRAY_BYTES, ArrayFormat, Part, guarded, read_npz
from ..sources.limits import open_unpacked

_IDX = re.compile(r"(?P<part>train|t10k|test)-(?P<what>images|labels)[-.]idx[13]-ubyte(\.gz)?")
_PICTURES = ArrayFormat(
    PICTURE,
    lambda shape, dtype: dtype.kind == "u" and dtype.itemsize <= 2 and len(shape) in (3, 4),
    "uint8 or uint16 array [rows, height, width(, channels)]",
    "images",
)
# The types of values that an idx file may declare, by its third byte.
_IDX_TYPES = {9: "int8", 11: "int16", 12: "int32", 13: "float32", 14: "float64"}


def read_pictures_npz(path: Path, images: str, labels: str) -> list[Part]:
    """As `arrays.read_npz`, of pictures uint8 or uint16 [rows, height, width] or [rows, height,
    width, channels].
    """
    return read_npz(path, _PICTURES, images, labels)


def read_idx_folder(folder: Path) -> list[Part]:
    """Reads a folder of idx files.

    Args:
        folder: Of train-images-idx3-ubyte and train-labels-idx1-ubyte, the same with t10k or test,
            each plain or .gz.

    Returns:
        The parts, training rows first.

    Raises:
        LoadError: If a file is missing, stands twice or cannot be read.
    """
    files = {}
    for path in idx_files(folder):
        found = _IDX.fullmatch(path.name)
        part = found["part"]
        if part == "t10k":
            part = "test"
        key = (part, found["what"])
        if key in files:
            raise LoadError(
                f"{files[key].name!r} and {path.name!r} in one folder",
                expected="one file of each",
                fix="remove the one that is not to be read",
            )
        files[key] = path
    parts = sorted({part for part, _ in files}, reverse=True)
    for part in parts or ["train"]:
        for what in ("images", "labels"):
            if (part, what) not in files:
                raise LoadError(
                    f"no idx file of the {part} {what} in {shorten(str(folder), 120)}",
                    expected="train-images-idx3-ubyte, train-labels-idx1-ubyte, the same with "
                    "t10k; plain or .gz",
                    fix="check load.source, or write the arrays as one .npz file",
                )

    def read(path, num_axes):
        return guarded(path, lambda: _read_idx(path, num_axes))

    arrays = []
    for part in parts:
        images = read(files[part, "images"], 3)
        labels = read(files[part, "labels"], 1)
        arrays.append((part, images, labels))
    return arrays


def idx_files(folder: Path) -> list[Path]:
    """Returns the idx files of a folder, sorted."""
    return sorted(path for path in folder.iterdir() if _IDX.fullmatch(path.name))


def check_bytes(num_bytes: int, what: str) -> None:
    """Raises LoadError for what would not fit into memory."""
    if num_bytes > MAX_ARRAY_BYTES:
        raise LoadError(
            f"{what}: {num_bytes:,} bytes",
            expected=f"at most {MAX_ARRAY_BYTES:,} in memory",
            fix="take fewer or smaller pictures, or write them as files for LoadFolder, which may "
            "stay on disk",
        )


def _read_idx(path, num_axes):
    with open_unpacked(path, MAX_ARRAY_BYTES + 2**10) as file:
        header = file.read(4 + 4 * num_axes)
        if header[:2] == b"\0\0" and header[2:3] and header[2] in _IDX_TYPES:
            raise ValueError(
                f"an idx file of {_IDX_TYPES[header[2]]}; those of bytes, 0 to 255, are read: "
                "write the arrays as .npz"
            )
        if header[:4] != bytes((0, 0, 8, num_axes)) or len(header) < 4 + 4 * num_axes:
            raise ValueError(f"it does not begin as an idx file of bytes with {num_axes} axes")
        shape = struct.unpack(f">{num_axes}I", header[4:])
        size = math.prod(shape)
        check_bytes(size, f"{path.name!r} of shape {shape}")
        if path.suffix == ".gz":
            there = size
        else:
            there = path.stat().st_size - len(header)
        if there == size:
            content = file.read(size + 1)
        else:
            content = b""
    if len(content) != size or there != size:
        if max(len(content), there) > size:
            found = "more"
        else:
            found = "fewer"
        raise ValueError(f"it declares {size:,} values and holds {found}")
    return np.frombuffer(content, np.uint8).reshape(shape)
