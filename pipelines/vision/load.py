"""Pictures to a Dataset: folders of classes, a CSV of paths, files of arrays.

Nothing is learned here but the names of the classes. Every file is read once, so that one that is
broken is named now and not in the third epoch; what cannot be read is skipped, listed, and
refused where it is more than half.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..device.cells import PICTURE, is_missing, shorten
from ..device.sixteen_bits import MAX_WHITE
from ..errors import LoadError
from ..rows.parts import ColumnNote, Dataset
from ..rows.sketch import DataSketch
from ..sources.files import describe_memory, file_digest, find_folder, find_path, fingerprint_files
from ..sources.folders import describe_folder, found_in_folder, names_parts
from ..sources.label_columns import read_label_columns
from ..sources.label_sets import (
    check_label_knobs,
    holds_several,
    target_names,
    target_title,
)
from ..sources.labelled_files import LabelledSource
from ..sources.labels import class_texts, read_part
from ..sources.spellings import check_spelling
from ..sources.table import Reading, find_table, read_table, settle_reading
from ..spec import knob
from .arrays import idx_files, read_idx_folder, read_pictures_npz
from .draw import PictureLoader
from .file_loader import FileLoader
from .pixels import (
    MAX_SIDE,
    SUFFIXES,
    check_arrays,
    check_size,
    from_cells,
    from_files,
    from_memory,
)
from .sketch import sketch_pictures


@dataclass(frozen=True)
class LoadFolder(FileLoader):
    """Loads a folder of class folders, folder/<class>/**/*.png, or of parts,
    folder/{train,valid,test}/<class>/... .

    Attributes:
        source: The folder; JPEG, PNG, GIF, WebP and BMP files are read, found by their names.
        height: Of every picture, in pixels, to which it is resized; 0: see `sized`.
        width: Of every picture, in pixels, to which it is resized; 0: see `sized`.
        channels: 1 (grey) or 3 (RGB); 0 is 1 if all pictures are grey, else 3.
        group: A regular expression with one group, found in the file's relative name: pictures of
            one group (a patient, a scene) stay together in one part.
        positive: Of two classes the one that scores are about; if empty, the one called true, yes
            or 1, else the rarer one.
        white: The value of 16-bit pictures that is white (4095 of 12 bits); 0 is 65,535, for which
            pictures that use far less are refused.
        spelling: What is done with class folders whose names differ in case alone: "join", "keep",
            or "" to refuse them.
    """

    source: str
    height: int = knob(64, 0, MAX_SIDE, unit="pixels")
    width: int = knob(64, 0, MAX_SIDE, unit="pixels")
    channels: int = knob(0, 0, 3)
    group: str = ""
    positive: str = ""
    white: int = knob(0, 0, MAX_WHITE)
    spelling: str = ""

    def sketch(self) -> DataSketch:
        """Returns what the knobs alone show of the pictures."""
        return sketch_pictures(self, may_name_parts=True)

    def read(self, source: object = None) -> tuple[Dataset, tuple[ColumnNote, ...]]:
        """The Dataset, and what was found. `source`, a dict {"picture": array or list, "label":
        list}, stands in for the folder. Raises LoadError.
        """
        check_size(self)
        if source is not None:
            check_spelling(self.spelling)
            return from_memory(self, source, "label", spelling=self.spelling)
        root, found = self.found()
        return from_files(self.sized(root, found.names), found, root, "label")

    def found(self) -> tuple[Path, LabelledSource]:
        """Returns the folder, a resolved path, and the files in it with their classes."""
        check_spelling(self.spelling)
        return found_in_folder(self, PICTURE, SUFFIXES)

    def has_groups(self) -> bool:
        """Whether pictures of one group stay together."""
        return bool(self.group)

    def names_parts(self) -> bool:
        """Whether the folders in it are parts, train among them, rather than classes."""
        return names_parts(self.source)

    def describe(self, source: object = None) -> dict[str, str]:
        """The source's name, and the sha256 of what `sha256sum` prints for its pictures in sorted
        order.
        """
        if source is not None:
            return describe_memory(source)
        return describe_folder(self.source, PICTURE, SUFFIXES)


@dataclass(frozen=True)
class LoadPaths(FileLoader):
    """Loads a table with a column of picture files and one of classes.

    Attributes:
        source: Path of a .csv, .csv.gz or .parquet file.
        target: The column to predict; several columns are one label each.
        path: The column of paths.
        folder: What the paths are relative to, and lead out of nowhere; if empty, the table's own
            folder.
        group: Columns of which rows with the same values stay together in one part.
        part: A column that holds train, valid or test; if empty, rows are still to be split.
        height: Of every picture, in pixels, to which it is resized; 0: see `sized`.
        width: Of every picture, in pixels, to which it is resized; 0: see `sized`.
        channels: 1 (grey) or 3 (RGB); 0 is 1 if all pictures are grey, else 3.
        positive: Of two classes the one that scores are about; if empty, the one called true, yes
            or 1, else the rarer one.
        reading: How text is read.
        white: The value of 16-bit pictures that is white (4095 of 12 bits); 0 is 65,535, for which
            pictures that use far less are refused.
        target_kind: "classes", "labels" (several in a cell), "presence" (is the cell filled?), or
            "" to infer it.
        label_separator: What stands between the labels of a cell; if empty, it is found.
    """

    source: str
    target: str | tuple[str, ...]
    path: str = "path"
    folder: str = ""
    group: tuple[str, ...] = ()
    part: str = ""
    height: int = knob(64, 0, MAX_SIDE, unit="pixels")
    width: int = knob(64, 0, MAX_SIDE, unit="pixels")
    channels: int = knob(0, 0, 3)
    positive: str = ""
    reading: Reading = Reading()
    white: int = knob(0, 0, MAX_WHITE)
    target_kind: str = ""
    label_separator: str = ""

    def sketch(self) -> DataSketch:
        """Returns what the knobs alone show of the pictures."""
        return sketch_pictures(self, may_name_parts=bool(self.part))

    def read(self, source: object = None) -> tuple[Dataset, tuple[ColumnNote, ...]]:
        """As LoadFolder.read."""
        check_size(self)
        title = target_title(self.target)
        if source is not None:
            self._check()
            return from_memory(
                self,
                source,
                title,
                spelling=self.reading.spelling,
                label_kind=self.target_kind,
                separator=self.label_separator,
            )
        root, found = self.found()
        return from_files(self.sized(root, found.names), found, root, title)

    def found(self) -> tuple[Path, LabelledSource]:
        """Returns the folder of the paths, a resolved path, and what the table holds of each file.

        Raises:
            LoadError: a column is missing, or a knob has no such value.
        """
        self._check()
        file, root = self._places()
        table = read_table(self.source, settle_reading(file, self.reading))
        targets = target_names(self.target)
        absent = {*targets, self.path, *self.group, self.part} - {*table, ""}
        if absent:
            raise LoadError(
                f"the column {', '.join(map(shorten, sorted(absent)))} is not in {file.name!r}",
                expected=", ".join(map(shorten, list(table)[:30])),
                fix="load.path, load.target, load.group and load.part name columns of the table",
            )
        missing = frozenset(self.reading.missing_words)
        found = LabelledSource(
            list(table[targets[0]]),
            [_name(cell, missing) for cell in table[self.path]],
            missing=missing,
            where=file.name,
            named=self.reading.named_words(),
            spelling=self.reading.spelling,
            label_kind=self.target_kind,
            separator=self.label_separator,
        )
        if len(targets) > 1:
            presence = self.target_kind == "presence"
            found.sets, is_known = read_label_columns(
                table, targets, presence=presence, missing=missing
            )
            found.labels = ["labels" if known else None for known in is_known.tolist()]
        if self.group:
            found.groups = {name: table[name] for name in self.group}
        if self.part:
            found.parts = [
                read_part(cell, missing, row) for row, cell in enumerate(table[self.part])
            ]
        return root, found

    def has_label_sets(self) -> bool:
        """Whether a picture has several labels, by the target's cells alone."""
        if not isinstance(self.target, str) or self.target_kind == "labels":
            return True
        if self.target_kind:
            return False
        file, _ = self._places()
        cells = read_table(self.source, settle_reading(file, self.reading)).get(
            self.target,
            [],
        )
        missing = frozenset(self.reading.missing_words)
        return bool(self.label_separator or holds_several(cells, missing))

    def _check(self):
        self.reading.check()
        kinds = ("", "classes", "labels", "presence")
        if self.target_kind not in kinds:
            raise LoadError(
                f"target_kind {self.target_kind!r}",
                expected=", ".join(map(repr, kinds)),
                fix="leave it empty to infer",
            )
        check_label_knobs(self)
        several = not isinstance(self.target, str)
        unfit = "classes" if several else "presence"
        if self.target_kind == unfit:
            raise LoadError(
                f"target_kind {self.target_kind!r} for the target {target_title(self.target)}",
                expected="classes or labels of one column, labels or presence of several",
                fix="leave it empty to infer",
            )

    def has_groups(self) -> bool:
        """Whether pictures of one group stay together."""
        return bool(self.group)

    def names_parts(self) -> bool:
        """Whether a column of the table names the part of each row."""
        return bool(self.part)

    def describe(self, source: object = None) -> dict[str, str]:
        """The table's name, and the sha256 of the table; and of its pictures as in
        LoadFolder.describe.
        """
        if source is not None:
            return describe_memory(source)
        file, root = self._places()
        missing = frozenset(self.reading.missing_words)
        cells = read_table(self.source, settle_reading(file, self.reading)).get(
            self.path,
            [],
        )
        names = {_name(cell, missing) for cell in cells} - {None}
        return {
            "name": file.name,
            "sha256": file_digest(file),
            "sha256_pictures": fingerprint_files(root, names),
        }

    def _places(self):
        file = find_table(self.source)
        return file, find_folder(
            self.folder, "the folder of the pictures"
        ) if self.folder else file.resolve().parent


@dataclass(frozen=True)
class LoadArrays(PictureLoader):
    """Loads pictures in arrays: a .npz file, or a folder of idx files (train-images-idx3-ubyte.gz
    and its kin).

    Attributes:
        source: Path of the file or the folder.
        height: In pixels; 0 is as stored.
        width: In pixels; 0 is as stored.
        channels: 1 (grey) or 3 (RGB); 0 is as stored.
        images: The name of the pictures in the .npz; if empty, it is found, with x_train and x_test
            as the parts.
        labels: The name of the labels in the .npz; if empty, it is found, with y_train and y_test
            as the parts.
        classes: Names of labels 0, 1, ... .
        max_rows: How many rows of each part are read, the first ones; 0 is all.
        positive: Of two classes the one that scores are about; if empty, the one called true, yes
            or 1, else the rarer one.
        white: The value of 16-bit pictures that is white (4095 of 12 bits); 0 is 65,535, for which
            pictures that use far less are refused.
    """

    source: str
    height: int = knob(0, 0, MAX_SIDE, unit="pixels")
    width: int = knob(0, 0, MAX_SIDE, unit="pixels")
    channels: int = knob(0, 0, 3)
    images: str = ""
    labels: str = ""
    classes: tuple[str, ...] = ()
    max_rows: int = knob(0, 0, 2**31 - 1)
    positive: str = ""
    white: int = knob(0, 0, MAX_WHITE)

    def sketch(self) -> DataSketch:
        """Returns what the knobs alone show of the pictures."""
        return sketch_pictures(self, may_name_parts=True)

    def read(self, source: object = None) -> tuple[Dataset, tuple[ColumnNote, ...]]:
        """As LoadFolder.read."""
        check_size(self)
        if source is not None:
            return from_memory(self, source, "label", self.classes)
        path = self._path()
        if path.is_dir():
            read = read_idx_folder(path)
        else:
            read = read_pictures_npz(path, self.images, self.labels)
        pictures = []
        labels = []
        parts = []
        for part, x, y in read:
            x, y = check_arrays(x, y, self.source)
            few = slice(0, self.max_rows or None)
            pictures.append(x[few])
            labels.append(y[few])
            parts += [part] * len(x[few])
        if len({x.shape[1:] for x in pictures}) > 1:
            raise LoadError(
                f"parts of shapes {', '.join(str(x.shape) for x in pictures)}",
                expected="pictures of one size in all parts",
                fix="write them in one size",
            )
        if len({x.dtype.itemsize for x in pictures}) > 1:
            raise LoadError(
                f"parts of types {', '.join(str(x.dtype) for x in pictures)}",
                expected="pictures of one type in all parts",
                fix="write them in one type",
            )
        whole = [each[0] if len(each) == 1 else np.concatenate(each) for each in (pictures, labels)]
        texts, order = class_texts(whole[1], self.classes)
        found = LabelledSource(
            texts, parts=parts if parts and parts[0] else None, order=order, where=path.name
        )
        return from_cells(self, found, whole[0], "label")

    def describe(self, source: object = None) -> dict[str, str]:
        """The source's name and sha256; of idx files that of what `sha256sum` prints for them in
        sorted order.
        """
        if source is not None:
            return describe_memory(source)
        path = self._path()
        return {
            "name": path.name,
            "sha256": file_digest(path)
            if path.is_file()
            else fingerprint_files(path, [file.name for file in idx_files(path)]),
        }

    def _path(self):
        return find_path(self.source, "a .npz file, or a folder of idx files")


def _name(cell, missing):
    """The relative name in a cell, as POSIX writes it, or None."""
    if is_missing(cell, missing):
        return None
    return str(cell).strip().replace("\\", "/")
