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
    """The tfds builder of a prepared data set: of `data_dir` itself where it holds one, else of the
    name below it; or tfds' ImageFolder where the name is image_folder. Raises LoadError where the
    data are not there.
    """
    where = data_dir or str(Path.home() / "tensorflow_datasets")
    if (name == IMAGE_FOLDER or data_dir) and not Path(where).is_dir():
        raise LoadError(
            f"no folder {shorten(where, 120)}",
            expected="the folder that tfds prepared a data set in",
            fix=_prepare(name),
        )
    with _told(name):
        load_tensorflow()
        import tensorflow_datasets as tfds
        from tensorflow_datasets.core.read_only_builder import builder_from_files

        if name == IMAGE_FOLDER:
            return tfds.folder_dataset.ImageFolder(where)
        if (Path(where) / "dataset_info.json").is_file():
            return tfds.builder_from_directory(where)
        try:
            return builder_from_files(name, **({"data_dir": data_dir} if data_dir else {}))
        except tfds.core.DatasetNotFoundError:
            raise LoadError(
                f"the data set {shorten(name)} is not prepared in {shorten(where, 120)}",
                expected=f"{name.partition(':')[0]}/<version>/dataset_info.json in that folder",
                fix=_prepare(name),
            ) from None


def feature_of(builder, spec, knob: str):
    """The tfds feature that a knob of a spec ("image", "text") names. Raises LoadError where it, or
    the label, is not there.
    """
    known = builder.info.features
    name = vars(spec)[knob]
    absent = [each for each in (name, spec.label) if each not in known.keys()]
    if absent:
        raise LoadError(
            f"no feature {shorten(absent[0])} in {builder.info.full_name}",
            expected=", ".join(map(shorten, known)),
            fix=f"name them: load.{knob}=..., load.label=...",
        )
    return known[name]


def count_examples(builder, spec) -> dict[str, int]:
    """Split → number of examples, of `spec.splits` or, if empty, of train, validation and test
    where they are there. Raises LoadError for a split that is not there.
    """
    known = builder.info.splits
    splits = spec.splits or tuple(name for name in known if name in PARTS)
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
    """Reads every example of the splits in `counts`, in the order on disk. put(row, cell) takes the
    bytes of a file, or an array, and why it cannot be read, or "". Raises LoadError.
    """
    from tqdm import tqdm

    labels = []
    parts = []
    reasons = []
    with tqdm(total=sum(counts.values()), desc="read", unit="example") as bar:
        for split in counts:
            for cell, label in _examples(builder, split, vars(spec)[knob], spec.label):
                reasons.append(put(len(reasons), cell))
                labels.append(label)
                parts.append(PARTS.get(split.partition("[")[0]))
                bar.update()
    are_numbers = all(isinstance(label, np.integer) for label in labels)
    texts, numbers = class_texts(np.asarray(labels, None if are_numbers else object), ())
    order = (
        tuple(
            getattr(
                builder.info.features[spec.label],
                "names",
                None,
            )
            or ()
        )
        or numbers
    )
    return LabelledSource(
        texts,
        parts=parts if all(parts) else None,
        reasons=reasons,
        order=order,
        where=builder.info.full_name,
    )


def describe_prepared(spec) -> dict[str, str]:
    """The data set's name with its version, and the sha256 of what `sha256sum` prints for its
    files.
    """
    builder = open_builder(spec.name, spec.data_dir)
    root = Path(spec.data_dir if spec.name == IMAGE_FOLDER else builder.data_path).resolve()
    names = [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()]
    return {"name": builder.info.full_name, "sha256": fingerprint_files(root, names)}


def _examples(builder, split, column, label) -> Iterator[tuple[object, object]]:
    """(cell; class name, number or None) of each example of a split."""
    import tensorflow_datasets as tfds

    known = builder.info.features
    # The files' own bytes: what a device reads is decoded by the same reader.
    if isinstance(known[column], tfds.features.Image):
        encoded = {column: tfds.decode.SkipDecoding()}
    else:
        encoded = None
    is_class = isinstance(known[label], tfds.features.ClassLabel)
    with _told(builder.name):
        for example in builder.as_dataset(
            split=split,
            decoders=encoded,
        ).as_numpy_iterator():
            value = example[label]
            if is_class:
                if value >= 0:
                    value = known[label].int2str(int(value))
                else:
                    value = None
            yield example[column], value


def _num_examples(builder, split):
    with _told(builder.name):
        splits = builder.info.splits
        if split.partition("[")[0] not in splits:
            raise LoadError(
                f"no split {shorten(split)} in {builder.info.full_name}",
                expected=", ".join(map(shorten, splits)),
                fix="name the splits there are: load.splits",
            )
        return splits[split].num_examples


def _prepare(name):
    return (
        f"on a machine with network run tfds.load({name!r}, data_dir='tfds'), copy the folder tfds "
        "here, and give it: load.data_dir=tfds"
    )


@contextmanager
def _told(name):
    """Whatever tensorflow-datasets and TensorFlow raise, with their message, as a LoadError."""
    try:
        yield
    except PipelineError:
        raise
    except Exception as error:  # they share no class
        raise LoadError(
            f"tensorflow-datasets cannot read {shorten(name)}: {type(error).__name__}: "
            f"{shorten(str(error), 300)}",
            expected="a data set that tfds prepared",
            fix="prepare it again with the version of tensorflow-datasets that is installed here",
        ) from error


def names_train_and_test(spec) -> bool:
    """Whether the splits of a spec with the knobs name, data_dir and splits are train and test
    rather than rows still to be split.
    """
    try:
        names = spec.splits or tuple(open_builder(spec.name, spec.data_dir).info.splits)
    except LoadError:  # `read` reports what is wrong with the data set
        return False
    return {"train", "test"} <= {PARTS.get(name.partition("[")[0]) for name in names}
