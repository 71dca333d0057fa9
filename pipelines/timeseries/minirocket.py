"""MiniRocket as a net: fixed convolutions, hard steps, and a head that ridge regression fits."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ..device.signature import Signature
from ..errors import RecipeError
from ..rows.parts import HeldOut, TrainSet
from ..rows.sketch import DataSketch
from ..slots import Network
from ..spec import Refusal, knob
from ..tasks import task_of
from ..training.blocks import with_logits
from ..training.heads import Head
from ..training.ridge import fit_ridge
from .blocks import SeriesBlocks, past_ports
from .minirocket_kernels import (
    KERNEL_STEPS,
    NUM_KERNELS,
    Grid,
    draw_kernels,
    fit_convolutions,
    plan_convolutions,
)
from .networks import refuse_other_columns

STEP = 6.0  # ReLU6 ends there: what one unit of the convolution above the threshold becomes
LEAST_SPREAD = 0.02 * STEP  # .02 of the share of steps above a threshold
FEATURE_VALUES = 2**24  # of all convolutions of a batch of rows, 64 MB
USUAL_RANGE = (-4.0, 4.0)  # of standardized steps, until training rows give theirs
GRID = "member0_grid"
HEAD = "member0_logits"


@dataclass(frozen=True)
class MiniRocket(Network):
    """Fixed convolutions, of each the share of steps above a threshold, and a linear head
    (Dempster, Schmidt, Webb 2021, https://arxiv.org/abs/2012.08791).

    Nothing is trained by epochs: thresholds are quantiles of training rows, the head is ridge
    regression whose alpha is chosen by leaving one row out. Seconds to fit, and strong where
    series are few. In int8 the steps are exact: a convolution of whole numbers exceeds a whole
    number, or not.

    Attributes:
        num_features: How many shares the head reads, in multiples of 84; 9,996 in the paper.
    """

    solves: ClassVar[bool] = True
    rounds_inputs: ClassVar[bool] = True
    num_features: int = knob(504, NUM_KERNELS, 20_160)

    def suits(self, sketch: DataSketch) -> str:
        """Returns why the columns are no series with classes, or ""."""
        reason = refuse_other_columns(self, sketch)
        if reason:
            return reason
        if not sketch.may_have_classes():
            return Refusal(
                f"MiniRocket for a {sketch.task_names()} target",
                expected="whole series with one class each",
                fix="use a net that epochs train: --set 'build=SeriesMlp()'",
            )
        if 0 < sketch.window_steps < KERNEL_STEPS:
            return _too_short(sketch.window_steps)
        return super().suits(sketch)

    def tiny(self) -> "MiniRocket":
        """The same kind of net, small enough for a test."""
        return replace(self, num_features=2 * NUM_KERNELS)

    def build(self, signature: Signature, *, seed: int = 0, synchronized: bool = False):
        """Builds the net with its kernels, uncompiled; `solve` gives it thresholds and a head.

        Args:
            signature: Of inputs of which one or more are series of at least 9 steps.
            seed: Of the channels that each kernel reads.
            synchronized: Has no effect: there is no batch normalization.

        Returns:
            A keras.Model of float32 [rows, steps, channels], and what else there is → logits,
            float32 [rows, 1, outputs].

        Raises:
            RecipeError: For a signature without such series.
        """
        import keras

        from ..training.fake_quantize import FakeQuantizeAlways

        layers = keras.layers
        blocks = SeriesBlocks(Head(dropout=0.0), signature, seed=seed)
        inputs = blocks.inputs
        past = past_ports(signature)
        x = blocks.joined([inputs[port.name] for port in past], "steps")
        num_steps, num_channels = x.shape[1:]
        if num_steps < KERNEL_STEPS:
            refusal = _too_short(num_steps)
            raise RecipeError(str(refusal), expected=refusal.expected, fix=refusal.fix)
        # Its range decides what a unit of the convolutions is: the converter must not choose
        # another one, and the head learns from rows that are rounded as int8 rounds them; without
        # the rounding, a step above a whole number is another one.
        rounded = FakeQuantizeAlways(name=GRID)(x)
        pictures = layers.Reshape((num_steps, 1, num_channels), name="member0_steps")(rounded)
        plans = plan_convolutions(num_steps, self.num_features)
        shares = [_share_above(pictures, plan) for plan in plans]
        together = blocks.joined(shares, "member0")
        features = layers.Flatten(name="member0_flat")(together)
        whole = blocks.joined([features, *blocks.other_inputs()], "member0_all")
        model = with_logits(inputs, [whole], signature, blocks=blocks)
        model.get_layer(GRID).set_range(*USUAL_RANGE)
        scale = Grid.of_range(*USUAL_RANGE).scale
        for plan in plans:
            kernels = draw_kernels(plan, num_channels, seed)
            _set_convolution(model, plan, kernels, np.zeros(plan.num_filters), scale=scale)
        return model

    def solve(
        self,
        model,
        train_set: TrainSet,
        valid: HeldOut,
        *,
        signature: Signature,
        training,
        deciding: str,
    ) -> None:
        """Sets the thresholds of a model and fits its head, on training rows alone.

        Args:
            model: What `build` returned for the seed of `training`.
            train_set: Rows to learn from.
            valid: Not used: alpha is chosen by leaving training rows out.
            signature: What the model takes and gives.
            training: Its seed.
            deciding: Not used.
        """
        past = [port.name for port in past_ports(signature)]
        steps = np.concatenate([train_set.x[name] for name in past], axis=2)
        low, high = float(steps.min()), float(steps.max())
        model.get_layer(GRID).set_range(low, high)
        grid = Grid.of_range(low, high)
        places = grid.places(steps)
        for each in fit_convolutions(places, self.num_features, training.seed):
            _set_convolution(model, each.plan, each.kernels, each.thresholds, scale=grid.scale)
        features = self._features(model, train_set.x, num_steps=steps.shape[1])
        truth = task_of(signature.target).training_truth(train_set.y, signature.target)
        weights = fit_ridge(features, truth, train_set.weight, least_spread=LEAST_SPREAD)
        model.get_layer(HEAD).set_weights(weights)

    def _features(self, model, columns, *, num_steps):
        """Returns what the head reads of rows, float32 [rows, width], a block of rows at a time."""
        import keras

        extractor = keras.Model(model.inputs, model.get_layer(HEAD).input)
        batch_size = max(FEATURE_VALUES // (num_steps * self.num_features), 1)
        named = {each.name: columns[each.name] for each in model.inputs}
        return extractor.predict(named, batch_size=batch_size, verbose=0)


def _share_above(pictures, plan):
    """Returns STEP times the share of steps at which each convolution is above its threshold,
    [rows, 1, 1, filters].
    """
    import keras

    layers = keras.layers
    name = f"member0_{plan.name}"
    padding = "valid"
    if plan.is_padded:
        padding = "same"
    convolution = layers.Conv2D(
        plan.num_filters,
        (KERNEL_STEPS, 1),
        dilation_rate=(plan.dilation, 1),
        padding=padding,
        trainable=False,
        name=f"{name}_conv",
    )
    is_above = layers.Activation("relu6", name=f"{name}_step")(convolution(pictures))
    pool = layers.AveragePooling2D((is_above.shape[1], 1), name=f"{name}_share")
    return pool(is_above)


def _set_convolution(model, plan, kernels, thresholds, *, scale):
    """Sets the weights of a layer, so that a convolution of whole numbers gives 0 up to the
    threshold and STEP or more above it. In int8 the bias is minus the threshold, exactly.
    """
    kernel = kernels[:, None] * (STEP / scale)
    bias = -STEP * thresholds
    layer = model.get_layer(f"member0_{plan.name}_conv")
    layer.set_weights([kernel.astype(np.float32), bias.astype(np.float32)])


def _too_short(num_steps):
    return Refusal(
        f"MiniRocket on series of {num_steps} steps",
        expected=f"at least {KERNEL_STEPS}, as many as a kernel reads",
        fix="--set 'build=InceptionTime()'",
    )
