"""What scikit-learn hands over → the columns of a table, and the names of its classes."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..device.cells import MISSING_WORDS, Column, read_column
from ..sources.memory import table_from_memory

_TARGET = "target"
_GROUP = "group"
_MISSING = frozenset(MISSING_WORDS)


def frame_of(X: Any):
    """Returns rows as a DataFrame whose columns have text for names.

    Args:
        X: A DataFrame, or an array [rows, columns]; its columns become x0, x1, ...
    """
    import pandas as pd

    if isinstance(X, pd.DataFrame):
        return X.set_axis([str(name) for name in X.columns], axis="columns").reset_index(drop=True)
    num_columns = X.shape[1]
    names = [f"x{place}" for place in range(num_columns)]
    return pd.DataFrame(X, columns=names)


def columns_of(X: Any) -> dict[str, Sequence]:
    """Returns rows as raw columns by name, read as a table that is learned from is."""
    return table_from_memory(frame_of(X))


def target_name(names: Iterable[str]) -> str:
    """Returns a name for the target that no column has."""
    return _free_name(_TARGET, names)


def group_name(names: Iterable[str]) -> str:
    """Returns a name for the groups that no column has."""
    return _free_name(_GROUP, names)


def _free_name(wanted, names):
    taken = set(names)
    name = wanted
    while name in taken:
        name += "_"
    return name


def class_names(classes: np.ndarray) -> list[str]:
    """Returns a name for each class as the line reads it.

    These are the labels' own texts where they are all different and none reads as missing; else
    "class 0", "class 1", ...

    Args:
        classes: Labels of any kind, each once.
    """
    texts = [str(label) for label in classes]
    read, bad = read_column(texts, Column(_TARGET, "categorical"), _MISSING)
    names = [name for name in read if name is not None]
    if not bad and len(set(names)) == len(classes):
        return names
    return [f"class {place}" for place in range(len(classes))]
