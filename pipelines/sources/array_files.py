"""Files of numpy arrays, .npy and .npz: the size that a header declares is compared with the file's
before memory is taken, and nothing in a file is run.
"""

import io
import math
import struct
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..device.regular import open_regular
from .limits import MAX_ARCHIVE_BYTES, MAX_ARRAY_BYTES, UnpackedTooLarge, check_members

MAX_AXES = 32
MAX_HEADER = 10_000
_DAMAGED = (
    OSError,
    EOFError,
    KeyError,
    NotImplementedError,
    RuntimeError,
    SyntaxError,
    MemoryError,
    TypeError,
    OverflowError,
    tokenize.TokenError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
)
_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read_arrays(path: Path) -> np.ndarray | dict[str, np.ndarray]:
    """Reads a file of arrays; its first bytes tell whether it is .npy or .npz.

    Returns:
        The array of an .npy file, or the arrays of an .npz file by name.

    Raises:
        ValueError: For what is neither, with the reason in words.
        OSError: For what is no regular file.
    """
    with open_regular(path) as file:
        try:
            first_bytes = file.read(4)
            if first_bytes[:2] == b"PK":
                return _read_npz(file)
            file.seek(0, io.SEEK_END)
            size = file.tell()
            file.seek(0)
            return _read_npy(file, size)
        except _DAMAGED as error:
            reason = str(error)[:200]
            raise ValueError(f"{type(error).__name__}: {reason}") from error


def npy_header(file: BinaryIO, size: int, name: str = "it") -> tuple[tuple[int, ...], np.dtype]:
    """Reads the header of an .npy file.

    Args:
        file: At its start.
        size: Of the file, in bytes.
        name: For the error.

    Returns:
        Shape and dtype.

    Raises:
        ValueError: If the header declares another size than the file has; of Python objects, which
            are never unpacked, the size is unknown.
    """
    version = np.lib.format.read_magic(file)
    if version not in _READERS:
        raise ValueError(f"an array of format {version}")
    read_header = _READERS[version]
    shape, _, dtype = read_header(file, max_header_size=MAX_HEADER)
    if len(shape) > MAX_AXES or min(shape, default=0) < 0:
        raise ValueError(f"an array of shape {str(shape)[:80]}")
    declared = math.prod(shape) * dtype.itemsize
    num_bytes = size - file.tell()
    if declared != num_bytes and not dtype.hasobject:
        raise ValueError(f"{name} declares {declared:,} bytes and holds {num_bytes:,}")
    return shape, dtype


def _read_npy(file, size, name="it"):
    shape, dtype = npy_header(file, size, name)
    if dtype.hasobject:
        raise ValueError(
            f"{name} holds Python objects, which are never unpacked: save plain numbers"
        )
    num_bytes = math.prod(shape) * dtype.itemsize
    if num_bytes > MAX_ARRAY_BYTES:
        raise UnpackedTooLarge(f"{name} has {num_bytes:,} bytes, at most {MAX_ARRAY_BYTES:,}")
    file.seek(0)
    return np.lib.format.read_array(file, allow_pickle=False, max_header_size=MAX_HEADER)


def _read_npz(file):
    arrays = {}
    with zipfile.ZipFile(file) as archive:
        check_members(archive, MAX_ARCHIVE_BYTES)
        for member in archive.infolist():
            if not member.filename.endswith(".npy"):
                raise ValueError(f"the member {member.filename[:60]!r}, which is no array")
            with archive.open(member) as opened:
                array = _read_npy(opened, member.file_size, member.filename)
            name = member.filename.removesuffix(".npy")
            arrays[name] = array
    return arrays
