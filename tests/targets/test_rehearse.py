"""Which nets are converted before they are trained."""

from dataclasses import dataclass

import pytest

from pipelines.slots import Layers
from pipelines.tabular import Mlp
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
