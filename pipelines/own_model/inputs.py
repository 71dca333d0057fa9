"""The inputs of a user's Keras model as raw columns, primitives and ports: what the runner and the
C code know.

    pixels 0..255 [height, width, 1 or 3]     a picture column
    float [numbers]                           numeric columns x0, x1, ...
    float [steps, channels]                   a series column a channel
    float of more axes                        series too: the first axis is the steps, the others
        are channels
    int [tokens]                              a series column of token ids

`own_model.scales` moves the scales of the columns in front of the model, `own_model.ports` gives
the model these ports as its inputs.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..device.cells import MAX_NUMBER, PICTURE, SERIES, Column
from ..device.flow import MAX_SIDE, MAX_VALUES
from ..device.ports import Port
from ..device.primitives import Affine, Pack, PackSteps, Primitive
from ..device.primitives.series import StepIds
from .rewrite import check_kind, consumers, refuse

MAX_COLUMNS = 4096
# (factor, offset) of pixels as models take them: 0..255, 0..1 and -1..1.
_PIXEL_SCALES = ((1.0, 0.0), (1 / 255, 0.0), (1 / 127.5, -1.0))
# Whole numbers up to this one need a few bits alone: they are counts or classes, not pixels.
_LARGEST_COUNT = 15
_C_WORDS = frozenset(
    "auto break case char const continue default do double else enum extern float for goto if "
    "inline int long register restrict return short signed sizeof static struct switch typedef "
    "union unsigned void volatile while base spread".split()
)


@dataclass(frozen=True)
class OwnInput:
    """One input of the model.

    Attributes:
        port: the input of the model on the device.
        columns: the raw columns that it is made of.
        primitives: the primitives that make it of them.
        shape: the shape that the model itself takes, without the rows' axis.
        factor: of pixels that the model takes rescaled (pixel * factor + offset).
        offset: of the same pixels.
    """

    port: Port
    columns: tuple[Column, ...]
    primitives: tuple[Primitive, ...]
    shape: tuple[int, ...]
    factor: float = 1.0
    offset: float = 0.0

    def raw(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """Returns rows [rows, ...] as raw columns by name, typed as the runner reads them."""
        num_rows = len(x)
        if self.port.is_picture:
            rescaled = (x.astype(np.float64) - self.offset) / self.factor
            pixels = np.rint(rescaled).astype(np.uint8)
            return {self.columns[0].name: pixels.reshape(num_rows, *self.port.shape)}
        x = x.astype(np.float32).reshape(num_rows, -1, len(self.columns))
        numeric = self.columns[0].kind == "numeric"
        by_name = {}
        for place, column in enumerate(self.columns):
            if numeric:
                by_name[column.name] = x[:, 0, place]
            else:
                by_name[column.name] = x[:, :, place]
        return by_name


def read_rows(model, rows: Mapping[str, np.ndarray] | np.ndarray) -> dict[str, np.ndarray]:
    """Returns rows by input, in the model's order; one array is enough for one input.

    Args:
        model: the user's keras.Model.
        rows: [rows, ...] for one input; by input name for more.

    Raises:
        ExportError: they are not what the model takes, or are not numbers.
    """
    check_kind(model)
    names = [tensor.name for tensor in model.inputs]
    by_input = _rows_by_input(names, rows)
    found = {}
    for tensor in model.inputs:
        x = np.asarray(by_input[tensor.name])
        _check_shape(tensor, x)
        _check_numbers(tensor, x)
        found[tensor.name] = x
    lengths = {name: len(x) for name, x in found.items()}
    if len(set(lengths.values())) > 1:
        refuse(
            f"rows of different numbers: {lengths}",
            expected="one row in every array",
            fix="cut them to the same rows",
        )
    return found


def _rows_by_input(names, rows):
    """Returns input → array. The one array of a model with one input may have any name."""
    if not isinstance(rows, Mapping):
        if len(names) > 1:
            refuse(
                f"one array for the inputs {', '.join(names)}",
                expected="an array for each, by name",
                fix="rows={name: array, ...}, or an .npz file with these names",
            )
        rows = {names[0]: rows}
    if len(names) == len(rows) == 1:
        only = next(iter(rows.values()))
        rows = {names[0]: only}
    if set(rows) != set(names):
        received = ", ".join(map(str, rows))
        refuse(
            f"rows for {received}",
            expected=", ".join(names),
            fix="an array for each input, by name",
        )
    return rows


def _check_shape(tensor, x):
    """Raises ExportError for rows of another shape or type than the input has."""
    name = tensor.name
    dtype = str(tensor.dtype)
    shape = tuple(tensor.shape[1:])
    row_shape = tuple(x.shape[1:])
    if None in shape or not shape:
        refuse(
            f"the input {name!r} has the shape {shape or '()'}",
            expected="a known size of every axis but the rows'",
            fix=f"build the model with keras.Input({row_shape}): memory on a device "
            "is laid out beforehand",
        )
    if x.dtype.kind not in "fiub" or dtype in ("string", "bool"):
        refuse(
            f"the rows of {name!r} are {x.dtype}, the input takes {dtype}",
            expected="numbers",
            fix="hand over what comes after tokenizing and looking up",
        )
    if row_shape != shape or not len(x):
        wanted = (None, *shape)
        refuse(
            f"the rows of {name!r} have the shape {x.shape}, the model's input {wanted}",
            expected=f"{wanted}",
            fix="give rows as model.predict takes them",
        )


def _check_numbers(tensor, x):
    """Raises ExportError for numbers that the input cannot hold, or no int8 tensor can."""
    name = tensor.name
    dtype = str(tensor.dtype)
    table = x.reshape(len(x), -1).astype(np.float64)
    # NaN compares as False.
    valid = (np.abs(table) <= MAX_NUMBER).all(axis=1)
    invalid = np.flatnonzero(~valid)
    if len(invalid):
        refuse(
            f"row {invalid[0]} of {name!r} holds NaN, or a number beyond {MAX_NUMBER:g}",
            expected="numbers in every row",
            fix="fill or leave out such rows: int8 has no NaN",
        )
    if "int" not in dtype:
        return
    if not (np.rint(x) == x).all():
        refuse(
            f"rows of {name!r} that are not whole, for an input of {dtype}",
            expected="whole numbers",
            fix="give rows as model.predict takes them",
        )
    # Keras would wrap them, -1 to 255.
    limits = np.iinfo(dtype)
    low = x.min()
    high = x.max()
    if low < limits.min or high > limits.max:
        refuse(
            f"numbers from {low:g} to {high:g} in the rows of {name!r}, an input of {dtype}",
            expected=f"{limits.min} to {limits.max}",
            fix="give rows as model.predict takes them",
        )


def own_inputs(model, rows: dict[str, np.ndarray]) -> list[OwnInput]:
    """Returns how each input of a flat model is made of raw columns.

    Args:
        model: a flat keras.Model.
        rows: [rows, ...] by input name.

    Raises:
        ExportError: an input has no such form.
    """
    single = len(model.inputs) == 1
    found = []
    for place, tensor in enumerate(model.inputs):
        x = rows[tensor.name]
        name = _name_in_c(tensor.name, place, single)
        readers = consumers(model, tensor)
        prefix = name
        if single:
            prefix = "x"
        found.append(_own_input(tensor, x, name, prefix, readers))
    num_columns = sum(len(each.columns) for each in found)
    if num_columns > MAX_COLUMNS:
        refuse(
            f"inputs of {num_columns:,} columns",
            expected=f"at most {MAX_COLUMNS:,}",
            fix="lay long axes first: [steps, channels] has a column a channel",
        )
    return found


def _name_in_c(name, place, single):
    """Returns the user's own name of an input where it can be one in C, else `input`."""
    is_word = re.fullmatch("[A-Za-z][A-Za-z0-9_]*", name)
    by_keras = re.match("keras_tensor|input_layer", name)
    if is_word and not by_keras and name not in _C_WORDS:
        return name
    if single:
        return "input"
    return f"input{place}"


def _own_input(tensor, x, name, prefix, readers):
    """Returns the OwnInput of a tensor; `prefix` begins the names of its columns, `readers` are
    the layers that it goes to.
    """
    shape = tuple(tensor.shape[1:])
    dtype = str(tensor.dtype)
    num_values = int(np.prod(shape))
    if num_values > MAX_VALUES or max(shape) > MAX_SIDE:
        refuse(
            f"the input {tensor.name!r} of {shape}",
            expected=f"at most {MAX_SIDE:,} along an axis and {MAX_VALUES:,} values",
            fix="make the input smaller",
        )
    embeddings = [layer for layer in readers if type(layer).__name__ == "Embedding"]
    whole_numbers = "int" in dtype and dtype != "uint8"
    if embeddings or whole_numbers:
        if len(embeddings) < len(readers):
            embeddings = []
        return _ids(tensor, name, x, embeddings)
    size = _picture_shape(shape, x)
    scale = None
    if size is not None:
        scale = _pixel_scale(x)
    if scale is not None:
        return _picture(name, size, shape, scale)
    if len(shape) == 1:
        return _numbers(name, prefix, shape)
    return _series(name, prefix, shape)


def _picture(name, size, shape, scale):
    factor, offset = scale
    return OwnInput(
        Port(name, size, "float32", "pixels 0..255"),
        (Column(name, PICTURE, shape=size),),
        (Pack((name,), name),),
        shape,
        factor,
        offset,
    )


def _numbers(name, prefix, shape):
    names = tuple(f"{prefix}{number}" for number in range(shape[0]))
    columns = tuple(Column(each, "numeric") for each in names)
    affine = [Affine(each, 0.0, 1.0) for each in names]
    pack = Pack(names, name)
    return OwnInput(
        Port(name, shape, "float32", "as the model takes it"),
        columns,
        (*affine, pack),
        shape,
    )


def _series(name, prefix, shape):
    steps = shape[0]
    channels = int(np.prod(shape[1:]))
    names = tuple(f"{prefix}{number}" for number in range(channels))
    columns = tuple(Column(each, SERIES, shape=(steps,)) for each in names)
    return OwnInput(
        Port(name, (steps, channels), "float32", "as the model takes it"),
        columns,
        (PackSteps(names, name),),
        shape,
    )


def _ids(tensor, name, x, embeddings):
    """Returns the OwnInput of ids that go to Embedding layers and nowhere else."""
    shape = tuple(tensor.shape[1:])
    if not embeddings or len(shape) != 1:
        refuse(
            f"the input {tensor.name!r} takes whole numbers {shape}, and not Embedding layers "
            "alone read them",
            expected="ids [tokens] for Embedding layers; or float inputs",
            fix="let the input be float32 where it is a number, and give ids an input of their own",
        )
    num_ids = min(layer.input_dim for layer in embeddings)
    low = x.min()
    high = x.max()
    if low < 0 or high >= num_ids:
        refuse(
            f"ids from {low} to {high} in the rows of {tensor.name!r}",
            expected=f"0 to {num_ids - 1}, as the Embedding layer has rows",
            fix="give rows as model.predict takes them",
        )
    return OwnInput(
        Port(name, shape, "int32", "token id", num_ids=num_ids),
        (Column(name, SERIES, shape=shape),),
        (StepIds(name, num_ids), Pack((name,), name)),
        shape,
    )


def _picture_shape(shape, x):
    """Returns (height, width, channels) where rows of a shape can be pictures, or None."""
    if len(shape) == 3 and shape[2] in (1, 3):
        return shape
    if len(shape) == 2 and x.dtype == np.uint8:
        return (*shape, 1)
    return None


def _pixel_scale(x):
    """Returns (factor, offset) where rows are pixels: bytes, or whole numbers that need more than
    a few bits, or such numbers rescaled to 0..1 or -1..1. Returns None for others.
    """
    for factor, offset in _PIXEL_SCALES:
        pixels = (x.astype(np.float64) - offset) / factor
        whole = np.rint(pixels)
        in_a_byte = whole.min() >= 0 and whole.max() <= 255
        if not in_a_byte or np.abs(pixels - whole).max() >= 1e-3:
            continue
        if x.dtype == np.uint8 or whole.max() > _LARGEST_COUNT:
            return factor, offset
    return None
