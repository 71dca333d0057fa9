"""Structured pruning: whole channels go, so that the file and the time really shrink.

`channel_trace` numbers the channels of a model; what stays after the removal of some numbers is
built anew with the weights that are left.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..errors import RecipeError
from ..slots import Compression
from ..spec import check_knobs, knob
from .channel_trace import DEPTHWISE, Channels, trace_channels
from .tuning import Tuning, rebuild

IMPORTANCES = ("taylor", "scale", "norm")


@dataclass(frozen=True)
class PruneChannels(Compression):
    """Removes about `share` of the channels of every convolution and dense layer, then fits what is
    left (Molchanov et al. 2017, https://arxiv.org/abs/1611.06440).

    What a residual sum joins goes together. Outputs, inputs, and channels of layers that mix them
    in other ways (attention, layer normalization, recurrent layers) stay.

    Attributes:
        share: Share of each layer's channels that goes.
        epochs: How long the model is fitted, over all rounds.
        rounds: In how many rounds the channels go, each with its part of the share and the epochs.
        importance: By what channels stay: "taylor", how much the loss would change without the
            channel, to first order (Molchanov et al. 2019, https://arxiv.org/abs/1906.10771);
            "scale", the factor of its batch normalization (Liu et al. 2017,
            https://arxiv.org/abs/1708.06519), else its norm; "norm", the sum of its kernel's
            absolute weights (Li et al. 2017, https://arxiv.org/abs/1608.08710).
        multiple: The number of channels that stay is rounded up to a multiple of this, because
            kernels are fastest on widths of whole registers.
        learning_rate_factor: Factor of the learning rate of training.
    """

    shrinks_untrained: ClassVar[bool] = True

    share: float = knob(0.5, 0, 0.95)
    epochs: int = knob(8, 1, 100_000)
    rounds: int = knob(1, 1, 100)
    importance: str = "taylor"
    multiple: int = knob(4, 1, 64)
    learning_rate_factor: float = knob(1.0, 1e-6, 100)

    def check(self) -> None:
        """Raises RecipeError for a knob out of its limits or an unknown importance."""
        check_knobs(self)
        if self.importance not in IMPORTANCES:
            raise RecipeError(
                f"importance={self.importance!r}",
                expected=", ".join(IMPORTANCES),
                fix="importance='taylor'",
            )
        if self.rounds > self.epochs:
            raise RecipeError(
                f"rounds={self.rounds} in epochs={self.epochs}",
                expected="an epoch a round or more",
                fix=f"epochs={self.rounds}",
            )

    def compress(self, model, tuning: Tuning):
        """Removes channels of a model and fits it on the tuning's rows.

        Raises:
            RecipeError: no layer has channels that could go.
        """
        self.check()
        groups = trace_channels(model).groups()
        widths = {key: len(sets) for key, sets in groups.items()}
        if not widths:
            raise RecipeError(
                "a model without channels that could go",
                expected="convolutions or dense layers below the last",
                fix="leave PruneChannels out",
            )
        for place in range(1, self.rounds + 1):
            share = 1 - (1 - self.share) ** (place / self.rounds)
            kept = {key: self._kept(width, share) for key, width in widths.items()}
            channels = trace_channels(model)
            scores = channels.importance(model, tuning, self.importance)
            gone = _weakest(channels.groups(), scores, kept)
            model = remove_channels(model, channels, gone, tuning)
            epochs = self._round_epochs(place)
            tuning.fit(
                model,
                epochs=epochs,
                learning_rate_factor=self.learning_rate_factor,
            )
        return model

    def _round_epochs(self, place):
        """Returns the epochs of a round, 1 to `rounds`; the last one gets the remainder too."""
        epochs = self.epochs // self.rounds
        if place < self.rounds:
            return epochs
        return self.epochs - (self.rounds - 1) * epochs

    def _kept(self, width, share):
        """Returns how many of `width` channels stay if `share` of them goes."""
        wanted = width - round(share * width)
        num_multiples = math.ceil(wanted / self.multiple)
        return max(num_multiples, 1) * self.multiple


def remove_channels(model, channels: Channels, gone: list[int], tuning: Tuning):
    """Builds a functional model without some sets of its channels.

    If the channels that go were zero for every row, the new model gives the same answers.

    Args:
        model: a functional keras.Model.
        channels: those of the model (see `trace_channels`).
        gone: the sets that go.
        tuning: in whose scope the model is built.

    Returns:
        A keras.Model with copies of the weights that stay.
    """
    gone_sets = set(gone)
    stays = [channels.set_of(each) not in gone_sets for each in range(len(channels.sets))]
    kept = np.array(stays, bool)

    def make(layer):
        config = layer.get_config()
        if layer.name in channels.gives:
            given = kept[channels.gives[layer.name]]
            config = _with_width(config, int(given.sum()))
        return layer.__class__.from_config(config)

    with tuning.scope():
        smaller = rebuild(model, make)
        for name in channels.gives:
            old = model.get_layer(name)
            if not old.weights:
                continue
            kept_in = kept[channels.reads[name]]
            kept_out = kept[channels.gives[name]]
            weights = _cut(old, kept_in, kept_out)
            smaller.get_layer(name).set_weights(weights)
    return smaller


def _with_width(config, width):
    """Returns a layer's configuration with another number of output channels."""
    changed = dict(config)
    for knob_name in ("units", "filters"):
        if knob_name in config:
            changed[knob_name] = width
    if "target_shape" in config:
        other_axes = config["target_shape"][:-1]
        changed["target_shape"] = (*other_axes, width)
    return changed


def cut_to(model, smaller, tuning: Tuning):
    """Cuts a model down to the widths of a smaller one of the same net; nothing is fitted.

    Of the model's channels those stay that matter most (see `PruneChannels`).

    Args:
        model: a functional keras.Model.
        smaller: a functional keras.Model of the same layers, no layer of it wider.
        tuning: by whose rows the channels are compared.

    Returns:
        A keras.Model with the widths of `smaller` and weights of `model`.

    Raises:
        RecipeError: the two differ in more than widths.
    """
    channels = trace_channels(model)
    smaller_groups = trace_channels(smaller).groups()
    kept = {key: len(sets) for key, sets in smaller_groups.items()}
    groups = channels.groups()
    if groups.keys() == kept.keys():
        scores = channels.importance(model, tuning, "taylor")
        gone = _weakest(groups, scores, kept)
        cut = remove_channels(model, channels, gone, tuning)
        if _shapes(cut) == _shapes(smaller):
            return cut
    widths = {}
    for key, sets in groups.items():
        names = " and ".join(key)
        widths[names] = (len(sets), kept.get(key, 0))
    raise RecipeError(
        f"a net to cut down whose layers of channels are {widths} (its own, the smaller one's)",
        expected="the same net, no layer of it narrower than the smaller one's",
        fix="take a wider one of the same net, or start from drawn weights: start='drawn'",
    )


def _shapes(model):
    return [each.shape for each in model.weights]


def _weakest(groups, scores, kept):
    """Returns the sets of channels that go, so that of each group its number in `kept` stays."""
    gone = []
    for key, sets in groups.items():
        num_gone = max(len(sets) - kept[key], 0)
        weakest_first = sorted(sets, key=scores.__getitem__)
        gone += weakest_first[:num_gone]
    return gone


def _cut(layer, kept_in, kept_out):
    """Returns the weights of a layer for the channels that stay.

    Args:
        layer: a Keras layer.
        kept_in: bool [width of its input].
        kept_out: bool [width of its output].
    """
    weights = layer.get_weights()
    kind = type(layer).__name__
    if kind in ("Dense", "Conv1D", "Conv2D"):
        kernels = [_cut_kernel(weights[0], kept_in, kept_out)]
    elif kind in DEPTHWISE:
        kernels = [weights[0][..., kept_in, :]]
    elif kind.startswith("Separable"):
        multiplied = np.repeat(kept_in, layer.depth_multiplier)
        depthwise = weights[0][..., kept_in, :]
        pointwise = _cut_kernel(weights[1], multiplied, kept_out)
        kernels = [depthwise, pointwise]
    else:
        kernels = []
    others = weights[len(kernels) :]
    return [*kernels, *(each[kept_out] for each in others)]


def _cut_kernel(kernel, kept_in, kept_out):
    """Returns a kernel [..., in, out] for the channels that stay."""
    of_inputs = kernel[..., kept_in, :]
    return of_inputs[..., kept_out]
