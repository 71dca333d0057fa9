"""Pictures that a source holds → a Dataset: pixels, in memory or in files on disk."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..device.cells import PICTURE, Column, shorten
from ..device.picture_headers import picture_format
from ..device.pictures import picture_digest
from ..device.regular import open_regular
from ..device.sixteen_bits import MAX_WHITE
from ..errors import LoadError
from ..rows.columns import Values
from ..rows.parts import ColumnNote, Dataset
from ..sources.files import PictureFiles, read_all
from ..sources.folders import path_inside
from ..sources.labelled_files import (
    LabelledSource,
    check_memory,
    finish,
    found_in_memory,
    usable_rows,
)
from ..spec import check_knobs
from .arrays import check_bytes
from .stored import PictureFacts

# Pictures of files that take more than this stay on disk and are read batch by batch.
MAX_MEMORY_BYTES = 512 * 2**20
MAX_SIDE = 4096
SUFFIXES = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".gif": "GIF",
    ".webp": "WEBP",
    ".bmp": "BMP",
}


def from_files(
    spec, found: LabelledSource, root, target: str
) -> tuple[Dataset, tuple[ColumnNote, ...]]:
    """Returns the Dataset of names of files below a folder, and notes for the user.

    Pixels are held in memory or, if they are too many, read from disk as they are needed.

    Args:
        spec: The loader, with its knobs.
        found: The names, the labels, and what else is known of each row.
        root: The folder, a resolved path.
        target: The name of the target.
    """
    shape = (spec.height, spec.width, spec.channels or 3)
    num_rows = len(found.names)
    stored = PictureFacts(num_rows)
    names = np.array(found.names, object)
    digests = np.zeros((num_rows, 16), np.uint8)
    grey_digests = np.zeros_like(digests)

    def read(row):
        if names[row] is None:
            raise ValueError("no path")
        return read_inside(root, names[row], shape, stored=stored, row=row, white=spec.white)

    def read_and_digest(row):
        pixels = read(row)
        if stored.is_grey[row]:
            grey_digests[row] = np.frombuffer(picture_digest(pixels[:, :, :1]), np.uint8)
        return pixels

    if num_rows * int(np.prod(shape)) <= MAX_MEMORY_BYTES:
        pixels = np.zeros((num_rows, *shape), np.uint8)
        found.reasons = read_all(range(num_rows), read, pixels=pixels, digests=None)
        return finish_read(spec, found, pixels, target, stored=stored)
    found.reasons = read_all(range(num_rows), read_and_digest, pixels=None, digests=digests)
    found.notes.append(
        ColumnNote(
            PICTURE, "on disk", f"more than {MAX_MEMORY_BYTES:,} bytes of pixels: read as needed"
        )
    )
    if spec.channels == 0 and stored.all_grey():
        shape = (*shape[:2], 1)
        digests = grey_digests
    files = PictureFiles(str(root), names, shape, digests, spec.white or MAX_WHITE)
    return finish_read(spec, found, files, target, stored=stored)


def from_cells(
    spec, found: LabelledSource, cells: Sequence, target: str
) -> tuple[Dataset, tuple[ColumnNote, ...]]:
    """Returns the Dataset of pictures in memory, as stored or each resized, and notes for the user.

    Args:
        spec: The loader, with its knobs.
        found: The labels, and what else is known of each row.
        cells: One array [rows, ...], or a list of whatever `read_picture` takes.
        target: The name of the target.
    """
    num_rows = len(cells)
    is_array = isinstance(cells, np.ndarray) and cells.dtype.kind == "u"
    stored_shape = ()
    if is_array:
        stored_shape = cells.shape[1:]
    shape = settle(spec, stored_shape)
    size_bytes = num_rows * int(np.prod(shape))
    check_bytes(size_bytes, f"{num_rows:,} pictures {by(shape)}")
    facts = PictureFacts(num_rows)
    is_as_stored = shape in (stored_shape, (*stored_shape, 1))
    if is_array and cells.dtype == np.uint8 and is_as_stored:
        facts.take_bytes(cells)
        pixels = cells.reshape(num_rows, *shape)
        return finish_read(spec, found, pixels, target, stored=facts, as_stored=True)

    def read(row):
        return facts.read(row, cells[row], shape, spec.white)

    pixels = np.zeros((num_rows, *shape), np.uint8)
    found.reasons = read_all(range(num_rows), read, pixels=pixels, digests=None)
    return finish_read(spec, found, pixels, target, stored=facts, as_stored=is_array)


def finish_read(
    spec,
    found: LabelledSource,
    column: Values,
    target: str,
    *,
    stored: PictureFacts,
    as_stored: bool = False,
) -> tuple[Dataset, tuple[ColumnNote, ...]]:
    """As `finish_pictures`, of pictures whose facts are known: one channel, where that is to be
    found and all are grey. `as_stored`: whether the channels are those of the source. Raises
    LoadError where they are 16-bit pictures that would be nearly black.
    """
    finds_channels = spec.channels == 0 and not as_stored
    if finds_channels and stored.all_grey() and isinstance(column, np.ndarray):
        column = np.ascontiguousarray(column[..., :1])
    if stored.is_read.any():
        found.notes += stored.notes(
            found.names, channels=column.shape[3], found_channels=finds_channels, white=spec.white
        )
    return finish_pictures(spec, found, column, target, white=stored.white(spec.white))


def from_memory(
    spec,
    source: object,
    target: str,
    classes: tuple[str, ...] = (),
    *,
    spelling: str = "",
    label_kind: str = "classes",
    separator: str = "",
) -> tuple[Dataset, tuple[ColumnNote, ...]]:
    """Of a dict {"picture": array or list, "label": list} with, if wanted, "group" and "part"."""
    labels = check_memory(source, PICTURE)
    cells = source[PICTURE]
    if isinstance(cells, np.ndarray) and cells.dtype.kind != "O":
        cells, labels = check_arrays(cells, labels, "a dict in memory", several=True)
    found = found_in_memory(
        source,
        labels,
        names=cells,
        classes=classes,
        spelling=spelling,
        label_kind=label_kind,
        separator=separator,
    )
    return from_cells(spec, found, cells, target)


def finish_pictures(
    spec, found: LabelledSource, column: Values, target: str, *, white: int = 0
) -> tuple[Dataset, tuple[ColumnNote, ...]]:
    """The Dataset of the rows that can be read and have a class, and what is reported. `white`: the
    column's white point. Raises LoadError.
    """
    kept = usable_rows(found, PICTURE)
    if len(kept) != len(column):
        column = column[kept]
    shape = tuple(column.shape[1:])
    dataset, notes = finish(
        spec,
        found,
        kept,
        columns={Column(PICTURE, PICTURE, shape=shape, white=white): column},
        target=target,
    )
    return dataset, (
        ColumnNote(
            PICTURE,
            PICTURE,
            f"{len(dataset):,} pictures {by(shape)} from {shorten(found.where, 120)}",
        ),
        *notes,
    )


def read_inside(
    root: Path, name: str, shape: tuple[int, ...], *, stored: PictureFacts, row: int, white: int
) -> np.ndarray:
    """The pixels of a file below a folder (a resolved path), by its content, whatever format its
    name states; its facts are recorded. Raises ValueError with the reason where it cannot be read
    or leads out of the folder.
    """
    path = path_inside(root, name)
    pixels = stored.read(row, path, shape, white)
    with open_regular(path) as file:
        found = picture_format(file.read(12))
    if SUFFIXES.get(Path(name).suffix.lower(), found) != found:
        stored.misnamed[row] = found
    return pixels


def check_size(spec) -> None:
    """Raises RecipeError or LoadError for knobs that no picture can have."""
    check_knobs(spec, "load.")
    if spec.channels == 2:
        raise LoadError(
            "load.channels=2", expected="1 (grey) or 3 (RGB)", fix="--set load.channels=3"
        )


def settle(spec, stored: tuple[int | None, ...]) -> tuple[int, int, int]:
    """(height, width, channels) of the knobs, 0 being as stored; 3 channels where these are still
    to be found. Raises LoadError where that is not one size.
    """
    if not stored:
        stored = (None, None, None)
    elif len(stored) == 2:
        stored = (*stored, 1)
    height, width, stored_channels = stored
    channels = 3
    if stored_channels == 1:
        channels = 1
    shape = (
        spec.height or height,
        spec.width or width,
        spec.channels or channels,
    )
    if None in shape:
        raise LoadError(
            "pictures that are not stored in one size",
            expected="load.height, load.width, load.channels",
            fix="--set load.height=64 --set load.width=64 --set load.channels=3",
        )
    return tuple(int(each) for each in shape)


def check_arrays(
    x: np.ndarray, y: np.ndarray, source: str, *, several: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Pictures and labels [rows] (with `several` also [rows, labels]) that fit each other. Raises
    LoadError.
    """
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if not _are_pictures(x):
        raise LoadError(
            f"pictures {x.dtype} {x.shape} in {shorten(source, 120)}",
            expected="uint8, 0 to 255, or uint16, [rows, height, width] or [rows, height, width, "
            "1, 3 or 4]",
            fix="scale real numbers to 0..255, move channels to the end, and write them again",
        )
    if y.ndim not in (1, 1 + several) or len(y) != len(x):
        raise LoadError(
            f"labels of shape {y.shape} for {len(x):,} pictures in {shorten(source, 120)}",
            expected="one label a picture",
            fix="of one-hot labels take the argmax",
        )
    return x, y


def _are_pictures(x):
    is_whole = x.dtype.kind == "u" and x.dtype.itemsize <= 2
    if not is_whole or x.ndim not in (3, 4):
        return False
    channels = x.shape[3:]
    if channels not in ((), (1,), (3,), (4,)):
        return False
    return 0 not in x.shape[1:]


def by(shape: Sequence[int]) -> str:
    """Returns a shape in words, such as 32 × 32 × 3."""
    return " × ".join(str(size) for size in shape)
