"""Rows without a label that training may learn from."""

import numpy as np

from .columns import joined
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


def rows_without_label(
    dataset: Dataset, held_out: np.ndarray, hidden: np.ndarray
) -> UnlabelledRows | None:
    """Returns the rows that are learned from without a label, None if there are none.

    Args:
        dataset: Rows with a label, of all parts, and those without.
        held_out: int64, the places of the rows of the valid and test parts.
        hidden: int64, the places of training rows whose label is left out.
    """
    rows = None
    if dataset.unlabelled is not None:
        rows = rows_to_learn_from(dataset.unlabelled, dataset, held_out)
    if not len(hidden):
        return rows
    columns = {name: x[hidden] for name, x in dataset.x.items()}
    group = None
    if dataset.group is not None:
        group = dataset.group[hidden]
    if rows is None:
        return UnlabelledRows(columns, group)
    columns = {name: joined(x, columns[name]) for name, x in rows.x.items()}
    if group is not None and rows.group is not None:
        group = np.concatenate([rows.group, group])
    return UnlabelledRows(columns, group)


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
