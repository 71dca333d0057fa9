"""Clipping, accumulation, averaging and losses of their own in a whole training."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.balance import WeightByClass
from pipelines.engine.arrays import is_storable
from pipelines.errors import RecipeError
from pipelines.rows.parts import HeldOut, TrainSet
from pipelines.rows.sketch import DataSketch
from pipelines.training.averaging import EpochAverage, ExponentialAverage
from pipelines.training.class_losses import ClassBalanced, Tversky
from pipelines.training.clipping import ClipByGlobalNorm, ClipByNorm, ClipByValue
from pipelines.training.losses import member_loss
from pipelines.training.number_losses import Poisson
from pipelines.training.optimizers import AdamW
from pipelines.training.schedules import Constant, Cosine, Plateau, StepDown
from pipelines.training.training import Training
from tests.training.test_fit import fit, make, signature_of

AVERAGES = (ExponentialAverage(momentum=0.8), EpochAverage(start=0.5))


def test_nothing_turned_gives_keras_no_arguments():
    assert Training().step_arguments() == {}
    assert Training().callbacks("val_loss", "min")[0].patience == Constant().patience
    config = Training().new_optimizer(3).get_config()
    for name in ("clipnorm", "global_clipnorm", "clipvalue", "gradient_accumulation_steps"):
        assert config[name] is None
    assert config["use_ema"] is False


@pytest.mark.parametrize("accumulation", [1, 4])
def test_a_schedule_reaches_its_end_whatever_is_accumulated(accumulation):
    """Keras counts steps of the optimizer, of which there are fewer than batches."""
    training = Training(epochs=5, schedule=Cosine(), accumulation=accumulation)
    optimizer = training.new_optimizer(steps=8)
    num_updates = 5 * 8 // accumulation
    assert float(optimizer._learning_rate(num_updates)) == pytest.approx(0, abs=1e-7)
    assert float(optimizer._learning_rate(num_updates // 2)) > 1e-4


KNOBS = {"epochs": 4, "optimizer": AdamW(learning_rate=0.05), "schedule": Constant(patience=0)}


@pytest.fixture(scope="module")
def last():
    """A training of those knobs without an average."""
    return fit("regression", **KNOBS)


@pytest.mark.parametrize("average", AVERAGES)
def test_the_average_is_what_is_kept_and_scored(average, last):
    averaged = fit("regression", average=average, **KNOBS)
    # The way is the same one, what is kept of it is not.
    assert averaged.history["loss"] == pytest.approx(last.history["loss"], rel=1e-5)
    assert averaged.validation_score != pytest.approx(averaged.history["val_rmse"][-1], rel=1e-4)
    rows = make(HeldOut, "regression", 90, 1)
    answers = averaged.model.predict(rows.x, verbose=0)[:, 0] * 20 + 100
    error = np.sqrt(np.mean((answers - rows.y) ** 2))
    assert averaged.validation_score == pytest.approx(error, rel=1e-4)


def test_an_average_of_one_epoch_is_the_last_weights():
    knobs = {"epochs": 3, "schedule": Constant(patience=0)}
    last = fit("regression", **knobs)
    averaged = fit("regression", average=EpochAverage(start=1.0), **knobs)
    for one, other in zip(last.model.get_weights(), averaged.model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


@pytest.mark.parametrize("average", AVERAGES)
def test_an_average_is_refused_where_the_best_epoch_is_kept(average):
    with pytest.raises(RecipeError, match="average") as refused:
        Training(average=average).check()
    assert "Cosine()" in refused.value.fix
    assert Training(average=average, schedule=Cosine()).check() is None


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"clip": ClipByValue()}, "clip=ClipByValue"),
        ({"clip": ClipByNorm()}, "clip=ClipByNorm"),
        ({"clip": ClipByGlobalNorm()}, "clip=ClipByGlobalNorm"),
        ({"accumulation": 2}, "accumulation=2"),
        ({"average": ExponentialAverage()}, "average=ExponentialAverage"),
        ({"loss": Tversky()}, "loss=Tversky"),
    ],
)
def test_what_replicas_would_do_otherwise_is_refused(knobs, words):
    """Clipping differs by .03 to .04 of a weight, accumulation and EMA end in a RuntimeError."""
    reason = Training(strategy="mirrored", **knobs).suits(DataSketch())
    assert words in reason and "one_device" in reason.fix
    assert Training(**knobs).suits(DataSketch()) == ""


def test_what_replicas_do_alike_is_not_refused():
    average = EpochAverage()
    assert Training(strategy="mirrored", average=average).suits(DataSketch()) == ""


def test_a_plateau_and_an_early_stop_do_not_contradict():
    with pytest.raises(RecipeError, match="patience=3"):
        Plateau(wait=4, patience=3).check()
    with pytest.raises(RecipeError, match="watches"):
        Plateau(watches="test").check()
    with pytest.raises(RecipeError, match="at="):
        StepDown(at=(0.9, 0.5)).check()
    assert [each.monitor for each in Plateau().callbacks("val_rmse", "min")] == ["val_rmse"] * 2
    [alone] = Plateau().to_the_end().callbacks("val_rmse", "min")
    assert (alone.monitor, alone.mode) == ("loss", "min")


def test_class_balanced_counts_the_training_rows():
    rows = make(TrainSet, "multiclass")
    counts = ClassBalanced().learned(rows).counts
    assert counts == tuple(np.bincount(rows.y)) and sum(counts) == len(rows)
    labels = make(TrainSet, "multilabel")
    counts = ClassBalanced().learned(labels).counts
    assert counts[:2] == tuple((labels.y == 0).sum(axis=0))
    assert counts[2:] == tuple((labels.y == 1).sum(axis=0))
    assert fit("multilabel", epochs=1, loss=ClassBalanced()).history["loss"][0] > 0


def test_losses_refuse_rows_that_they_cannot_learn_from():
    numbers = make(TrainSet, "regression")
    below = replace(numbers, y=numbers.y - 200)
    with pytest.raises(RecipeError, match="amounts of zero and more"):
        Poisson().learned(below)
    amounts = replace(numbers, y=np.abs(numbers.y))
    assert Poisson().learned(amounts) == Poisson()
    weighted = WeightByClass().resample(make(TrainSet, "binary"))
    with pytest.raises(RecipeError, match="count alike"):
        Tversky().learned(weighted)
    labels = WeightByClass().resample(make(TrainSet, "multilabel"))
    with pytest.raises(RecipeError, match="a balancer has weighted"):
        member_loss(ClassBalanced(), signature_of("multilabel").target, rows=labels)


def test_a_killed_training_goes_on_to_the_same_average():
    """The sums of the average are stored with each epoch, as other callbacks' fields are."""
    [callback] = EpochAverage(start=0.0).callbacks(4)
    fit("regression", epochs=2, schedule=Constant(patience=0), callbacks=(callback,))
    assert callback.count == 2 and is_storable(callback.sums) and len(callback.sums) > 4
