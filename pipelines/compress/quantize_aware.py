"""Quantization-aware training: a model learns with the rounding of int8 in it."""

from dataclasses import dataclass

from ..slots import Compression
from ..spec import check_knobs, knob
from .fold import fold_batch_norm
from .tuning import Tuning


@dataclass(frozen=True)
class QuantizeAware(Compression):
    """Fits a trained model further while its weights and activations are rounded as int8 will round
    them (Jacob et al. 2018, https://arxiv.org/abs/1712.05877): batch normalization goes into the
    layers before it, kernels are rounded for each output channel, activations in ranges that follow
    the batches until they are frozen, gradients pass the rounding. The int8 file takes these
    ranges; the converter finds the others as ever: those of pictures, of outputs, and of what lies
    inside recurrent, attention and other layers.

    To be the last of the compressions: what else changes weights does not know of rounding.

    Attributes:
        epochs: How long the model is fitted.
        learning_rate_factor: Factor of the learning rate of training.
        freeze_after: Share of the training after which the ranges of activations stand still.
    """

    epochs: int = knob(4, 1, 100_000)
    learning_rate_factor: float = knob(0.1, 1e-6, 100)
    freeze_after: float = knob(0.5, 0, 1)

    def check(self) -> None:
        """Raises RecipeError for a knob out of its limits."""
        check_knobs(self)

    def compress(self, model, tuning: Tuning):
        """A keras.Model with rounded layers, fitted on the tuning's rows, which saves, loads
        (import `pipelines.training.fake_quantize` before) and converts like any other;
        `without_ranges` gives the float32 model that remains of it. Raises RecipeError for a model
        that is not functional.
        """
        self.check()
        with tuning.scope():
            model = quantization_aware(model)
        tuning.fit(
            model,
            epochs=self.epochs,
            learning_rate_factor=self.learning_rate_factor,
            callbacks=[
                _freeze(
                    model,
                    round(self.freeze_after * self.epochs * tuning.steps),
                )
            ],
        )
        return model


def quantization_aware(model):
    """A copy of a functional Keras model, batch normalization folded, of the layers of
    `fake_quantize`: dense layers and convolutions round their kernels, a FakeQuantize after each
    activation learns its range in training. Other layers are left as they are, for the converter to
    quantize by calibration. A model that is such a one already comes back as a copy.
    """
    from ..training.call_graph import alter, call_as_it_is, copy_layer
    from ..training.fake_quantize import is_quantization_aware, rounded_layer, with_ranges

    if is_quantization_aware(model):
        return alter(model, copy_layer, call_as_it_is)
    return with_ranges(fold_batch_norm(model), rounded_layer)


def _freeze(model, num_steps):
    """The callback that freezes every range after so many steps, one at least, so that there is a
    range.
    """
    import keras

    from ..training.fake_quantize import FakeQuantize

    layers = [layer for layer in model.layers if isinstance(layer, FakeQuantize)]

    class Freeze(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.step = 0

        def on_train_batch_end(self, batch, logs=None):
            self.step += 1
            if self.step == max(num_steps, 1):
                for layer in layers:
                    layer.frozen.assign(1.0)

    return Freeze()
