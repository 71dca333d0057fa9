"""The scales of a user's inputs, moved in front of the int8 graph.

One int8 tensor has one scale. So a Normalization or BatchNormalization layer that an input goes
through first moves out in front, to the columns; columns of unlike scales without one are
standardized there, and the first Dense layer takes that back.
"""

from dataclasses import replace

import numpy as np

from ..device.primitives import Affine
from .inputs import OwnInput
from .rewrite import consumers, rebuild, refuse

# What int8 may lose of a column: one less the squared correlation of its values and the same
# rounded.
MOST_LOST = 0.01


def in_front(model, own: list[OwnInput], rows: dict[str, np.ndarray]):
    """Moves what must not stand inside an int8 graph out of a flat model, to its inputs' columns.

    Args:
        model: a flat keras.Model.
        own: its inputs.
        rows: the calibration rows by input name, as the model takes them.

    Returns:
        The model and its inputs.

    Raises:
        ExportError: columns of unlike scales would share one and nothing behind them could take a
            rescaling back; it names the column.
    """
    own = list(own)
    for place, each in enumerate(own):
        port = each.port
        if port.is_picture or port.dtype != "float32":
            continue
        tensor = model.inputs[place]
        values = rows[tensor.name].astype(np.float64)
        values = values.reshape(-1, each.shape[-1])
        model, own[place] = _move_in_front(model, each, place, values)
    return model, own


def _move_in_front(model, own, place, values):
    """Returns the model and its input at a place, whose `values` are float64 [rows, columns]."""
    tensor = model.inputs[place]
    name = tensor.name
    readers = consumers(model, tensor)
    scale = None
    if len(readers) == 1:
        scale = _scale_of(readers[0])
    if scale is not None:
        offset, factor = scale
        own = _with_affine(own, offset, factor)
        values = (values - offset) * factor
        model = rebuild(model, _dropping(readers[0]))
        readers = consumers(model, model.inputs[place])
    lost = _lost(values)
    if lost.max() <= MOST_LOST:
        return model, own
    kinds = {type(layer).__name__ for layer in readers}
    if kinds != {"Dense"}:
        _refuse_unlike(name, values, lost)
    offset = values.mean(axis=0)
    deviation = values.std(axis=0)
    factor = 1 / np.maximum(deviation, 1e-12)
    model = rebuild(model, _taking_back(readers, offset, factor))
    own = _with_affine(own, offset, factor)
    return model, own


def _scale_of(layer):
    """Returns (offset, factor) float64 of a layer that scales columns one by one, or None."""
    kind = type(layer).__name__
    if kind == "Rescaling":
        return _scale_of_rescaling(layer)
    if kind != "BatchNormalization":
        return None
    last_axis = len(layer.input.shape) - 1
    if layer.axis not in (-1, last_axis):
        return None
    mean = np.asarray(layer.moving_mean, np.float64)
    variance = np.asarray(layer.moving_variance, np.float64)
    gamma = 1.0
    if layer.scale:
        gamma = np.asarray(layer.gamma, np.float64)
    beta = 0.0
    if layer.center:
        beta = np.asarray(layer.beta, np.float64)
    deviation = np.sqrt(variance + layer.epsilon)
    factor = gamma / deviation
    if not np.all(factor):
        return None
    offset = mean - beta / factor
    return offset, factor


def _scale_of_rescaling(layer):
    """Returns (offset, factor) float64 [1] of a Rescaling of all columns alike, or None."""
    scale = layer.scale
    offset = layer.offset
    alike = np.ndim(scale) == 0 and np.ndim(offset) == 0
    if not alike or not scale:
        return None
    moved = -offset / scale
    return np.array([moved]), np.array([float(scale)])


def _dropping(dropped):
    """Returns a change for `rebuild`: without the layer."""

    def change(layer, *tensors):
        if layer is dropped:
            return tensors[0]
        return None

    return change


def _taking_back(dense, offset, factor):
    """Returns a change for `rebuild`: Dense layers that take (x - offset) * factor and give what
    they gave for x.
    """
    import keras

    def change(layer, *tensors):
        if layer not in dense:
            return None
        kernel = np.asarray(layer.kernel, np.float64)
        bias = np.zeros(layer.units)
        if layer.use_bias:
            bias = np.asarray(layer.bias, np.float64)
        config = {**layer.get_config(), "use_bias": True}
        new = keras.layers.Dense.from_config(config)
        output = new(tensors[0])
        new_kernel = kernel / factor[:, None]
        new_bias = bias + offset @ kernel
        new.set_weights([new_kernel, new_bias])
        return output

    return change


def _with_affine(own, offset, factor):
    """Returns the input whose columns are (x - offset) * factor, after what they are already.

    The last axis of the model's input has an offset and a factor for each place, or one for all.
    """
    num_places = own.shape[-1]
    offset = np.broadcast_to(offset, (num_places,))
    factor = np.broadcast_to(factor, (num_places,))
    before = {}
    packs = []
    for each in own.primitives:
        if isinstance(each, Affine):
            before[each.column] = each
        else:
            packs.append(each)
    scaled = []
    for number, column in enumerate(own.columns):
        old = before.get(column.name, Affine(column.name, 0.0, 1.0))
        place = number % num_places
        new_offset = old.offset + offset[place] / old.factor
        new_factor = old.factor * factor[place]
        scaled.append(_float32_affine(column.name, new_offset, new_factor))
    port = replace(own.port, unit="standard deviations")
    return replace(own, primitives=(*scaled, *packs), port=port)


def _float32_affine(name, offset, factor):
    """Returns an Affine whose numbers are those that float32 holds."""
    offset = float(np.float32(offset))
    factor = float(np.float32(factor))
    return Affine(name, offset, factor)


def _lost(values):
    """Returns float64 [columns]: what one int8 scale for all loses of each; 0 for a column that
    never changes.
    """
    low = min(values.min(), 0.0)
    high = max(values.max(), 0.0)
    step = (high - low) / 255 or 1.0
    levels = np.rint((values - low) / step)
    rounded = levels * step + low
    num_columns = values.shape[1]
    lost = np.zeros(num_columns)
    varies = values.std(axis=0) > 0
    for place in np.flatnonzero(varies):
        column = values[:, place]
        rounded_column = rounded[:, place]
        lost[place] = _lost_of_column(column, rounded_column)
    return lost


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
    column = values[:, worst]
    low = values.min()
    high = values.max()
    refuse(
        f"columns of unlike scales in the input {name!r}: column {worst} goes from "
        f"{column.min():g} to {column.max():g}, all together from "
        f"{low:g} to {high:g}; the one scale that an int8 input has loses "
        f"{lost[worst]:.0%} of it",
        expected="columns of like scales; or a Normalization or "
        "Dense layer first, of which the scales move out in front of int8",
        fix="begin the model with "
        "keras.layers.Normalization(axis=-1), adapted, or standardize the columns before it",
    )
