"""The last layer alone, fitted on the features that the rest of a net makes of rows."""

from dataclasses import dataclass, replace

import numpy as np

from ..device.ports import Port
from ..device.signature import Signature
from ..errors import RecipeError
from ..rows.parts import HeldOut, TrainSet
from ..rows.sketch import DataSketch
from ..slots import Network
from ..spec import Refusal, knob
from .blocks import INITIALIZERS, Blocks, with_logits
from .feed import TrainFeed
from .fit import train
from .training import Training


@dataclass(frozen=True)
class Head(Network):
    """One dense layer from features to logits, with dropout before it.

    Attributes:
        dropout: Share of the features that is left out in each step of training.
        regularizer: The factor of L2 on the kernel.
        initializer: How the kernel is drawn, by its Keras name.
    """

    dropout: float = knob(0.2, 0, 0.95)
    regularizer: float = knob(0.0, 0, 1)
    initializer: str = "GlorotUniform"

    def check(self) -> None:
        """Raises RecipeError where the head cannot be built."""
        if self.initializer not in INITIALIZERS:
            raise RecipeError(
                f"initializer={self.initializer!r}",
                expected=", ".join(INITIALIZERS),
                fix="initializer='GlorotUniform'",
            )

    def suits(self, sketch: DataSketch) -> str:
        """Returns why a head alone is no net for rows."""
        return Refusal(
            "a head without a net under it",
            expected="a net whose features it reads",
            fix="--set 'build=Transfer(head=Head())'",
        )

    def tiny(self) -> "Head":
        """The same."""
        return self

    def build(self, signature: Signature, *, seed: int = 0, synchronized: bool = False):
        """Signature → keras.Model, uncompiled: features float32 [rows, width] → logits [rows, 1,
        outputs].
        """
        import keras

        port = signature.inputs[0]
        features = keras.Input(port.shape, name=port.name, dtype="float32")
        return with_logits(
            {port.name: features}, [features], signature, blocks=Blocks(self, seed=seed)
        )


def fit_head(
    head: Head,
    rows: TrainSet,
    valid: HeldOut,
    *,
    balancer,
    signature: Signature,
    training: Training,
    deciding: str,
) -> tuple[np.ndarray, np.ndarray]:
    """(kernel float32 [width, outputs], bias float32 [outputs]) of a dense layer on the one column
    "features", float32 [rows, width]. `balancer`: redraws the training rows by their features, or
    None.

    Raises LeakError where it meets rows that were balanced before.
    """
    # Scaled alike, so that one rate suits all; the scale goes into the head's weights in the end,
    # where one that is much larger than the rest would cost the rest their int8 digits: no scale is
    # over the inverse of the mean.
    features = rows.x["features"]
    mean = features.mean(axis=0)
    spread = features.std(axis=0)
    spread = spread + max(spread.mean(), np.float32(1e-6))
    rows = rows.with_columns({"features": (features - mean) / spread})
    valid = valid.with_columns({"features": (valid.x["features"] - mean) / spread})
    if balancer is not None:
        rows = balancer.resample(rows)
    trained = train(
        head,
        TrainFeed(rows),
        valid,
        training=training,
        deciding=deciding,
        signature=replace(
            signature,
            inputs=(Port("features", mean.shape, "float32", "features"),),
        ),
    )
    kernel, bias = trained.model.get_layer("logits").get_weights()
    return kernel / spread[:, None], bias - (mean / spread) @ kernel
