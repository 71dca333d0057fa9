"""Watching: what it records, what it names, and that it leaves a training as it is."""

import math
import sys
from dataclasses import dataclass, replace

import numpy as np
import pytest

from pipelines import catalog
from pipelines.errors import RecipeError, TrainError
from pipelines.slots.layers import Layers
from pipelines.tabular import Mlp
from pipelines.training import watched as faults
from pipelines.training.optimizers import AdamW, Sgd
from pipelines.training.training import Training
from pipelines.training.watched import WatchRecord, record_of
from tests.training.test_fit import fit

NAN = math.nan
DEEP = Mlp(widths=(16,) * 20, num_members=1, normalization=False, dropout=0.0)
SMALL = Mlp(widths=(8,), num_members=1, normalization=False, dropout=0.2)


def recorded(**lines):
    """A record of two layers with weights and one activation, healthy but for what is given."""
    healthy = {
        "gradients": [[0.1, 0.2], [0.1, 0.2]],
        "weights": [[1.0, 1.0], [1.0, 1.0]],
        "updates": [[NAN, NAN], [1e-3, 1e-3]],
        "dead": [[0.1], [0.1]],
        "saturated": [[NAN], [NAN]],
    }
    return WatchRecord(["first", "last"], ["first"], [0, 1], **(healthy | lines), num_rows=256)


def kinds(record):
    return [(each.kind, each.layer) for each in record.faults()]


def test_a_healthy_training_has_no_fault():
    assert kinds(recorded()) == []


@pytest.mark.parametrize(
    "lines, kind, layer",
    [
        ({"gradients": [[1e-9, 0.1], [1e-9, 0.1]]}, faults.VANISHING, "first"),
        ({"gradients": [[1e5, 1.0], [1e6, 1.0]]}, faults.EXPLODING, "first"),
        ({"updates": [[NAN, NAN], [3.0, 25.0]]}, faults.LARGE_STEP, "last"),
        ({"dead": [[0.1], [0.95]]}, faults.DEAD, "first"),
        ({"saturated": [[0.1], [0.6]]}, faults.SATURATED, "first"),
    ],
)
def test_a_fault_is_named_with_its_layer_and_what_to_try(lines, kind, layer):
    record = recorded(**lines)
    assert kinds(record) == [(kind, layer)]
    (fault,) = record.faults()
    assert fault.seen and fault.advice and layer in fault.words


def test_a_last_layer_that_starts_at_zero_is_no_vanishing_gradient():
    assert kinds(recorded(gradients=[[0.0, 0.1], [0.05, 0.1]])) == []


def test_gradients_below_a_dead_layer_are_not_named_twice():
    lines = {"gradients": [[0.0, 0.1], [0.0, 0.1]], "dead": [[1.0], [1.0]]}
    assert kinds(recorded(**lines)) == [(faults.DEAD, "first")]


def test_several_devices_are_refused():
    refusal = Training(watch=True, strategy="mirrored")._not_mirrored()
    assert "training.watch=True" in str(refusal)


def test_a_network_without_epochs_is_refused():
    solved = catalog.RECIPES["remarks_linear"]
    with pytest.raises(RecipeError, match="no epochs"):
        replace(solved, training=replace(solved.training, watch=True)).check()


def test_tensorboard_is_refused_where_it_is_not_installed(monkeypatch, tmp_path):
    from pipelines.cli.watch import tensorboard_callback

    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(RecipeError, match="is missing") as error:
        tensorboard_callback(tmp_path / "name", False)
    assert "pipelines[tensorboard]" in error.value.fix


def test_the_layer_of_a_step_that_ends_in_no_number_is_named():
    """Gradient descent at a rate of 10 on standardized values: the loss leaves float32."""
    with pytest.raises(TrainError) as error:
        fit("regression", net=SMALL, optimizer=Sgd(learning_rate=1e3), watch=True, epochs=4)
    words = str(error.value)
    assert "became nan in epoch 1" in words or "became inf in epoch 1" in words
    assert "One step had changed the weights of member0_" in words
    assert "training.optimizer.learning_rate" in error.value.fix


@pytest.mark.full
def test_a_watched_training_ends_with_the_same_weights():
    """Dropout, batch normalization, clipping by accumulation: none of it notices."""
    knobs = {"net": Mlp(widths=(16,), num_members=2), "accumulation": 2, "epochs": 4}
    plain = fit("binary", **knobs)
    watched = fit("binary", watch=True, **knobs)
    for one, other in zip(plain.model.get_weights(), watched.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert plain.history == watched.history
    record = record_of(watched.watched)
    assert record.epochs == [0, 1, 4]
    assert np.all(np.array(record.gradients) > 0)
    assert np.all(np.array(record.updates[1:]) > 0), "steps of accumulated batches are seen"


@pytest.mark.full
def test_twenty_sigmoid_layers_of_a_small_spread_vanish():
    """Each layer multiplies gradients by at most a quarter of its weights' spread (Glorot and
    Bengio 2010); He's spread keeps them with ReLU (He et al. 2015).
    """
    sick = replace(DEEP, activation="sigmoid", layers=Layers(initializer="RandomNormal"))
    record = record_of(fit("regression", net=sick, watch=True).watched)
    assert faults.VANISHING in [each.kind for each in record.faults()]
    sound = replace(DEEP, layers=Layers(initializer="HeNormal"))
    assert record_of(fit("regression", net=sound, watch=True).watched).faults() == []


@dataclass(frozen=True)
class NegativeBias(Mlp):
    """A net whose first layer never answers."""

    def build(self, signature, **more):
        model = super().build(signature, **more)
        layer = model.get_layer("member0_dense0")
        kernel, bias = layer.get_weights()
        layer.set_weights([kernel, bias - 100])
        return model


@pytest.mark.full
def test_units_behind_a_large_negative_bias_are_dead():
    """A ReLU that is below zero for every row has no gradient (Maas et al. 2013, section 2)."""
    net = NegativeBias(widths=(16, 16), num_members=1, normalization=False)
    record = record_of(fit("regression", net=net, watch=True).watched)
    assert kinds(record) == [(faults.DEAD, "member0_dense0")]


@pytest.mark.full
def test_tanh_at_a_high_rate_saturates():
    net = Mlp(widths=(16, 16), num_members=1, normalization=False, activation="tanh")
    record = record_of(fit("regression", net=net, watch=True, optimizer=AdamW(1.0)).watched)
    assert faults.SATURATED in [each.kind for each in record.faults()]
