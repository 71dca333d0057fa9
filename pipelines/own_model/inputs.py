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

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..device.cells import MAX_NUMBER, PICTURE, SERIES, Column
from ..device.flow import MAX_SIDE, MAX_VALUES
from ..device.ports import Port
from ..device.primitives import Affine, Pack, PackSteps, Primitive
from ..device.primitives.series import StepIds
from .rebuild import consumers
from .refusals import check_kind, refuse

MAX_COLUMNS = 4096
_PROVIDE_ROWS = "provide rows as model.predict takes them"
# (factor, offset) of pixels as models take them.
_PIXEL_SCALES = (
    (1.0, 0.0),  # 0..255
    (1 / 255, 0.0),  # 0..1
    (1 / 127.5, -1.0),  # -1..1
)
# Whole numbers up to this one need a few bits alone: they are counts or classes, not pixels.
_LARGEST_COUNT = 15
_C_WORDS = frozenset(
    "auto break case char const continue default do double else enum extern float for goto if "
    "inline int long register restrict return short signed sizeof static struct switch typedef "
    "union unsigned void volatile while base spread".split()
)
# The headers of C are read by C++ too.
_CPP_WORDS = frozenset(
    "and asm bool catch char16_t char32_t class compl const_cast constexpr decltype delete "
    "dynamic_cast explicit export false friend mutable namespace new noexcept not nullptr operator "
    "or private protected public reinterpret_cast static_assert static_cast template this "
    "thread_local throw true try typeid typename using virtual wchar_t xor".split()
)
# TensorFlow gives inputs to a function of Python by their names.
_TAKEN_WORDS = _C_WORDS | _CPP_WORDS | frozenset(keyword.kwlist)


@dataclass(frozen=True)
class OwnInput:
    """One input of the model.

    Attributes:
        port: The input of the model on the device.
        columns: The raw columns that it is made of.
        primitives: The primitives that make it of them.
        shape: The shape that the model itself takes, without the rows' axis.
        factor: Of pixels that the model takes rescaled (pixel * factor + offset).
        offset: Of the same pixels.
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
            (column,) = self.columns
            pixels = self._pixels(x)
            return {column.name: pixels.reshape(num_rows, *self.port.shape)}
        num_columns = len(self.columns)
        by_step = x.astype(np.float32).reshape(num_rows, -1, num_columns)
        by_name = {}
        for place, column in enumerate(self.columns):
            series = by_step[:, :, place]
            if column.kind == "numeric":
                by_name[column.name] = series[:, 0]
            else:
                by_name[column.name] = series
        return by_name

    def _pixels(self, x):
        """Returns bytes of pixels as the model takes them, uint8 of the same shape."""
        pixels = (x.astype(np.float64) - self.offset) / self.factor
        return np.rint(pixels).astype(np.uint8)


def read_rows(model, rows: Mapping[str, np.ndarray] | np.ndarray) -> dict[str, np.ndarray]:
    """Returns rows by input, in the model's order; one array is enough for one input.

    Args:
        model: The user's keras.Model.
        rows: [rows, ...] for one input; by input name for more.

    Raises:
        ExportError: If they are not what the model takes, or are not numbers.
    """
    check_kind(model)
    names = [tensor.name for tensor in model.inputs]
    by_input = _rows_by_input(names, rows)
    checked = {}
    for tensor in model.inputs:
        x = np.asarray(by_input[tensor.name])
        _check_shape(tensor, x)
        _check_numbers(tensor, x)
        _check_whole_numbers(tensor, x)
        checked[tensor.name] = x
    lengths = {}
    for name, x in checked.items():
        lengths[name] = len(x)
    if len(set(lengths.values())) > 1:
        refuse(
            f"rows of different numbers: {lengths}",
            expected="one row in every array",
            fix="cut them to the same rows",
        )
    return checked


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
        (only,) = rows.values()
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
    shape = _row_shape(tensor)
    row_shape = _row_shape(x)
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
            fix=_PROVIDE_ROWS,
        )


def _row_shape(x):
    """Returns the shape of an array or a tensor without the rows' axis."""
    return tuple(x.shape[1:])


def _check_numbers(tensor, x):
    """Raises ExportError for numbers that no int8 tensor can hold."""
    num_rows = len(x)
    table = x.reshape(num_rows, -1).astype(np.float64)
    is_number = np.abs(table) <= MAX_NUMBER  # False for NaN
    is_valid = is_number.all(axis=1)
    if not is_valid.all():
        row = int(is_valid.argmin())
        refuse(
            f"row {row} of {tensor.name!r} holds NaN, or a number beyond {MAX_NUMBER:g}",
            expected="numbers in every row",
            fix="fill or leave out such rows: int8 has no NaN",
        )


def _check_whole_numbers(tensor, x):
    """Raises ExportError for numbers that an input of whole numbers cannot hold."""
    name = tensor.name
    dtype = str(tensor.dtype)
    if "int" not in dtype:
        return
    is_whole = np.rint(x) == x
    if not is_whole.all():
        refuse(
            f"rows of {name!r} that are not whole, for an input of {dtype}",
            expected="whole numbers",
            fix=_PROVIDE_ROWS,
        )
    # Keras would wrap them, -1 to 255.
    limits = np.iinfo(dtype)
    low = x.min()
    high = x.max()
    if low < limits.min or high > limits.max:
        refuse(
            f"numbers from {low:g} to {high:g} in the rows of {name!r}, an input of {dtype}",
            expected=f"{limits.min} to {limits.max}",
            fix=_PROVIDE_ROWS,
        )


def own_inputs(model, rows: dict[str, np.ndarray]) -> list[OwnInput]:
    """Returns how each input of a flat model is made of raw columns.

    Args:
        model: A flat keras.Model.
        rows: [rows, ...] by input name.

    Raises:
        ExportError: If an input has no such form.
    """
    is_only = len(model.inputs) == 1
    own = []
    num_columns = 0
    for place, tensor in enumerate(model.inputs):
        x = rows[tensor.name]
        name = _name_in_c(tensor.name, place, is_only)
        prefix = name
        if is_only:
            prefix = "x"
        readers = consumers(model, tensor)
        own_input = _own_input(tensor, x, name, prefix, readers)
        own.append(own_input)
        num_columns += len(own_input.columns)
    if num_columns > MAX_COLUMNS:
        refuse(
            f"inputs of {num_columns:,} columns",
            expected=f"at most {MAX_COLUMNS:,}",
            fix="lay long axes first: [steps, channels] has a column a channel",
        )
    return own


def _name_in_c(name, place, is_only):
    """Returns the user's own name of an input if it can be one in C, C++ and Python, else
    `input`.
    """
    is_word = re.fullmatch("[A-Za-z][A-Za-z0-9_]*", name)
    by_keras = re.match("keras_tensor|input_layer", name)
    if is_word and not by_keras and name not in _TAKEN_WORDS:
        return name
    if is_only:
        return "input"
    return f"input{place}"


def _own_input(tensor, x, name, prefix, readers):
    """Returns the OwnInput of a tensor.

    Args:
        tensor: The input of the model.
        x: Its rows, [rows, ...].
        name: Of the port.
        prefix: What the names of its columns begin with.
        readers: The layers that it goes to.
    """
    shape = _row_shape(tensor)
    num_values = int(np.prod(shape))
    if num_values > MAX_VALUES or max(shape) > MAX_SIDE:
        refuse(
            f"the input {tensor.name!r} of {shape}",
            expected=f"at most {MAX_SIDE:,} along an axis and {MAX_VALUES:,} values",
            fix="make the input smaller",
        )
    dtype = str(tensor.dtype)
    is_ids = "int" in dtype and dtype != "uint8"
    embeddings = []
    for layer in readers:
        if type(layer).__name__ == "Embedding":
            embeddings.append(layer)
    if embeddings or is_ids:
        if len(embeddings) < len(readers):
            embeddings.clear()  # something else reads the numbers too
        return _ids(tensor, name, x, embeddings)
    size = _picture_shape(shape, x)
    if size is not None:
        scale = _pixel_scale(x)
        if scale is not None:
            return _picture(name, size, shape, scale)
    if len(shape) == 1:
        return _numbers(name, prefix, shape)
    return _series(name, prefix, shape)


def _picture(name, size, shape, scale):
    """Returns the OwnInput of pictures."""
    factor, offset = scale
    port = Port(name, size, "float32", "pixels 0..255")
    column = Column(name, PICTURE, shape=size)
    pack = Pack((name,), name)
    return OwnInput(port, (column,), (pack,), shape, factor, offset)


def _numbers(name, prefix, shape):
    """Returns the OwnInput of numbers: a column and an Affine for each, which may scale it."""
    columns = []
    affines = []
    for number in range(shape[0]):
        column_name = f"{prefix}{number}"
        columns.append(Column(column_name, "numeric"))
        affines.append(Affine(column_name, 0.0, 1.0))
    names = tuple(column.name for column in columns)
    pack = Pack(names, name)
    port = Port(name, shape, "float32", "as the model takes it")
    return OwnInput(port, tuple(columns), (*affines, pack), shape)


def _series(name, prefix, shape):
    """Returns the OwnInput of series: a column for each channel."""
    num_steps = shape[0]
    num_channels = int(np.prod(shape[1:]))
    columns = []
    for number in range(num_channels):
        column_name = f"{prefix}{number}"
        columns.append(Column(column_name, SERIES, shape=(num_steps,)))
    names = tuple(column.name for column in columns)
    pack = PackSteps(names, name)
    port = Port(name, (num_steps, num_channels), "float32", "as the model takes it")
    return OwnInput(port, tuple(columns), (pack,), shape)


def _ids(tensor, name, x, embeddings):
    """Returns the OwnInput of ids that go to Embedding layers and nowhere else."""
    shape = _row_shape(tensor)
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
            fix=_PROVIDE_ROWS,
        )
    port = Port(name, shape, "int32", "token id", num_ids=num_ids)
    column = Column(name, SERIES, shape=shape)
    ids = StepIds(name, num_ids)
    pack = Pack((name,), name)
    return OwnInput(port, (column,), (ids, pack), shape)


def _picture_shape(shape, x):
    """Returns (height, width, channels) if rows of a shape can be pictures, else None."""
    if len(shape) == 3 and shape[2] in (1, 3):
        return shape
    if len(shape) == 2 and x.dtype == np.uint8:
        return (*shape, 1)
    return None


def _pixel_scale(x):
    """Returns (factor, offset) if rows are pixels, else None.

    Pixels are bytes, or whole numbers that need more than a few bits, or such numbers rescaled to
    0..1 or -1..1.
    """
    for factor, offset in _PIXEL_SCALES:
        pixels = (x.astype(np.float64) - offset) / factor
        whole = np.rint(pixels)
        largest = whole.max()
        if whole.min() < 0 or largest > 255:
            continue
        if np.abs(pixels - whole).max() >= 1e-3:
            continue
        if x.dtype == np.uint8 or largest > _LARGEST_COUNT:
            return factor, offset
    return None
