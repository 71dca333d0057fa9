"""Keras models and rows that people export: what is read of them, or why they are refused before
anything is converted.
"""

import io
import json
import zipfile
from functools import cache

import numpy as np

from pipelines.own_model.export import export_model, load_model, load_rows
from pipelines.own_model.inputs import read_rows
from tests.odd_files import OddFile, file_of

FEW = np.arange(80, dtype=np.float32).reshape(20, 4)


def zip_of(**files):
    """The content of a zip file; of text and bytes by name, "__" for the dot."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return sink.getvalue()


def keras_file(*layers, name="m.keras"):
    """A .keras file whose configuration holds these layers, and no weights."""
    config = {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": "net", "layers": list(layers)},
        "registered_name": None,
    }
    return file_of(name, zip_of(config__json=json.dumps(config), metadata__json="{}"))


def layer(kind, name, module="keras.layers", registered=None, **config):
    return {
        "module": module,
        "class_name": kind,
        "config": {"name": name, **config},
        "registered_name": registered,
    }


def saved(array):
    """An .npy file."""

    def write(folder):
        np.save(folder / "rows.npy", array)
        return folder / "rows.npy"

    return write


def saved_by_name(**arrays):
    """An .npz file."""

    def write(folder):
        np.savez(folder / "rows.npz", **arrays)
        return folder / "rows.npz"

    return write


def folder_of(name):
    def write(folder):
        (folder / name).mkdir()
        return folder / name

    return write


@cache
def net(dtype="float32", shape=(4,), outputs=3):
    import keras

    layers = keras.layers
    last = layers.Dense(outputs, "softmax", name="last")
    if dtype == "uint8":
        first = [layers.Rescaling(1 / 255), layers.Flatten()]
    else:
        first = []
    return keras.Sequential([keras.Input(shape, dtype=dtype, name="x"), *first, last])


@cache
def two_inputs():
    import keras

    a = keras.Input((4,), name="a")
    b = keras.Input((4,), name="b")
    return keras.Model([a, b], keras.layers.Dense(1)(keras.layers.Add()([a, b])))


def rows_for(model, **options):
    """Reads rows for a model; the shape and dtype of each array."""

    def read(path):
        rows = read_rows(model(**options), load_rows(path))
        return {name: (x.shape, x.dtype.str[1:]) for name, x in rows.items()}

    return read


def exported(**options):
    """Exports a net with the rows, into the file's folder."""
    return lambda path: export_model(
        net(), path, name=options.pop("name", "own"), folder=path.parent, **options
    )


def shapes(path):
    found = load_rows(path)
    if isinstance(found, np.ndarray):
        return found.shape
    return {name: x.shape for name, x in found.items()}


UNREADABLE = "cannot be loaded as a Keras model"
MODELS = (
    OddFile("an empty .keras", file_of("m.keras", b""), load_model, error=UNREADABLE),
    OddFile("text called .keras", file_of("m.keras", "layers: 3"), load_model, error=UNREADABLE),
    OddFile(
        "an .h5 renamed",
        file_of("m.keras", b"\x89HDF\r\n\x1a\n" + bytes(500)),
        load_model,
        error=UNREADABLE,
    ),
    OddFile(
        "a zip of something else",
        file_of("m.keras", zip_of(a__txt="x")),
        load_model,
        error=UNREADABLE,
    ),
    OddFile(
        "a zip cut short",
        file_of("m.keras", zip_of(config__json="{}" * 99)[:80]),
        load_model,
        error=UNREADABLE,
    ),
    OddFile(
        "a configuration that is no JSON",
        file_of("m.keras", zip_of(config__json="{")),
        load_model,
        error=UNREADABLE,
    ),
    OddFile(
        "a configuration that is a number",
        file_of("m.keras", zip_of(config__json="3")),
        load_model,
        error=UNREADABLE,
    ),
    OddFile("a folder called .keras", folder_of("m.keras"), load_model, error=UNREADABLE),
    OddFile(
        "a TFLite file called .keras",
        file_of("m.keras", b"\x1c\0\0\0TFL3" + bytes(99)),
        load_model,
        error=UNREADABLE,
    ),
    OddFile(
        "a model without weights",
        keras_file(layer("InputLayer", "x", batch_shape=[None, 4]), layer("Dense", "d", units=2)),
        load_model,
        error=UNREADABLE,
    ),
    OddFile(
        "a layer that Keras has not", keras_file(layer("Dance", "d")), load_model, error=UNREADABLE
    ),
    OddFile(
        "a Lambda layer",
        keras_file(layer("Lambda", "code")),
        load_model,
        error="holds a Lambda layer ('code')",
    ),
    OddFile(
        "a Lambda layer in a model inside",
        keras_file(layer("Sequential", "in", layers=[layer("Lambda", "deep")])),
        load_model,
        error="holds a Lambda layer ('deep')",
    ),
    OddFile(
        "a function as an argument",
        keras_file(layer("Dense", "d", activation={"class_name": "__lambda__"})),
        load_model,
        error="holds a Lambda layer ('?')",
    ),
    OddFile(
        "a custom layer that was registered",
        keras_file(layer("Mine", "m", None, "shop>Mine")),
        load_model,
        error="holds the custom Mine 'm'",
    ),
    OddFile(
        "a custom layer that was never registered",
        keras_file(layer("Mine", "mine", None, "Mine")),
        load_model,
        error="holds the custom Mine 'mine'",
    ),
    OddFile(
        "a custom layer of a module",
        keras_file(layer("Mine", "m", "shop.layers", "Mine")),
        load_model,
        error="holds the custom Mine 'm'",
    ),
    OddFile(
        "a class of Python's",
        keras_file(layer("system", "s", "os")),
        load_model,
        error="holds the custom system 's'",
    ),
    OddFile(
        "an activation of the user's own",
        keras_file(
            layer(
                "Dense",
                "d",
                activation={
                    "module": "builtins",
                    "class_name": "function",
                    "config": "twice",
                    "registered_name": "function",
                },
            )
        ),
        load_model,
        error="holds the custom function 'twice'",
    ),
)
ROWS = (
    OddFile("rows in one array", saved(FEW), shapes, (20, 4)),
    OddFile(
        "rows in two arrays", saved_by_name(a=FEW, b=FEW[:3]), shapes, {"a": (20, 4), "b": (3, 4)}
    ),
    OddFile(
        "pickled rows", saved(np.array([{}, {}], object)), shapes, error="rows.npy' cannot be read"
    ),
    OddFile(
        "rows as CSV", file_of("rows.npy", "1,2\n3,4\n"), shapes, error="rows.npy' cannot be read"
    ),
    OddFile("an empty .npy", file_of("rows.npy", b""), shapes, error="rows.npy' cannot be read"),
    OddFile(
        "an .npy cut short",
        lambda folder: file_of("rows.npy", saved(FEW)(folder).read_bytes()[:200])(folder),
        shapes,
        error="rows.npy' cannot be read",
    ),
    OddFile(
        "an .npz cut short",
        lambda folder: file_of("rows.npz", saved_by_name(a=FEW)(folder).read_bytes()[:-30])(folder),
        shapes,
        error="rows.npz' cannot be read",
    ),
    OddFile(
        "one number",
        saved(np.float32(3)),
        rows_for(net),
        error="have the shape (), the model's input (None, 4)",
    ),
    OddFile(
        "one row without an axis of rows", saved(FEW[0]), rows_for(net), error="have the shape (4,)"
    ),
    OddFile("a column too few", saved(FEW[:, :3]), rows_for(net), error="have the shape (20, 3)"),
    OddFile("no rows", saved(FEW[:0]), rows_for(net), error="have the shape (0, 4)"),
    OddFile("half precision", saved(FEW.astype(np.float16)), rows_for(net), {"x": ((20, 4), "f2")}),
    OddFile(
        "the other byte order", saved(FEW.astype(">f8")), rows_for(net), {"x": ((20, 4), "f8")}
    ),
    OddFile(
        "whole numbers and truth values", saved(FEW > 7), rows_for(net), {"x": ((20, 4), "b1")}
    ),
    OddFile(
        "columns before rows in memory",
        saved(np.asfortranarray(FEW)),
        rows_for(net),
        {"x": ((20, 4), "f4")},
    ),
    OddFile("complex numbers", saved(FEW * 1j), rows_for(net), error="are complex"),
    OddFile("texts", saved(FEW.astype(str)), rows_for(net), error="the input takes float32"),
    OddFile("dates", saved(FEW.astype("datetime64[s]")), rows_for(net), error="are datetime64[s]"),
    OddFile(
        "a hole",
        saved(np.where(FEW == 30, np.nan, FEW)),
        rows_for(net),
        error="row 7 of 'x' holds NaN",
    ),
    OddFile(
        "a number beyond all",
        saved(np.where(FEW == 30, 1e38, FEW)),
        rows_for(net),
        error="row 7 of 'x' holds NaN, or a number beyond 1e+30",
    ),
    OddFile(
        "another name for one input",
        saved_by_name(other=FEW),
        rows_for(net),
        {"x": ((20, 4), "f4")},
    ),
    OddFile(
        "another name for one of two",
        saved_by_name(a=FEW, c=FEW),
        rows_for(two_inputs),
        error="rows for a, c",
    ),
    OddFile(
        "an array too many",
        saved_by_name(a=FEW, b=FEW, c=FEW),
        rows_for(two_inputs),
        error="rows for a, b, c",
    ),
    OddFile(
        "one array for two inputs",
        saved(FEW),
        rows_for(two_inputs),
        error="one array for the inputs a, b",
    ),
    OddFile(
        "fewer rows of one input",
        saved_by_name(a=FEW, b=FEW[:9]),
        rows_for(two_inputs),
        error="rows of different numbers: {'a': 20, 'b': 9}",
    ),
    OddFile(
        "pixels below zero",
        saved(np.full((20, 4, 4, 1), -1)),
        rows_for(net, dtype="uint8", shape=(4, 4, 1)),
        error="from -1 to -1 in the rows of 'x', an input of uint8",
    ),
    OddFile(
        "pixels above 255",
        saved(np.full((20, 4, 4, 1), 256)),
        rows_for(net, dtype="uint8", shape=(4, 4, 1)),
        error="from 256 to 256 in the rows of 'x', an input of uint8",
    ),
    OddFile(
        "pixels that are not whole",
        saved(np.full((20, 4, 4, 1), 0.5)),
        rows_for(net, dtype="uint8", shape=(4, 4, 1)),
        error="not whole, for an input of uint8",
    ),
    OddFile(
        "pixels as floats",
        saved(np.full((20, 4, 4, 1), 7.0)),
        rows_for(net, dtype="uint8", shape=(4, 4, 1)),
        {"x": ((20, 4, 4, 1), "f8")},
    ),
    OddFile("one row", saved(FEW[:1]), exported(), error="1 rows"),
    OddFile("nineteen rows", saved(FEW[:19]), exported(), error="19 rows"),
    OddFile(
        "labels too few", saved(FEW), exported(labels=("a", "b")), error="2 labels for 3 outputs"
    ),
    OddFile(
        "a label twice", saved(FEW), exported(labels=("a", "b", "a")), error="the labels a, b, a"
    ),
    OddFile(
        "an empty label", saved(FEW), exported(labels=("a", "b", "")), error="the labels a, b, "
    ),
    OddFile("a name with a path", saved(FEW), exported(name="../own"), error="the name '../own'"),
)
ODD_FILES = (*MODELS, *ROWS)
