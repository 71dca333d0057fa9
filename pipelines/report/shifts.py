"""Columns whose cells are missing in one part of a split and not in another: what was learned of
them does not hold for the rows that are judged. Held-out rows are counted and never learned from.
"""

import numpy as np

from ..device.primitives import missing_mask
from ..rows.columns import has_single_cells
from ..rows.parts import Splits
from .suspect import Suspect, drop

# Difference of the shares of missing cells that is named.
MOST_DIFFERENCE = 0.5
# Fewer rows of a part show nothing.
FEWEST_ROWS = 10


def find_shifts(splits: Splits) -> list[Suspect]:
    """Finds the columns whose share of missing cells in held-out rows is far from that of training
    rows; of windows, those of the steps that they were cut from.
    """
    parts = splits.steps or splits
    suspects: list[Suspect] = []
    if len(parts.train) < FEWEST_ROWS:
        return suspects
    held_out = {}
    for words, rows in (("validation", parts.valid), ("test", parts.test)):
        if len(rows) >= FEWEST_ROWS:
            held_out[words] = rows
    for name, x in parts.train.x.items():
        share = _missing_share(x)
        if share is None:
            continue
        for words, rows in held_out.items():
            other = _missing_share(rows.x[name])
            difference = abs(other - share)
            if difference < MOST_DIFFERENCE:
                continue
            suspect = _suspect(
                name,
                share,
                other,
                words,
            )
            suspects.append(suspect)
            break
    return suspects


def _suspect(name, share, other, words):
    return Suspect(
        name,
        f"missing in {other:.0%} of the {words} rows and in {share:.0%} of the training rows: what "
        "is learned of it does not hold for these",
        f"{drop(name)}, or rows of the same kind in every part",
    )


def _missing_share(x):
    """Returns the share of missing cells of a column of cells or series, None for other columns."""
    if has_single_cells(x):
        return float(missing_mask(x).mean())
    if x.ndim in (2, 3) and x.dtype.kind == "f":
        return float(np.isnan(x).mean())
    return None
