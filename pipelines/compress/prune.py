"""Magnitude pruning: the smallest weights become zero while the rest learns to do without them."""

import gzip
from dataclasses import dataclass

import numpy as np

from ..slots import Compression
from ..spec import check_knobs, knob
from .kernels import prunable_kernels
from .tuning import Tuning, copy_model


@dataclass(frozen=True)
class PruneWeights(Compression):
    """Sets the smallest weights of each kernel to zero, more and more of them on the cubic schedule
    of Zhu and Gupta 2017 (https://arxiv.org/abs/1710.01878).

    What it gains: a file that gzip makes smaller (see `gzip_bytes`), as for a download or an
    update over the air. The file itself stays as large and, because kernels multiply zeros like
    other numbers, the model as slow; for these see `PruneChannels`. The zeros stay zero in every
    later `Tuning.fit`, and in int8.

    Attributes:
        share: Share of each kernel's weights that is zero in the end.
        share_at_start: Share that is zero from the first step on.
        ramp: Share of the training in which the zeros grow to `share`; in the rest they stay.
        epochs: How long the model is fitted.
        learning_rate_factor: Factor of the learning rate of training.
        last_layer: Whether the last layer is pruned too.
    """

    share: float = knob(0.5, 0, 0.99)
    share_at_start: float = knob(0.0, 0, 0.99)
    ramp: float = knob(0.6, 0.05, 1)
    epochs: int = knob(6, 1, 100_000)
    learning_rate_factor: float = knob(1.0, 1e-6, 100)
    last_layer: bool = False

    def check(self) -> None:
        """Raises RecipeError for a knob out of its limits."""
        check_knobs(self)

    def compress(self, model, tuning: Tuning):
        """A keras.Model of the same layers with `share` of each kernel's weights zero, fitted on
        the tuning's rows.
        """
        self.check()
        with tuning.scope():
            model = copy_model(model)
        kernels = prunable_kernels(model, last_layer=self.last_layer)
        tuning.fit(
            model,
            epochs=self.epochs,
            learning_rate_factor=self.learning_rate_factor,
            callbacks=[_schedule(self, kernels, self.epochs * tuning.steps)],
        )
        return model

    def share_at(self, progress: float) -> float:
        """The share that is zero after `progress` of the training, 0 to 1."""
        first = min(self.share_at_start, self.share)
        return self.share + (first - self.share) * (1 - min(progress / self.ramp, 1)) ** 3


def share_of_zeros(model) -> float:
    """The share of exact zeros among the weights of all kernels."""
    kernels = [variable.numpy() for variable in prunable_kernels(model, last_layer=True)]
    return float(
        sum((kernel == 0).sum() for kernel in kernels) / sum(kernel.size for kernel in kernels)
    )


def gzip_bytes(content: bytes) -> int:
    """The size of a file in bytes after gzip at its best."""
    return len(gzip.compress(content, compresslevel=9, mtime=0))


def _schedule(spec, kernels, num_steps):
    """The callback that widens the masks on the schedule and applies them after every step. A
    weight once zero is the smallest, so that masks only grow.
    """
    import keras

    every = max(num_steps // 100, 1)

    class Prune(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.step, self.masks = 0, [None] * len(kernels)
            self._widen(spec.share_at(0.0))

        def on_train_batch_end(self, batch, logs=None):
            self.step += 1
            if self.step % every == 0 or self.step == num_steps:
                self._widen(spec.share_at(self.step / num_steps))
            for kernel, mask in zip(kernels, self.masks, strict=True):
                kernel.assign(kernel * mask)

        def _widen(self, share):
            for place, kernel in enumerate(kernels):
                mask = _mask(kernel.numpy(), share)
                self.masks[place] = keras.ops.convert_to_tensor(mask)
                kernel.assign(kernel * self.masks[place])

    return Prune()


def _mask(kernel, share):
    """float32, 0 for the `share` of smallest weights, ties in the order in memory, else 1."""
    mask = np.ones(kernel.size, np.float32)
    mask[
        np.argsort(
            np.abs(kernel).ravel(),
            kind="stable",
        )[: round(share * kernel.size)]
    ] = 0
    return mask.reshape(kernel.shape)
