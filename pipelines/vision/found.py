"""What a source of pictures holds → a Dataset: pixels or files on disk, class names, and what is set aside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..device.cells import PICTURE, Column, is_missing, shorten
from ..device.pictures import read_picture
from ..errors import LoadError
from ..files import PictureFiles, describe_memory, read_all
from ..knobs import check_knobs
from ..labels import encode_classes, group_codes, read_classes, read_part
from ..rows import Dataset, Inferred, Schema
from .arrays import check_bytes
from .folder import read_inside

# Pictures of files that take more than this stay on disk and are read batch by batch.
MAX_MEMORY_BYTES = 512 * 2**20
MAX_SIDE = 4096
NUM_SHOWN, MAX_NAMED = 5, 100


@dataclass
class Found:
    """A source before it is judged. cells: names of files, what `read_picture` takes, or one array [rows, ...]; labels:
    class names, or what `missing` reads as none; reasons: why a row is set aside, "" where it is not; aside: what never
    became a row (name, reason); order: of the labels; where: the source's name."""

    cells: Sequence
    labels: Sequence
    parts: list | None = None
    groups: dict[str, Sequence] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    aside: list[tuple[str, str]] = field(default_factory=list)
    notes: list[Inferred] = field(default_factory=list)
    missing: frozenset[str] = frozenset({""})
    order: Sequence[str] = ()
    where: str = "memory"


def from_files(spec, found: Found, root, target: str) -> tuple[Dataset, tuple[Inferred, ...]]:
    """Of names of files below a folder (a resolved path): their pixels or, where these are too many, PictureFiles."""
    shape, num_rows = (spec.height, spec.width, spec.channels), len(found.cells)

    def read(name):
        if name is None:
            raise ValueError("no path")
        return read_inside(root, name, shape)
    if num_rows * int(np.prod(shape)) <= MAX_MEMORY_BYTES:
        pixels = np.zeros((num_rows, *shape), np.uint8)
        found.reasons = read_all(found.cells, read, pixels=pixels, digests=None)
        return finish(spec, found, pixels, target)
    names, digests = np.array(found.cells, object), np.zeros((num_rows, 16), np.uint8)
    found.reasons = read_all(found.cells, read, pixels=None, digests=digests)
    found.notes.append(Inferred(PICTURE, "on disk", f"more than {MAX_MEMORY_BYTES:,} bytes of pixels: read as needed"))
    return finish(spec, found, PictureFiles(str(root), names, shape, digests), target)


def from_cells(spec, found: Found, target: str) -> tuple[Dataset, tuple[Inferred, ...]]:
    """Of arrays, and in memory of whatever `read_picture` takes: as stored, or each brought to the size."""
    cells = found.cells
    is_array = isinstance(cells, np.ndarray) and cells.dtype == np.uint8
    shape = settle(spec, cells.shape[1:] if is_array else ())
    check_bytes(len(cells) * int(np.prod(shape)), f"{len(cells):,} pictures {by(shape)}")
    if is_array and shape in (cells.shape[1:], (*cells.shape[1:], 1)):
        return finish(spec, found, cells.reshape(len(cells), *shape), target)
    pixels = np.zeros((len(cells), *shape), np.uint8)
    found.reasons = read_all(cells, lambda cell: read_picture(cell, shape), pixels=pixels, digests=None)
    return finish(spec, found, pixels, target)


def from_memory(spec, source: object, target: str, classes: tuple[str, ...] = ()
                ) -> tuple[Dataset, tuple[Inferred, ...]]:
    """Of a dict {"picture": array or list, "label": list} with, if wanted, "group" and "part"."""
    if not isinstance(source, Mapping) or not {"picture", "label"} <= set(source):
        held = f" with {', '.join(map(shorten, source))}" if isinstance(source, Mapping) and source else ""
        raise LoadError(f"a source of type {type(source).__name__}{held}",
                        expected="a dict {'picture': array or list of paths, 'label': list}, if wanted with 'group' "
                                 "and 'part'", fix="pass one, or leave it out to read the source of the recipe")
    odd = [name for name in ("picture", "label", "group", "part") if name in source
           and (not hasattr(source[name], "__len__") or isinstance(source[name], (str, bytes, Mapping)))]
    if odd:
        raise LoadError(f"{odd[0]} is a {type(source[odd[0]]).__name__}", expected="one value a picture, in a list or "
                        "an array", fix=f"{{'{odd[0]}': [...]}}")
    lengths = {name: len(source[name]) for name in ("picture", "label", "group", "part") if name in source}
    if len(set(lengths.values())) > 1:
        raise LoadError(f"columns of different lengths: {lengths}", expected="one value a picture in every column",
                        fix="cut them to the same rows")
    cells, labels = source["picture"], source["label"]
    labels = labels if isinstance(labels, np.ndarray) else np.asarray(list(labels))
    if isinstance(cells, np.ndarray) and cells.dtype.kind != "O":
        cells, labels = check_arrays(cells, labels, "a dict in memory")
    texts, order = class_texts(labels, classes)
    found = Found(cells, texts, order=order, where=describe_memory(source)["name"])
    if "group" in source:
        found.groups = {"group": list(source["group"])}
    if "part" in source:
        found.parts = [read_part(cell, found.missing, row) for row, cell in enumerate(source["part"])]
    return from_cells(spec, found, target)


def finish(spec, found: Found, column: np.ndarray | PictureFiles, target: str
           ) -> tuple[Dataset, tuple[Inferred, ...]]:
    """The Dataset of the rows that can be read and have a class, and what is to be said. Raises LoadError."""
    labels = [None if is_missing(label, found.missing) else label for label in found.labels]
    reasons = [reason or ("" if label is not None else "no label")
               for reason, label in zip(found.reasons or [""] * len(labels), labels, strict=True)]
    kept = np.array([row for row, reason in enumerate(reasons) if not reason], np.int64)
    aside = found.aside + [(_name_of(found.cells, row), reason) for row, reason in enumerate(reasons) if reason]
    _refuse_mostly_aside(aside, len(kept), found.where)
    texts = read_classes([labels[row] for row in kept], target, frozenset())
    order = list(read_classes(found.order, target, frozenset()))
    y, target = encode_classes(texts, target, positive=spec.positive, order=order, noun="picture")
    column = column if len(kept) == len(labels) else column[kept]
    groups = {name: [cells[row] for row in kept] for name, cells in found.groups.items()}
    parts = None if found.parts is None else np.array(found.parts, object)[kept]
    schema = Schema((Column(PICTURE, PICTURE, shape=tuple(column.shape[1:])),), target)
    dataset = Dataset(x={PICTURE: column}, y=y, ids=kept, schema=schema, part=parts,
                      group=group_codes(groups, found.missing) if groups else None)
    return dataset, (*_notes(dataset, found.where, aside), *found.notes)


def _notes(dataset, where, aside):
    notes = [Inferred(PICTURE, PICTURE, f"{len(dataset):,} pictures {by(dataset.x[PICTURE].shape[1:])} from "
                      f"{shorten(where, 120)}")]
    if dataset.part is not None:
        counts = {part: sum(each == part for each in dataset.part) for part in ("train", "valid", "test", None)}
        said = ", ".join(f"{part or 'none'} {count:,}" for part, count in counts.items() if count)
        notes.append(Inferred("part", "part", f"as the source says: {said}"))
    if aside:
        notes.append(Inferred("set aside", num_files(len(aside)), _in_words(aside, MAX_NAMED)))
    return notes


def _name_of(cells, row):
    return cells[row] if isinstance(cells[row], str) else f"row {row}"


def _in_words(aside, most=NUM_SHOWN):
    shown = "; ".join(f"{shorten(name, 80)}: {reason}" for name, reason in aside[:most])
    return shown + ("; ..." if len(aside) > most else "")


def _refuse_mostly_aside(aside, num_kept, where):
    if num_kept and len(aside) <= num_kept:
        return
    if not aside:
        raise LoadError(f"no pictures in {shorten(where, 120)}", expected="pictures", fix="check the source")
    raise LoadError(f"{len(aside):,} of {len(aside) + num_kept:,} pictures in {shorten(where, 120)} cannot be used: "
                    f"{_in_words(aside)}", expected="pictures of which at least half can be read",
                    fix="mend or remove these files")


def check_size(spec) -> None:
    """Raises RecipeError or LoadError for knobs that no picture can have."""
    check_knobs(spec, "load.")
    if spec.channels == 2:
        raise LoadError("load.channels=2", expected="1 (grey) or 3 (RGB)", fix="--set load.channels=3")


def settle(spec, stored: tuple[int | None, ...]) -> tuple[int, int, int]:
    """(height, width, channels) of the knobs, 0 being as stored. Raises LoadError where that is not one size."""
    stored = (*stored, 1) if len(stored) == 2 else tuple(stored) or (None, None, None)
    channels = {1: 1, 3: 3, 4: 3}.get(stored[2])
    shape = spec.height or stored[0], spec.width or stored[1], spec.channels or channels
    if None in shape:
        raise LoadError("pictures that are not stored in one size", expected="load.height, load.width, load.channels",
                        fix="--set load.height=64 --set load.width=64 --set load.channels=3")
    return tuple(int(each) for each in shape)


def check_arrays(x: np.ndarray, y: np.ndarray, source: str) -> tuple[np.ndarray, np.ndarray]:
    """Pictures and labels [rows] that fit each other. Raises LoadError."""
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if x.dtype != np.uint8 or x.ndim not in (3, 4) or x.shape[3:] not in ((), (1,), (3,), (4,)) or 0 in x.shape[1:]:
        raise LoadError(f"pictures {x.dtype} {x.shape} in {shorten(source, 120)}",
                        expected="uint8, 0 to 255, [rows, height, width] or [rows, height, width, 1, 3 or 4]",
                        fix="scale real numbers to 0..255, move channels to the end, and write them again")
    if y.ndim != 1 or len(y) != len(x):
        raise LoadError(f"labels of shape {y.shape} for {len(x):,} pictures in {shorten(source, 120)}",
                        expected="one label a picture", fix="of one-hot labels take the argmax")
    return x, y


def class_texts(values: np.ndarray, classes: tuple[str, ...]) -> tuple[list[str | None], tuple[str, ...]]:
    """Class names of labels [rows] that are text, whole numbers or truth values, None where there is none; and the
    order of whole numbers. `classes` names 0, 1, ... . Raises LoadError."""
    if len(set(classes)) < len(classes):
        raise LoadError(f"load.classes={classes!r}", expected="each name once", fix="give every class its own name")
    if values.dtype.kind == "f" and np.array_equal(values, np.round(values)) and np.abs(values).max(initial=0) < 2**53:
        values = values.astype(np.int64)
    if values.dtype.kind in "iu":
        numbers = np.unique(values).tolist()
        if not classes:
            return [str(value) for value in values.tolist()], tuple(map(str, numbers))
        if numbers and not 0 <= numbers[0] <= numbers[-1] < len(classes):
            raise LoadError(f"labels {numbers[0]} to {numbers[-1]} for {len(classes)} names in load.classes",
                            expected=f"0 to {len(classes) - 1}", fix="name every class, in the order of the numbers")
        return [classes[value] for value in values.tolist()], classes
    if classes or values.dtype.kind not in "USOb":
        raise LoadError(f"labels of type {values.dtype}" + (" beside load.classes" if classes else ""),
                        expected="whole numbers" + ("" if classes else ", text or truth values"),
                        fix="leave load.classes empty" if classes else "give the numbers of classes, or their names")
    return [cell.decode("utf-8", "replace") if isinstance(cell, bytes) else None if cell is None else str(cell)
            for cell in values.tolist()], ()


def num_files(count: int) -> str:
    """The count in words."""
    return f"{count:,} file{'' if count == 1 else 's'}"


def by(shape: Sequence[int]) -> str:
    """32 × 32 × 3"""
    return " × ".join(map(str, shape))
