"""Structured pruning: whole channels go, so that the file and the time really shrink.

Every feature of every tensor's last axis gets a number (its channel); layers pass numbers on, make
new ones or tie them together, and what stays after the removal of some numbers is built anew with
the weights that are left.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from ..errors import RecipeError
from ..slots import Compression
from ..spec import check_knobs, knob
from ..training.call_graph import copy_layer
from .tuning import Tuning, rebuild

IMPORTANCES = ("taylor", "scale", "norm")
NUM_BATCHES = 32  # that the gradients of "taylor" are averaged over
_MAKE = ("Dense", "Conv1D", "Conv2D", "SeparableConv1D", "SeparableConv2D")
_DEPTHWISE = ("DepthwiseConv1D", "DepthwiseConv2D")
_TIE = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
_PASS = (
    "BatchNormalization",
    "Activation",
    "ReLU",
    "LeakyReLU",
    "ELU",
    "Dropout",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "GaussianNoise",
    "GaussianDropout",
    "MaxPooling1D",
    "MaxPooling2D",
    "AveragePooling1D",
    "AveragePooling2D",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "Cropping1D",
    "Cropping2D",
    "UpSampling1D",
    "UpSampling2D",
    "Identity",
    "Rescaling",
)
# Activations that act on each channel alone.
_ALONE = (
    "linear",
    "relu",
    "relu6",
    "leaky_relu",
    "elu",
    "selu",
    "celu",
    "gelu",
    "silu",
    "swish",
    "tanh",
    "sigmoid",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "softplus",
    "softsign",
    "exponential",
    "mish",
    "hard_tanh",
)


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
        """A keras.Model with fewer channels, fitted on the tuning's rows. Raises RecipeError where
        no layer has channels that could go.
        """
        self.check()
        widths = {key: len(sets) for key, sets in trace_channels(model).groups().items()}
        if not widths:
            raise RecipeError(
                "a model without channels that could go",
                expected="convolutions or dense layers below the last",
                fix="leave PruneChannels out",
            )
        for place in range(1, self.rounds + 1):
            share = 1 - (1 - self.share) ** (place / self.rounds)
            channels = trace_channels(model)
            scores = channels.importance(model, tuning, self.importance)
            gone = _weakest(
                channels.groups(),
                scores,
                {key: self._kept(width, share) for key, width in widths.items()},
            )
            model = remove_channels(model, channels, gone, tuning)
            if place < self.rounds:
                epochs = self.epochs // self.rounds
            else:
                epochs = self.epochs - (self.rounds - 1) * (self.epochs // self.rounds)
            tuning.fit(model, epochs=epochs, learning_rate_factor=self.learning_rate_factor)
        return model

    def _kept(self, width, share):
        """How many of so many channels stay when `share` of them goes."""
        return max(-(-(width - round(share * width)) // self.multiple), 1) * self.multiple


@dataclass(eq=False)
class Channels:
    """The channels of a model: `sets`, of each channel the set that it belongs to, all of which go
    or stay together; `reads`, `gives`: by layer's name the channels int [width] of what it takes
    and of what it gives; `makers`: layers with weights of their own for what they give; `frozen`:
    channels that must stay.
    """

    sets: list[int] = field(default_factory=list)
    frozen: set[int] = field(default_factory=set)
    reads: dict[str, np.ndarray] = field(default_factory=dict)
    gives: dict[str, np.ndarray] = field(default_factory=dict)
    makers: list[str] = field(default_factory=list)

    def new(self, width: int) -> np.ndarray:
        """Channels that were not there before."""
        first = len(self.sets)
        self.sets += range(first, first + width)
        return np.arange(first, first + width)

    def set_of(self, channel: int) -> int:
        """The set of a channel, by its first member."""
        while self.sets[channel] != channel:
            channel = self.sets[channel]
        return channel

    def tie(self, one: np.ndarray, other: np.ndarray) -> None:
        """Channels at the same places go or stay together."""
        for first, second in zip(one, other, strict=True):
            first, second = sorted((self.set_of(first), self.set_of(second)))
            self.sets[second] = first

    def groups(self) -> dict[tuple[str, ...], list[int]]:
        """Names of the layers that make channels together → the sets of channels that could go."""
        frozen = {self.set_of(channel) for channel in self.frozen}
        made_by: dict[int, list[str]] = {}
        for name in self.makers:
            for channel in self.gives[name]:
                each = self.set_of(channel)
                if each not in frozen and name not in made_by.setdefault(each, []):
                    made_by[each].append(name)
        groups: dict[tuple[str, ...], list[int]] = {}
        for each, names in made_by.items():
            groups.setdefault(tuple(names), []).append(each)
        return groups

    def importance(self, model, tuning: Tuning, kind: str) -> dict[int, float]:
        """Set → how much it matters (see `PruneChannels`)."""
        scores: dict[int, float] = dict.fromkeys(map(self.set_of, range(len(self.sets))), 0.0)
        if kind == "taylor":
            for gradients in tuning.gradients(model, num_batches=NUM_BATCHES):
                changes = dict.fromkeys(scores, 0.0)
                paths = {
                    variable.path: gradient
                    for variable, gradient in zip(model.trainable_variables, gradients, strict=True)
                }
                for name, channels in self.gives.items():
                    for variable in model.get_layer(name).trainable_variables:
                        self._add(
                            changes,
                            channels,
                            _by_output(
                                variable.numpy() * paths[variable.path], variable, len(channels)
                            ),
                        )
                for each, change in changes.items():
                    scores[each] += change**2
            return scores
        for name, channels in self.gives.items():
            layer = model.get_layer(name)
            normalizes = type(layer).__name__ == "BatchNormalization" and layer.scale
            if normalizes != (kind == "scale") and not (
                kind == "scale" and not self._normalized(model, channels)
            ):
                continue
            weights = layer.trainable_variables[:1]
            for variable in weights:
                sizes = _by_output(np.abs(variable.numpy()), variable, len(channels))
                self._add(scores, channels, sizes / max(sizes.mean(), np.finfo(np.float32).tiny))
        return scores

    def _normalized(self, model, channels):
        """Whether a batch normalization scales these channels."""
        sets = {self.set_of(each) for each in channels}
        return any(
            type(model.get_layer(name)).__name__ == "BatchNormalization"
            and model.get_layer(name).scale
            and not sets.isdisjoint(map(self.set_of, given))
            for name, given in self.gives.items()
        )

    def _add(self, scores, channels, values):
        for channel, value in zip(channels, values, strict=True):
            scores[self.set_of(channel)] += float(value)


def trace_channels(model) -> Channels:
    """What the layers of a functional model do to channels. A layer that is not known ends them:
    what it takes and what it gives must stay.
    """
    import keras

    channels = Channels()
    by_tensor = {}

    def call(layer, *tensors, **others):
        output = layer(*tensors, **others)
        taken = [
            each
            for each in keras.tree.flatten((tensors, others))
            if isinstance(each, keras.KerasTensor)
        ]
        read = [
            by_tensor[id(each)] if id(each) in by_tensor else _frozen(channels, each)
            for each in taken
        ]
        given = None
        if (
            len(keras.tree.flatten(output)) == 1
            and getattr(layer, "data_format", "channels_last") == "channels_last"
        ):
            given = _pass_on(channels, layer, taken, read)
        if given is None:
            for each in read:
                channels.frozen.update(each.tolist())
        for each in keras.tree.flatten(output):
            if given is not None:
                by_tensor[id(each)] = given
            else:
                by_tensor[id(each)] = _frozen(channels, each)
        kept_alive.append(output)  # an id is of one tensor as long as that is there
        return output

    kept_alive = []
    copy = rebuild(model, copy_layer, call)
    last = by_tensor.get(id(copy.outputs[0]))
    channels.frozen.update(last.tolist() if last is not None else ())
    return channels


def remove_channels(model, channels: Channels, gone: list[int], tuning: Tuning):
    """A functional model without the sets `gone` of `channels` (see `trace_channels`), the weights
    that are left copied. Where what goes was zero for every row, it gives the same answers.
    """
    away = set(gone)
    kept = np.array([channels.set_of(each) not in away for each in range(len(channels.sets))], bool)

    def make(layer):
        config = layer.get_config()
        name = layer.name
        if name in channels.gives:
            width = int(kept[channels.gives[name]].sum())
            for knob_name in ("units", "filters"):
                if knob_name in config:
                    config[knob_name] = width
            if "target_shape" in config:
                config["target_shape"] = (*config["target_shape"][:-1], width)
        return layer.__class__.from_config(config)

    with tuning.scope():
        smaller = rebuild(model, make)
        for name in channels.gives:
            old = model.get_layer(name)
            if old.weights:
                smaller.get_layer(name).set_weights(
                    _cut(old, kept[channels.reads[name]], kept[channels.gives[name]])
                )
    return smaller


def cut_to(model, smaller, tuning: Tuning):
    """A functional model of the layers and widths of `smaller` with the weights of `model`, the
    same net but wider: of its channels those stay that matter most (see `PruneChannels`). Nothing
    is fitted. Raises RecipeError where the two differ in more than widths.
    """
    channels = trace_channels(model)
    kept = {key: len(sets) for key, sets in trace_channels(smaller).groups().items()}
    groups = channels.groups()
    if groups.keys() == kept.keys():
        gone = _weakest(groups, channels.importance(model, tuning, "taylor"), kept)
        cut = remove_channels(model, channels, gone, tuning)
        if [each.shape for each in cut.weights] == [each.shape for each in smaller.weights]:
            return cut
    widths = {" and ".join(key): (len(sets), kept.get(key, 0)) for key, sets in groups.items()}
    raise RecipeError(
        f"a net to cut down whose layers of channels are {widths} (its own, the smaller one's)",
        expected="the same net, no layer of it narrower than the smaller one's",
        fix="take a wider one of the same net, or start from drawn weights: start='drawn'",
    )


def _weakest(groups, scores, kept):
    """The sets of channels that go, so that of each group its number in `kept` stays."""
    return [
        each
        for key, sets in groups.items()
        for each in sorted(sets, key=lambda each: scores[each])[: max(len(sets) - kept[key], 0)]
    ]


def _frozen(channels, tensor):
    new = channels.new(tensor.shape[-1] if len(tensor.shape) > 1 and tensor.shape[-1] else 1)
    channels.frozen.update(new.tolist())
    return new


def _pass_on(channels, layer, taken, read):
    """The channels of a layer's output, noted with those of its input, or None where it is not
    known what it does.
    """
    kind = type(layer).__name__
    again = layer.name in channels.gives
    given = None
    if len(read) == 1 and kind in _MAKE and getattr(layer, "groups", 1) == 1:
        if kind == "Dense":
            width = layer.units
        else:
            width = layer.filters
        if again:
            given = channels.gives[layer.name]
        else:
            given = channels.new(width)
        if not again:
            channels.makers.append(layer.name)
        if not _acts_alone(layer):
            channels.frozen.update(given.tolist())
    elif len(read) == 1 and kind in _DEPTHWISE and _acts_alone(layer):
        given = np.repeat(read[0], layer.depth_multiplier)
    elif len(read) == 1 and kind in _PASS and _passes(layer, taken[0]):
        given = read[0]
    elif len(read) == 1 and kind in ("Flatten", "Reshape"):
        given = _reshaped(
            read[0], taken[0].shape[1:], layer.target_shape if kind == "Reshape" else None
        )
    elif kind == "Permute" and layer.dims[-1] == len(layer.dims):
        given = read[0]
    elif kind in _TIE and len({len(each) for each in read}) == 1:
        for other in read[1:]:
            channels.tie(read[0], other)
        given = read[0]
    elif kind == "Concatenate" and layer.axis in (-1, len(taken[0].shape) - 1):
        given = np.concatenate(read)
    if given is not None and len(read) == 1:
        if again:  # a layer that is called twice has one set of weights
            channels.tie(channels.reads[layer.name], read[0])
            channels.tie(channels.gives[layer.name], given)
        channels.reads[layer.name], channels.gives[layer.name] = read[0], given
    return given


def _acts_alone(layer):
    import keras

    return keras.activations.serialize(layer.activation) in _ALONE


def _passes(layer, tensor):
    kind = type(layer).__name__
    if kind == "Activation":
        return _acts_alone(layer)
    if kind == "BatchNormalization":
        return layer.axis in (-1, len(tensor.shape) - 1)
    return kind != "Rescaling" or np.ndim(layer.scale) == np.ndim(layer.offset) == 0


def _reshaped(channels, shape, target):
    """Last axes that become one repeat the channels; an axis of channels that is split ends
    them.
    """
    if None in shape or target is not None and target[-1] == -1 and len(target) > 1:
        return None
    if target is None or target[-1] == -1:
        width = int(np.prod(shape))
    else:
        width = target[-1]
    ends = [int(np.prod(shape[place:])) for place in range(len(shape))]
    if width in ends:
        return np.tile(channels, width // len(channels))
    return None


def _by_output(values, variable, width):
    """Values of a weight's shape summed to one for each channel that its layer gives."""
    if values.ndim > 1 and values.shape[-1] != width:  # depthwise: [..., channels, multiplier]
        if values.shape[-2] * values.shape[-1] != width:
            return np.zeros(width)  # the depthwise part of a separable convolution
        values = values.reshape(*values.shape[:-2], width)
    return values.reshape(-1, width).sum(axis=0)


def _cut(layer, kept_in, kept_out):
    """The weights of a layer for the channels that stay, bool [width] of what it takes and
    gives.
    """
    weights = layer.get_weights()
    kind = type(layer).__name__
    if kind in ("Dense", "Conv1D", "Conv2D"):
        kernel = weights[0][..., kept_in, :][..., kept_out]
    elif kind in _DEPTHWISE:
        kernel = weights[0][..., kept_in, :]
    elif kind.startswith("Separable"):
        multiplied = np.repeat(kept_in, layer.depth_multiplier)
        return [
            weights[0][..., kept_in, :],
            weights[1][..., multiplied, :][..., kept_out],
            *(each[kept_out] for each in weights[2:]),
        ]
    else:
        return [each[kept_out] for each in weights]
    return [kernel, *(each[kept_out] for each in weights[1:])]
