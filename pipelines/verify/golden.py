"""Golden rows: raw rows with what each stage makes of them, which a port is checked against."""

import base64
from datetime import UTC

import numpy as np

from ..device.dates import UNIX, write_time
from ..device.runner import LiteRT, Runner
from ..device.signature import Signature
from ..rows.columns import read_rows

GOLDEN_ROWS = 10


def golden(signature: Signature, int8: bytes, test) -> list[dict]:
    """Ten raw rows with their int8 inputs, int8 outputs and answers: what a port to a device is
    checked against.
    """
    columns = {
        column.name: read_rows(test.x[column.name], slice(0, GOLDEN_ROWS))
        for column in signature.columns
    }
    runner = Runner(signature, LiteRT(int8), form="int8")
    raw, found = runner.run(runner.prepared(columns))
    inputs = runner.quantize(found)
    answers = runner.predict_columns(columns)
    return [
        {
            "row": {
                column.name: _raw_cell(columns[column.name][place], column.format)
                for column in signature.columns
            },
            "inputs": {name: _as_text(x[place]) for name, x in inputs.items()},
            "output": raw[place].tolist(),
            "label": None if answers.labels is None else answers.labels[place],
            "scores": np.atleast_1d(answers.scores[place]).tolist(),
        }
        for place in range(len(raw))
    ]


def _raw_cell(value, date_format):
    """A typed cell as a raw one that reads back the same."""
    if isinstance(value, np.datetime64):
        if np.isnat(value):
            return None
        if date_format == UNIX:
            return write_time(value, date_format)
        time = value.item().replace(tzinfo=UTC)  # dates are kept in UTC
        if date_format == "ISO8601":
            return time.replace(tzinfo=None).isoformat()
        return time.strftime(date_format)
    if isinstance(value, np.ndarray):
        return _as_text(value)
    if isinstance(value, np.floating):
        if np.isnan(value):
            return None
        return float(value)
    return value


def _as_text(array):
    """An array for JSON: numbers in a list, a picture as base64 of its bytes, rows first."""
    if array.ndim == 1:
        return [
            None if value != value else value for value in array.tolist()
        ]  # NaN: an unknown step
    return {
        "base64": base64.b64encode(array.tobytes()).decode("ascii"),
        "shape": list(array.shape),
        "dtype": str(array.dtype),
    }
