"""Texts that tensorflow-datasets has prepared on disk to a Dataset."""

from dataclasses import dataclass

import numpy as np

from ..device.cells import shorten
from ..errors import LoadError
from ..rows.parts import ColumnNote, Dataset
from ..rows.sketch import DataSketch
from ..sources.files import describe_memory
from ..sources.tfds import (
    count_examples,
    describe_prepared,
    feature_of,
    found_in_splits,
    names_train_and_test,
    open_builder,
)
from ..spec import check_knobs
from .decode import check_bytes
from .draw import TextLoader
from .sketch import sketch_texts
from .usable import decoded, finish_texts, from_memory


@dataclass(frozen=True)
class LoadTextTfds(TextLoader):
    """Loads texts that tensorflow-datasets has prepared on disk; nothing is downloaded.

    Attributes:
        name: As in tfds.load, such as "imdb_reviews" or "ag_news_subset:1.0.0".
        data_dir: Where tfds prepares data sets, or the folder of the one data set; if empty,
            ~/tensorflow_datasets.
        splits: As tfds names them ("train", "train[:10%]"); if empty, those of train, validation
            and test that exist.
        text: The feature of texts.
        label: The feature of classes.
        distinct: Whether of texts that are equal but for case only the first is kept.
        positive: Of two classes the one that scores are about; if empty, the one called true, yes
            or 1, else the rarer one.
    """

    name: str
    data_dir: str = ""
    splits: tuple[str, ...] = ()
    text: str = "text"
    label: str = "label"
    distinct: bool = False
    positive: str = ""

    def sketch(self) -> DataSketch:
        """Returns what the knobs alone show of the texts."""
        return sketch_texts(self, "classes", may_name_parts=True)

    def read(self, source: object = None) -> tuple[Dataset, tuple[ColumnNote, ...]]:
        """As LoadTextFolder.read."""
        check_knobs(self, "load.")
        if source is not None:
            return from_memory(self, source, self.label)
        builder = open_builder(self.name, self.data_dir)
        counts = count_examples(builder, self)
        feature = feature_of(builder, self, "text")
        is_one_text = feature.shape == () and feature.np_dtype == np.object_
        if not is_one_text:
            raise LoadError(
                f"the feature {shorten(self.text)} of {builder.info.full_name} is of type "
                f"{type(feature).__name__}",
                expected="one text an example",
                fix="name the feature with the texts: load.text",
            )
        info = builder.info
        size_bytes = sum(info.splits[split].num_bytes for split in counts)
        check_bytes(size_bytes, info.full_name)
        texts = []

        def put(row, cell):
            text, reason = decoded(cell)
            texts.append(text)
            return reason

        found = found_in_splits(self, builder, counts, knob="text", put=put)
        return finish_texts(self, found, texts, self.label)

    def names_parts(self) -> bool:
        """Whether the splits are train and test rather than rows still to be split."""
        return names_train_and_test(self)

    def describe(self, source: object = None) -> dict[str, str]:
        """The data set's name with its version, and the sha256 of what `sha256sum` prints for its
        files.
        """
        if source is not None:
            return describe_memory(source)
        return describe_prepared(self)
