"""Bring your own Keras model: the converter's traps are mended or named before anything is
converted.
"""

import json
import shutil
import zipfile

import numpy as np
import pytest

from pipelines.bundle.folder import read_golden_rows
from pipelines.device import DeviceError, Runner
from pipelines.errors import BundleError, ExportError, RecipeError, VerifyError
from pipelines.own_model.export import export_model, load_model, load_rows, take_apart
from pipelines.own_model.inputs import read_rows
from pipelines.verify.keras_interpreter import KerasInterpreter
from tests.folders import left_in
from tests.targets.c.test_c_code import compile_harness, run_harness

RANDOM = np.random.default_rng(0)
UNLIKE = RANDOM.normal(size=(200, 4)) * [1, 100, 1e-3, 5] + [0, 2500, 0, 1]  # float64
STEPS = RANDOM.normal(size=(60, 12, 3)).astype(np.float32)
PICTURES = RANDOM.integers(0, 256, (60, 16, 16, 3)).astype(np.uint8)
IDS = RANDOM.integers(0, 30, (400, 10))


@pytest.fixture(autouse=True)
def same_weights():
    """Most models here are as they were drawn: the same ones in whatever order tests run."""
    import keras

    keras.utils.set_random_seed(1)


def normalized(x):
    import keras

    layer = keras.layers.Normalization(name="scale")
    layer.adapt(x)
    return layer


def sequential(shape, *layers, dtype="float32"):
    import keras

    return keras.Sequential([keras.Input(shape, dtype=dtype), *layers])


def trained(model, x, y, epochs=30):
    model.compile("adam", "mse")
    model.optimizer.learning_rate = 0.01
    model.fit(x, y, epochs=epochs, verbose=0)
    return model


def solved(model, x, y):
    """The model with the weights of its last layer by least squares: no graph of a training is
    traced.

    `y`: float [rows], what the one output is to give before its activation.
    """
    import keras

    last = model.layers[-1]
    features = np.asarray(keras.Model(model.inputs, last.input)([x]))
    mean = features.mean(axis=0)
    centre = y.mean(axis=0)
    # What int8 would round away has no weight.
    kernel = np.linalg.lstsq(features - mean, y - centre, rcond=0.1)[0]
    last.set_weights([kernel[:, None], np.array([centre - mean @ kernel])])
    return model


def apart(model, rows, labels=()):
    rows = read_rows(model, rows)
    return take_apart(model, rows, np.arange(len(next(iter(rows.values())))), labels=labels)


def check(
    bundle,
    forms=("keras", "litert_float32", "litert_int8", "micro_int8", "c_int8"),
    *,
    agreement=0.85,
):
    """The bundle is whole, its ladder is about one model, and its C compiles to the runner's
    inputs.
    """
    report = bundle.report
    runner = bundle.runner()
    assert "report.html" in bundle.check() and report["gate"]["passed"]
    assert [rung["form"] for rung in report["ladder"]] == list(forms)
    assert all(rung["agreement"] >= agreement and rung["size_bytes"] for rung in report["ladder"])
    assert report["ladder"][forms.index("micro_int8")]["arena_bytes"] > 0
    golden = json.loads((bundle.folder / "golden.json").read_text())
    rows = read_golden_rows(bundle.folder)
    assert runner.predict(rows).raw.tolist() == [each["output"] for each in golden]
    if shutil.which("gcc"):
        columns, bad = runner.read(rows)
        found = run_harness(
            compile_harness(bundle.signature, bundle.folder.parent / "c_harness"),
            bundle.signature,
            columns,
        )
        assert not bad and all(
            np.array_equal(found[name], x) for name, x in runner.prepare(columns).items()
        )
    return report


def test_a_normalization_layer_moves_to_the_columns(tmp_path):
    from keras import layers

    model = sequential(
        (4,),
        normalized(UNLIKE),
        layers.Dense(8, "relu"),
        layers.Dropout(0.5),
        layers.Dense(3, "softmax"),
    )
    bundle = export_model(model, UNLIKE, name="own", folder=tmp_path, labels=("a", "b", "c"))
    report = check(bundle)
    assert "softmax that the model ends with was taken off" in " ".join(report["notes"])
    answers = bundle.runner(form="float32").predict(
        {f"x{place}": UNLIKE[:, place] for place in range(4)}
    )
    np.testing.assert_allclose(answers.scores, model.predict(UNLIKE, verbose=0), atol=1e-4)
    with pytest.raises(DeviceError, match="missing value"):
        bundle.runner().predict([{"x0": "", "x1": 1, "x2": 1, "x3": 1}])


def test_a_net_for_pictures_inside_another(tmp_path):
    """Rescaling, augmentation and batch normalization in a model inside the model, from a file."""
    import keras
    from keras import layers

    inner = sequential(
        (16, 16, 3),
        layers.Rescaling(1 / 255),
        layers.RandomFlip(),
        layers.RandomRotation(0.1),
        layers.Conv2D(8, 3, use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.GlobalAveragePooling2D(),
    )
    pixels = keras.Input((16, 16, 3), name="my-picture")
    keras.Model(pixels, layers.Softmax()(layers.Dense(4)(inner(pixels)))).save(
        tmp_path / "my.keras"
    )
    np.savez(tmp_path / "rows.npz", **{"my-picture": PICTURES})
    bundle = export_model(
        tmp_path / "my.keras",
        tmp_path / "rows.npz",
        name="own",
        folder=tmp_path,
        labels=("a", "b", "c", "d"),
    )
    report = check(
        bundle, ("keras", "litert_float32", "litert_int8", "litert_uint8", "micro_int8", "c_int8")
    )
    assert report["source"]["name"] == "my.keras" and len(report["source"]["sha256"]) == 64
    assert (bundle.signature.inputs[0].scale, bundle.signature.inputs[0].zero_point) == (1.0, -128)


def test_an_embedding_and_an_lstm_that_gives_its_last_step(tmp_path, command):
    from keras import layers

    model = solved(
        sequential(
            (10,),
            layers.Embedding(30, 8),
            layers.LSTM(8),
            layers.Dense(1, "sigmoid"),
            dtype="int32",
        ),
        IDS,
        np.where(IDS[:, -1] > 14, 4.0, -4.0),
    )
    model.save(tmp_path / "my-net.keras")
    np.save(tmp_path / "ids.npy", IDS)
    code, out, error = command(
        "export",
        tmp_path / "my-net.keras",
        "--rows",
        tmp_path / "ids.npy",
        "--labels",
        "no, yes",
        "--folder",
        tmp_path,
        "--runs-on",
        "micro,c",
    )
    assert code == 0 and "litert_int8" in out, error
    from pipelines.bundle.folder import Bundle

    bundle = Bundle(tmp_path / "my-net")
    check(bundle)
    runner = bundle.runner(form="float32")
    name = bundle.signature.columns[0].name
    said = model.predict(IDS, verbose=0)[:, 0]
    np.testing.assert_allclose(runner.predict({name: IDS}).scores[:, 1], said, atol=1e-4)
    for odd in (30, -1, 1.5):
        with pytest.raises(DeviceError, match="step 10 is"):
            runner.predict({name: [[*IDS[0][:-1], odd]]})


def test_several_inputs_and_plain_numbers(tmp_path):
    """A shared layer called twice, operations of keras.ops, a Bidirectional GRU, series beside
    numbers, two outputs.
    """
    import keras
    from keras import layers

    steps = keras.Input((4, 3), name="steps")
    numbers = keras.Input((4,), name="float")
    memory = layers.Bidirectional(layers.GRU(4))(steps)
    shared = layers.Dense(4)
    together = layers.Concatenate()(
        [memory, keras.ops.abs(shared(memory) - shared(layers.Dense(8)(numbers)))]
    )
    rows = {"steps": STEPS[:, :4], "float": UNLIKE[:60] / [1, 1000, 1e-3, 1]}
    y = np.stack([STEPS[:, 3].sum(axis=1), rows["float"].sum(axis=1)], axis=1)
    model = trained(keras.Model([steps, numbers], layers.Dense(2)(together)), rows, y)
    bundle = export_model(model, rows, name="own", folder=tmp_path, seed=3)
    report = check(bundle)
    names = [column.name for column in bundle.signature.columns]
    assert names == [
        "steps0",
        "steps1",
        "steps2",
        "input10",
        "input11",
        "input12",
        "input13",
    ]  # float is a word of C
    assert report["target"]["task"] == "regression" and bundle.runner().predict(
        []
    ).scores.shape == (0, 2)
    answers = bundle.runner(form="float32").predict(
        {
            **{f"steps{place}": STEPS[:, :4, place] for place in range(3)},
            **{f"input1{place}": rows["float"][:, place] for place in range(4)},
        }
    )
    np.testing.assert_allclose(answers.scores, model.predict(rows, verbose=0), atol=1e-4)


def transformer(activation):
    """One block of attention as Keras users write it, which calls its layer with a query and a
    value.
    """
    import keras
    from keras import layers

    x = keras.Input((12, 3), name="steps")
    h = layers.Dense(8)(x)
    normal = layers.LayerNormalization()(h)
    h = layers.Add()([h, layers.MultiHeadAttention(2, 4)(normal, normal)])
    normal = layers.LayerNormalization()(h)
    h = layers.Add()([h, layers.Dense(8)(layers.Dense(16, activation)(normal))])
    return keras.Model(x, layers.Dense(1)(layers.GlobalAveragePooling1D()(h)))


@pytest.mark.parametrize("name", ["lambda", "class", "float"])
def test_an_input_named_by_a_word_of_a_language(name):
    import keras

    model = keras.Sequential([keras.Input((4,), name=name), keras.layers.Dense(1)])
    rows = read_rows(model, UNLIKE)
    parts = take_apart(model, rows, np.arange(50), labels=())
    assert [port.name for port in parts.signature.inputs] == ["input"]


def test_attention_of_keras(tmp_path):
    steps = np.random.default_rng(1).normal(size=(400, 12, 3)).astype(np.float32)
    model = trained(transformer("relu"), steps, steps[:, :, 0].sum(axis=1), epochs=12)
    report = check(export_model(model, steps, name="own", folder=tmp_path), agreement=0.75)
    assert all(rung["scores"]["r2"] > 0.95 for rung in report["ladder"])  # of what Keras says


def test_an_operator_that_microcontrollers_lack_is_named(tmp_path):
    with pytest.raises(VerifyError, match="TFLM has no operator GELU"):
        export_model(transformer("gelu"), STEPS, name="own", folder=tmp_path)
    assert not left_in(tmp_path)


def models():
    """Name → (model, rows, labels): what is mended, looked at without converting."""
    import keras
    from keras import layers

    half = keras.DTypePolicy("mixed_float16")
    return {
        "unlike columns, dense": (
            sequential((4,), layers.Dense(8, "relu"), layers.Dense(1)),
            UNLIKE,
            (),
        ),
        "unlike columns, batch normalization": (
            sequential((4,), layers.BatchNormalization(), layers.Dense(1)),
            UNLIKE / [1, 1000, 1, 1],
            (),
        ),
        "normalization and unlike channels": (
            sequential(
                (12, 3),
                normalized(STEPS * [1, 1e4, 1]),
                layers.Conv1D(4, 3),
                layers.Flatten(),
                layers.Dense(1),
            ),
            STEPS * [1, 1e4, 1],
            (),
        ),
        "one scale for all": (
            sequential(
                (4,), layers.Normalization(axis=None, mean=3.0, variance=4.0), layers.Dense(2)
            ),
            UNLIKE[:, [0, 0, 3, 3]],
            (),
        ),
        "bidirectional, every step": (
            sequential(
                (12, 3),
                layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
                layers.TimeDistributed(layers.Dense(2)),
            ),
            STEPS,
            (),
        ),
        "backwards": (
            sequential((12, 3), layers.SimpleRNN(4, go_backwards=True), layers.Dense(1)),
            STEPS,
            (),
        ),
        "pixels from 0 to 1": (
            sequential((16, 16, 3), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(2)),
            PICTURES / 255,
            (),
        ),
        "pixels from -1 to 1": (
            sequential((16, 16, 3), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(2)),
            PICTURES / 127.5 - 1,
            (),
        ),
        "float pixels": (
            sequential(
                (16, 16, 3),
                layers.Rescaling(1 / 127.5, -1),
                layers.Conv2D(2, 3),
                layers.Flatten(),
                layers.Dense(2),
            ),
            PICTURES.astype(np.float64),
            (),
        ),
        "grey pixels without a channel": (
            sequential((16, 16), layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(2)),
            PICTURES[..., 0],
            (),
        ),
        "a spectrogram": (
            sequential((12, 5, 1), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(2)),
            RANDOM.normal(size=(30, 12, 5, 1)),
            (),
        ),
        "half precision": (
            sequential((4,), layers.Dense(8, "relu", dtype=half), layers.Dense(1, dtype=half)),
            UNLIKE[:, [0, 3, 0, 3]],
            (),
        ),
        "double precision": (
            sequential((4,), layers.Dense(8, dtype="float64"), layers.Dense(1, dtype="float64")),
            UNLIKE[:, [0, 3, 0, 3]],
            (),
        ),
        "softmax among operations": (
            keras.Model(pixels := keras.Input((4,)), keras.ops.softmax(layers.Dense(3)(pixels))),
            UNLIKE[:, [0, 3, 0, 3]],
            ("a", "b", "c"),
        ),
        "a softmax that is not taken off": (
            sequential((4,), layers.Dense(3, "softmax")),
            UNLIKE[:, [0, 3, 0, 3]],
            (),
        ),
        "pictures as output": (sequential((16, 16, 3), layers.Conv2D(1, 3)), PICTURES, ()),
        "ids without a type": (
            sequential((10,), layers.Embedding(30, 4), layers.Flatten(), layers.Dense(1)),
            IDS,
            (),
        ),
    }


def test_what_is_mended_says_the_same():
    import keras

    keras.utils.set_random_seed(0)
    for name, (model, rows, labels) in models().items():
        parts = apart(
            model, rows, labels
        )  # raises where the model that would ship says something else
        prepared = Runner(parts.signature, None, form="float32").prepare(parts.columns)
        said = KerasInterpreter(parts.model).run(prepared)
        assert said.shape == parts.answers.shape, name
        kinds = {type(layer).__name__ for layer in parts.model.layers}
        assert not kinds & {
            "Normalization",
            "Bidirectional",
            "Dropout",
            "TimeDistributed",
            "Sequential",
        }, name
        for port in parts.signature.inputs if "pixels" not in name and "ids" not in name else ():
            x = prepared[port.name].reshape(-1, port.shape[-1])
            spread = x.std(axis=0)
            assert port.is_picture or spread.max() < 30 * spread.min(), name


def refused():
    """Name → (model, rows, words): what is named before anything is converted."""
    import keras
    from keras import layers

    class Own(keras.layers.Layer):
        def call(self, x):
            return x

    class Subclassed(keras.Model):
        def call(self, x):
            return x

    subclassed = Subclassed()
    subclassed(np.zeros((1, 4), np.float32))
    dense = layers.Dense
    few = UNLIKE[:, [0, 3, 0, 3]]
    holes = few.copy()
    holes[7, 1] = np.nan
    a = keras.Input((4,), name="a")
    b = keras.Input((4,), name="b")
    two = keras.Model([a, b], dense(1)(layers.Add()([a, b])))
    return {
        "custom": (
            sequential((4,), Own(name="mine"), dense(1)),
            few,
            "the layer 'mine' \\(Own\\) is not one of Keras",
        ),
        "lambda": (
            sequential((4,), layers.Lambda(abs, name="code"), dense(1)),
            few,
            "'code' \\(Lambda\\) holds code",
        ),
        "subclassed": (subclassed, few, "is a subclass of keras.Model \\(Subclassed\\)"),
        "a subclass inside": (
            sequential((4,), Subclassed(name="in"), dense(1)),
            few,
            "'in' is a subclass",
        ),
        "unbuilt": (keras.Sequential([dense(1)]), few, "was never built"),
        "two outputs": (keras.Model(a, [dense(1)(a), dense(2)(a)]), few, "2 outputs"),
        "unknown size": (
            sequential((None, 3), layers.LSTM(4)),
            STEPS,
            r"has the shape \(None, 3\)",
        ),
        "texts": (
            sequential(
                (4,),
                layers.StringLookup(vocabulary=["a"], name="words"),
                layers.Embedding(3, 2),
                dtype="string",
            ),
            np.full((20, 4), "a"),
            "rows of .* are <U1",
        ),
        "lookup": (
            sequential(
                (4,),
                layers.IntegerLookup(vocabulary=[1, 2], name="codes"),
                layers.Embedding(4, 2),
                dtype="int64",
            ),
            np.ones((20, 4), int),
            "'codes' \\(IntegerLookup\\) looks things up",
        ),
        "masked": (
            sequential(
                (10,), layers.Embedding(30, 4, mask_zero=True, name="words"), layers.LSTM(4)
            ),
            IDS,
            "'words' \\(Embedding\\) hides steps",
        ),
        "a loop of cells": (
            sequential((12, 3), layers.RNN(layers.LSTMCell(4), name="loop")),
            STEPS,
            "'loop' .* loop",
        ),
        "stateful": (
            keras.Model(
                c := keras.Input((12, 3), batch_size=1),
                layers.GRU(4, stateful=True, name="kept")(c),
            ),
            STEPS,
            "'kept' \\(GRU\\) keeps or gives its state",
        ),
        "another LSTM": (
            sequential((12, 3), layers.LSTM(4, activation="relu", name="own")),
            STEPS,
            "activations relu and sigmoid",
        ),
        "unlike columns": (
            sequential((4,), layers.Reshape((4, 1)), layers.Conv1D(2, 2), layers.Flatten()),
            UNLIKE,
            "column 2 goes from .* loses 100% of it",
        ),
        "NaN": (sequential((4,), dense(1)), holes, "row 7 of .* holds NaN"),
        "infinite": (sequential((4,), dense(1)), few * 1e300, "row 0 of .* beyond 1e\\+30"),
        "another shape": (sequential((4,), dense(1)), few[:, :3], r"have the shape \(200, 3\)"),
        "objects": (sequential((4,), dense(1)), few.astype(object), "are object"),
        "one array for two": (two, few, "one array for the inputs a, b"),
        "other names": (two, {"a": few, "c": few}, "rows for a, c"),
        "other lengths": (two, {"a": few, "b": few[1:]}, "different numbers"),
        "ids that are none": (
            sequential((10,), layers.Embedding(20, 4), layers.Flatten()),
            IDS,
            "ids from 0 to 29",
        ),
        "ids that are numbers": (
            sequential((4,), keras.layers.Rescaling(2.0), dense(1), dtype="int32"),
            few.astype(int),
            "not Embedding layers",
        ),
        "half ids": (
            sequential((10,), layers.Embedding(30, 4), layers.Flatten(), dtype="int32"),
            IDS + 0.5,
            "not whole",
        ),
        "answers in NaN": (
            sequential((4,), layers.Rescaling(np.inf), dense(1)),
            few,
            "itself answers with NaN",
        ),
        "whole numbers out": (
            keras.Model(a, keras.ops.argmax(dense(3)(a))),
            few,
            "the model gives int",
        ),
    }


def test_what_is_not_possible_is_named():
    for name, (model, rows, words) in refused().items():
        with pytest.raises(ExportError, match=words) as caught:
            apart(model, rows)
        assert "\n  expected: " in str(caught.value) and "\n  fix: " in str(caught.value), name


@pytest.mark.parametrize(
    "labels, num_outputs, activation, words",
    [
        (("a", "b"), 3, "softmax", "2 labels for 3 outputs"),
        (("a", "b", "c"), 1, "sigmoid", "3 labels for 1 outputs"),
        (("a", "b", "c"), 3, "sigmoid", "a row may have several"),
    ],
)
def test_labels_that_do_not_fit(labels, num_outputs, activation, words):
    from keras import layers

    with pytest.raises(ExportError, match=words):
        apart(sequential((4,), layers.Dense(num_outputs, activation)), UNLIKE, labels)


def test_names_and_few_rows(tmp_path):
    from keras import layers

    model = sequential((4,), layers.Dense(2))
    for changes, error, words in (
        ({"name": "../x"}, RecipeError, "the name '../x'"),
        ({"targets": ("moon",)}, RecipeError, "shipping.targets holds 'moon'"),
        ({"labels": ("a", "a")}, RecipeError, "labels a, a"),
        ({"rows": UNLIKE[:19]}, ExportError, "19 rows"),
        ({"rows": tmp_path / "no.npy"}, ExportError, "No such file"),
        ({"model": tmp_path / "no.keras"}, ExportError, "no file"),
        ({"folder": __file__}, BundleError, "cannot be written to"),
    ):
        with pytest.raises(error, match=words):
            given = {
                "model": model,
                "rows": UNLIKE,
                "name": "own",
                "folder": tmp_path / "models",
                **changes,
            }
            export_model(given.pop("model"), given.pop("rows"), **given)
    assert not (tmp_path / "models").exists() or not left_in(tmp_path / "models")


def test_files_run_no_code(tmp_path):
    """Lambda layers, custom layers and pickled rows in files are refused before anything of them is
    loaded.
    """
    import keras
    from keras import layers

    class Mine(keras.layers.Layer):
        def call(self, x):
            return x

    for layer, words in (
        (layers.Lambda(lambda x: x, name="code"), "holds a Lambda layer \\('code'\\)"),
        (Mine(name="mine"), "holds the custom Mine 'mine'"),
    ):
        sequential((4,), layer, layers.Dense(1)).save(tmp_path / "odd.keras")
        with pytest.raises(ExportError, match=words):
            load_model(tmp_path / "odd.keras")
    np.save(tmp_path / "rows.npy", np.array([{}, {}]))
    (tmp_path / "text.npy").write_text("1 2 3")
    for name in ("rows.npy", "text.npy"):
        with pytest.raises(ExportError, match=f"{name}' cannot be read"):
            load_rows(tmp_path / name)
    (tmp_path / "odd.keras").write_text("no zip")
    with pytest.raises(ExportError, match="cannot be loaded as a Keras model"):
        load_model(tmp_path / "odd.keras")
    with zipfile.ZipFile(tmp_path / "odd.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(ExportError, match="cannot be loaded as a Keras model"):
        load_model(tmp_path / "odd.keras")


def test_an_operator_that_no_device_has_is_named(tmp_path):
    import keras

    model = keras.Model(
        x := keras.Input((16,)), keras.ops.cholesky(keras.layers.Reshape((4, 4))(x))
    )
    square = np.stack([np.eye(4) * (1 + place) for place in range(40)])
    with pytest.raises(
        ExportError, match="the converter refused while converting the whole model to float32"
    ):
        export_model(model, square.reshape(40, 16), name="own", folder=tmp_path)
    assert not left_in(tmp_path)


def test_a_form_that_loses_too_much_is_kept_aside(tmp_path):
    """One output that is a thousand times another: the int8 output has one scale."""
    from keras import layers

    last = layers.Dense(2)
    model = sequential((4,), last)
    last.set_weights([np.array([[1e3, 0], [0, 1e-3], [0, 0], [0, 0]]), np.zeros(2)])
    with pytest.raises(VerifyError, match="litert_float32 → litert_int8 lost .* of r2"):
        export_model(model, UNLIKE[:, [0, 3, 0, 3]], name="own", folder=tmp_path)
    assert left_in(tmp_path) == ["own.failed"]
