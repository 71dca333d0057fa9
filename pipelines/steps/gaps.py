"""Whether streamed rows have missing values after every step: asked of one row, before training."""

import numpy as np

from ..device.cells import shorten
from ..device.primitives import run_primitives
from ..device.signature import Signature
from ..errors import StepError
from ..rows.parts import TrainSet


def refuse_gaps(signature: Signature, train: TrainSet) -> None:
    """Raises StepError where a column that is missing in a training row stays so after every step:
    the rows in memory need not hold such a row.

    Args:
        signature: Of the model.
        train: Raw training rows, a sample of `train.whole`.
    """
    if train.whole is None:
        return
    row = {}
    lacking = []
    for name, x in train.x.items():
        row[name] = x[:1]
        summary = train.whole.summaries.get(name)
        if summary is not None and summary.num_missing:
            row[name] = _missing(x)
            lacking.append(name)
    columns = run_primitives(signature.primitives, row)
    made = [port for port in signature.inputs if port.name in columns]
    for port in made:
        values = columns[port.name]
        if values.dtype.kind == "f" and np.isnan(values).any():
            raise StepError(
                f"a training row in which {', '.join(map(shorten, lacking[:5]))} are missing still "
                "has missing values after every step",
                expected="no missing value",
                fix="add an imputing step, such as ImputeMedian()",
            )


def _missing(x):
    """Returns one missing value of a column's kind."""
    if x.dtype.kind == "M":
        return np.array(["NaT"], x.dtype)
    if x.dtype.kind == "f":
        return np.array([np.nan], x.dtype)
    return np.array([None], object)
