"""Whole series with their classes to a Dataset: one row a series, one column of steps a channel.

Sources are .ts files, arrays, and data sets that tensorflow-datasets prepared. Shorter series get
missing steps in front, so that all end with their newest step in one place.
"""

from dataclasses import dataclass

import numpy as np

from ..device.cells import SERIES, shorten
from ..errors import LoadError
from ..rows.parts import ColumnNote, Dataset
from ..rows.sketch import DataSketch
from ..sources.arrays import ArrayFormat, read_npz
from ..sources.files import describe_memory, file_digest, find_file
from ..sources.labelled_files import LabelledSource, check_memory, found_in_memory
from ..sources.labels import class_texts
from ..sources.target_column import tasks_of_kind
from ..sources.tfds import (
    count_examples,
    describe_prepared,
    feature_of,
    found_in_splits,
    names_train_and_test,
    open_builder,
)
from ..spec import check_knobs, knob
from .draw_classes import LabelledSeriesLoader
from .series_rows import longest_of_training, series_dataset, series_rows
from .ts_files import MAX_STEPS, TS_MISSING, TsFile, read_ts

_ARRAYS = ArrayFormat(
    SERIES,
    lambda shape, dtype: dtype.kind in "fiu" and len(shape) in (2, 3) and shape[1] > 1,
    "array of numbers [rows, steps] or [rows, steps, channels]",
    "series",
)


def sketch_series(spec, *, may_name_parts: bool) -> DataSketch:
    """Returns what the knobs of a loader of whole series alone show of them."""
    return DataSketch(
        tasks_of_kind("classes"),
        frozenset({SERIES}),
        has_groups=spec.has_groups(),
        has_times=False,
        may_name_parts=may_name_parts,
        window_steps=spec.steps,
    )


@dataclass(frozen=True)
class LoadTsFiles(LabelledSeriesLoader):
    """Loads files of the UCR and UEA archives.

    Attributes:
        train: A .ts or .ts.gz file of training rows.
        test: A .ts or .ts.gz file of test rows; if empty, all rows are still to be split.
        steps: Of every series; 0 is as many as the longest training series has. Of longer ones the
            newest are read.
        channels: Names of the channels; if empty: series, or channel 1, channel 2, ... .
        positive: Of two classes the one that scores are about; if empty, the one called true, yes
            or 1, else the rarer one.
    """

    train: str
    test: str = ""
    steps: int = knob(0, 0, MAX_STEPS, unit="steps")
    channels: tuple[str, ...] = ()
    positive: str = ""

    def sketch(self) -> DataSketch:
        """Returns what the knobs alone show of the series."""
        return sketch_series(self, may_name_parts=bool(self.test))

    def read(self, source: object = None) -> tuple[Dataset, tuple[ColumnNote, ...]]:
        """Reads the series and their classes.

        Args:
            source: Stands in for the files: a dict {"series": array [rows, steps] or [rows, steps,
                channels], or a list of arrays of many lengths; "label": list}.

        Returns:
            The Dataset, and what was inferred.

        Raises:
            LoadError: For files or arrays that cannot be read.
        """
        check_knobs(self, "load.")
        if source is not None:
            return _from_memory(self, source)
        files = [read_ts(path) for path in self._paths()]
        _refuse_unlike(files)
        rows = []
        labels = []
        parts = []
        for part, file in zip(("train", "test"), files, strict=False):
            rows += file.rows
            labels += file.labels
            parts += [part] * len(file.rows)
        first = files[0]
        found = LabelledSource(
            labels,
            parts=parts if self.test else None,
            missing=frozenset(TS_MISSING) - set(first.classes),
            named=frozenset(TS_MISSING),
            order=first.classes,
            where=" and ".join(file.name for file in files),
        )
        return series_dataset(self, found, rows, first.longest)

    def names_parts(self) -> bool:
        """Returns whether training and test rows are in files of their own."""
        return bool(self.test)

    def describe(self, source: object = None) -> dict[str, str]:
        """Returns the names of the files, and the sha256 of each."""
        if source is not None:
            return describe_memory(source)
        paths = self._paths()
        return {
            "name": " and ".join(path.name for path in paths),
            "sha256": " and ".join(file_digest(path) for path in paths),
        }

    def _paths(self):
        sources = [self.train]
        if self.test:
            sources.append(self.test)
        return [find_file(source, "a .ts or .ts.gz file") for source in sources]


@dataclass(frozen=True)
class LoadSeriesArrays(LabelledSeriesLoader):
    """Loads series in a .npz file, [rows, steps] or [rows, steps, channels], and their classes.

    Attributes:
        source: Path of the file.
        series: The name of the series in the file; if empty, it is found, with x_train and x_test
            as the parts.
        labels: The name of the labels in the file; if empty, it is found, with y_train and y_test
            as the parts.
        classes: Names of labels 0, 1, ... .
        steps: Of every series; 0 is as many as the longest training series has. Of longer ones the
            newest are read.
        channels: Names of the channels; if empty: series, or channel 1, channel 2, ... .
        positive: Of two classes the one that scores are about; if empty, the one called true, yes
            or 1, else the rarer one.
    """

    source: str
    series: str = ""
    labels: str = ""
    classes: tuple[str, ...] = ()
    steps: int = knob(0, 0, MAX_STEPS, unit="steps")
    channels: tuple[str, ...] = ()
    positive: str = ""

    def sketch(self) -> DataSketch:
        """Returns what the knobs alone show of the series."""
        return sketch_series(self, may_name_parts=True)

    def read(self, source: object = None) -> tuple[Dataset, tuple[ColumnNote, ...]]:
        """As LoadTsFiles.read."""
        check_knobs(self, "load.")
        if source is not None:
            return _from_memory(self, source, self.classes)
        path = find_file(self.source, "a .npz file")
        rows = []
        labels = []
        parts = []
        arrays = read_npz(path, _ARRAYS, self.series, self.labels)
        for part, x, y in arrays:
            if y.ndim == 2 and y.shape[1] == 1:
                y = y[:, 0]
            if y.ndim != 1 or len(y) != len(x):
                raise LoadError(
                    f"labels of shape {y.shape} for {len(x):,} series in {path.name!r}",
                    expected="one label a series",
                    fix="of one-hot labels take the argmax",
                )
            rows += series_rows(x, path.name)
            labels.append(y)
            parts += [part] * len(x)
        texts, order = class_texts(np.concatenate(labels), self.classes)
        names_parts = bool(parts and parts[0])
        found = LabelledSource(
            texts,
            parts=parts if names_parts else None,
            order=order,
            where=path.name,
        )
        longest = longest_of_training(rows, found.parts)
        return series_dataset(self, found, rows, longest)

    def names_parts(self) -> bool:
        """Returns whether the file names training and test rows."""
        try:
            path = find_file(self.source, "")
            arrays = read_npz(path, _ARRAYS, self.series, self.labels)
        except LoadError:  # `read` reports what is wrong with it
            return False
        parts = {part for part, *_ in arrays}
        return {"train", "test"} <= parts

    def describe(self, source: object = None) -> dict[str, str]:
        """Returns the file's name and sha256."""
        if source is not None:
            return describe_memory(source)
        path = find_file(self.source, "a .npz file")
        return {"name": path.name, "sha256": file_digest(path)}


@dataclass(frozen=True)
class LoadSeriesTfds(LabelledSeriesLoader):
    """Loads series that tensorflow-datasets has prepared on disk; nothing is downloaded.

    Attributes:
        name: As in tfds.load.
        data_dir: Where tfds prepares data sets, or the folder of the one data set; if empty,
            ~/tensorflow_datasets.
        splits: As tfds names them ("train", "train[:10%]"); if empty, those of train, validation
            and test that exist.
        series: The feature of numbers, [steps] or [steps, channels].
        label: The feature of classes.
        steps: Of every series; 0 is as many as the longest training series has. Of longer ones the
            newest are read.
        channels: Names of the channels; if empty: series, or channel 1, channel 2, ... .
        positive: Of two classes the one that scores are about; if empty, the one called true, yes
            or 1, else the rarer one.
    """

    name: str
    data_dir: str = ""
    splits: tuple[str, ...] = ()
    series: str = "series"
    label: str = "label"
    steps: int = knob(0, 0, MAX_STEPS, unit="steps")
    channels: tuple[str, ...] = ()
    positive: str = ""

    def sketch(self) -> DataSketch:
        """Returns what the knobs alone show of the series."""
        return sketch_series(self, may_name_parts=True)

    def read(self, source: object = None) -> tuple[Dataset, tuple[ColumnNote, ...]]:
        """As LoadTsFiles.read."""
        check_knobs(self, "load.")
        if source is not None:
            return _from_memory(self, source)
        builder = open_builder(self.name, self.data_dir)
        counts = count_examples(builder, self)
        feature = feature_of(builder, self, "series")
        has_steps = len(feature.shape or ()) in (1, 2)
        if not has_steps or np.dtype(feature.np_dtype).kind not in "fiu":
            raise LoadError(
                f"the feature {shorten(self.series)} of {builder.info.full_name} is of type "
                f"{type(feature).__name__}, shape {feature.shape}",
                expected="numbers [steps] or [steps, channels]",
                fix="name the feature with the series: load.series",
            )
        rows = []

        def put(row, cell):
            rows.extend(series_rows([cell], builder.info.full_name))
            return ""

        found = found_in_splits(self, builder, counts, knob="series", put=put)
        longest = longest_of_training(rows, found.parts)
        return series_dataset(self, found, rows, longest)

    def names_parts(self) -> bool:
        """Returns whether the splits are train and test rather than rows still to be split."""
        return names_train_and_test(self)

    def describe(self, source: object = None) -> dict[str, str]:
        """Returns the data set's name with its version, and a sha256.

        It is that of what `sha256sum` prints for the files of the data set.
        """
        if source is not None:
            return describe_memory(source)
        return describe_prepared(self)


def _from_memory(spec, source, classes=()):
    labels = check_memory(source, SERIES)
    found = found_in_memory(source, labels, classes=classes)
    rows = series_rows(source[SERIES], found.where)
    longest = longest_of_training(rows, found.parts)
    return series_dataset(spec, found, rows, longest)


def _refuse_unlike(files: list[TsFile]):
    first = files[0]
    for other in files[1:]:
        if other.num_channels != first.num_channels:
            raise LoadError(
                f"{first.num_channels} channels in {first.name!r} and {other.num_channels} in "
                f"{other.name!r}",
                expected="the same channels in both",
                fix="check load.train, load.test",
            )
        unknown = sorted(set(other.classes) - set(first.classes))
        if unknown:
            raise LoadError(
                f"{other.name!r} names the classes {', '.join(map(shorten, unknown))}, "
                f"which {first.name!r} does not",
                expected="the same classes in both",
                fix="check load.train, load.test",
            )
