"""Raw columns as a few groups of rows, and which of them go together."""

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ...device.primitives import missing_mask
from ...rows.columns import read_rows

MAX_BINS = 5
MAX_VALUES = 12
MAX_CHARACTERS = 40
MISSING = "missing"


@dataclass(frozen=True, eq=False)
class Binned:
    """A column as groups of rows.

    Attributes:
        names: Of the groups, in words.
        codes: int64 [rows], the group of each row.
    """

    names: tuple[str, ...]
    codes: np.ndarray


def binned(x: Any, *, max_values: int = MAX_VALUES) -> Binned:
    """Returns a raw column as groups: few values as they are, numbers and dates by quantiles,
    texts by their length, pictures by their brightness, series by their mean.

    Args:
        x: Of `HeldOut.x`, in memory or stored.
        max_values: Values that get a group of their own; the rest is one.
    """
    if x.ndim == 4:
        brightness = _brightness(x)
        return _by_quantiles(brightness, "brightness ")
    if x.ndim == 2:
        means = _means(x)
        return _by_quantiles(means, "mean ")
    kind = x.dtype.kind
    if kind == "T":
        lengths = _lengths(x)
        return _by_quantiles(lengths, "words: ")
    if kind == "O":
        return _by_values(x, max_values)
    numbers = as_numbers(x)
    return _by_quantiles(numbers, "", is_date=kind == "M")


def as_numbers(x: np.ndarray) -> np.ndarray:
    """Returns numbers or dates (seconds) as float64 [rows], NaN where missing."""
    if x.dtype.kind != "M":
        return x.astype(np.float64)
    seconds = x.astype("datetime64[s]")
    counts = seconds.astype(np.int64)
    return np.where(np.isnat(x), np.nan, counts)


def _brightness(x):
    means = []
    for start in range(0, len(x), 512):
        rows = slice(start, start + 512)
        pixels = read_rows(x, rows)
        flat = pixels.reshape(len(pixels), -1)
        means.append(flat.mean(axis=1))
    return np.concatenate(means)


def _means(x):
    known = ~np.isnan(x)
    total = np.where(known, x, 0).sum(axis=1)
    counts = known.sum(axis=1)
    at_least_one = np.maximum(counts, 1)
    means = total / at_least_one
    is_known = counts > 0
    return np.where(is_known, means, np.nan)


def _lengths(x):
    lengths = []
    for text in x:
        words = str(text).split()
        lengths.append(len(words))
    return np.array(lengths, np.float64)


def _by_values(x, max_values):
    is_missing = missing_mask(x)
    known = x[~is_missing].astype(str)
    values, counts = np.unique(known, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    kept = values[order[:max_values]]
    others = len(kept)
    codes = np.full(len(x), others + 1)
    code_of = {}
    names = []
    for code, value in enumerate(kept):
        code_of[value] = code
        names.append(shown(value))
    found = [code_of.get(value, others) for value in known]
    codes[~is_missing] = found
    return _used((*names, "other values", MISSING), codes)


def shown(value: str) -> str:
    """Returns a value of the data, short."""
    if len(value) <= MAX_CHARACTERS:
        return value
    return f"{value[:MAX_CHARACTERS]}…"


def _by_quantiles(numbers, prefix, *, is_date=False):
    """Returns groups of about as many rows each; few distinct numbers are a group each."""
    is_missing = np.isnan(numbers)
    known = numbers[~is_missing]
    distinct = np.unique(known)
    if len(distinct) <= MAX_BINS + 1:
        names = [_written(value, is_date) for value in distinct]
        codes = np.searchsorted(distinct, numbers)
    else:
        shares = np.linspace(0, 1, MAX_BINS + 1)
        inner = shares[1:-1]
        edges = np.quantile(known, inner)
        edges = np.unique(edges)
        names = _ranges(edges, is_date)
        codes = np.searchsorted(edges, numbers, side="right")
    codes = np.where(is_missing, len(names), codes)
    names = [prefix + name for name in names]
    return _used((*names, MISSING), codes)


def _ranges(edges, is_date):
    written = [_written(edge, is_date) for edge in edges]
    names = [f"under {written[0]}"]
    for low, high in pairwise(written):
        names.append(f"{low} to {high}")
    names.append(f"{written[-1]} and more")
    return names


def _written(value, is_date):
    if not is_date:
        return f"{value:.4g}"
    date = np.datetime64(int(value), "s")
    return str(date)[:10]


def _used(names, codes):
    """Returns the groups that have rows."""
    used, new_codes = np.unique(codes, return_inverse=True)
    kept = [names[code] for code in used]
    return Binned(tuple(kept), new_codes.reshape(-1))


def correlated_groups(columns: dict[str, np.ndarray], *, least: float) -> list[list[str]]:
    """Returns groups of columns of numbers or dates whose ranks correlate by `least` or more,
    either way (Spearman's rho), at least two names each.
    """
    ranks = {}
    for name, x in columns.items():
        if x.ndim != 1 or x.dtype.kind not in "fM":
            continue
        numbers = as_numbers(x)
        found = _ranks(numbers)
        if found is not None:
            ranks[name] = found
    if len(ranks) < 2:
        return []
    table = np.stack(list(ranks.values()))
    rho = np.corrcoef(table)
    return _connected(list(ranks), np.abs(rho) >= least)


def _ranks(numbers):
    """Returns the ranks of numbers, what is missing in the middle; None if all are alike."""
    from scipy.stats import rankdata

    known = ~np.isnan(numbers)
    if not known.any():
        return None
    middle = np.median(numbers[known])
    filled = np.where(known, numbers, middle)
    if filled.min() == filled.max():
        return None
    return rankdata(filled)


def _connected(names, together):
    """Returns the groups of a graph that have two names or more."""
    from scipy.sparse.csgraph import connected_components

    _, of_name = connected_components(together, directed=False)
    groups = defaultdict(list)
    for name, group in zip(names, of_name, strict=True):
        groups[int(group)].append(name)
    return [group for group in groups.values() if len(group) > 1]
