"""What the layers of a model do to channels, and how much each channel matters.

Every feature of every tensor's last axis gets a number (its channel); layers pass numbers on, make
new ones or tie them together.
"""

from dataclasses import dataclass, field

import numpy as np

from ..training.call_graph import copy_layer
from .tuning import Tuning, rebuild

NUM_BATCHES = 32  # that the gradients of "taylor" are averaged over
_MAKE = ("Dense", "Conv1D", "Conv2D", "SeparableConv1D", "SeparableConv2D")
DEPTHWISE = ("DepthwiseConv1D", "DepthwiseConv2D")
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


@dataclass(eq=False)
class Channels:
    """Holds the channels of a model.

    Attributes:
        sets: of each channel the set that it belongs to. The channels of a set go or stay together.
        frozen: channels that must stay.
        reads: layer's name → the channels int [width] of its input.
        gives: layer's name → the channels int [width] of its output.
        makers: names of the layers with weights of their own for each output channel.
    """

    sets: list[int] = field(default_factory=list)
    frozen: set[int] = field(default_factory=set)
    reads: dict[str, np.ndarray] = field(default_factory=dict)
    gives: dict[str, np.ndarray] = field(default_factory=dict)
    makers: list[str] = field(default_factory=list)

    def new(self, width: int) -> np.ndarray:
        """Adds channels, int [width], each in a set of its own."""
        first = len(self.sets)
        end = first + width
        self.sets += range(first, end)
        return np.arange(first, end)

    def set_of(self, channel: int) -> int:
        """Returns the set of a channel, by its first member."""
        while self.sets[channel] != channel:
            channel = self.sets[channel]
        return channel

    def tie(self, one: np.ndarray, other: np.ndarray) -> None:
        """Joins the sets of channels at the same places."""
        for channel, other_channel in zip(one, other, strict=True):
            set_one = self.set_of(channel)
            set_other = self.set_of(other_channel)
            first, second = sorted((set_one, set_other))
            self.sets[second] = first

    def groups(self) -> dict[tuple[str, ...], list[int]]:
        """Returns names of layers that make channels together → their sets that could go."""
        groups: dict[tuple[str, ...], list[int]] = {}
        for each, names in self._makers_of_sets().items():
            group = groups.setdefault(tuple(names), [])
            group.append(each)
        return groups

    def _makers_of_sets(self):
        """Returns set → names of the layers that make its channels, without frozen sets."""
        frozen = {self.set_of(channel) for channel in self.frozen}
        made_by: dict[int, list[str]] = {}
        for name in self.makers:
            for channel in self.gives[name]:
                each = self.set_of(channel)
                if each in frozen:
                    continue
                names = made_by.setdefault(each, [])
                if name not in names:
                    names.append(name)
        return made_by

    def importance(self, model, tuning: Tuning, kind: str) -> dict[int, float]:
        """Returns set → how much it matters, by an importance of `PruneChannels`."""
        if kind == "taylor":
            return self._loss_changes(model, tuning)
        return self._sizes(model, by_scale=kind == "scale")

    def _loss_changes(self, model, tuning):
        """Returns set → the squared first-order change of the loss without it, over batches."""
        scores = self._zeros()
        for gradients in tuning.gradients(model, num_batches=NUM_BATCHES):
            by_path = {}
            for variable, gradient in zip(
                model.trainable_variables,
                gradients,
                strict=True,
            ):
                by_path[variable.path] = gradient
            changes = self._zeros()
            for name, channels in self.gives.items():
                for variable in model.get_layer(name).trainable_variables:
                    change = variable.numpy() * by_path[variable.path]
                    self._add(
                        changes,
                        channels,
                        _by_output(change, variable, len(channels)),
                    )
            for each, change in changes.items():
                scores[each] += change**2
        return scores

    def _sizes(self, model, *, by_scale):
        """Returns set → the sizes of its weights, each relative to the mean of its layer."""
        scores = self._zeros()
        for name, channels in self.gives.items():
            layer = model.get_layer(name)
            if by_scale:
                counts = _scales(layer) or not self._normalized(model, channels)
            else:
                counts = not _scales(layer)
            if not counts:
                continue
            for variable in layer.trainable_variables[:1]:
                absolute = np.abs(variable.numpy())
                sizes = _by_output(absolute, variable, len(channels))
                mean = max(sizes.mean(), np.finfo(np.float32).tiny)
                self._add(scores, channels, sizes / mean)
        return scores

    def _normalized(self, model, channels):
        """Reports whether a batch normalization scales these channels."""
        sets = {self.set_of(each) for each in channels}
        for name, given in self.gives.items():
            if not _scales(model.get_layer(name)):
                continue
            if not sets.isdisjoint(map(self.set_of, given)):
                return True
        return False

    def _zeros(self):
        sets = map(self.set_of, range(len(self.sets)))
        return dict.fromkeys(sets, 0.0)

    def _add(self, scores, channels, values):
        for channel, value in zip(channels, values, strict=True):
            scores[self.set_of(channel)] += float(value)


def _scales(layer):
    return type(layer).__name__ == "BatchNormalization" and layer.scale


def trace_channels(model) -> Channels:
    """Finds what the layers of a functional model do to channels.

    An unknown layer ends channels: those of its input and of its output must stay.
    """
    import keras

    channels = Channels()
    by_tensor = {}
    kept_alive = []  # the id of a tensor is its own only as long as the tensor exists

    def call(layer, *tensors, **others):
        output = layer(*tensors, **others)
        kept_alive.append(output)
        arguments = keras.tree.flatten((tensors, others))
        outputs = keras.tree.flatten(output)
        taken = [each for each in arguments if isinstance(each, keras.KerasTensor)]
        read = []
        for each in taken:
            known = by_tensor.get(id(each))
            if known is None:
                known = _frozen(channels, each)
            read.append(known)
        given = None
        if len(outputs) == 1 and _is_channels_last(layer):
            given = _pass_on(channels, layer, taken, read)
        if given is not None:
            by_tensor[id(outputs[0])] = given
            return output
        for each in read:
            channels.frozen.update(each.tolist())
        for each in outputs:
            by_tensor[id(each)] = _frozen(channels, each)
        return output

    copy = rebuild(model, copy_layer, call)
    last = by_tensor.get(id(copy.outputs[0]))
    if last is not None:
        channels.frozen.update(last.tolist())
    return channels


def _is_channels_last(layer):
    return getattr(layer, "data_format", "channels_last") == "channels_last"


def _frozen(channels, tensor):
    """Returns new channels of a tensor that must stay."""
    width = 1
    if len(tensor.shape) > 1 and tensor.shape[-1]:
        width = tensor.shape[-1]
    new = channels.new(width)
    channels.frozen.update(new.tolist())
    return new


def _pass_on(channels, layer, taken, read):
    """Notes the channels of a layer's input and output.

    Returns:
        The channels of its output; None if it is unknown what the layer does.
    """
    given = _output_channels(channels, layer, taken, read)
    if given is None or len(read) != 1:
        return given
    name = layer.name
    if name in channels.gives:  # a layer that is called twice has one set of weights
        channels.tie(channels.reads[name], read[0])
        channels.tie(channels.gives[name], given)
    channels.reads[name] = read[0]
    channels.gives[name] = given
    return given


def _output_channels(channels, layer, taken, read):
    """Returns the channels of a layer's output, or None if it is unknown what the layer does."""
    if not read:
        return None
    kind = type(layer).__name__
    shape = taken[0].shape
    if kind in _TIE:
        return _tied(channels, read)
    if kind == "Concatenate" and layer.axis in (-1, len(shape) - 1):
        return np.concatenate(read)
    if kind == "Permute" and layer.dims[-1] == len(layer.dims):
        return read[0]
    if len(read) != 1:
        return None
    if kind in _MAKE and getattr(layer, "groups", 1) == 1:
        return _made(channels, layer)
    if kind in DEPTHWISE and _acts_alone(layer):
        return np.repeat(read[0], layer.depth_multiplier)
    if kind in _PASS and _passes(layer, taken[0]):
        return read[0]
    if kind == "Flatten":
        return _reshaped(read[0], shape[1:], None)
    if kind == "Reshape":
        return _reshaped(read[0], shape[1:], layer.target_shape)
    return None


def _tied(channels, read):
    """Ties the channels of several inputs of one width; None if the widths differ."""
    widths = {len(each) for each in read}
    if len(widths) != 1:
        return None
    for other in read[1:]:
        channels.tie(read[0], other)
    return read[0]


def _made(channels, layer):
    """Returns the channels of a layer that makes them: new ones at its first call."""
    if layer.name in channels.gives:
        given = channels.gives[layer.name]
    else:
        if type(layer).__name__ == "Dense":
            width = layer.units
        else:
            width = layer.filters
        given = channels.new(width)
        channels.makers.append(layer.name)
    if not _acts_alone(layer):
        channels.frozen.update(given.tolist())
    return given


def _acts_alone(layer):
    import keras

    return keras.activations.serialize(layer.activation) in _ALONE


def _passes(layer, tensor):
    """Reports whether a layer of `_PASS` acts on each channel alone."""
    kind = type(layer).__name__
    if kind == "Activation":
        return _acts_alone(layer)
    if kind == "BatchNormalization":
        return layer.axis in (-1, len(tensor.shape) - 1)
    if kind == "Rescaling":
        return np.ndim(layer.scale) == np.ndim(layer.offset) == 0
    return True


def _reshaped(channels, shape, target):
    """Returns the channels of a map in another shape.

    Last axes that become one repeat the channels; an axis of channels that is split ends them.

    Args:
        channels: int [width].
        shape: of the input, without rows.
        target: the new shape, without rows; None for one axis.

    Returns:
        int [new width], or None.
    """
    if None in shape:
        return None
    if target is None or tuple(target) == (-1,):
        width = int(np.prod(shape))
    elif target[-1] == -1:
        return None
    else:
        width = target[-1]
    ends = [int(np.prod(shape[place:])) for place in range(len(shape))]
    if width in ends:
        return np.tile(channels, width // len(channels))
    return None


def _by_output(values, variable, width):
    """Sums values of a weight's shape for each channel of its layer's output, [width]."""
    if values.ndim > 1 and values.shape[-1] != width:  # depthwise: [..., channels, multiplier]
        if values.shape[-2] * values.shape[-1] != width:
            return np.zeros(width)  # the depthwise part of a separable convolution
        values = values.reshape(*values.shape[:-2], width)
    return values.reshape(-1, width).sum(axis=0)
