"""What training rows had of each number: the range outside of which an answer gets a note."""

import numpy as np

from ..device.cells import SERIES
from ..device.signature import Signature
from ..rows.parts import TrainSet, require_train_set


def value_ranges(signature: Signature, train: TrainSet) -> dict[str, tuple[float, float]]:
    """Column → (least, largest) value of raw training rows, of each numeric column and series that
    the model reads; a column without two different values has no range. Raises LeakError for other
    rows than a TrainSet.
    """
    columns = require_train_set(train, "the ranges").x
    ranges = {}
    for column in signature.columns:
        if column.kind not in ("numeric", SERIES):
            continue
        x = columns[column.name]
        known = x[~np.isnan(x)]
        if len(known) and known.min() < known.max():
            ranges[column.name] = (float(known.min()), float(known.max()))
    return ranges
