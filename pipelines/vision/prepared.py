"""Data sets that tensorflow-datasets has prepared on disk. Nothing is downloaded and no code of a data set is run."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..device.cells import shorten
from ..errors import LoadError, PipelineError
from ..strategy import load_tensorflow

IMAGE_FOLDER = "image_folder"


def open_builder(name: str, data_dir: str):
    """The tfds builder of a prepared data set: of `data_dir` itself where it holds one, else of the name below it; or
    tfds' ImageFolder where the name is image_folder. Raises LoadError where the data are not there."""
    where = data_dir or str(Path.home() / "tensorflow_datasets")
    if (name == IMAGE_FOLDER or data_dir) and not Path(where).is_dir():
        raise LoadError(f"no folder {shorten(where, 120)}", expected="the folder that tfds prepared a data set in",
                        fix=_prepare(name))
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
            raise LoadError(f"the data set {shorten(name)} is not prepared in {shorten(where, 120)}",
                            expected=f"{name.partition(':')[0]}/<version>/dataset_info.json in that folder",
                            fix=_prepare(name)) from None


def features(builder, image: str, label: str) -> tuple[tuple[int | None, ...], tuple[str, ...]]:
    """(stored shape of the pictures, None where they differ; names of the classes, if they have names). Raises
    LoadError for a feature that is not there."""
    known = builder.info.features
    absent = [name for name in (image, label) if name not in known.keys()]
    if absent:
        raise LoadError(f"no feature {shorten(absent[0])} in {builder.info.full_name}",
                        expected=", ".join(map(shorten, known)), fix="name them: load.image=..., load.label=...")
    return tuple(known[image].shape or ()), tuple(getattr(known[label], "names", None) or ())


def examples(builder, split: str, image: str, label: str) -> Iterator[tuple[object, object]]:
    """(the bytes of the file, or an array; class name, number or None) of each example of a split, in the order on
    disk. Raises LoadError."""
    import tensorflow_datasets as tfds
    known = builder.info.features
    # The files' own bytes: what a device reads is decoded by the same reader.
    encoded = {image: tfds.decode.SkipDecoding()} if isinstance(known[image], tfds.features.Image) else None
    is_class = isinstance(known[label], tfds.features.ClassLabel)
    with _told(builder.name):
        for example in builder.as_dataset(split=split, decoders=encoded).as_numpy_iterator():
            value = example[label]
            if is_class:
                value = known[label].int2str(int(value)) if value >= 0 else None
            yield example[image], value


def num_examples(builder, split: str) -> int:
    """Raises LoadError for a split that is not there."""
    with _told(builder.name):
        splits = builder.info.splits
        if split.partition("[")[0] not in splits:
            raise LoadError(f"no split {shorten(split)} in {builder.info.full_name}",
                            expected=", ".join(map(shorten, splits)), fix="name the splits there are: load.splits")
        return splits[split].num_examples


def _prepare(name):
    return (f"on a machine with network run tfds.load({name!r}, data_dir='tfds'), copy the folder tfds here, and give "
            "it: load.data_dir=tfds")


@contextmanager
def _told(name):
    """Whatever tensorflow-datasets and TensorFlow raise, with their message, as a LoadError."""
    try:
        yield
    except PipelineError:
        raise
    except Exception as error:  # they share no class
        raise LoadError(f"tensorflow-datasets cannot read {shorten(name)}: {type(error).__name__}: "
                        f"{shorten(str(error), 300)}", expected="a data set that tfds prepared",
                        fix="prepare it again with the version of tensorflow-datasets that is installed here"
                        ) from error
