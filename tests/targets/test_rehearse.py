"""Which nets are converted before they are trained."""

from dataclasses import dataclass

import numpy as np
import pytest

from pipelines.slots import Layers
from pipelines.tabular import Mlp
from pipelines.targets.rehearse import _with_moved_zeros
from pipelines.training.ensembles import Bagging


@dataclass(frozen=True, repr=False)
class OfOthers(Mlp):
    """A net of another package."""


@pytest.mark.parametrize(
    "net, is_known",
    [
        (Mlp(), True),
        (Mlp(layers=Layers(activation="hard_swish")), True),
        (Mlp(layers=Layers(activation="elu")), False),
        (OfOthers(), False),
        (Bagging(of=Mlp()), True),
        (Bagging(of=(Mlp(), Mlp(layers=Layers(activation="mish")))), False),
    ],
    ids=repr,
)
def test_unknown_operators(net, is_known):
    assert net.has_known_operators() == is_known


def test_biases_count_as_after_training():
    """The converter leaves a bias of zeros out of the file."""
    import keras

    x = keras.Input((3,))
    model = keras.Model(x, keras.layers.Dense(2)(x))
    kernel = model.get_weights()[0]
    moved = _with_moved_zeros(model, 0)
    assert np.all(moved.get_weights()[0] == kernel) and np.all(moved.get_weights()[1] != 0)
