"""Files of arrays: .npz, and the idx files that MNIST and its kin come in. Sizes that a file declares are checked
before memory is taken, and nothing in a file is run."""

import gzip
import math
import re
import struct
import tokenize
import zipfile
import zlib
from pathlib import Path

import numpy as np

from ..device.cells import shorten
from ..errors import LoadError
from ..labels import PARTS

MAX_ARRAY_BYTES = 4 * 2**30
_IDX = re.compile(r"(?P<part>train|t10k|test)-(?P<what>images|labels)[-.]idx[13]-ubyte(\.gz)?")
_DAMAGED = (ValueError, OSError, EOFError, KeyError, NotImplementedError, RuntimeError, SyntaxError, MemoryError,
            tokenize.TokenError, struct.error, zlib.error, zipfile.BadZipFile)

# (part or None, pictures uint8 [rows, height, width] or [rows, height, width, channels], labels [rows])
Part = tuple[str | None, np.ndarray, np.ndarray]


def read_npz(path: Path, images: str, labels: str) -> list[Part]:
    """The parts of a .npz file: the two arrays named; else x_train, y_train, x_test, y_test (and x_valid, y_valid);
    else the one uint8 array of pictures and the one of labels. Raises LoadError."""
    headers = _guarded(path, lambda: _npz_headers(path))
    pairs = _pairs(path, headers, images, labels)
    for name in [name for _, *names in pairs for name in names]:
        shape, dtype = headers[name]
        if dtype.hasobject:
            raise LoadError(f"{path.name!r}: the array {shorten(name)} holds Python objects", expected="plain arrays",
                            fix="save text as np.array(labels, dtype=str): objects are never unpacked")
        check_bytes(math.prod(shape) * dtype.itemsize, f"{path.name!r}: the array {shorten(name)} of shape {shape}")
    with np.load(path, allow_pickle=False) as arrays:
        return [(part, *(_guarded(path, lambda name=name: arrays[name]) for name in names)) for part, *names in pairs]


def read_idx_folder(folder: Path) -> list[Part]:
    """The parts of a folder of idx files: train-images-idx3-ubyte and train-labels-idx1-ubyte, the same with t10k or
    test, each plain or .gz. Raises LoadError."""
    files = {}
    for path in idx_files(folder):
        found = _IDX.fullmatch(path.name)
        key = "test" if found["part"] == "t10k" else found["part"], found["what"]
        if key in files:
            raise LoadError(f"{files[key].name!r} and {path.name!r} in one folder", expected="one file of each",
                            fix="remove the one that is not to be read")
        files[key] = path
    parts = sorted({part for part, _ in files}, reverse=True)
    for part in parts or ["train"]:
        for what in ("images", "labels"):
            if (part, what) not in files:
                raise LoadError(f"no idx file of the {part} {what} in {shorten(str(folder), 120)}",
                                expected="train-images-idx3-ubyte, train-labels-idx1-ubyte, the same with t10k; "
                                         "plain or .gz", fix="check load.source, or write the arrays as one .npz file")
    return [(part, _guarded(files[part, "images"], lambda: _read_idx(files[part, "images"], 3)),
             _guarded(files[part, "labels"], lambda: _read_idx(files[part, "labels"], 1))) for part in parts]


def idx_files(folder: Path) -> list[Path]:
    """The idx files of a folder, sorted."""
    return sorted(path for path in folder.iterdir() if _IDX.fullmatch(path.name))


def check_bytes(num_bytes: int, what: str) -> None:
    """Raises LoadError for what would not fit into memory."""
    if num_bytes > MAX_ARRAY_BYTES:
        raise LoadError(f"{what}: {num_bytes:,} bytes", expected=f"at most {MAX_ARRAY_BYTES:,} in memory",
                        fix="take fewer or smaller pictures, or write them as files for LoadFolder, which may stay on "
                            "disk")


def _guarded(path, work):
    try:
        return work()
    except _DAMAGED as error:
        raise LoadError(f"{path.name!r} cannot be read: {shorten(str(error) or type(error).__name__, 200)}",
                        expected="a whole .npz file or idx files", fix="write or copy it again") from error


def _npz_headers(path):
    """name → (shape, dtype), of which the sizes agree with the file's."""
    headers = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if not member.filename.endswith(".npy"):
                continue
            with archive.open(member) as file:
                version = np.lib.format.read_magic(file)
                read = {(1, 0): np.lib.format.read_array_header_1_0,
                        (2, 0): np.lib.format.read_array_header_2_0}.get(version)
                if read is None:
                    raise ValueError(f"an array of format {version}")
                shape, _, dtype = read(file)
                declared, there = math.prod(shape) * dtype.itemsize, member.file_size - file.tell()
            if min(shape, default=0) < 0 or (declared != there and not dtype.hasobject):
                raise ValueError(f"{member.filename} declares {declared:,} bytes and holds {there:,}")
            headers[member.filename.removesuffix(".npy")] = shape, dtype
    return headers


def _pairs(path, headers, images, labels):
    """(part or None, name of the pictures, name of the labels) of each part."""
    shown = ", ".join(f"{shorten(name)} {dtype} {shape}" for name, (shape, dtype) in list(headers.items())[:20])
    if not images and not labels:
        pairs = [(part, f"x_{word}", f"y_{word}") for word, part in PARTS.items()
                 if f"x_{word}" in headers and f"y_{word}" in headers]
        if pairs:
            return pairs
    pictures = [images] if images else [name for name, (shape, dtype) in headers.items()
                                        if dtype == np.uint8 and len(shape) in (3, 4)]
    named = [labels] if labels else [name for name, (shape, _) in headers.items() if name not in pictures
                                     and (len(shape) == 1 or (len(shape) == 2 and shape[1] == 1))]
    absent = [name for name in (*pictures, *named) if name not in headers]
    if absent or len(pictures) != 1 or len(named) != 1:
        what = f"no array {shorten(absent[0])}" if absent else \
            f"{len(pictures)} arrays of pictures and {len(named)} of labels"
        raise LoadError(f"{what} in {path.name!r}, which holds {shown or 'no arrays'}",
                        expected="one uint8 array [rows, height, width(, channels)] and one of labels [rows], or "
                                 "x_train, y_train, x_test, y_test", fix="name them: load.images=x, load.labels=y")
    return [(None, pictures[0], named[0])]


def _read_idx(path, num_axes):
    with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
        header = file.read(4 + 4 * num_axes)
        if header[:4] != bytes((0, 0, 8, num_axes)) or len(header) < 4 + 4 * num_axes:
            raise ValueError(f"it does not begin as an idx file of bytes with {num_axes} axes")
        shape = struct.unpack(f">{num_axes}I", header[4:])
        size = math.prod(shape)
        check_bytes(size, f"{path.name!r} of shape {shape}")
        there = size if path.suffix == ".gz" else path.stat().st_size - len(header)
        content = file.read(size + 1) if there == size else b""
    if len(content) != size or there != size:
        found = "more" if max(len(content), there) > size else "fewer"
        raise ValueError(f"it declares {size:,} values and holds {found}")
    return np.frombuffer(content, np.uint8).reshape(shape)
