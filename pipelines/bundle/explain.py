"""One raw row through every stage, with the values: for people who want to see what a pipeline does
to a number.
"""

from collections.abc import Mapping

import numpy as np

from ..device.cells import shorten
from ..device.primitives import Pack, PackingPrimitive, run_primitives
from ..device.runner import Runner, answer
from ..errors import DeviceError
from ..tasks import task_of
from ..tasks.multilabel import NO_LABEL

Line = tuple[str, str, str]  # stage, what, value

MAX_WHOLE = 8  # values of a row that are all shown
MAX_SHOWN = 12  # values of a wider row


def explain(runner: Runner, row: Mapping[str, object]) -> list[Line]:
    """Returns (stage, what, value) of each thing that happens to a raw row, in order.

    Args:
        runner: Of a bundle's model.
        row: Raw cells by column.

    Raises:
        DeviceError: If the row cannot be read.
    """
    columns, bad = runner.read([row])
    if bad:
        first = bad[0]
        raise DeviceError(
            f"{first.reason}: {first.value}",
            expected="a row that can be read",
            fix="correct the cell",
        )
    signature = runner.signature
    lines = _read_lines(signature, row, columns)
    rows = columns
    for primitive in signature.primitives:
        before = columns
        columns = run_primitives((primitive,), before)
        lines += _primitive_lines(primitive, before, columns)
    raw, found = runner.run(runner.prepared(rows))
    lines += _input_lines(runner, runner.quantize(found))
    lines.append(_output_line(signature, raw))
    answers = answer(signature, raw, form=runner.form, prepared=found)
    lines += _answer_lines(signature, answers, runner.form)
    return lines


def _read_lines(signature, row, columns):
    """Returns what each raw cell is read as."""
    lines = []
    for column in signature.columns:
        name = column.name
        cell = shorten(row[name], 60)
        value = _show(columns[name])
        lines.append(("load", name, f"{cell} → {value} ({column.kind})"))
    return lines


def _primitive_lines(primitive, before, after):
    """Returns the line of a primitive, or none if it changes nothing that a reader would see."""
    name = primitive.makes()[0]
    made = after[name]
    value = _show(made)
    if isinstance(primitive, Pack) and made.ndim == 4:
        return []  # a picture passes as it is
    if isinstance(primitive, PackingPrimitive):
        num_columns = len(primitive.columns)
        value = f"{num_columns} columns side by side: {value}"
    elif name in primitive.reads() and _show(before[name]) == value:
        return []  # a fill where nothing was missing
    stage = type(primitive).__name__
    return [(stage, name, value)]


def _input_lines(runner, inputs):
    """Returns what the model takes."""
    stage = "input"
    if runner.form == "int8":
        stage = "quantize"
    lines = []
    for port in runner.signature.inputs:
        value = _show(inputs[port.name])
        lines.append((stage, port.name, value))
    return lines


def _output_line(signature, raw):
    """Returns what the model gives, as it is and in the unit of the output."""
    output = signature.output
    given = raw[0].tolist()
    value = _show(output.to_float(raw))
    return "model", "output", f"{given} → {value} {output.unit}"


def _answer_lines(signature, answers, form):
    """Returns how the outputs of the model become its answer."""
    target = signature.target
    if answers.labels is None:
        table = np.atleast_2d(answers.scores[:1])
        value = _show(table)
        return [("answer", target.name, value.strip("[]"))]
    scores = task_of(target).scores_text(answers, 0, target)
    offsets = np.array([signature.offsets(form)])
    label = str(answers.labels[0]) or NO_LABEL
    return [
        ("score", target.name, scores),
        ("decide", "offsets", _show(offsets)),
        ("answer", target.name, label),
    ]


def _show(x: np.ndarray) -> str:
    """Returns the first row of a column, short."""
    if x.ndim == 1:
        return _show_cell(x)
    if x.ndim == 3:
        return _show_steps(x)
    row = x[0]
    if x.ndim == 4:
        return _show_picture(row)
    if x.dtype.kind == "i":
        row = row.astype(np.int64)
    if len(row) <= MAX_WHOLE:
        numbers = ", ".join(f"{value:.4g}" for value in row)
        return f"[{numbers}]"
    return _show_wide(row)


def _show_cell(x):
    """Returns the first value of a column of single values."""
    value = x[0]
    if x.dtype.kind == "M":
        return repr(str(value))
    if isinstance(value, np.generic):
        value = value.item()
    return repr(value)


def _show_steps(x):
    """Returns the size of series side by side, and their newest step."""
    num_steps, num_channels = x.shape[1:]
    newest = x[:, -1]
    return f"{num_steps} steps × {num_channels}, the newest {_show(newest)}"


def _show_picture(pixels):
    """Returns the size of a picture, and the range and the mean of its pixels."""
    height, width, channels = pixels.shape
    least = pixels.min()
    most = pixels.max()
    mean = pixels.mean()
    return f"{height} × {width} × {channels}, {least:.4g} to {most:.4g}, mean {mean:.4g}"


def _show_wide(row):
    """Returns a wide row: where it is not zero, or not the most frequent of whole numbers."""
    usual = 0.0
    if row.dtype.kind == "i":
        usual = _most_frequent(row)
    places = np.flatnonzero(row != usual)
    shown = []
    for place in places[:MAX_SHOWN]:
        shown.append(f"[{place}]={row[place]:.4g}")
    if len(places) > MAX_SHOWN:
        shown.append("...")
    numbers = ", ".join(shown)
    return f"{len(row)} values, {usual:.4g} but for {numbers}"


def _most_frequent(numbers):
    """Returns the most frequent of whole numbers, the smallest of several."""
    smallest = numbers.min()
    counts = np.bincount(numbers - smallest)
    return counts.argmax() + smallest
