"""One training, several nets: those at the end of each cycle of the rate."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...slots import Network
from ...spec import knob
from ..layers import built_with_layers
from ..members import average_members
from ..schedules import CosineRestarts
from .composite import weights_of
from .ensemble import Averaged
from .member_training import FittedMember, MemberTraining


@dataclass(frozen=True)
class Snapshots(Averaged):
    """The nets that one training goes through: the rate falls along a cosine and starts anew, and
    the weights at the end of each cycle are kept (Huang et al. 2017,
    https://arxiv.org/abs/1704.00109). It costs as much as one training.

    The schedule of `training` has no effect, and epochs are rounded up to whole cycles.

    Attributes:
        of: The net.
        num_members: How many cycles there are.
    """

    num_members: int = knob(4, 1, 64)

    def refuses(self, kind: Network) -> str:
        """Returns why there are no snapshots of a net, or ""."""
        if len(self.kinds) > 1:
            return "one training goes through nets of one kind"
        if kind.solves or kind.fits_members or kind.refits:
            return "it is not trained by epochs alone"
        return super().refuses(kind)

    def tiny(self) -> "Snapshots":
        """Returns two snapshots of a small net."""
        return replace(self, of=self.kinds[0].tiny(), num_members=min(self.num_members, 2))

    def fit_each(self, work: MemberTraining) -> list[FittedMember]:
        """Trains once, and keeps the weights at the end of every cycle."""
        cycle = math.ceil(work.training.epochs / self.num_members)
        training = replace(
            work.training,
            epochs=cycle * self.num_members,
            schedule=CosineRestarts(cycles=self.num_members, growth=1.0),
        )
        kept = _collector(cycle)
        once = replace(work, training=training, callbacks=(*work.callbacks, kept))
        result = once.fit(self.kinds[0], 0)
        fitted = []
        for weights in kept.snapshots:
            model = self._model(work, weights)
            fitted.append(
                FittedMember(weights_of(model), 1 / self.size, result.history, result.watched)
            )
        return fitted

    def feed_of(
        self,
        work: MemberTraining,
        place: int,
    ):
        """Returns all rows."""
        return work.feed

    def _model(
        self,
        work: MemberTraining,
        weights: dict[str, list[np.ndarray]],
    ) -> Any:
        """Returns the net of one snapshot."""
        members = built_with_layers(
            self.kinds[0],
            work.signature,
            seed=work.training.seed,
        )
        for layer in members.layers:
            if layer.weights:
                layer.set_weights(weights[layer.name])
        return average_members(members)


def _collector(cycle: int) -> Any:
    """Returns a Keras callback that keeps the weights after every `cycle` epochs.

    Its `snapshots` are stored with each epoch, so that a training that was killed has them.
    """
    import keras

    class Collector(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.snapshots = []

        def on_epoch_end(
            self,
            epoch,
            logs=None,
        ):
            if (epoch + 1) % cycle:
                return
            weights = {
                layer.name: layer.get_weights() for layer in self.model.layers if layer.weights
            }
            self.snapshots.append(weights)

    return Collector()
