"""Optimizers and schedules: the one of Keras with the knobs given, at the rates of the schedule."""

import numpy as np
import pytest

from pipelines import catalog
from pipelines.errors import RecipeError
from pipelines.training.optimizers import Adam, AdamW, Sgd
from pipelines.training.schedules import Constant, Cosine
from pipelines.training.training import Training
from tests.training.test_fit import fit


@pytest.mark.parametrize(
    "optimizer, name, knobs",
    [
        (AdamW(weight_decay=0.1), "AdamW", {"weight_decay": 0.1}),
        (Adam(), "Adam", {"weight_decay": None}),
        (Sgd(momentum=0.5, nesterov=True), "SGD", {"momentum": 0.5, "nesterov": True}),
    ],
)
def test_an_optimizer_is_that_of_keras_with_its_knobs(optimizer, name, knobs):
    import keras

    built = Training(optimizer=optimizer).new_optimizer(steps=3)
    assert type(built) is getattr(keras.optimizers, name)
    assert float(built.learning_rate) == pytest.approx(optimizer.learning_rate)
    config = built.get_config()
    assert {knob: config[knob] for knob in knobs} == knobs
    losses = fit("regression", epochs=4, optimizer=optimizer).history["loss"]
    assert losses[-1] < losses[0]


def rates_of(training, steps):
    rate = training.new_optimizer(steps)._learning_rate
    return np.array([float(rate(step)) for step in range(training.epochs * steps + 1)])


@pytest.mark.parametrize("warmup_epochs", [0, 2, 9])
def test_cosine_goes_up_in_the_warm_up_and_down_to_zero(warmup_epochs):
    training = Training(
        epochs=5,
        optimizer=AdamW(learning_rate=0.2),
        schedule=Cosine(warmup_epochs=warmup_epochs),
    )
    rates = rates_of(training, 10)
    peak = min(warmup_epochs, 4) * 10
    assert rates.argmax() == peak and rates[peak] == pytest.approx(0.2)
    assert rates[-1] == pytest.approx(0, abs=1e-7) and np.all(np.diff(rates[peak:]) < 0)
    if peak:
        assert rates[0] == pytest.approx(0.01) and np.all(np.diff(rates[: peak + 1]) > 0)


def test_the_validation_score_is_that_of_the_weights_that_are_kept():
    knobs = {"epochs": 6, "optimizer": AdamW(learning_rate=0.1)}
    best = fit("regression", schedule=Constant(patience=6), **knobs)
    assert best.validation_score == min(best.history["val_rmse"])
    last = fit("regression", schedule=Cosine(), **knobs)
    assert last.validation_score == last.history["val_rmse"][-1]
    area = fit("binary", schedule=Constant(patience=6), **knobs)
    assert area.validation_score == max(area.history["val_average_precision"])


def test_callbacks_of_keras_see_every_epoch():
    import keras

    class Count(keras.callbacks.Callback):
        seen = ()

        def on_epoch_end(self, epoch, logs=None):
            self.seen = (*self.seen, logs["val_logits_rmse"])

    count = Count()
    trained = fit("regression", epochs=3, callbacks=(count,))
    assert [20.0 * each for each in count.seen] == trained.history["val_rmse"]


@pytest.mark.parametrize(
    "setting, fix",
    [
        ("training.learning_rate=0.01", "training.optimizer.learning_rate=0.01"),
        ("training.weight_decay=0.02", "training.optimizer.weight_decay=0.02"),
        ("training.patience=3", "'training.schedule=Constant(patience=3)'"),
        ("training.warmup_epochs=3", "'training.schedule=Cosine(warmup_epochs=3)'"),
        ("training.focal_gamma=2", "'training.loss=Focal(gamma=2)'"),
        ("training.label_smoothing=0.1", "'training.loss=CrossEntropy(label_smoothing=0.1)'"),
        ("training.schedule=cosine", "'training.schedule=Cosine()'"),
    ],
)
def test_a_knob_of_before_names_the_one_of_now(setting, fix):
    recipe = catalog.RECIPES["penguins_mlp"]
    with pytest.raises(RecipeError) as error:
        catalog.override(recipe, setting)
    assert f"--set {fix}" in error.value.fix
    now = fix.strip("'")
    assert catalog.override(recipe, now) != recipe


def test_a_slot_takes_its_own_specs_only():
    recipe = catalog.RECIPES["penguins_mlp"]
    for setting in ("training.loss=AdamW()", "training.optimizer=Cosine()"):
        with pytest.raises(RecipeError, match="training"):
            catalog.override(recipe, setting).check()
