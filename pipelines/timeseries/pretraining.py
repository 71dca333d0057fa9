"""Pretraining by masked steps: a net learns from whole series, which need no label for it, what
stands between what.
"""

from dataclasses import dataclass
from typing import Any

from ..device.signature import Signature
from ..device.units import SERIES_STANDARD
from ..errors import RecipeError
from ..rows.parts import TrainSet
from ..spec import knob
from ..training.pretraining import PretextTask, Pretraining
from .blocks import past_ports
from .classifiers import ConvolutionalNet, SeriesFcn


@dataclass(frozen=True)
class MaskedSeriesPretraining(Pretraining):
    """A net that first learns to fill in stretches of steps that were masked, each channel by
    itself (Zerveas et al. 2021, https://arxiv.org/abs/2010.02803), on all training rows, with a
    label or none; then the whole is trained by `training`. Of an LSTM-FCN the convolutions alone
    are pretrained.

    Attributes:
        net: A net of convolutions over whole series.
        mask_share: The share of the steps that is masked.
        mask_steps: How long a masked stretch is at least.
    """

    net: Any = SeriesFcn()
    mask_share: float = knob(0.3, 0.001, 0.9)
    mask_steps: int = knob(3, 1, 1000, unit="steps")

    def check(self) -> None:
        """Raises RecipeError where the net cannot be built, or not be pretrained."""
        if not isinstance(self.net, ConvolutionalNet):
            raise RecipeError(
                f"build.net={self.net!r}",
                expected="a net of convolutions over whole series",
                fix="--set 'build.net=SeriesFcn()', or SeriesResNet(), InceptionTime(), LstmFcn()",
            )
        self.net.check()

    def pretext(self, model, rows: TrainSet, *, signature: Signature, seed: int) -> PretextTask:
        """Returns the reconstruction of masked steps by the convolutions."""
        ports = [port for port in past_ports(signature) if port.unit == SERIES_STANDARD]
        return PretextTask(
            self._filler(model, ports, seed),
            masked_error(self.net.num_members),
            self._masked(ports, seed),
        )

    def _masked(self, ports, seed):
        """Masks stretches of the series of a batch, by the seed and the batch's number: x with
        zeros, the mean; and the truth with what is masked, float32 [rows, steps, 2 * channels].
        """
        import tensorflow as tf

        # A stretch starts at each step with this probability, and stretches may overlap.
        rate = 1 - (1 - self.mask_share) ** (1 / self.mask_steps)

        def one_batch(number, batch):
            columns, _, weight = batch
            batch_seed = tf.stack(
                [
                    tf.cast(
                        seed,
                        tf.int64,
                    ),
                    number,
                ]
            )
            truth = tf.concat(
                [columns[port.name] for port in ports],
                axis=2,
            )
            drawn = tf.random.stateless_uniform(
                tf.shape(truth),
                batch_seed,
            )
            starts = tf.cast(drawn < rate, tf.float32)
            is_masked = tf.nn.max_pool1d(
                starts,
                self.mask_steps,
                1,
                "SAME",
            )
            kept = truth * (1 - is_masked)
            widths = [port.shape[1] for port in ports]
            parts = tf.split(kept, widths, axis=2)
            masked = dict(columns)
            for port, part in zip(ports, parts, strict=True):
                masked[port.name] = part
            both = tf.concat([truth, is_masked], axis=2)
            return masked, both, weight

        return one_batch

    def _filler(self, model, ports, seed):
        """The model's convolutions, and one over a step on the maps of each member: →
        float32 [rows, steps, members * channels].
        """
        import keras

        num_channels = sum(port.shape[1] for port in ports)
        num_steps = ports[0].shape[0]
        filled = []
        for place in range(self.net.num_members):
            start = keras.initializers.GlorotUniform(seed=seed + place)
            fill = keras.layers.Conv2D(
                num_channels, 1, kernel_initializer=start, name=f"filled{place}"
            )
            maps = fill(self.net.maps_of(model, place))
            filled.append(
                keras.ops.reshape(
                    maps,
                    (-1, num_steps, num_channels),
                )
            )
        together = keras.ops.concatenate(filled, axis=2)
        return keras.Model(model.input, together, name="filler")


def masked_error(num_members: int):
    """Returns the squared error over masked steps: of float32 [rows, steps, 2 * channels], truth
    and what is masked, and of float32 [rows, steps, members * channels]; it gives float32 [rows].

    Args:
        num_members: How many nets fill in the same steps.
    """
    import keras

    ops = keras.ops

    def loss(truth_and_mask, filled):
        truth, is_masked = ops.split(truth_and_mask, 2, axis=2)
        truth = ops.tile(truth, (1, 1, num_members))
        weight = ops.tile(is_masked, (1, 1, num_members))
        total = ops.sum(
            weight * ops.square(truth - filled),
            axis=(1, 2),
        )
        return total / ops.maximum(
            ops.sum(
                weight,
                axis=(1, 2),
            ),
            1.0,
        )

    return loss
