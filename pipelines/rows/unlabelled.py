"""Rows without a label that training may learn from."""

import numpy as np

from .parts import Dataset, UnlabelledRows


def rows_to_learn_from(
    rows: UnlabelledRows, dataset: Dataset, held_out: np.ndarray
) -> UnlabelledRows:
    """Returns the unlabelled rows without those that hold what a held-out row holds, or are of its
    group: its own text must not be learned from, label or none.

    Args:
        rows: The rows without a label.
        dataset: Those with one, of all parts.
        held_out: int64, the places of the rows of the valid and test parts.
    """
    columns = {name: x[held_out] for name, x in dataset.x.items()}
    held_out_rows = set(_plain_rows(columns))
    is_kept = np.array([row not in held_out_rows for row in _plain_rows(rows.x)], bool)
    if rows.group is not None and dataset.group is not None:
        is_kept &= ~np.isin(rows.group, dataset.group[held_out])
    return rows.take(is_kept)


def _plain_rows(columns):
    """Yields a tuple of each row's values; of texts without their case and their white space."""
    plain = []
    for x in columns.values():
        plain.append([_plain(value) for value in x.tolist()])
    return zip(*plain, strict=True)


def _plain(value):
    if not isinstance(value, str):
        return value
    words = value.casefold().split()
    return " ".join(words)
