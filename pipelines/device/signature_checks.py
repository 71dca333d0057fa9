"""Checks that the parts of a signature fit together, before anything is computed with them.

A bundle may come from anywhere: a shape, a scale or an id out of place would otherwise be found
by numpy, in words of its own, or not at all.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .calibration import is_calibration
from .cells import KINDS, NUMERIC, PICTURE, SERIES, TEXT
from .class_sets import are_factors, are_sets
from .errors import DeviceError
from .flow import MAX_SIDE, Flow, check_format, follow
from .ports import is_shape
from .primitives import PackingPrimitive
from .rule_book import read_rules
from .sixteen_bits import MAX_WHITE
from .tasks import TASKS, task_of

if TYPE_CHECKING:
    from .signature import Signature

MAX_COPIES = 64
MAX_STEP_SECONDS = 10 * 366 * 86_400
_FORMS = {"float32", "int8"}
_NUMBER = Flow("float32")


def check_signature(signature: Signature) -> None:
    """Checks columns, names, ports, decisions, shapes, ranges, the task and the stream.

    Raises:
        ValueError: If they do not fit together.
    """
    _check_columns(signature)
    _check_pictures(signature)
    _check_names(signature)
    _check_ports(signature)
    _check_labels(signature)
    _check_decisions(signature)
    _check_flow(signature)
    _check_ranges(signature)
    task_of(signature.target).check(signature)
    check_rules(signature)
    if signature.stream is not None:
        _check_stream(signature)


def _check_columns(signature):
    """Checks that every column has a kind and a shape that cells can be read to."""
    task = signature.target.task
    if task not in TASKS:
        raise ValueError(f"the task {task!r} is unknown")
    for column in signature.columns:
        if not _is_readable(column):
            raise ValueError(f"no cell can be read to {column}")
    for word in signature.missing_words:
        if not isinstance(word, str):
            raise ValueError(f"the missing word {word!r} is no word")


def _is_readable(column):
    """Returns whether cells can be read to the kind and the shape of a column."""
    if not 0 <= column.white <= MAX_WHITE:
        return False
    if column.kind == PICTURE:
        return _is_picture_shape(column.shape)
    if column.kind == SERIES:
        return len(column.shape) == 1 and is_shape(column.shape)
    return column.kind == TEXT or column.kind in KINDS


def _is_picture_shape(shape):
    """Returns whether it is a height, a width, and one or three channels."""
    if len(shape) != 3 or not is_shape(shape):
        return False
    channels = shape[2]
    return channels in (1, 3)


def _check_pictures(signature):
    """Checks that a picture has the shape of the input that it is packed into."""
    shapes = {}
    for column in signature.columns:
        if column.kind == PICTURE:
            shapes[column.name] = column.shape
    packed = {}
    for primitive in signature.primitives:
        if isinstance(primitive, PackingPrimitive):
            packed[primitive.into] = primitive.columns
    for port in signature.inputs:
        for name in packed.get(port.name, ()):
            if shapes.get(name, port.shape) != port.shape:
                raise ValueError(f"the picture {name!r} has another shape than {port}")


def _check_names(signature):
    """Checks that every name is made before it is read."""
    made = {column.name for column in signature.columns}
    if len(made) < len(signature.columns):
        raise ValueError("two columns have one name")
    for primitive in signature.primitives:
        primitive.check()
        for name in primitive.reads():
            if name not in made:
                raise ValueError(f"{primitive} reads {name!r}, which nothing makes")
        made.update(primitive.makes())
    lost = _needed_names(signature) - made
    if lost or not signature.inputs:
        raise ValueError(f"the inputs {sorted(lost)} are made by nothing")


def _needed_names(signature):
    """Returns the names of the inputs, and of the columns that an answer is scaled by."""
    target = signature.target
    own = _own_names(signature)
    needed = {port.name for port in signature.inputs if port.name not in own}
    for name in (target.base, target.spread):
        if name:
            needed.add(name)
    return needed


def _own_names(signature):
    """Returns the names of the inputs that no primitive makes."""
    return task_of(signature.target).own_inputs(signature, 0).keys()


def _check_ports(signature):
    """Checks that the numbers of every port can be computed with."""
    ports = [*signature.inputs, signature.output]
    stream = signature.stream
    if stream is not None:
        ports += stream.inputs
        ports += stream.states
        ports.append(stream.output)
    for port in ports:
        if not _is_computable(port):
            raise ValueError(f"scale {port.scale} or another number of {port}")


def _is_computable(port):
    """Returns whether a port has a known dtype, a shape, and numbers within their limits."""
    if port.dtype not in ("float32", "int32"):
        return False
    if not is_shape(port.shape):
        return False
    if port.num_ids < 0:
        return False
    if not 1 <= port.num_copies <= MAX_COPIES:
        return False
    if not 1e-6 < port.factor < 1e6:
        return False
    if not abs(port.offset) < 1e6:
        return False
    return _has_quantization(port)


def _has_quantization(port):
    """Returns whether int8 can be computed by a scale and a zero point, or there is no scale."""
    if not -128 <= port.zero_point <= 127:
        return False
    if port.scale == 0:
        return True
    if port.is_picture:
        # A pixel is its own quantized value, less 128.
        return port.scale == 1 and port.zero_point == -128
    return 1e-20 < port.scale < 1e20


def _check_labels(signature):
    """Checks that there is an output, or a number of outputs, for the labels, each once."""
    target = signature.target
    output = signature.output
    num_labels = len(target.labels)
    fits_labels = task_of(target).fits_labels(signature)
    if not fits_labels or len(output.shape) != 1:
        raise ValueError(f"{num_labels} labels for {output}")
    if len(set(target.labels)) < num_labels:
        raise ValueError(f"a label stands twice among {target.labels}")


def _check_decisions(signature):
    """Checks that offsets and calibrations are as many as the outputs need."""
    decisions = signature.decisions
    if not decisions.keys() <= _FORMS:
        raise ValueError(f"decisions of {sorted(decisions)}")
    num_offsets = signature.num_decisions()
    for offsets in decisions.values():
        has_offsets = len(offsets) == num_offsets
        if not has_offsets or not all(map(math.isfinite, offsets)):
            raise ValueError(f"decisions {decisions}")
    (num_outputs,) = signature.output.shape
    for calibration in signature.calibrations.values():
        if not is_calibration(calibration, num_outputs):
            raise ValueError(f"the calibration {calibration}")
    if not are_sets(signature.sets, len(signature.target.labels), _FORMS):
        raise ValueError(f"sets {signature.sets}")
    if not are_factors(signature.adaptive, signature.sets):
        raise ValueError(f"adaptive sets {signature.adaptive} for {signature.sets}")
    _check_margins(signature)


def check_rules(signature: Signature) -> None:
    """Checks that rules can be read, of what the rows and answers have.

    Raises:
        ValueError: If they cannot.
    """
    if not signature.answer_rules:
        return
    target = signature.target
    if signature.frame is not None:
        raise ValueError("rules for windows of steps in time")
    shape = task_of(target).scores_shape(signature)
    if shape not in ((), (len(target.labels),)) or target.embedding or target.characters:
        raise ValueError(f"rules for answers of {target}")
    try:
        read_rules(signature.answer_rules, target, signature.columns)
    except DeviceError as error:
        raise ValueError(error.received) from error


def _check_margins(signature):
    """Checks that intervals are of one real number a row, and no distance is negative."""
    margins = signature.margins
    if not margins:
        return
    if not task_of(signature.target).takes_margins or signature.output.shape != (1,):
        raise ValueError(f"margins {margins} for {signature.target}")
    is_distance = all(0 <= margin < math.inf for margin in margins.values())
    if not (margins.keys() <= _FORMS and is_distance):
        raise ValueError(f"margins {margins}")


def _check_flow(signature):
    """Checks that every input is made in its shape and type, and a frame has usable steps."""
    flows = follow(signature.columns, signature.primitives)
    names = {port.name for port in signature.inputs}
    if len(names) < len(signature.inputs):
        raise ValueError("two inputs have one name")
    own = _own_names(signature)
    for port in signature.inputs:
        if port.name in own:
            continue
        flow = flows[port.name]
        if not _fits_port(flow, port):
            raise ValueError(f"{port} is made as {flow}")
    target = signature.target
    for name in task_of(target).row_scale(target):
        if flows[name] != _NUMBER:
            raise ValueError(f"a row's own scale by {name!r}")
    if signature.frame is not None:
        _check_frame(signature.frame)


def _fits_port(flow, port):
    """Returns whether a prepared column has the dtype and shape of a port, and no more ids."""
    dtype = flow.dtype
    if dtype == "uint8":
        dtype = "float32"
    if dtype != port.dtype:
        return False
    if flow.shape != port.shape:
        return False
    return port.num_ids <= 0 or flow.num_ids <= port.num_ids


def _check_frame(frame):
    """Raises ValueError for times that cannot be known."""
    check_format(frame.format)
    has_step = 1 <= frame.step_seconds <= MAX_STEP_SECONDS
    has_horizon = 0 <= frame.horizon <= MAX_SIDE
    if not (has_step and has_horizon):
        raise ValueError(f"no steps can be counted by {frame}")
    frame.calendar.check(frame.step_seconds)


def _check_ranges(signature):
    """Checks that every range is of a column of numbers, and has a width."""
    kinds = {}
    for column in signature.columns:
        kinds[column.name] = column.kind
    for name, limits in signature.ranges.items():
        low, high = limits
        is_number = kinds.get(name) in (NUMERIC, SERIES)
        has_width = -math.inf < low < high < math.inf
        if not (is_number and has_width):
            raise ValueError(f"the range {limits} of {name!r}")


def _check_stream(signature):
    """Checks that a streaming form takes the steps of the windows and keeps states of its own."""
    stream = signature.stream
    if signature.frame is None:
        raise ValueError("a stream of a model without windows")
    windows = {}
    for port in signature.inputs:
        windows[port.name] = port.shape
    if not _takes_one_step(stream.inputs, windows):
        raise ValueError(f"inputs of {stream} for {windows}")
    if not _has_states(stream, windows):
        raise ValueError(f"states of {stream} for {windows}")
    if stream.output.shape != signature.output.shape:
        raise ValueError(f"the output of {stream} for {signature.output}")


def _takes_one_step(ports, windows):
    """Returns whether each port takes the window of its name, or one step of it."""
    names = {port.name for port in ports}
    if names != set(windows):
        return False
    for port in ports:
        whole = windows[port.name]
        one_step = (1, *whole[1:])
        if port.shape not in (whole, one_step):
            return False
    return True


def _has_states(stream, windows):
    """Returns whether it keeps states, under names of their own, of no more steps than a window."""
    longest = 0
    for shape in windows.values():
        if len(shape) == 2:
            longest = max(longest, shape[0])
    if not 1 <= stream.num_steps <= longest:
        return False
    names = {port.name for port in stream.states}
    if len(names) < len(stream.states):
        return False
    if not names.isdisjoint(windows):
        return False
    return len(names) > 0 and "output" not in names
