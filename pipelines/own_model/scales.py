"""The scales of a user's inputs, moved in front of the int8 graph.

One int8 tensor has one scale. So a Normalization or BatchNormalization layer that an input goes
through first moves out in front, to the columns; columns of unlike scales without one are
standardized there, and the first Dense layer takes that back.
"""

from dataclasses import dataclass, replace

import numpy as np

from ..device.primitives import Affine
from .inputs import OwnInput
from .rebuild import consumers, rebuild
from .refusals import refuse

# What int8 may lose of a column: one less the squared correlation of its values and the same
# rounded.
MOST_LOST = 0.01


def in_front(model, own: list[OwnInput], rows: dict[str, np.ndarray]):
    """Moves what must not stand inside an int8 graph out of a flat model, to its inputs' columns.

    Args:
        model: A flat keras.Model.
        own: Its inputs.
        rows: The calibration rows by input name, as the model takes them.

    Returns:
        The model and its inputs.

    Raises:
        ExportError: If columns of unlike scales would share one and nothing behind them could take
            a rescaling back; it names the column.
    """
    own = list(own)
    for place, own_input in enumerate(own):
        port = own_input.port
        if port.is_picture or port.dtype != "float32":
            continue
        tensor = model.inputs[place]
        num_columns = own_input.shape[-1]
        values = rows[tensor.name].astype(np.float64)
        values = values.reshape(-1, num_columns)
        model, own[place] = _move_in_front(model, own_input, place, values)
    return model, own


def _move_in_front(model, own, place, values):
    """Moves the scales of one input out of a model.

    Args:
        model: A flat keras.Model.
        own: The input.
        place: The input among those of the model.
        values: Of its columns, float64 [rows, columns].

    Returns:
        The model and the input.
    """
    name = model.inputs[place].name
    first = _only_reader(model, place)
    scale = _scale_of(first)
    if scale is not None:
        own = _with_affine(own, scale)
        values = scale.apply(values)
        model = rebuild(model, _dropping(first))
    lost = _lost(values)
    if lost.max() <= MOST_LOST:
        return model, own
    readers = consumers(model, model.inputs[place])
    kinds = {type(layer).__name__ for layer in readers}
    if kinds != {"Dense"}:
        _refuse_unlike(name, values, lost)
    scale = _standardizing(values)
    model = rebuild(model, _taking_back(readers, scale))
    return model, _with_affine(own, scale)


def _only_reader(model, place):
    """Returns the layer that an input goes to; None if it goes to several."""
    readers = consumers(model, model.inputs[place])
    if len(readers) == 1:
        return readers[0]
    return None


@dataclass(frozen=True)
class ColumnScale:
    """Scales columns one by one: (x - offset) * factor.

    Attributes:
        offset: float64 [columns], or [1] for all alike.
        factor: float64 of the same shape.
    """

    offset: np.ndarray
    factor: np.ndarray

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Returns float64 [rows, columns], scaled."""
        return (values - self.offset) * self.factor


def _standardizing(values):
    """Returns the scale by which columns have mean 0 and standard deviation 1."""
    mean = values.mean(axis=0)
    deviation = values.std(axis=0)
    factor = 1 / np.maximum(deviation, 1e-12)
    return ColumnScale(mean, factor)


def _scale_of(layer):
    """Returns the ColumnScale of a layer that scales columns one by one, or None."""
    kind = type(layer).__name__
    if kind == "Rescaling":
        return _scale_of_rescaling(layer)
    if kind == "BatchNormalization":
        return _scale_of_normalization(layer)
    return None


def _scale_of_rescaling(layer):
    """Returns the scale of a Rescaling of all columns alike, or None."""
    scale = layer.scale
    if np.ndim(scale) > 0 or np.ndim(layer.offset) > 0:
        return None
    if not scale:
        return None
    offset = np.array([-layer.offset / scale])
    factor = np.array([float(scale)])
    return ColumnScale(offset, factor)


def _scale_of_normalization(layer):
    """Returns the scale of a BatchNormalization of the last axis, or None."""
    last_axis = len(layer.input.shape) - 1
    if layer.axis not in (-1, last_axis):
        return None
    mean = np.asarray(layer.moving_mean, np.float64)
    variance = np.asarray(layer.moving_variance, np.float64)
    deviation = np.sqrt(variance + layer.epsilon)
    gamma = 1.0
    if layer.scale:
        gamma = np.asarray(layer.gamma, np.float64)
    beta = 0.0
    if layer.center:
        beta = np.asarray(layer.beta, np.float64)
    factor = gamma / deviation
    if not np.all(factor):
        return None
    offset = mean - beta / factor
    return ColumnScale(offset, factor)


def _dropping(dropped):
    """Returns a change for `rebuild`: without the layer."""

    def change(layer, *tensors):
        if layer is dropped:
            return tensors[0]
        return None

    return change


def _taking_back(dense, scale):
    """Returns a change for `rebuild`: Dense layers that take scaled columns and give what they gave
    for the columns as they were.
    """
    import keras

    def change(layer, *tensors):
        if layer not in dense:
            return None
        config = {**layer.get_config(), "use_bias": True}
        new = keras.layers.Dense.from_config(config)
        output = new(tensors[0])
        kernel = np.asarray(layer.kernel, np.float64)
        new_kernel = kernel / scale.factor[:, None]
        new_bias = _bias_of(layer) + scale.offset @ kernel
        new.set_weights([new_kernel, new_bias])
        return output

    return change


def _bias_of(layer):
    """Returns the bias of a Dense layer, float64 [units]; zeros if it has none."""
    if layer.use_bias:
        return np.asarray(layer.bias, np.float64)
    return np.zeros(layer.units)


def _with_affine(own, scale):
    """Returns the input whose columns are scaled, after what they are already.

    The last axis of the model's input has an offset and a factor for each place, or one for all.
    """
    num_places = own.shape[-1]
    offsets = np.broadcast_to(scale.offset, (num_places,))
    factors = np.broadcast_to(scale.factor, (num_places,))
    affines = {}
    packs = []
    for primitive in own.primitives:
        if isinstance(primitive, Affine):
            affines[primitive.column] = primitive
        else:
            packs.append(primitive)
    scaled = []
    for number, column in enumerate(own.columns):
        place = number % num_places
        none = Affine(column.name, 0.0, 1.0)
        before = affines.get(column.name, none)
        both = _after(before, offsets[place], factors[place])
        scaled.append(both)
    port = replace(own.port, unit="standard deviations")
    return replace(own, primitives=(*scaled, *packs), port=port)


def _after(affine, offset, factor):
    """Returns an Affine and (x - offset) * factor after it as one, in numbers of float32."""
    both_offset = np.float32(affine.offset + offset / affine.factor)
    both_factor = np.float32(affine.factor * factor)
    return Affine(affine.column, float(both_offset), float(both_factor))


def _lost(values):
    """Returns what one int8 scale for all columns loses of each, float64 [columns].

    It is 0 for a column that never changes.
    """
    rounded = _rounded(values)
    num_columns = values.shape[1]
    lost = np.zeros(num_columns)
    varies = values.std(axis=0) > 0
    for place in np.flatnonzero(varies):
        column = values[:, place]
        rounded_column = rounded[:, place]
        lost[place] = _lost_of_column(column, rounded_column)
    return lost


def _rounded(values):
    """Returns values as int8 holds them by one scale, float64 of the same shape."""
    low = min(values.min(), 0.0)
    high = max(values.max(), 0.0)
    step = (high - low) / 255
    if step == 0:
        step = 1.0
    levels = np.rint((values - low) / step)
    return levels * step + low


def _lost_of_column(column, rounded):
    """Returns one less the squared correlation of a column and the same rounded."""
    if rounded.std() <= 0:
        return 1.0
    correlations = np.corrcoef(column, rounded)
    correlation = correlations[0, 1]
    return 1 - correlation**2


def _refuse_unlike(name, values, lost):
    """Raises ExportError for the column that the common scale loses most of."""
    worst = int(lost.argmax())
    own_range = _range_in_words(values[:, worst])
    whole_range = _range_in_words(values)
    refuse(
        f"columns of unlike scales in the input {name!r}: column {worst} goes {own_range}, all "
        f"together {whole_range}; the one scale that an int8 input has loses {lost[worst]:.0%} "
        "of it",
        expected="columns of like scales; or a Normalization or "
        "Dense layer first, of which the scales move out in front of int8",
        fix="begin the model with "
        "keras.layers.Normalization(axis=-1), adapted, or standardize the columns before it",
    )


def _range_in_words(values):
    low = values.min()
    high = values.max()
    return f"from {low:g} to {high:g}"
