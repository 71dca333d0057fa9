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
    """(stage, what, value) of each thing that happens to a raw row, in order. Raises DeviceError
    where the row has no honest answer.
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
        lines.append(
            (
                "load",
                column.name,
                f"{shorten(row[column.name], 60)} → {_show(columns[column.name])} ({column.kind})",
            )
        )
    for primitive in signature.primitives:
        name = primitive.makes()[0]
        before = columns.get(name)
        columns = run_primitives((primitive,), columns)
        value = _show(columns[name])
        if isinstance(primitive, Pack) and columns[name].ndim == 4:
            continue  # a picture passes as it is
        if isinstance(primitive, PackingPrimitive):
            value = f"{len(primitive.columns)} columns side by side: {value}"
        elif name in primitive.reads() and _show(before) == value:
            continue  # a fill where nothing was missing
        lines.append((type(primitive).__name__, name, value))
    inputs = runner.quantize(columns)
    for port in signature.inputs:
        lines.append(
            ("quantize" if runner.form == "int8" else "input", port.name, _show(inputs[port.name]))
        )
    raw = runner.interpreter.run(inputs)
    answers = answer(signature, raw, form=runner.form, prepared=columns)
    value = _show(signature.output.to_float(raw))
    lines.append(("model", "output", f"{raw[0].tolist()} → {value} {signature.output.unit}"))
    if answers.labels is None:
        shown = _show(np.atleast_2d(answers.scores[:1]))
        return [*lines, ("answer", signature.target.name, shown.strip("[]"))]
    lines.append(
        (
            "score",
            signature.target.name,
            task_of(signature.target).scores_text(answers, 0, signature.target),
        )
    )
    offsets = signature.offsets(runner.form)
    return [
        *lines,
        ("decide", "offsets", _show(np.array([offsets]))),
        ("answer", signature.target.name, str(answers.labels[0]) or NO_LABEL),
    ]


def _show(x: np.ndarray) -> str:
    """The first row of a column, short: of wide ones only where it is not zero."""
    if x.ndim == 3:
        return f"{x.shape[1]} steps × {x.shape[2]}, the newest {_show(x[:, -1])}"
    if x.ndim == 4:
        height, width, channels = x.shape[1:]
        return (
            f"{height} × {width} × {channels}, {x[0].min():.4g} to {x[0].max():.4g}, mean "
            f"{x[0].mean():.4g}"
        )
    if x.ndim == 1:
        value = x[0]
        return repr(
            value.item()
            if isinstance(value, np.generic) and x.dtype.kind != "M"
            else str(value)
            if x.dtype.kind == "M"
            else value
        )
    if x.dtype.kind == "i":
        row = x[0].astype(np.int64)
    else:
        row = x[0]
    if len(row) <= 8:
        return "[" + ", ".join(f"{value:.4g}" for value in row) + "]"
    if row.dtype.kind == "i":
        most = np.bincount(row - row.min()).argmax() + row.min()
    else:
        most = 0.0
    places = np.flatnonzero(row != most)
    shown = ", ".join(f"[{place}]={row[place]:.4g}" for place in places[:12])
    return f"{len(row)} values, {most:.4g} but for {shown}{', ...' if len(places) > 12 else ''}"
