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


def explain(runner: Runner, row: Mapping[str, object]) -> list[tuple[str, str, str]]:
    """Returns (stage, what, value) of each thing that happens to a raw row, in order.

    Args:
        runner: of a bundle's model.
        row: column → raw value.

    Raises:
        DeviceError: the row cannot be read.
    """
    columns, bad = runner.read([row])
    if bad:
        raise DeviceError(
            f"{bad[0].reason}: {bad[0].value}",
            expected="a row that can be read",
            fix="correct the cell",
        )
    signature = runner.signature
    lines = []
    for column in signature.columns:
        name = column.name
        raw = shorten(row[name], 60)
        value = _show(columns[name])
        lines.append(("load", name, f"{raw} → {value} ({column.kind})"))
    for primitive in signature.primitives:
        before = columns
        columns = run_primitives((primitive,), before)
        lines += _primitive_lines(primitive, before, columns)
    inputs = runner.quantize(columns)
    stage = "input"
    if runner.form == "int8":
        stage = "quantize"
    for port in signature.inputs:
        lines.append((stage, port.name, _show(inputs[port.name])))
    raw = runner.interpreter.run(inputs)
    value = _show(signature.output.to_float(raw))
    lines.append(("model", "output", f"{raw[0].tolist()} → {value} {signature.output.unit}"))
    answers = answer(signature, raw, form=runner.form, prepared=columns)
    return lines + _answer_lines(signature, answers, runner.form)


def _primitive_lines(primitive, before, after):
    """Returns the line of a primitive, or none where it changes nothing that a reader would see."""
    name = primitive.makes()[0]
    value = _show(after[name])
    stage = type(primitive).__name__
    if isinstance(primitive, Pack) and after[name].ndim == 4:
        return []  # a picture passes as it is
    if isinstance(primitive, PackingPrimitive):
        num_columns = len(primitive.columns)
        return [(stage, name, f"{num_columns} columns side by side: {value}")]
    if name in primitive.reads() and _show(before.get(name)) == value:
        return []  # a fill where nothing was missing
    return [(stage, name, value)]


def _answer_lines(signature, answers, form):
    """Returns how the outputs of the model become its answer."""
    target = signature.target
    if answers.labels is None:
        table = np.atleast_2d(answers.scores[:1])
        value = _show(table).strip("[]")
        return [("answer", target.name, value)]
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
        steps, channels = x.shape[1:]
        newest = _show(x[:, -1])
        return f"{steps} steps × {channels}, the newest {newest}"
    row = x[0]
    if x.ndim == 4:
        height, width, channels = row.shape
        size = f"{height} × {width} × {channels}"
        return f"{size}, {row.min():.4g} to {row.max():.4g}, mean {row.mean():.4g}"
    if x.dtype.kind == "i":
        row = row.astype(np.int64)
    if len(row) <= 8:
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


def _show_wide(row):
    """Returns a wide row: only where it is not zero, or not the most frequent of whole numbers."""
    most = 0.0
    if row.dtype.kind == "i":
        smallest = row.min()
        counts = np.bincount(row - smallest)
        most = counts.argmax() + smallest
    places = np.flatnonzero(row != most)
    shown = ", ".join(f"[{place}]={row[place]:.4g}" for place in places[:12])
    more = ""
    if len(places) > 12:
        more = ", ..."
    return f"{len(row)} values, {most:.4g} but for {shown}{more}"
