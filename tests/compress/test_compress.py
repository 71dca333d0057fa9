"""Compression other than quantization: what goes is really gone, what stays gives the same answers,
and methods follow one another.
"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pipelines.compress import (
    ClusterWeights,
    ConvolveByFft,
    Distil,
    FactorizeLowRank,
    PruneChannels,
    PruneWeights,
    distil,
    gzip_bytes,
    make_tuning,
    share_of_zeros,
    taught,
    tuning_from_arrays,
)
from pipelines.compress.channels import cut_to, remove_channels, trace_channels
from pipelines.compress.factorize import factorize
from pipelines.compress.fft import by_spectra
from pipelines.device.target import Target
from pipelines.errors import RecipeError, TrainError
from pipelines.rows.parts import HeldOut, Schema, TrainSet
from pipelines.tabular import Mlp
from pipelines.training.feed import TrainFeed
from pipelines.training.fit import train
from pipelines.training.optimizers import AdamW
from pipelines.training.schedules import Cosine
from pipelines.training.training import Training
from tests.training.test_fit import make, signature_of


@pytest.fixture(scope="module")
def clothes():
    """Pictures uint8 [rows, 28, 28, 1] and classes int64 [rows]: 600 to learn from, 200 to judge
    by.
    """
    with np.load("data/fashion_mnist_8k.npz") as file:
        x = file["x_train"][:800, :, :, None]
        y = file["y_train"][:800].astype(np.int64)
    return x[:600], y[:600], x[600:], y[600:]


@pytest.fixture(scope="module")
def tuning(clothes):
    import keras

    x, y, valid_x, valid_y = clothes
    return tuning_from_arrays(
        x,
        y,
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        valid=(valid_x, valid_y),
        training=Training(batch_size=64, optimizer=AdamW(learning_rate=5e-3)),
    )


@pytest.fixture(scope="module")
def model(tuning):
    """A small residual net of pictures 0..255, trained for some epochs."""
    import keras

    layers = keras.layers
    keras.utils.set_random_seed(3)
    pixels = keras.Input((28, 28, 1), name="picture")
    x = layers.Rescaling(1 / 255, name="pixels")(pixels)
    for place in range(3):
        before = x
        x = layers.Conv2D(
            16, 3, strides=1 + (place == 0), padding="same", use_bias=False, name=f"conv{place}"
        )(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"norm{place}")(x)
        x = layers.ReLU(name=f"relu{place}")(
            layers.Add(name=f"add{place}")([before, x]) if place == 2 else x
        )
        if place:
            x = layers.MaxPooling2D(name=f"pool{place}")(x)
    x = layers.Dense(32, activation="relu", name="wide")(layers.Flatten(name="flat")(x))
    model = keras.Model(pixels, layers.Dense(10, name="logits")(x))
    tuning.fit(model, epochs=4)
    return model


def answers(model, x):
    return np.asarray(model(x, training=False))


def keras_bytes(model):
    return b"".join(each.tobytes() for each in model.get_weights())


def test_pruned_weights_stay_zero_and_gzip_finds_them(model, tuning):
    import keras

    spec = PruneWeights(share=0.8, epochs=1)
    assert [round(spec.share_at(progress), 3) for progress in (0, 0.3, 0.6, 1)] == [
        0,
        0.7,
        0.8,
        0.8,
    ]
    assert tuning.judge(model) > 0.6
    pruned = spec.compress(model, tuning)
    kernels = [layer.kernel.numpy() for layer in pruned.layers if hasattr(layer, "kernel")]
    assert [round(float((kernel == 0).mean()), 2) for kernel in kernels[:-1]] == pytest.approx(
        [0.8] * 4, abs=0.01
    )
    assert (kernels[-1] != 0).all(), "the last layer is left whole"
    assert gzip_bytes(keras_bytes(pruned)) < 0.4 * gzip_bytes(keras_bytes(model))
    zeros = share_of_zeros(pruned)
    # Whatever comes next keeps them.
    after = distil(pruned, model, tuning, Distil(epochs=1))
    assert share_of_zeros(after) == zeros > 0.7
    assert isinstance(after, keras.Model)


def net_with_everything(width, *, multiplier, joined, flat, normalized):
    """Convolutions, depthwise and separable ones, a residual sum, a gate, a concatenation and dense
    layers.
    """
    import keras

    layers = keras.layers
    pixels = keras.Input((8, 8, 2))
    x = layers.Conv2D(width, 3, padding="same", activation="relu")(pixels)
    y = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=multiplier, activation="tanh")(x)
    y = layers.Conv2D(width, 1)(y)
    if normalized:
        y = layers.BatchNormalization()(y)
    x = layers.ReLU()(layers.Add()([x, y]))
    if joined:
        x = layers.Concatenate()(
            [
                layers.SeparableConv2D(width, 3, activation="relu")(x),
                layers.Conv2D(3, 3, activation="relu")(x),
            ]
        )
    gate = layers.Dense(x.shape[-1], activation="relu")(layers.GlobalAveragePooling2D()(x))
    x = layers.Multiply()([x, layers.Reshape((1, 1, x.shape[-1]))(gate)])
    x = layers.MaxPooling2D()(x)
    if flat:
        x = layers.Flatten()(x)
    else:
        x = layers.Reshape((x.shape[1] * x.shape[2], x.shape[3]))(x)
    if not flat:
        x = layers.GlobalMaxPooling1D()(
            layers.Conv1D(width, 3, padding="causal", activation="relu")(x)
        )
    return keras.Model(pixels, layers.Dense(3)(layers.Dense(width, activation="relu")(x)))


@settings(
    max_examples=6, deadline=None, phases=(Phase.explicit, Phase.generate)
)  # a net takes a second to build
@given(
    st.integers(2, 6),
    st.integers(1, 2),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.integers(0, 2**16),
)
def test_without_channels_that_are_zero_answers_are_the_same(
    tuning, width, multiplier, joined, flat, normalized, seed
):
    import keras

    keras.utils.set_random_seed(seed)
    random = np.random.default_rng(seed)
    model = net_with_everything(
        width, multiplier=multiplier, joined=joined, flat=flat, normalized=normalized
    )
    model.set_weights([random.normal(size=each.shape) ** 2 + 0.1 for each in model.get_weights()])
    channels = trace_channels(model)
    groups = channels.groups()
    gone = [
        each
        for sets in groups.values()
        for each in random.permutation(sets)[: random.integers(0, len(sets))]
    ]
    for name, given_channels in channels.gives.items():
        zero = np.isin([channels.set_of(each) for each in given_channels], gone)
        layer = model.get_layer(name)
        layer.set_weights(
            [
                np.where(zero, 0, each)
                if each.shape[-1:] == zero.shape and len(layer.weights) != 3 or each.ndim == 1
                else each
                for each in layer.get_weights()
            ]
        )
        if type(layer).__name__ == "SeparableConv2D":
            depthwise, pointwise, bias = layer.get_weights()
            layer.set_weights([depthwise, np.where(zero, 0, pointwise), bias])
        if type(layer).__name__ == "BatchNormalization":
            layer.set_weights([*layer.get_weights()[:3], layer.get_weights()[3] + 1])
    smaller = remove_channels(model, channels, gone, tuning)
    x = random.normal(size=(3, 8, 8, 2)).astype(np.float32)
    np.testing.assert_allclose(answers(smaller, x), answers(model, x), rtol=1e-4, atol=1e-4)
    assert (smaller.count_params() < model.count_params()) == bool(gone)


@pytest.mark.parametrize("importance, rounds", [("taylor", 2), ("scale", 1)])
def test_pruned_channels_make_a_smaller_net_of_the_same_inputs(model, tuning, importance, rounds):
    spec = PruneChannels(share=0.5, epochs=rounds, rounds=rounds, importance=importance, multiple=2)
    smaller = spec.compress(model, tuning)
    assert [layer.kernel.shape[-1] for layer in smaller.layers if hasattr(layer, "kernel")] == [
        8,
        8,
        8,
        16,
        10,
    ]
    assert smaller.count_params() < 0.35 * model.count_params()
    assert [each.name for each in smaller.inputs] == ["picture"] and smaller.output_shape == (
        None,
        10,
    )


def test_taylor_finds_the_channels_that_do_nothing(model, tuning):
    from pipelines.compress.tuning import copy_model

    lame = copy_model(model)
    kernel, bias = lame.get_layer("wide").get_weights()
    idle = np.arange(32) % 2 == 0
    lame.get_layer("wide").set_weights([kernel, np.where(idle, -1e6, bias)])  # never above zero
    channels = trace_channels(lame)
    scores = channels.importance(lame, tuning, "taylor")
    values = np.array([scores[channels.set_of(each)] for each in channels.gives["wide"]])
    assert (values[idle] == 0).all() and (values[~idle] > 0).any()


def test_what_mixes_channels_keeps_them():
    import keras

    layers = keras.layers
    tokens = keras.Input((6, 4))
    x = layers.LayerNormalization()(layers.Dense(8, name="before")(tokens))
    x = layers.Dense(8, activation="relu", name="free")(x)
    x = layers.Dense(8, activation="softmax", name="shares")(x)
    x = layers.LSTM(5)(keras.ops.multiply(x, 2.0))
    model = keras.Model(tokens, layers.Dense(2)(x))
    assert list(trace_channels(model).groups()) == [("free",)]


def check_clusters(pruned, clustered):
    """Clusters share values, and zeros stay."""
    for layer in clustered.layers[:-1]:
        if hasattr(layer, "kernel"):
            values = np.unique(layer.kernel.numpy())
            assert len(values) <= 9 and 0 in values
    assert share_of_zeros(clustered) == share_of_zeros(pruned)
    assert gzip_bytes(keras_bytes(clustered)) < 0.6 * gzip_bytes(keras_bytes(pruned))


def test_factors_at_full_rank_give_the_same_answers(model, tuning, clothes):
    x = clothes[2]
    split = factorize(model, {"conv1": 16, "wide": 32})
    assert split.get_layer("conv1_basis").kernel.shape == (3, 3, 16, 16)
    np.testing.assert_allclose(answers(split, x), answers(model, x), atol=1e-3)
    smaller = FactorizeLowRank(rank_share=0.25, epochs=1).compress(model, tuning)
    assert smaller.get_layer("wide_basis").units == 8 and smaller.get_layer(
        "wide"
    ).kernel.shape == (8, 32)
    assert smaller.count_params() < 0.5 * model.count_params()
    with pytest.raises(RecipeError, match="no layer that energy=1.0"):
        FactorizeLowRank(energy=1.0).compress(model, tuning)


@pytest.mark.parametrize(
    "loss, width",
    [("CategoricalCrossentropy", 3), ("BinaryCrossentropy", 1), ("MeanSquaredError", 2)],
)
def test_the_taught_loss_is_hintons(loss, width):
    import keras

    random = np.random.default_rng(0)
    x = random.normal(size=(12, 4)).astype(np.float32)
    y = random.integers(0, 2, (12, width)).astype(np.float32)
    nets = [keras.Sequential([keras.Input((4,)), keras.layers.Dense(width)]) for _ in range(2)]
    logits = [answers(net, x).astype(np.float64) for net in nets]
    if loss == "MeanSquaredError":
        from_logits = {}
    else:
        from_logits = {"from_logits": True}
    plain = getattr(keras.losses, loss)(**from_logits)
    rows = tuning_from_arrays(x, y, loss=plain, valid=(x, y))
    tuned = taught(rows, nets[1], share=0.4, temperature=2.0)
    got = float(tuned.loss(y, np.concatenate(logits, axis=1).astype(np.float32)))

    def shares(values):
        if not (width > 1):
            values = np.concatenate([values, 0 * values], axis=1)
        return np.exp(values / 2) / np.exp(values / 2).sum(axis=1, keepdims=True)

    own, theirs = map(shares, logits)
    if from_logits:
        soft = 4 * (theirs * np.log(theirs / own)).sum(axis=1).mean()
    else:
        soft = np.square(logits[0] - logits[1]).mean()
    assert got == pytest.approx(
        0.6 * float(plain(y, logits[0].astype(np.float32))) + 0.4 * soft, rel=1e-4
    )


def test_a_student_comes_nearer_to_its_teacher(model, tuning, clothes):
    import keras

    x = clothes[2]
    before = model.get_weights()
    pixels = keras.Input((28, 28, 1), name="other_name")
    features = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(pixels))
    student = keras.Model(pixels, keras.layers.Dense(10)(features))
    taught_one = distil(
        student, model, tuning, Distil(share=1.0, temperature=2.0, epochs=3, start="drawn")
    )
    first = (answers(student, x).argmax(axis=1) == answers(model, x).argmax(axis=1)).mean()
    then = (answers(taught_one, x).argmax(axis=1) == answers(model, x).argmax(axis=1)).mean()
    assert then > first + 0.2
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    narrow = keras.Model(pixels, keras.layers.Dense(4)(features))
    with pytest.raises(TrainError, match="a teacher of outputs"):
        distil(narrow, model, tuning)
    with pytest.raises(TrainError, match="a teacher of inputs"):
        distil(keras.Sequential([keras.Input((5,)), keras.layers.Dense(10)]), model, tuning)


def test_a_student_may_start_with_its_teachers_channels(model, tuning):
    """The same net with half of the channels: after an epoch it is ahead of one whose weights were
    drawn.
    """
    import keras

    def narrower(layer):
        config = layer.get_config()
        for knob in {"filters", "units"} & set(config) if layer.name != "logits" else ():
            config[knob] //= 2
        return layer.__class__.from_config(config)

    small = keras.models.clone_model(model, clone_function=narrower)
    cut, drawn = (
        distil(small, model, tuning, Distil(epochs=1, start=start))
        for start in ("teacher", "drawn")
    )
    assert [each.shape for each in cut.weights] == [each.shape for each in small.weights]
    assert tuning.judge(cut) > tuning.judge(drawn) + 0.1
    same = cut_to(model, model, tuning)
    for one, other in zip(same.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    other = keras.Sequential(
        [keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]
    )
    for teacher, student in ((small, model), (model, other)):
        with pytest.raises(RecipeError, match="a net to cut down"):
            distil(student, teacher, tuning, Distil(epochs=1, start="teacher"))
    with pytest.raises(RecipeError, match="start='anywhere'"):
        Distil(start="anywhere").check()


def test_methods_follow_one_another_down_to_int8(model, tuning, clothes):
    from pipelines.convert.convert import convert
    from pipelines.device.runner import LiteRT

    tuning = taught(tuning, model)
    narrow = PruneChannels(share=0.25, epochs=1).compress(model, tuning)
    pruned = PruneWeights(share=0.5, epochs=1).compress(narrow, tuning)
    smaller = ClusterWeights(num_clusters=8, epochs=1).compress(pruned, tuning)
    check_clusters(pruned, smaller)
    assert share_of_zeros(smaller) > 0.45
    rows = TrainSet(
        x={"picture": clothes[0][:100]},
        y=clothes[1][:100],
        ids=np.arange(100),
        schema=Schema((), Target("y", "multiclass")),
    )
    interpreter = LiteRT(convert(smaller, rows, copies=1)["int8"])
    labels = interpreter.run({"picture": (clothes[2] ^ np.uint8(128)).view(np.int8)}).argmax(axis=1)
    assert (labels == answers(smaller, clothes[2]).argmax(axis=1)).mean() > 0.9


@pytest.mark.parametrize(
    "task, deciding",
    [pytest.param("regression", "rmse", marks=pytest.mark.full), ("forecast", "mae")],
)
def test_a_model_from_a_recipe_is_fitted_further(task, deciding):
    feed = TrainFeed(make(TrainSet, task))
    valid = make(HeldOut, task, 90, 1)
    how = {
        "signature": signature_of(task),
        "deciding": deciding,
        "training": Training(
            epochs=3, batch_size=64, optimizer=AdamW(learning_rate=3e-3), schedule=Cosine()
        ),
    }
    trained = train(Mlp(widths=(24, 24), num_members=2, dropout=0.0), feed, valid, **how)
    tuning = make_tuning(feed, valid, **how)
    assert tuning.judge(trained.model) == pytest.approx(
        trained.history[f"val_{deciding}"][-1], abs=2e-3, rel=2e-3
    )
    model = PruneChannels(share=0.4, epochs=1).compress(
        trained.model, taught(tuning, trained.model)
    )
    assert set(tuning.fit(model, epochs=1)) == {"loss", "val_loss", deciding, f"val_{deciding}"}
    assert model.count_params() < trained.model.count_params()
    with pytest.raises(TrainError, match="where rows to judge by go"):
        make_tuning(feed, make(TrainSet, task), **how)


def test_a_bundle_teaches_nets_of_the_same_ports_only(bundle, birds_recipe, birds_splits):
    import keras

    from pipelines.steps import fit_steps, make_signature, to_ports

    prepared, rows = fit_steps(birds_recipe.prepare, birds_splits.train)
    encoders, encoded = fit_steps(birds_recipe.encode, rows)
    signature = make_signature(prepared, encoders, encoded)
    tuning = make_tuning(
        TrainFeed(to_ports(signature, encoded, encoded=True)),
        to_ports(signature, birds_splits.valid),
        signature=signature,
        training=birds_recipe.training,
        deciding="average_precision",
    )
    spec = Distil(teacher=str(bundle.folder), epochs=1, start="drawn")
    model = spec.load(tuning)
    assert spec.compress(model, tuning).count_params() == model.count_params()
    assert spec.taught(tuning).teacher is not None
    target = replace(signature.target, labels=("yes", "no"))
    with pytest.raises(TrainError, match="a teacher of other labels"):
        spec.compress(model, replace(tuning, signature=replace(signature, target=target)))
    with pytest.raises(RecipeError, match="no model.keras"):
        Distil(teacher="nowhere").check()
    assert isinstance(model, keras.Model)


@settings(max_examples=6, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(
    st.integers(5, 40),
    st.integers(2, 20),
    st.sampled_from(("same", "causal", "valid")),
    st.booleans(),
)
def test_convolution_by_spectra_gives_the_same_answers(steps, size, padding, use_bias):
    import keras

    if padding == "valid":
        size = min(size, steps)
    x = np.random.default_rng(steps).normal(size=(2, steps, 3)).astype(np.float32)
    model = keras.Sequential(
        [
            keras.Input((steps, 3)),
            keras.layers.Conv1D(
                4,
                size,
                padding=padding,
                use_bias=use_bias,
                activation="tanh",
                bias_initializer="normal",
                name="long",
            ),
        ]
    )
    np.testing.assert_allclose(
        answers(by_spectra(model, ["long"]), x), answers(model, x), atol=1e-5
    )


@pytest.mark.full
def test_convolution_by_spectra_is_chosen_where_it_is_faster(tuning, tmp_path):
    import keras

    from pipelines.device.runner import LiteRT

    steps = keras.Input((1024, 8), name="steps")
    short = keras.layers.Conv1D(8, 40, padding="same", name="short")(steps)
    long = keras.layers.Conv1D(8, 700, padding="causal", activation="relu", name="long")(short)
    model = keras.Model(steps, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling1D()(long)))
    spec = ConvolveByFft(speedup=2.0)
    faster = spec.compress(model, tuning)
    names = [layer.name for layer in faster.layers]
    assert "long_real" in names and "short_real" not in names
    # Built-in layers alone: it is saved, loaded without running code, and converted.
    faster.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    loaded.export(
        tmp_path / "model.tflite",
        format="litert",
        verbose=False,
        input_signature=[keras.InputSpec(shape=(1, 1024, 8), dtype="float32")],
    )
    content = (tmp_path / "model.tflite").read_bytes()
    assert b"Flex" not in content
    x = np.random.default_rng(0).normal(size=(1, 1024, 8)).astype(np.float32)
    interpreter = LiteRT(content)
    np.testing.assert_allclose(
        interpreter.run({interpreter.port_names()[0]: x}), answers(model, x), atol=1e-4
    )
    with pytest.raises(RecipeError, match="would not gain: short × 0"):
        ConvolveByFft(speedup=2.0).compress(
            keras.Model(steps, keras.layers.Flatten()(short)), tuning
        )


def test_refused():
    import keras

    x = np.zeros((8, 3), np.float32)
    y = np.zeros((8, 1), np.float32)
    for wrong in ({"loss": "mse", "deciding": "accuracy"}, {"loss": "no_such_loss"}):
        with pytest.raises(RecipeError):
            tuning_from_arrays(x, y, valid=(x, y), **wrong)
    with pytest.raises(TrainError, match="arrays of other lengths"):
        tuning_from_arrays(x, y[:5], loss="mse", valid=(x, y))
    tuning = tuning_from_arrays(x, y, loss="mse", valid=(x, y))
    linear = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    with pytest.raises(RecipeError, match="a model without channels"):
        PruneChannels().compress(linear, tuning)

    class Own(keras.Model):
        pass

    with pytest.raises(RecipeError, match="a Own to compress"):
        PruneWeights().compress(Own(), tuning)
    for spec in (
        PruneChannels(importance="luck"),
        PruneChannels(rounds=9, epochs=3),
        PruneWeights(share=1.5),
        ClusterWeights(num_clusters=1),
        FactorizeLowRank(energy=2.0),
    ):
        with pytest.raises(RecipeError):
            spec.check()


@pytest.mark.full
def test_pruned_channels_are_faster_at_a_point_at_most():
    """On 8,000 pictures of clothes (twenty minutes)."""
    from tests.bench_compress import WIDE, WIDE_TRAINING, Clothes, measure

    clothes = Clothes.load()
    model = clothes.train_net(WIDE, WIDE_TRAINING)
    tuning = clothes.tuning(WIDE_TRAINING)
    before = measure(model, clothes)
    after = measure(
        PruneChannels(share=0.4, epochs=10, multiple=8).compress(model, tuning), clothes
    )
    for form in ("float32", "int8"):
        (accuracy, _, _, ms), (less, _, _, faster) = getattr(before, form), getattr(after, form)
        assert ms / faster >= 1.5 and accuracy - less <= 0.01


@pytest.mark.full
def test_the_30_kb_model_gains_by_the_100_kb_one(fashion_100kb):
    """On the whole of Fashion-MNIST, three seeds (an hour and a half)."""
    from tests.bench_compress import distilled_gains

    gains = distilled_gains(str(fashion_100kb.folder))
    assert np.mean(gains) >= 0.005
