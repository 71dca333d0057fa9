"""Data sets that tensorflow-datasets has prepared on disk. Nothing is downloaded and no code of a
data set is run.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ..device.cells import shorten
from ..errors import LoadError, PipelineError
from .files import fingerprint_files
from .labelled_files import LabelledSource
from .labels import PARTS, class_texts
from .tensorflow import load_tensorflow

IMAGE_FOLDER = "image_folder"


def open_builder(name: str, data_dir: str):
    """Opens a prepared data set.

    Args:
        name: Of the data set, or "image_folder" for tfds' ImageFolder.
        data_dir: The folder that holds the data set, or that has one of this name below it; "" for
            the one of tfds.

    Returns:
        Its tfds builder.

    Raises:
        LoadError: If the data are not there.
    """
    where = data_dir or str(Path.home() / "tensorflow_datasets")
    is_folder_needed = name == IMAGE_FOLDER or data_dir
    if is_folder_needed and not Path(where).is_dir():
        raise LoadError(
            f"no folder {shorten(where, 120)}",
            expected="the folder that tfds prepared a data set in",
            fix=_how_to_prepare(name),
        )
    with _errors_as_ours(name):
        load_tensorflow()
        import tensorflow_datasets as tfds

        if name == IMAGE_FOLDER:
            return tfds.folder_dataset.ImageFolder(where)
        if (Path(where) / "dataset_info.json").is_file():
            return tfds.builder_from_directory(where)
        return _builder_of_name(name, data_dir, where)


def _builder_of_name(name, data_dir, where):
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core.read_only_builder import builder_from_files

    options = {}
    if data_dir:
        options["data_dir"] = data_dir
    try:
        return builder_from_files(name, **options)
    except tfds.core.DatasetNotFoundError:
        base_name, _, _ = name.partition(":")
        raise LoadError(
            f"the data set {shorten(name)} is not prepared in {shorten(where, 120)}",
            expected=f"{base_name}/<version>/dataset_info.json in that folder",
            fix=_how_to_prepare(name),
        ) from None


def feature_of(builder, spec, knob: str):
    """Returns the tfds feature that a knob of a spec names.

    Args:
        builder: Of the data set.
        spec: A load spec.
        knob: "image" or "text".

    Raises:
        LoadError: If the feature, or the label, is not there.
    """
    known = builder.info.features
    name = vars(spec)[knob]
    for each in (name, spec.label):
        if each not in known.keys():
            raise LoadError(
                f"no feature {shorten(each)} in {builder.info.full_name}",
                expected=", ".join(map(shorten, known)),
                fix=f"name them: load.{knob}=..., load.label=...",
            )
    return known[name]


def count_examples(builder, spec) -> dict[str, int]:
    """Counts the examples of the splits to read.

    Args:
        builder: Of the data set.
        spec: A load spec with the knob splits; if that is empty, train, validation and test are
            read where they are there.

    Returns:
        Split → number of examples.

    Raises:
        LoadError: For a split that is not there.
    """
    known = builder.info.splits
    splits = spec.splits
    if not splits:
        splits = tuple(name for name in known if name in PARTS)
    if not splits:
        raise LoadError(
            f"the splits of {spec.name} are {', '.join(map(shorten, known))}",
            expected="train, validation or test",
            fix="name the splits to read: load.splits",
        )
    return {split: _num_examples(builder, split) for split in splits}


def found_in_splits(
    spec, builder, counts: dict[str, int], *, knob: str, put: Callable[[int, object], str]
) -> LabelledSource:
    """Reads every example of the splits, in the order on disk.

    Args:
        spec: A load spec with the knob label.
        builder: Of the data set.
        counts: Split → number of examples.
        knob: The one of the spec that names the feature.
        put: Takes a row and its cell, which is the bytes of a file or an array, and returns why it
            cannot be read, or "".

    Raises:
        LoadError: If the data set cannot be read.
    """
    from tqdm import tqdm

    labels = []
    parts = []
    reasons = []
    column = vars(spec)[knob]
    with tqdm(total=sum(counts.values()), desc="read", unit="example") as bar:
        for split in counts:
            part = _part_of(split)
            for cell, label in _examples(builder, split, column, spec.label):
                reasons.append(put(len(reasons), cell))
                labels.append(label)
                parts.append(part)
                bar.update()
    texts, numbers = class_texts(_as_array(labels), ())
    names = getattr(builder.info.features[spec.label], "names", None)
    found = LabelledSource(texts, reasons=reasons, where=builder.info.full_name)
    found.order = tuple(names or numbers)
    if all(parts):
        found.parts = parts
    return found


def _part_of(split):
    """Returns the part of a split such as train[:10%], None if it is none."""
    name, _, _ = split.partition("[")
    return PARTS.get(name)


def _as_array(labels):
    if all(isinstance(label, np.integer) for label in labels):
        return np.asarray(labels)
    return np.asarray(labels, object)


def describe_prepared(spec) -> dict[str, str]:
    """Returns the data set's name with its version, and the sha256 of what `sha256sum` prints for
    its files.
    """
    builder = open_builder(spec.name, spec.data_dir)
    folder = builder.data_path
    if spec.name == IMAGE_FOLDER:
        folder = spec.data_dir
    root = Path(folder).resolve()
    names = []
    for path in root.rglob("*"):
        if path.is_file():
            names.append(path.relative_to(root).as_posix())
    return {"name": builder.info.full_name, "sha256": fingerprint_files(root, names)}


def _examples(builder, split, column, label) -> Iterator[tuple[object, object]]:
    """Yields (cell; class name, number or None) of each example of a split."""
    import tensorflow_datasets as tfds

    known = builder.info.features
    decoders = None
    if isinstance(known[column], tfds.features.Image):
        # The files' own bytes: what a device reads is decoded by the same reader.
        decoders = {column: tfds.decode.SkipDecoding()}
    is_class = isinstance(known[label], tfds.features.ClassLabel)
    with _errors_as_ours(builder.name):
        examples = builder.as_dataset(split=split, decoders=decoders)
        for example in examples.as_numpy_iterator():
            value = example[label]
            if is_class:
                value = _class_name(known[label], value)
            yield example[column], value


def _class_name(feature, number):
    """Returns the name of a class, None of a negative number, which means no class."""
    if number < 0:
        return None
    return feature.int2str(int(number))


def _num_examples(builder, split):
    with _errors_as_ours(builder.name):
        splits = builder.info.splits
        name, _, _ = split.partition("[")
        if name not in splits:
            raise LoadError(
                f"no split {shorten(split)} in {builder.info.full_name}",
                expected=", ".join(map(shorten, splits)),
                fix="name the splits there are: load.splits",
            )
        return splits[split].num_examples


def _how_to_prepare(name):
    return (
        f"on a machine with network run tfds.load({name!r}, data_dir='tfds'), copy the folder tfds "
        "here, and give it: load.data_dir=tfds"
    )


@contextmanager
def _errors_as_ours(name):
    """Turns whatever tensorflow-datasets and TensorFlow raise into a LoadError with its message."""
    try:
        yield
    except PipelineError:
        raise
    except Exception as error:  # they share no class
        reason = shorten(str(error), 300)
        raise LoadError(
            f"tensorflow-datasets cannot read {shorten(name)}: {type(error).__name__}: {reason}",
            expected="a data set that tfds prepared",
            fix="prepare it again with the version of tensorflow-datasets that is installed here",
        ) from error


def names_train_and_test(spec) -> bool:
    """Tests whether the splits of a spec with the knobs name, data_dir and splits are train and
    test rather than rows still to be split.
    """
    names = spec.splits
    if not names:
        try:
            builder = open_builder(spec.name, spec.data_dir)
        except LoadError:  # `read` reports what is wrong with the data set
            return False
        names = tuple(builder.info.splits)
    parts = {_part_of(name) for name in names}
    return {"train", "test"} <= parts
