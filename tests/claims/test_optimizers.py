"""What papers claim of optimizers, clipping, averaging and schedules, on a few steps each."""

import numpy as np
import pytest

from pipelines.training.averaging import EpochAverage, ExponentialAverage
from pipelines.training.clipping import ClipByGlobalNorm, ClipByNorm, ClipByValue
from pipelines.training.optimizers import (
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Lion,
    Muon,
    Nadam,
    RmsProp,
    Sgd,
)
from pipelines.training.schedules import (
    CosineRestarts,
    Exponential,
    OneCycle,
    Plateau,
    StepDown,
)
from pipelines.training.training import Training


def steps_along(optimizer, gradients, start=None, **common):
    """What each of several gradients, float [steps, ...], moves the weights by, [steps, ...]."""
    import keras

    gradients = np.asarray(gradients, np.float32)
    if start is None:
        start = np.zeros(gradients.shape[1:], np.float32)
    weights = keras.Variable(start, name="kernel")
    built = optimizer.build(optimizer.learning_rate, **common)
    built.build([weights])
    places = [weights.numpy()]
    for gradient in gradients:
        built.apply([keras.ops.convert_to_tensor(gradient)], [weights])
        places.append(weights.numpy())
    return np.diff(places, axis=0)


def clipped(clip, gradients):
    """What is left of gradients, a list of arrays."""
    import keras

    weights = [keras.Variable(np.zeros_like(each)) for each in gradients]
    built = Sgd(learning_rate=1.0, momentum=0.0).build(1.0, **clip.arguments())
    built.apply([keras.ops.convert_to_tensor(each) for each in gradients], weights)
    return [-each.numpy() for each in weights]


def cosine(one, other):
    return one @ other / np.linalg.norm(one) / np.linalg.norm(other)


LARGE = [np.array([3.0, 0.1], np.float32), np.array([0.0, 40.0, 1.0], np.float32)]


def test_clipping_by_global_norm_keeps_the_direction_and_by_value_does_not():
    """Pascanu et al. 2013, section 3.2 and algorithm 1; by norm each array alone keeps its own."""
    before = np.concatenate(LARGE)
    together = np.concatenate(clipped(ClipByGlobalNorm(1.0), LARGE))
    assert cosine(before, together) == pytest.approx(1.0, abs=1e-6)
    assert np.linalg.norm(together) == pytest.approx(1.0, rel=1e-5)
    by_value = np.concatenate(clipped(ClipByValue(0.5), LARGE))
    assert cosine(before, by_value) < 0.7 and np.abs(by_value).max() == 0.5
    by_array = clipped(ClipByNorm(1.0), LARGE)
    for one, other in zip(LARGE, by_array, strict=True):
        assert cosine(one, other) == pytest.approx(1.0, abs=1e-6)
    assert cosine(before, np.concatenate(by_array)) < 0.8


@pytest.mark.parametrize("clip", [ClipByValue(50.0), ClipByNorm(50.0), ClipByGlobalNorm(50.0)])
def test_gradients_within_the_limit_stay_as_they_are(clip):
    """The condition of algorithm 1 in Pascanu et al. 2013."""
    for one, other in zip(LARGE, clipped(clip, LARGE), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_adagrad_slows_down_and_rmsprop_does_not():
    """Under one gradient Adagrad's steps fall as 1/sqrt(t) (Duchi et al. 2011, section 1.2), a
    running mean keeps them up (Tieleman and Hinton 2012, slide 29).
    """
    constant = np.ones((400, 1))
    adagrad = np.abs(steps_along(Adagrad(start=0.0), constant))[:, 0]
    assert adagrad[399] / adagrad[99] == pytest.approx(0.5, rel=0.01)
    rms = np.abs(steps_along(RmsProp(), constant))[:, 0]
    assert rms[399] == pytest.approx(rms[99], rel=0.01)


@pytest.mark.parametrize(
    "optimizer",
    [Adam(), AdamW(weight_decay=0.0), Adamax(), Nadam(), RmsProp(), Adadelta(), Lion(), Muon()],
)
def test_steps_do_not_depend_on_the_scale_of_the_gradient(optimizer):
    """Kingma and Ba 2015, section 2.1: step sizes are invariant to the gradient's magnitude; plain
    descent's are not.
    """
    gradients = np.random.default_rng(0).normal(size=(5, 3, 4))
    one = steps_along(optimizer, gradients)
    thousand = steps_along(optimizer, 1000 * gradients)
    np.testing.assert_allclose(one, thousand, rtol=2e-3, atol=1e-8)
    plain = [steps_along(Sgd(), factor * gradients) for factor in (1, 1000)]
    np.testing.assert_allclose(1000 * plain[0], plain[1], rtol=1e-3)


def test_lion_steps_have_one_size():
    """Chen et al. 2023, section 3: the sign gives each weight a step of the same size."""
    gradients = np.random.default_rng(0).normal(size=(8, 20)) * np.logspace(-3, 3, 20)
    steps = steps_along(Lion(weight_decay=0.0), gradients)
    np.testing.assert_allclose(np.abs(steps), Lion().learning_rate, rtol=1e-3)


def test_muon_steps_are_nearly_orthogonal():
    """Five steps of Newton and Schulz take all singular values to about .7 to 1.2 (Jordan et al.
    2024), however unlike those of the gradient are; Liu et al. scale them by .2 sqrt(width).
    """
    random = np.random.default_rng(0)
    left, _ = np.linalg.qr(random.normal(size=(16, 16)))
    right, _ = np.linalg.qr(random.normal(size=(16, 16)))
    gradient = left * np.logspace(0, -2, 16) @ right
    [step] = steps_along(Muon(weight_decay=0.0), gradient[None])
    values = np.linalg.svd(step / Muon().learning_rate / (0.2 * 16**0.5), compute_uv=False)
    assert values.max() < 1.3 and values[:12].min() > 0.6
    [plain] = steps_along(Sgd(), gradient[None])
    of_plain = np.linalg.svd(plain, compute_uv=False)
    assert of_plain[0] / of_plain[11] > 20


def test_decoupled_decay_shrinks_each_weight_by_the_same_share():
    """Loshchilov and Hutter 2019, section 2 and proposition 2: AdamW takes rate times decay of a
    weight away whatever its gradient is; a penalty inside Adam's gradient is divided by its size.
    """
    start = np.array([1.0, 1.0], np.float32)
    noise = np.tile([[0.0, 100.0], [0.0, -100.0]], (20, 1))
    decay = AdamW(learning_rate=1e-3, weight_decay=1.0)
    moved = steps_along(decay, noise, start).sum(axis=0)
    without = steps_along(AdamW(learning_rate=1e-3, weight_decay=0.0), noise, start).sum(axis=0)
    lost = without - moved
    assert lost[0] == pytest.approx(lost[1], rel=0.02) and lost[0] == pytest.approx(0.04, rel=0.05)


def descended(optimizer, num_steps=100):
    """The value of a quadratic with curvatures 1 and 100 after some steps from (1, 1)."""
    import keras

    curvature = np.array([1.0, 100.0], np.float32)
    weights = keras.Variable(np.ones(2, np.float32))
    built = optimizer.build(optimizer.learning_rate)
    for _ in range(num_steps):
        built.apply([weights * curvature], [weights])
    return float((curvature * weights.numpy() ** 2).sum())


def test_momentum_and_nesterov_are_faster_in_a_narrow_valley():
    """Sutskever et al. 2013, section 2: with condition R both need about sqrt(R) steps where plain
    descent needs R.
    """
    plain = descended(Sgd(learning_rate=0.0198, momentum=0.0))
    heavy = descended(Sgd(learning_rate=0.0198, momentum=0.8))
    nesterov = descended(Sgd(learning_rate=0.01, momentum=0.8, nesterov=True))
    assert heavy < plain / 100 and nesterov < plain / 100


def test_accumulated_batches_are_one_large_batch():
    """The mean gradient of four batches is that of one four times as large, so the step is the
    same (Goyal et al. 2017, https://arxiv.org/abs/1706.02677, section 3.1, k workers).
    """
    gradients = np.random.default_rng(0).normal(size=(8, 5))
    four = Training(accumulation=4).step_arguments()
    small = steps_along(AdamW(), gradients, **four).sum(axis=0)
    large = steps_along(AdamW(), gradients.reshape(2, 4, 5).mean(axis=1)).sum(axis=0)
    np.testing.assert_allclose(small, large, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("average", [ExponentialAverage(momentum=0.95), EpochAverage(start=0.5)])
def test_an_average_of_weights_varies_less_than_the_last_ones(average):
    """Polyak and Juditsky 1992; Izmailov et al. 2018, section 3.2: descent with noise ends
    somewhere around the minimum, the average of its way near it.
    """
    import keras

    ends = {"last": [], "average": []}
    for seed in range(12):
        random = np.random.default_rng(seed)
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
        training = Training(
            optimizer=Sgd(learning_rate=0.3, momentum=0.0), average=average, epochs=100
        )
        built = Sgd(learning_rate=0.3, momentum=0.0).build(0.3, **average.arguments())
        built.build(model.trainable_variables)
        callbacks = training.average.callbacks(training.epochs)
        for callback in callbacks:
            callback.set_model(model)
            callback.on_train_begin()
        [weight] = model.trainable_variables
        for epoch in range(training.epochs):
            built.apply([weight + random.normal(size=(1, 1)).astype(np.float32)], [weight])
            for callback in callbacks:
                callback.on_epoch_end(epoch)
        ends["last"].append(float(weight[0, 0]))
        built.finalize_variable_values(model.trainable_variables)
        for callback in callbacks:
            callback.on_train_end()
        ends["average"].append(float(weight[0, 0]))
    assert np.var(ends["average"]) < np.var(ends["last"]) / 4


def rates_of(schedule, epochs=10, steps=10):
    training = Training(epochs=epochs, optimizer=Sgd(learning_rate=0.5), schedule=schedule)
    built = training.new_optimizer(steps)
    return np.array([float(built._learning_rate(step)) for step in range(epochs * steps)])


def test_schedules_go_as_their_papers_draw_them():
    """Restarts: back to the top, each cycle longer (Loshchilov and Hutter 2017, figure 1). One
    cycle: one top, and an end far below the start (Smith 2018, section 4.1). Steps: a tenth at a
    half and at three quarters (He et al. 2016). Exponential: a line of logarithms.
    """
    restarts = np.flatnonzero(np.diff(rates_of(CosineRestarts(cycles=3), epochs=14)) > 0.1) + 1
    assert list(restarts) == [20, 60]
    cycle = rates_of(OneCycle())
    assert cycle.argmax() == 30 and cycle.max() == pytest.approx(0.5)
    assert cycle[-1] < cycle[0] / 10 and (np.diff(cycle[30:]) < 0).all()
    down = rates_of(StepDown())
    np.testing.assert_allclose(down[[0, 49, 52, 99]], [0.5, 0.5, 0.05, 0.005], rtol=1e-5)
    logs = np.diff(np.log(rates_of(Exponential(end=0.01))))
    np.testing.assert_allclose(logs, np.log(0.01) / 100, rtol=1e-3)


def test_a_plateau_lowers_the_rate_and_progress_does_not():
    """The rule of Keras' ReduceLROnPlateau: after `wait` epochs that are no better."""
    import keras

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer=Sgd(learning_rate=0.4).build(0.4), loss="mse")
    lower, stop = Plateau(wait=2, patience=5).callbacks("val_rmse", "min")
    for callback in (lower, stop):
        callback.set_model(model)
        callback.on_train_begin()
    rates = []
    for epoch, score in enumerate([3.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]):
        for callback in (lower, stop):
            callback.on_epoch_end(epoch, {"val_rmse": score})
        rates.append(round(float(model.optimizer.learning_rate), 6))
    assert rates == [0.4, 0.4, 0.4, 0.4, 0.2, 0.2, 0.1, 0.1]
    assert model.stop_training
