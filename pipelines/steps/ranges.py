"""What training rows had of each number: the range outside of which an answer gets a note."""

import numpy as np

from ..device.cells import NUMERIC, SERIES
from ..device.signature import Signature
from ..rows.parts import TrainSet, require_train_set
from .statistics import least_and_largest


def value_ranges(signature: Signature, train: TrainSet) -> dict[str, tuple[float, float]]:
    """Returns the ranges that raw training rows had.

    Args:
        signature: Of the model.
        train: Raw training rows.

    Returns:
        Column → (least, largest) value of each numeric column and series that the model reads; a
        column without two different values has no range.

    Raises:
        LeakError: For other rows than a TrainSet.
    """
    columns = require_train_set(train, "the ranges").x
    ranges = {}
    for column in signature.columns:
        if column.kind not in (NUMERIC, SERIES):
            continue
        x = columns[column.name]
        known = x[~np.isnan(x)]
        if not len(known):
            continue
        least, largest = least_and_largest(train, column.name, known)
        if least < largest:
            ranges[column.name] = (least, largest)
    return ranges
