"""What papers claim of activations, initializers, normalization, dropout, penalties, constraints
and pooling, held against the layers that networks are built of.
"""

import numpy as np
import pytest

from pipelines.slots import Layers
from pipelines.slots.layers import ACTIVATIONS
from pipelines.training.layers import activated, added, initializer, normalized, penalized

DEPTH = 20
WIDTH = 256


def function_of(activation):
    """An activation as a function of arrays float32 [rows, width]."""
    import keras

    x = keras.Input((WIDTH,))
    return keras.Model(x, activated(x, activation, "tested"))


def values_of(activation, numbers):
    rows = np.zeros((1, WIDTH), np.float32)
    rows[0, : len(numbers)] = numbers
    return np.asarray(function_of(activation)(rows))[0, : len(numbers)]


def signal_through(activation, kernel, num_rows=200):
    """The mean square of each of twenty layers of one activation, for rows of mean square 1."""
    random = np.random.default_rng(0)
    x = random.normal(size=(num_rows, WIDTH)).astype(np.float32)
    activate = function_of(activation)
    sizes = []
    for depth in range(DEPTH):
        drawn = np.asarray(initializer(kernel, seed=depth)((WIDTH, WIDTH)))
        x = np.asarray(activate(x @ drawn))
        sizes.append(float((x**2).mean()))
    return np.array(sizes)


def test_he_keeps_the_signal_through_twenty_relu_layers_and_a_small_normal_does_not():
    """He et al. 2015, section 2.2: a variance of 2 / n keeps the mean square, where a normal of
    standard deviation .05 lets it vanish: by n .05² / 2 = .32 a layer.
    """
    kept = signal_through("relu", "HeNormal")
    assert 0.3 < kept[-1] / kept[0] < 3
    vanished = signal_through("relu", "RandomNormal")
    assert vanished[-1] / vanished[0] < 1e-6


def test_glorot_halves_the_signal_in_each_relu_layer():
    """He et al. 2015, figure 3: with 1 / n, half of what ReLU cuts away is lost in every layer."""
    sizes = signal_through("relu", "GlorotNormal")
    assert (sizes[-1] / sizes[0]) ** (1 / (DEPTH - 1)) == pytest.approx(0.5, abs=0.05)


def test_glorot_keeps_the_signal_through_tanh_better_than_a_small_normal():
    """Glorot and Bengio 2010, section 4.2.1, figure 6."""
    glorot = signal_through("tanh", "GlorotUniform")
    small = signal_through("tanh", "RandomUniform")
    assert glorot[-1] > 0.01 and small[-1] < 1e-4


def test_selu_with_lecun_finds_mean_zero_and_variance_one_by_itself():
    """Klambauer et al. 2017, theorem 1: a fixed point that other scales are drawn to."""
    random = np.random.default_rng(0)
    activate = function_of("selu")
    for scale in (0.5, 2.0):
        x = (random.normal(size=(200, WIDTH)) * scale).astype(np.float32)
        for depth in range(DEPTH):
            x = np.asarray(
                activate(x @ np.asarray(initializer("LecunNormal", depth)((WIDTH,) * 2)))
            )
        assert abs(x.mean()) < 0.1 and x.var() == pytest.approx(1.0, abs=0.25)


def test_an_orthogonal_kernel_keeps_every_length():
    """Saxe et al. 2014, section 3: all singular values are one, of a normal one they spread."""
    orthogonal = np.asarray(initializer("Orthogonal", 0)((WIDTH, WIDTH)))
    values = np.linalg.svd(orthogonal, compute_uv=False)
    np.testing.assert_allclose(values, 1.0, rtol=1e-4)
    normal = np.linalg.svd(
        np.asarray(initializer("LecunNormal", 0)((WIDTH,) * 2)), compute_uv=False
    )
    assert normal.max() / normal.min() > 50


def test_activations_are_their_formulas():
    """Each from its paper (see `Layers`); GELU by its sigmoid form, which is within .021 of it."""
    x = np.linspace(-6, 6, 121).astype(np.float32)
    sigmoid = 1 / (1 + np.exp(-x))
    below = np.exp(np.minimum(x, 0)) - 1
    formulas = {
        "relu": np.maximum(x, 0),
        "relu6": np.clip(x, 0, 6),
        "leaky_relu": np.where(x > 0, x, 0.01 * x),
        "prelu": np.where(x > 0, x, 0.25 * x),
        "elu": np.where(x > 0, x, below),
        "selu": 1.0507009873 * np.where(x > 0, x, 1.6732632423 * below),
        "gelu": x / (1 + np.exp(-1.702 * x)),
        "swish": x * sigmoid,
        "hard_swish": x * np.clip(x + 3, 0, 6) / 6,
        "mish": x * np.tanh(np.log1p(np.exp(x))),
        "tanh": np.tanh(x),
        "sigmoid": sigmoid,
    }
    assert set(formulas) == set(ACTIVATIONS)
    for name, expected in formulas.items():
        np.testing.assert_allclose(values_of(name, x), expected, atol=2e-5, err_msg=name)
    from math import erf

    exact = np.array([each * (1 + erf(each / 2**0.5)) / 2 for each in x])
    assert np.abs(formulas["gelu"] - exact).max() < 0.021


def slope_at(activation, number):
    import tensorflow as tf

    x = tf.Variable(np.full((1, WIDTH), number, np.float32))
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(function_of(activation)(x))
    return float(tape.gradient(total, x)[0, 0])


def test_leaky_units_keep_a_slope_where_relu_is_dead():
    """Maas et al. 2013, section 2.2; sigmoid and tanh saturate on both sides (Glorot and Bengio
    2010, section 3).
    """
    assert slope_at("relu", -3.0) == 0.0
    for activation in ("leaky_relu", "prelu", "elu", "selu", "gelu", "swish", "mish"):
        assert slope_at(activation, -3.0) != 0.0, activation
    for activation in ("sigmoid", "tanh"):
        assert 0 < slope_at(activation, 5.0) < 0.01 < slope_at("relu", 5.0)


def fitted_kernel(layers, num_steps=300):
    """The kernel of a linear model of 3 columns that count and 17 that do not."""
    import keras
    import tensorflow as tf

    random = np.random.default_rng(0)
    x = random.normal(size=(200, 20)).astype(np.float32)
    y = x[:, :1] * 2 - x[:, 1:2] + 0.5 * x[:, 2:3] + 0.7 * random.normal(size=(200, 1))
    start = keras.initializers.Constant(0.3)
    model = keras.Sequential([keras.Input((20,)), keras.layers.Dense(1, kernel_initializer=start)])
    model = penalized(model, layers)
    optimizer = keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, num_steps))
    optimizer.build(model.trainable_variables)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(x) - y) ** 2) + sum(model.losses)
        optimizer.apply(tape.gradient(loss, model.trainable_variables))

    for _ in range(num_steps):
        step()
    return model.layers[0].kernel.numpy()[:, 0]


def test_l1_leaves_zeros_and_l2_does_not():
    """Tibshirani 1996, section 2: the corner of L1 puts weights that do not count to zero, L2 only
    shrinks them. Steps along a gradient end within a last, very small step of zero; in int8 such
    weights are exactly zero.
    """
    l1 = fitted_kernel(Layers(l1=0.4))
    l2 = fitted_kernel(Layers(l2=0.1))
    assert (np.abs(l1[3:]) < 1e-4).all() and (np.abs(l1[:3]) > 0.1).all()
    assert (np.abs(l2[3:]) > 1e-3).sum() >= 15 and abs(l2[0]) < 1.95
    in_int8 = [np.rint(kernel / np.abs(kernel).max() * 127) for kernel in (l1, l2)]
    assert (in_int8[0][3:] == 0).all() and (in_int8[1][3:] != 0).sum() >= 12


def test_the_elastic_net_shares_between_columns_that_are_alike():
    """Zou and Hastie 2005, section 2.3: of two equal columns L1 is content with any split, with L2
    both get the same weight.
    """
    import keras
    import tensorflow as tf

    x = np.random.default_rng(0).normal(size=(200, 1)).repeat(2, axis=1).astype(np.float32)

    def split_by(layers):
        dense = keras.layers.Dense(1, use_bias=False)
        model = penalized(keras.Sequential([keras.Input((2,)), dense]), layers)
        dense.kernel.assign([[1.0], [0.2]])
        for _ in range(150):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((model(x) - x[:, :1]) ** 2) + sum(model.losses)
            [slope] = tape.gradient(loss, model.trainable_variables)
            dense.kernel.assign_sub(0.1 * slope)
        return dense.kernel.numpy()[:, 0]

    alone = split_by(Layers(l1=0.01))
    both = split_by(Layers(l1=0.01, l2=0.1))
    assert abs(alone[0] - alone[1]) > 0.5 and abs(both[0] - both[1]) < 0.05


@pytest.mark.parametrize("constraint", ["max_norm", "unit_norm", "non_negative"])
def test_a_constraint_holds_after_every_step(constraint):
    """Srivastava et al. 2014, section 5.1: the norm of the weights into each unit is at most c,
    whatever the rate.
    """
    import keras

    dense = keras.layers.Dense(4)
    layers = Layers(constraint=constraint, max_norm=0.5)
    model = penalized(keras.Sequential([keras.Input((8,)), dense]), layers)
    optimizer = keras.optimizers.SGD(5.0)
    random = np.random.default_rng(0)
    for _ in range(3):
        drawn = [random.normal(size=each.shape) for each in model.trainable_variables]
        optimizer.apply(
            [keras.ops.convert_to_tensor(each) for each in drawn], model.trainable_variables
        )
        kernel = dense.kernel.numpy()
        norms = np.linalg.norm(kernel, axis=0)
        if constraint == "max_norm":
            assert norms.max() <= 0.5 + 1e-5
        elif constraint == "unit_norm":
            np.testing.assert_allclose(norms, 1.0, rtol=1e-4)
        else:
            assert kernel.min() >= 0 and kernel.max() > 0


def test_layer_and_group_normalization_do_not_depend_on_the_batch():
    """Ba et al. 2016, section 3, and Wu and He 2018, figure 1: a row's answer is its own, batch
    normalization's in training is not.
    """
    import keras

    x = np.random.default_rng(0).normal(size=(16, 6, 6, 8)).astype(np.float32)
    pictures = keras.Input((6, 6, 8))
    for kind in ("layer", "group"):
        model = keras.Model(pictures, normalized(pictures, kind, "tested"))
        whole = np.asarray(model(x, training=True))
        np.testing.assert_allclose(whole[:2], model(x[:2], training=True), atol=1e-5)
        scaled = np.asarray(model(3 * x, training=True))
        np.testing.assert_allclose(whole, scaled, atol=0.02)
    batch = keras.layers.BatchNormalization()
    whole = np.asarray(batch(x, training=True))
    assert np.abs(whole[:2] - np.asarray(batch(x[:2], training=True))).max() > 0.1


def test_stochastic_depth_leaves_a_branch_out_for_whole_rows_and_keeps_its_mean():
    """Huang et al. 2016, section 3: a row goes through the branch or past it; at test time
    through all of it.
    """
    import keras

    x = keras.Input((4,))
    branch = keras.Input((4,))
    model = keras.Model([x, branch], added(x, branch, 0.4, name="tested", seed=0))
    rows = [np.zeros((4000, 4), np.float32), np.ones((4000, 4), np.float32)]
    learned = np.asarray(model(rows, training=True))
    np.testing.assert_allclose(np.unique(learned), [0.0, 1 / 0.6], rtol=1e-6)
    assert (np.ptp(learned, axis=1) == 0).all()
    assert (learned[:, 0] == 0).mean() == pytest.approx(0.4, abs=0.03)
    assert learned.mean() == pytest.approx(1.0, abs=0.05)
    np.testing.assert_array_equal(model(rows, training=False), rows[1])


def test_noise_at_the_inputs_is_a_penalty_on_weights():
    """Bishop 1995, section 3: of a linear model, noise of variance s² is L2 with the factor s²."""
    import keras

    random = np.random.default_rng(0)
    weights = random.normal(size=(5, 1)).astype(np.float32)
    x = np.repeat(random.normal(size=(1, 5)), 200_000, axis=0).astype(np.float32)
    noisy = np.asarray(keras.layers.GaussianNoise(0.3, seed=0)(x, training=True))
    added_loss = float(((noisy @ weights - x @ weights) ** 2).mean())
    assert added_loss == pytest.approx(0.09 * float((weights**2).sum()), rel=0.02)
    np.testing.assert_array_equal(keras.layers.GaussianNoise(0.3)(x[:2], training=False), x[:2])
