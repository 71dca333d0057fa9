"""Pictures of tensorflow-datasets to a Dataset."""

from dataclasses import dataclass

import numpy as np

from ..device.sixteen_bits import MAX_WHITE
from ..rows.parts import ColumnNote, Dataset
from ..rows.sketch import DataSketch
from ..sources.files import describe_memory
from ..sources.tfds import (
    IMAGE_FOLDER,
    count_examples,
    describe_prepared,
    feature_of,
    found_in_splits,
    open_builder,
)
from ..spec import knob
from .arrays import check_bytes
from .draw import PictureLoader
from .pixels import MAX_SIDE, by, check_size, finish_read, from_memory, settle
from .sketch import sketch_pictures
from .stored import PictureFacts


@dataclass(frozen=True)
class LoadTfds(PictureLoader):
    """Loads pictures that tensorflow-datasets has prepared on disk; nothing is downloaded.

    Attributes:
        name: As in tfds.load, such as "mnist" or "imagenet_resized/8x8:0.1.0", or "image_folder"
            for a folder split/label/files.
        data_dir: Where tfds prepares data sets, or the folder of the one data set; if empty,
            ~/tensorflow_datasets.
        splits: As tfds names them ("train", "train[:10%]"); if empty, those of train, validation
            and test that exist.
        image: The feature of pictures.
        label: The feature of classes.
        height: In pixels; 0 is as stored.
        width: In pixels; 0 is as stored.
        channels: 1 (grey) or 3 (RGB); 0 is as stored.
        positive: Of two classes the one that scores are about; if empty, the one called true, yes
            or 1, else the rarer one.
        white: The value of 16-bit pictures that is white (4095 of 12 bits); 0 is 65,535, for which
            pictures that use far less are refused.
    """

    name: str
    data_dir: str = ""
    splits: tuple[str, ...] = ()
    image: str = "image"
    label: str = "label"
    height: int = knob(0, 0, MAX_SIDE, unit="pixels")
    width: int = knob(0, 0, MAX_SIDE, unit="pixels")
    channels: int = knob(0, 0, 3)
    positive: str = ""
    white: int = knob(0, 0, MAX_WHITE)

    def sketch(self) -> DataSketch:
        """Returns what the knobs alone show of the pictures."""
        return sketch_pictures(self, may_name_parts=True)

    def read(self, source: object = None) -> tuple[Dataset, tuple[ColumnNote, ...]]:
        """As LoadFolder.read."""
        check_size(self)
        if source is not None:
            return from_memory(self, source, self.label)
        builder = open_builder(self.name, self.data_dir)
        counts = count_examples(builder, self)
        shape = settle(self, tuple(feature_of(builder, self, "image").shape or ()))
        num_rows = sum(counts.values())
        check_bytes(
            num_rows * int(np.prod(shape)), f"{self.name}, {num_rows:,} pictures {by(shape)}"
        )
        pixels = np.zeros((num_rows, *shape), np.uint8)
        stored = PictureFacts(num_rows)

        def put(row, cell):
            try:
                pixels[row] = stored.read(row, cell, shape, self.white)
            except ValueError as error:
                return str(error)
            return ""

        found = found_in_splits(self, builder, counts, knob="image", put=put)
        return finish_read(
            self, found, pixels, self.label, stored=stored, as_stored=self.name != IMAGE_FOLDER
        )

    def describe(self, source: object = None) -> dict[str, str]:
        """The data set's name with its version, and the sha256 of what `sha256sum` prints for its
        files.
        """
        if source is not None:
            return describe_memory(source)
        return describe_prepared(self)
