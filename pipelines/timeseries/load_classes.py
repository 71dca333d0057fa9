"""Whole series with their classes to a Dataset: one row a series, one column of steps a channel.

Sources are .ts files, arrays, and data sets that tensorflow-datasets prepared. Shorter series get
missing steps in front, so that all end with their newest step in one place.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..device.cells import MAX_NUMBER, SERIES, Column, shorten
from ..errors import LoadError
from ..rows.parts import Dataset, Inferred
from ..rows.sketch import DataSketch
from ..sources.arrays import MAX_ARRAY_BYTES, Wanted, read_npz
from ..sources.files import describe_memory, find_file, fingerprint
from ..sources.labelled_files import Found, check_memory, finish, found_in_memory, usable_rows
from ..sources.labels import class_texts
from ..sources.precision import series_as_float32
from ..sources.target_column import refuse_positive, tasks_of_kind
from ..sources.tfds import (
    count_examples,
    describe_prepared,
    feature_of,
    found_in_splits,
    names_train_and_test,
    open_builder,
)
from ..spec import check_knobs, knob
from .draw_classes import DrawnClasses
from .ts_files import MAX_CHANNELS, MAX_STEPS, TS_MISSING, TsFile, read_ts

_ARRAYS = Wanted(
    SERIES,
    lambda shape, dtype: dtype.kind in "fiu" and len(shape) in (2, 3) and shape[1] > 1,
    "array of numbers [rows, steps] or [rows, steps, channels]",
    "series",
)


@dataclass(frozen=True)
class LoadTsFiles(DrawnClasses):
    """Files of the UCR and UEA archives.

    train, test: .ts or .ts.gz files; without `test` all rows are still to be split. steps: of a
    series; 0 is as many as the longest of `train` has; of longer ones the newest are read.
    channels: their names (empty: series, or channel 1, channel 2, ...). positive: of two classes
    the one that scores are about.
    """

    train: str
    test: str = ""
    steps: int = knob(0, 0, MAX_STEPS)
    channels: tuple[str, ...] = ()
    positive: str = ""

    def sketch(self) -> DataSketch:
        """Returns what the knobs alone show of the series."""
        return DataSketch(
            tasks_of_kind("classes"),
            frozenset({SERIES}),
            has_groups=False,
            has_times=False,
            may_name_parts=bool(self.test),
            window_steps=self.steps,
        )

    def suits(self, sketch: DataSketch) -> str:
        """Returns why a knob would have no effect, or ""."""
        return refuse_positive(self.positive, sketch)

    def read(self, source: object = None) -> tuple[Dataset, tuple[Inferred, ...]]:
        """The Dataset, and what was found. `source`, a dict {"series": array [rows, steps] or
        [rows, steps, channels], or a list of arrays of many lengths; "label": list}, stands in for
        the files. Raises LoadError.
        """
        check_knobs(self, "load.")
        if source is not None:
            return _from_memory(self, source)
        files = [read_ts(path) for path in self._paths()]
        _refuse_unlike(files)
        parts = [
            part for part, file in zip(("train", "test"), files, strict=False) for _ in file.rows
        ]
        found = Found(
            [label for file in files for label in file.labels],
            parts=parts if self.test else None,
            missing=frozenset(TS_MISSING) - set(files[0].classes),
            named=frozenset(TS_MISSING),
            order=files[0].classes,
            where=" and ".join(file.name for file in files),
        )
        return _finish(self, found, [row for file in files for row in file.rows], files[0].longest)

    def names_parts(self) -> bool:
        """Whether training and test rows are in files of their own."""
        return bool(self.test)

    def describe(self, source: object = None) -> dict[str, str]:
        """The names of the files, and the sha256 of each."""
        if source is not None:
            return describe_memory(source)
        paths = self._paths()
        return {
            "name": " and ".join(path.name for path in paths),
            "sha256": " and ".join(fingerprint(path) for path in paths),
        }

    def _paths(self):
        return [
            find_file(source, "a .ts or .ts.gz file")
            for source in (self.train, self.test)[: 1 + bool(self.test)]
        ]


@dataclass(frozen=True)
class LoadSeriesArrays(DrawnClasses):
    """Series in a .npz file: [rows, steps] or [rows, steps, channels], and their classes.

    series, labels: names in the file; if empty they are found, with x_train, y_train, x_test,
    y_test as the parts. classes: names of labels 0, 1, ... . steps, channels, positive: as in
    LoadTsFiles.
    """

    source: str
    series: str = ""
    labels: str = ""
    classes: tuple[str, ...] = ()
    steps: int = knob(0, 0, MAX_STEPS)
    channels: tuple[str, ...] = ()
    positive: str = ""

    def sketch(self) -> DataSketch:
        """Returns what the knobs alone show of the series."""
        return DataSketch(
            tasks_of_kind("classes"),
            frozenset({SERIES}),
            has_groups=False,
            has_times=False,
            may_name_parts=True,
            window_steps=self.steps,
        )

    def suits(self, sketch: DataSketch) -> str:
        """Returns why a knob would have no effect, or ""."""
        return refuse_positive(self.positive, sketch)

    def read(self, source: object = None) -> tuple[Dataset, tuple[Inferred, ...]]:
        """As LoadTsFiles.read."""
        check_knobs(self, "load.")
        if source is not None:
            return _from_memory(self, source, self.classes)
        path = find_file(self.source, "a .npz file")
        rows = []
        labels = []
        parts = []
        read = read_npz(path, _ARRAYS, self.series, self.labels)
        for part, x, y in read:
            if y.ndim == 2 and y.shape[1] == 1:
                y = y[:, 0]
            if y.ndim != 1 or len(y) != len(x):
                raise LoadError(
                    f"labels of shape {y.shape} for {len(x):,} series in {path.name!r}",
                    expected="one label a series",
                    fix="of one-hot labels take the argmax",
                )
            rows += _rows(x, path.name)
            labels.append(y)
            parts += [part] * len(x)
        texts, order = class_texts(np.concatenate(labels), self.classes)
        found = Found(
            texts, parts=parts if parts and parts[0] else None, order=order, where=path.name
        )
        return _finish(
            self,
            found,
            rows,
            max(
                (
                    len(row)
                    for row, part in zip(rows, parts, strict=True)
                    if part in (None, "train")
                ),
                default=0,
            ),
        )

    def names_parts(self) -> bool:
        """Whether the file names training and test rows."""
        try:
            read = read_npz(find_file(self.source, ""), _ARRAYS, self.series, self.labels)
        except LoadError:  # `read` reports what is wrong with it
            return False
        return {"train", "test"} <= {part for part, *_ in read}

    def describe(self, source: object = None) -> dict[str, str]:
        """The file's name and sha256."""
        if source is not None:
            return describe_memory(source)
        path = find_file(self.source, "a .npz file")
        return {"name": path.name, "sha256": fingerprint(path)}


@dataclass(frozen=True)
class LoadSeriesTfds(DrawnClasses):
    """A data set that tensorflow-datasets has prepared on disk; nothing is downloaded.

    name, data_dir, splits: as in LoadTextTfds. series: the feature of numbers [steps] or [steps,
    channels]; label: that of the class. steps, channels, positive: as in LoadTsFiles.
    """

    name: str
    data_dir: str = ""
    splits: tuple[str, ...] = ()
    series: str = "series"
    label: str = "label"
    steps: int = knob(0, 0, MAX_STEPS)
    channels: tuple[str, ...] = ()
    positive: str = ""

    def sketch(self) -> DataSketch:
        """Returns what the knobs alone show of the series."""
        return DataSketch(
            tasks_of_kind("classes"),
            frozenset({SERIES}),
            has_groups=False,
            has_times=False,
            may_name_parts=True,
            window_steps=self.steps,
        )

    def suits(self, sketch: DataSketch) -> str:
        """Returns why a knob would have no effect, or ""."""
        return refuse_positive(self.positive, sketch)

    def read(self, source: object = None) -> tuple[Dataset, tuple[Inferred, ...]]:
        """As LoadTsFiles.read."""
        check_knobs(self, "load.")
        if source is not None:
            return _from_memory(self, source)
        builder = open_builder(self.name, self.data_dir)
        counts = count_examples(builder, self)
        feature = feature_of(builder, self, "series")
        if len(feature.shape or ()) not in (1, 2) or np.dtype(feature.np_dtype).kind not in "fiu":
            raise LoadError(
                f"the feature {shorten(self.series)} of {builder.info.full_name} is of type "
                f"{type(feature).__name__}, shape {feature.shape}",
                expected="numbers [steps] or [steps, channels]",
                fix="name the feature with the series: load.series",
            )
        rows = []

        def put(row, cell):
            rows.append(_rows([cell], builder.info.full_name)[0])
            return ""

        found = found_in_splits(self, builder, counts, knob="series", put=put)
        parts = found.parts or ["train"] * len(rows)
        return _finish(
            self,
            found,
            rows,
            max(
                (len(row) for row, part in zip(rows, parts, strict=True) if part == "train"),
                default=0,
            ),
        )

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


def _from_memory(spec, source, classes=()):
    labels = check_memory(source, SERIES)
    found = found_in_memory(source, labels, classes=classes)
    rows = _rows(source[SERIES], found.where)
    parts = found.parts or ["train"] * len(rows)
    return _finish(
        spec,
        found,
        rows,
        max(
            (len(row) for row, part in zip(rows, parts, strict=True) if part == "train"), default=0
        ),
    )


def _rows(values: Sequence, where: str) -> list[np.ndarray]:
    """Each row as float32 [steps, channels]. Raises LoadError for what are no series."""
    rows = []
    for number, value in enumerate(values):
        try:
            row = np.asarray(value, np.float64 if isinstance(value, (list, tuple)) else None)
        except (ValueError, TypeError):
            row = np.zeros(0, object)
        if row.ndim == 1:
            row = row[:, None]
        if row.ndim != 2 or row.dtype.kind not in "fiu":
            raise LoadError(
                f"row {number} of {shorten(where, 120)} is {shorten(np.asarray(value, object))}",
                expected="numbers [steps] or [steps, channels], NaN where one is missing",
                fix="put time before channels: np.swapaxes(x, 1, 2)"
                if row.ndim > 2
                else "provide numbers",
            )
        too_large = np.argwhere(np.abs(row) > MAX_NUMBER)  # False for NaN
        if len(too_large):
            raise LoadError(
                f"row {number} of {shorten(where, 120)}, step {too_large[0][0] + 1}: "
                f"{row[tuple(too_large[0])]:g}",
                expected=f"numbers up to {MAX_NUMBER:g}, or NaN",
                fix="correct the value",
            )
        rows.append(series_as_float32(f"row {number} of {shorten(where, 120)}", row))
    return rows


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
        strange = set(other.classes) - set(first.classes)
        if strange:
            raise LoadError(
                f"{other.name!r} names the classes {', '.join(map(shorten, sorted(strange)))}, "
                f"which {first.name!r} does not",
                expected="the same classes in both",
                fix="check load.train, load.test",
            )


def _finish(
    spec, found: Found, rows: list[np.ndarray], longest: int
) -> tuple[Dataset, tuple[Inferred, ...]]:
    """The Dataset of the rows that have a class and a value, and notes for the user; `longest`: the
    most steps of a training row. Raises LoadError.
    """
    counts = {row.shape[1] for row in rows}
    if len(counts) > 1:
        raise LoadError(
            f"rows of {', '.join(map(str, sorted(counts)))} channels",
            expected="the same in every row",
            fix="provide the same channels everywhere",
        )
    num_channels = next(iter(counts), 1)
    steps = spec.steps or longest
    if not 0 < num_channels <= MAX_CHANNELS or steps > MAX_STEPS or (rows and steps < 2):
        raise LoadError(
            f"{num_channels:,} channels of {steps:,} steps",
            expected=f"at most {MAX_CHANNELS:,} channels and 2 to {MAX_STEPS:,} steps",
            fix="thin the series out; of [rows, channels, steps] swap the axes",
        )
    if len(rows) * steps * num_channels * 4 > MAX_ARRAY_BYTES:
        raise LoadError(
            f"{len(rows):,} series of {steps:,} steps and {num_channels:,} channels",
            expected=f"at most {MAX_ARRAY_BYTES:,} bytes",
            fix="keep fewer rows, or --set load.steps",
        )
    laid = _newest_steps(rows, steps, num_channels)
    empty = np.isnan(laid).all(axis=(1, 2))
    found.reasons = [
        reason or ("no value" if none else "")
        for reason, none in zip(found.reasons or [""] * len(rows), empty, strict=True)
    ]
    kept = usable_rows(found, SERIES)
    columns = {
        Column(name, SERIES, shape=(steps,)): laid[kept, :, place]
        for place, name in enumerate(_names(spec, num_channels))
    }
    dataset, notes = finish(spec, found, kept, columns=columns, target="label")
    schema = replace(dataset.schema, missing_words=TS_MISSING)
    lengths = np.array([len(rows[place]) for place in kept])
    described = [
        Inferred(column.name, SERIES, _in_words(values, lengths, found.where))
        for column, values in columns.items()
    ]
    return replace(dataset, schema=schema), (*described, *notes)


def _newest_steps(rows, steps, num_channels):
    """float32 [rows, steps, channels]: the last steps of each row, NaN before its first."""
    laid = np.full((len(rows), steps, num_channels), np.nan, np.float32)
    for row, values in zip(laid, rows, strict=True):
        few = min(len(values), steps)
        row[steps - few :] = values[len(values) - few :]
    return laid


def _names(spec, num_channels):
    names = spec.channels or (
        ("series",)
        if num_channels == 1
        else tuple(f"channel {place + 1}" for place in range(num_channels))
    )
    if len(names) != num_channels or len({*names, "label", ""}) < num_channels + 2:
        raise LoadError(
            f"load.channels={names!r} for {num_channels} channels",
            expected="a name of its own for each, but for 'label'",
            fix="name every channel in the order of the source, or none",
        )
    return names


def _in_words(values, lengths, where):
    steps = values.shape[1]
    said = f"{len(values):,} series of {steps:,} steps from {shorten(where, 120)}"
    shorter = int((lengths < steps).sum())
    longer = int((lengths > steps).sum())
    said += f"; {shorter:,} shorter, at least {lengths.min():,}: missing in front" * (shorter > 0)
    return said + f"; {longer:,} longer, at most {lengths.max():,}: the newest steps" * (longer > 0)
