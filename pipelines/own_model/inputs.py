"""The inputs of a user's Keras model as raw columns, primitives and ports: what the runner and the
C code know.

    pixels 0..255 [height, width, 1 or 3]     a picture column
    float [numbers]                           numeric columns x0, x1, ...
    float [steps, channels]                   a series column a channel
    float of more axes                        series too: the first axis is the steps, the others
        are channels
    int [tokens]                              a series column of token ids

One int8 tensor has one scale. So a Normalization or BatchNormalization layer that an input goes
through first moves out in front, to the columns; columns of unlike scales without one are
standardized there, and the first Dense layer takes that back.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..device.cells import MAX_NUMBER, PICTURE, SERIES, Column
from ..device.flow import MAX_SIDE, MAX_VALUES
from ..device.ports import Port
from ..device.primitives import Affine, Pack, PackSteps, Primitive
from ..device.primitives.series import StepIds
from .rewrite import check_kind, consumers, rebuild, refuse, unchanged

MAX_COLUMNS = 4096
# What int8 may lose of a column: one less the squared correlation of its values and the same
# rounded.
MOST_LOST = 0.01
_C_WORDS = frozenset(
    "auto break case char const continue default do double else enum extern float for goto if "
    "inline int long register restrict return short signed sizeof static struct switch typedef "
    "union unsigned void volatile while base spread".split()
)


@dataclass(frozen=True)
class OwnInput:
    """One input of the model: its port, the raw columns and the primitives that make it. `shape`:
    what the model itself takes; `factor`, `offset`: of pixels that the model takes rescaled (pixel
    * factor + offset).
    """

    port: Port
    columns: tuple[Column, ...]
    primitives: tuple[Primitive, ...]
    shape: tuple[int, ...]
    factor: float = 1.0
    offset: float = 0.0

    def raw(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """Rows as the model takes them → raw columns by name, typed as the runner reads them."""
        if self.port.is_picture:
            pixels = np.rint((x.astype(np.float64) - self.offset) / self.factor).astype(np.uint8)
            return {self.columns[0].name: pixels.reshape(len(x), *self.port.shape)}
        x = x.astype(np.float32).reshape(len(x), -1, len(self.columns))
        numeric = self.columns[0].kind == "numeric"
        return {
            column.name: x[:, 0, place] if numeric else x[:, :, place]
            for place, column in enumerate(self.columns)
        }


def read_rows(model, rows: Mapping[str, np.ndarray] | np.ndarray) -> dict[str, np.ndarray]:
    """Rows by input, in the model's order; one array will do for one input. Raises ExportError
    where they are not what the model takes, or hold what is no number.
    """
    check_kind(model)
    names = [tensor.name for tensor in model.inputs]
    if not isinstance(rows, Mapping):
        if len(names) > 1:
            refuse(
                f"one array for the inputs {', '.join(names)}",
                expected="an array for each, by name",
                fix="rows={name: array, ...}, or an .npz file with these names",
            )
        rows = {names[0]: rows}
    if len(names) == len(rows) == 1:
        rows = {names[0]: next(iter(rows.values()))}
    if set(rows) != set(names):
        refuse(
            f"rows for {', '.join(map(str, rows))}",
            expected=", ".join(names),
            fix="an array for each input, by name",
        )
    found = {tensor.name: _read(tensor, np.asarray(rows[tensor.name])) for tensor in model.inputs}
    lengths = {name: len(x) for name, x in found.items()}
    if len(set(lengths.values())) > 1:
        refuse(
            f"rows of different numbers: {lengths}",
            expected="one row in every array",
            fix="cut them to the same rows",
        )
    return found


def _read(tensor, x):
    name = tensor.name
    shape = tuple(tensor.shape[1:])
    if None in shape or not shape:
        refuse(
            f"the input {name!r} has the shape {shape or '()'}",
            expected="a known size of every axis but the rows'",
            fix=f"build the model with keras.Input({tuple(x.shape[1:])}): memory on a device "
            "is laid out beforehand",
        )
    if x.dtype.kind not in "fiub" or str(tensor.dtype) in ("string", "bool"):
        refuse(
            f"the rows of {name!r} are {x.dtype}, the input takes {tensor.dtype}",
            expected="numbers",
            fix="hand over what comes after tokenizing and looking up",
        )
    if tuple(x.shape[1:]) != shape or not len(x):
        refuse(
            f"the rows of {name!r} have the shape {x.shape}, the model's input {(None, *shape)}",
            expected=f"{(None, *shape)}",
            fix="bring rows as model.predict takes them",
        )
    odd = np.flatnonzero(
        ~(np.abs(x.reshape(len(x), -1).astype(np.float64)) <= MAX_NUMBER).all(axis=1)
    )
    if len(odd):
        refuse(
            f"row {odd[0]} of {name!r} holds NaN, or a number beyond {MAX_NUMBER:g}",
            expected="numbers in every row",
            fix="fill or leave out such rows: int8 has no NaN",
        )
    if "int" in str(tensor.dtype) and not (np.rint(x) == x).all():
        refuse(
            f"rows of {name!r} that are not whole, for an input of {tensor.dtype}",
            expected="whole numbers",
            fix="bring rows as model.predict takes them",
        )
    _check_range(name, str(tensor.dtype), x)
    return x


def _check_range(name, dtype, x):
    """Raises ExportError for whole numbers that an input cannot hold: Keras would wrap them, -1 to
    255.
    """
    if "int" not in dtype:
        return
    limits = np.iinfo(dtype)
    if x.min() < limits.min or x.max() > limits.max:
        refuse(
            f"numbers from {x.min():g} to {x.max():g} in the rows of {name!r}, an input of {dtype}",
            expected=f"{limits.min} to {limits.max}",
            fix="bring rows as model.predict takes them",
        )


def own_inputs(model, rows: dict[str, np.ndarray]) -> list[OwnInput]:
    """How each input of a flat model is made of raw columns. Raises ExportError for inputs that
    have no such form.
    """
    single = len(model.inputs) == 1
    found = [
        _own_input(tensor, rows[tensor.name], place, single, consumers(model, tensor))
        for place, tensor in enumerate(model.inputs)
    ]
    num_columns = sum(len(each.columns) for each in found)
    if num_columns > MAX_COLUMNS:
        refuse(
            f"inputs of {num_columns:,} columns",
            expected=f"at most {MAX_COLUMNS:,}",
            fix="lay long axes first: [steps, channels] has a column a channel",
        )
    return found


def _own_input(tensor, x, place, single, first):
    shape = tuple(tensor.shape[1:])
    given = tensor.name
    own = re.fullmatch("[A-Za-z][A-Za-z0-9_]*", given) and not re.match(
        "keras_tensor|input_layer", given
    )
    if own and given not in _C_WORDS:
        name = given
    elif single:
        name = "input"
    else:
        name = f"input{place}"
    if int(np.prod(shape)) > MAX_VALUES or max(shape) > MAX_SIDE:
        refuse(
            f"the input {tensor.name!r} of {shape}",
            expected=f"at most {MAX_SIDE:,} along an axis and {MAX_VALUES:,} values",
            fix="make the input smaller",
        )
    embeddings = [layer for layer in first if type(layer).__name__ == "Embedding"]
    if embeddings or ("int" in str(tensor.dtype) and str(tensor.dtype) != "uint8"):
        return _ids(tensor, name, x, embeddings if len(embeddings) == len(first) else [])
    if (pixels := _pixels(shape, x)) is not None:
        size, factor, offset = pixels
        return OwnInput(
            Port(name, size, "float32", "pixels 0..255"),
            (Column(name, PICTURE, shape=size),),
            (Pack((name,), name),),
            shape,
            factor,
            offset,
        )
    if single:
        prefix = "x"
    else:
        prefix = name
    if len(shape) == 1:
        columns = tuple(Column(f"{prefix}{number}", "numeric") for number in range(shape[0]))
        names = tuple(column.name for column in columns)
        return OwnInput(
            Port(name, shape, "float32", "as the model takes it"),
            columns,
            (*(Affine(each, 0.0, 1.0) for each in names), Pack(names, name)),
            shape,
        )
    steps = shape[0]
    channels = int(np.prod(shape[1:]))
    columns = tuple(
        Column(f"{prefix}{number}", SERIES, shape=(steps,)) for number in range(channels)
    )
    return OwnInput(
        Port(name, (steps, channels), "float32", "as the model takes it"),
        columns,
        (PackSteps(tuple(column.name for column in columns), name),),
        shape,
    )


def _ids(tensor, name, x, embeddings):
    """Ids that go to Embedding layers and nowhere else."""
    shape = tuple(tensor.shape[1:])
    if not embeddings or len(shape) != 1:
        refuse(
            f"the input {tensor.name!r} takes whole numbers {shape}, and not Embedding layers "
            "alone read them",
            expected="ids [tokens] for Embedding layers; or float inputs",
            fix="let the input be float32 where it is a number, and give ids an input of their own",
        )
    num_ids = min(layer.input_dim for layer in embeddings)
    if x.min() < 0 or x.max() >= num_ids:
        refuse(
            f"ids from {x.min()} to {x.max()} in the rows of {tensor.name!r}",
            expected=f"0 to {num_ids - 1}, as the Embedding layer has rows",
            fix="bring rows as model.predict takes them",
        )
    return OwnInput(
        Port(name, shape, "int32", "token id", num_ids=num_ids),
        (Column(name, SERIES, shape=shape),),
        (StepIds(name, num_ids), Pack((name,), name)),
        shape,
    )


def _pixels(shape, x):
    """(picture's shape, factor, offset) where rows are pixels: bytes, or whole numbers that need
    more than a few bits, or such numbers rescaled to 0..1 or -1..1.
    """
    if len(shape) == 3 and shape[2] in (1, 3):
        size = shape
    elif len(shape) == 2 and x.dtype == np.uint8:
        size = (*shape, 1)
    else:
        size = None
    if size is None:
        return None
    for factor, offset in ((1.0, 0.0), (1 / 255, 0.0), (1 / 127.5, -1.0)):
        pixels = (x.astype(np.float64) - offset) / factor
        whole = np.rint(pixels)
        fits = whole.min() >= 0 and whole.max() <= 255 and np.abs(pixels - whole).max() < 1e-3
        if fits and (x.dtype == np.uint8 or whole.max() > 15):
            return size, factor, offset
    return None


def in_front(model, own: list[OwnInput], rows: dict[str, np.ndarray]):
    """(model, inputs): what must not stand inside an int8 graph moved out of a flat model, to the
    columns of its inputs. `rows`: the calibration rows by input, as the model takes them. Raises
    ExportError, naming the column, where columns of unlike scales would share one and nothing
    behind them could take a rescaling back.
    """
    own = list(own)
    for place, each in enumerate(own):
        name = model.inputs[place].name
        first = consumers(model, model.inputs[place])
        if each.port.is_picture or each.port.dtype != "float32":
            continue
        values = rows[name].astype(np.float64).reshape(-1, each.shape[-1])
        if len(first) == 1:
            scale = _scale_of(first[0])
        else:
            scale = None
        if scale is not None:
            model = rebuild(model, _dropping(first[0]))
            own[place], values = _with_affine(each, *scale), (values - scale[0]) * scale[1]
            first = consumers(model, model.inputs[place])
        lost = _lost(values)
        if lost.max() <= MOST_LOST:
            continue
        if {type(layer).__name__ for layer in first} != {"Dense"}:
            _refuse_unlike(name, values, lost)
        scale = values.mean(axis=0), 1 / np.maximum(values.std(axis=0), 1e-12)
        model = rebuild(model, _taking_back(first, *scale))
        own[place] = _with_affine(own[place], *scale)
    return model, own


def _scale_of(layer):
    """(offset, factor) float64 of a layer that scales columns one by one, or None."""
    kind = type(layer).__name__
    if kind == "Rescaling" and np.ndim(layer.scale) == np.ndim(layer.offset) == 0 and layer.scale:
        return np.array([-layer.offset / layer.scale]), np.array([float(layer.scale)])
    if kind != "BatchNormalization" or layer.axis not in (-1, len(layer.input.shape) - 1):
        return None
    mean, variance = (
        np.asarray(each, np.float64) for each in (layer.moving_mean, layer.moving_variance)
    )
    factor = (np.asarray(layer.gamma, np.float64) if layer.scale else 1.0) / np.sqrt(
        variance + layer.epsilon
    )
    if not np.all(factor):
        return None
    return mean - (np.asarray(layer.beta, np.float64) if layer.center else 0.0) / factor, factor


def _dropping(dropped):
    return lambda layer, *tensors: tensors[0] if layer is dropped else None


def _taking_back(dense, offset, factor):
    """A change for `rebuild`: Dense layers that take (x - offset) * factor and give what they gave
    for x.
    """
    import keras

    def change(layer, *tensors):
        if layer not in dense:
            return None
        kernel = np.asarray(layer.kernel, np.float64)
        if layer.use_bias:
            bias = layer.bias
        else:
            bias = np.zeros(layer.units)
        new = keras.layers.Dense.from_config({**layer.get_config(), "use_bias": True})
        output = new(tensors[0])
        new.set_weights([kernel / factor[:, None], np.asarray(bias, np.float64) + offset @ kernel])
        return output

    return change


def _with_affine(own, offset, factor):
    """The input whose columns are (x - offset) * factor, after what they are already; the last axis
    of the model's input has an offset and a factor for each place, or one for all.
    """
    places = {column.name: place % own.shape[-1] for place, column in enumerate(own.columns)}
    offset, factor = (np.broadcast_to(each, (own.shape[-1],)) for each in (offset, factor))
    before = {each.column: each for each in own.primitives if isinstance(each, Affine)}

    def scaled(name):
        old = before.get(name, Affine(name, 0.0, 1.0))
        place = places[name]
        return Affine(
            name,
            float(np.float32(old.offset + offset[place] / old.factor)),
            float(np.float32(old.factor * factor[place])),
        )

    packs = tuple(each for each in own.primitives if not isinstance(each, Affine))
    return replace(
        own,
        primitives=(*map(scaled, places), *packs),
        port=replace(own.port, unit="standard deviations"),
    )


def _lost(values):
    """float64 [columns]: what one int8 scale for all loses of each; 0 for a column that never
    changes.
    """
    low = min(values.min(), 0.0)
    high = max(values.max(), 0.0)
    step = (high - low) / 255 or 1.0
    rounded = np.rint((values - low) / step) * step + low
    lost = np.zeros(values.shape[1])
    for place in np.flatnonzero(values.std(axis=0) > 0):
        one = values[:, place]
        other = rounded[:, place]
        if other.std() > 0:
            lost[place] = 1 - np.corrcoef(one, other)[0, 1] ** 2
        else:
            lost[place] = 1.0
    return lost


def _refuse_unlike(name, values, lost):
    worst = int(lost.argmax())
    refuse(
        f"columns of unlike scales in the input {name!r}: column {worst} goes from "
        f"{values[:, worst].min():g} to {values[:, worst].max():g}, all together from "
        f"{values.min():g} to {values.max():g}; the one scale that an int8 input has loses "
        f"{lost[worst]:.0%} of it",
        expected="columns of like scales; or a Normalization or "
        "Dense layer first, of which the scales move out in front of int8",
        fix="begin the model with "
        "keras.layers.Normalization(axis=-1), adapted, or standardize the columns before it",
    )


def ported(model, own: list[OwnInput]):
    """A flat model with the ports as inputs, by name: pixels are rescaled and axes laid as the
    model takes them.
    """
    import keras

    inputs = {
        each.port.name: keras.Input(each.port.shape, name=each.port.name, dtype=each.port.dtype)
        for each in own
    }
    pictures = [each for each in own if each.port.is_picture]
    tensors = []
    for each, tensor in zip(own, inputs.values(), strict=True):
        if (each.factor, each.offset) != (1.0, 0.0):
            layer = keras.layers.Rescaling(
                each.factor, each.offset, name=_pixels_name(each, pictures)
            )
            tensor = layer(tensor)
        if tuple(tensor.shape[1:]) != each.shape:
            tensor = keras.layers.Reshape(each.shape, name=f"laid_{each.port.name}")(tensor)
        tensors.append(tensor)
    output = model.call(keras.tree.pack_sequence_as(model.input, tensors))
    if len(output.shape) != 2:
        output = keras.layers.Flatten(name="flat_output")(output)
    whole = rebuild(keras.Model(inputs, output), unchanged)
    if len(pictures) != 1 or (pictures[0].factor, pictures[0].offset) != (1.0, 0.0):
        return whole
    first = consumers(whole, whole.inputs[own.index(pictures[0])])
    if (
        len(first) != 1
        or type(first[0]).__name__ != "Rescaling"
        or np.ndim(first[0].scale)
        or not _is_whole(first[0].offset, first[0].scale)
    ):
        return whole
    return rebuild(
        whole,
        lambda layer, *tensors: (
            keras.layers.Rescaling(layer.scale, layer.offset, name="pixels")(tensors[0])
            if layer is first[0]
            else None
        ),
    )


def _pixels_name(own, pictures):
    if len(pictures) == 1 and _is_whole(own.offset, own.factor):
        return "pixels"
    return f"rescaled_{own.port.name}"


def _is_whole(offset, factor):
    """Whether the offset is a whole number of factors: only then is a pixel its own quantized
    value.
    """
    return np.ndim(offset) == 0 and abs(offset / factor - round(offset / factor)) < 1e-6
