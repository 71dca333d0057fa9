"""Raw columns as a few groups of rows, and which of them go together."""

from dataclasses import dataclass

import numpy as np

from ...device.cells import shorten
from ...device.primitives import missing_mask
from ...rows.columns import read_rows

MAX_BINS = 5
MAX_VALUES = 12
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


def binned(x, *, max_values: int = MAX_VALUES) -> Binned:
    """Returns a raw column as groups: few values as they are, numbers and dates by quantiles,
    texts by their length, pictures by their brightness, series by their mean.

    Args:
        x: Of `HeldOut.x`, in memory or stored.
        max_values: Values that get a group of their own; the rest is one.
    """
    if x.ndim == 4:
        return _by_quantiles(_brightness(x), "brightness ")
    if x.ndim == 2:
        return _by_quantiles(_means(x), "mean ")
    if x.dtype.kind == "T":
        return _by_quantiles(_lengths(x), "words: ")
    if x.dtype.kind == "M":
        return _by_quantiles(as_numbers(x), "", is_date=True)
    if x.dtype.kind == "O":
        return _by_values(x, max_values)
    return _by_quantiles(x.astype(np.float64), "")


def as_numbers(x: np.ndarray) -> np.ndarray:
    """Returns numbers, dates (seconds) or booleans as float64 [rows], NaN where missing."""
    if x.dtype.kind == "M":
        seconds = x.astype("datetime64[s]").astype(np.int64).astype(np.float64)
        return np.where(np.isnat(x), np.nan, seconds)
    return x.astype(np.float64)


def _brightness(x):
    means = []
    for start in range(0, len(x), 512):
        pixels = read_rows(x, slice(start, start + 512))
        means.append(pixels.reshape(len(pixels), -1).mean(axis=1))
    return np.concatenate(means)


def _means(x):
    known = ~np.isnan(x)
    total = np.where(known, x, 0).sum(axis=1)
    counts = known.sum(axis=1)
    return np.where(counts > 0, total / np.maximum(counts, 1), np.nan)


def _lengths(x):
    return np.array([len(str(text).split()) for text in x], np.float64)


def _by_values(x, max_values):
    is_missing = missing_mask(x)
    values, counts = np.unique(x[~is_missing].astype(str), return_counts=True)
    order = np.argsort(-counts, kind="stable")[:max_values]
    kept = values[order]
    place = {value: code for code, value in enumerate(kept)}
    others = len(kept)
    codes = np.full(len(x), others + 1)
    codes[~is_missing] = [place.get(value, others) for value in x[~is_missing].astype(str)]
    names = [shorten(value, 40).strip("'") for value in kept]
    return _used((*names, "other values", MISSING), codes)


def _by_quantiles(numbers, prefix, *, is_date=False):
    """Returns groups of about as many rows each; few distinct numbers are a group each."""
    is_missing = np.isnan(numbers)
    known = numbers[~is_missing]
    distinct = np.unique(known)
    if len(distinct) <= MAX_BINS + 1:
        names = [prefix + _written(value, is_date) for value in distinct]
        codes = np.searchsorted(distinct, numbers)
    else:
        inner = np.quantile(known, np.linspace(0, 1, MAX_BINS + 1)[1:-1])
        edges = np.unique(inner)
        names = _ranges(edges, prefix, is_date)
        codes = np.searchsorted(edges, numbers, side="right")
    codes = np.where(is_missing, len(names), codes)
    return _used((*names, MISSING), codes)


def _ranges(edges, prefix, is_date):
    written = [_written(edge, is_date) for edge in edges]
    middle = [f"{low} to {high}" for low, high in zip(written, written[1:], strict=False)]
    names = [f"under {written[0]}", *middle, f"{written[-1]} and more"]
    return [prefix + name for name in names]


def _written(value, is_date):
    if is_date:
        return str(np.datetime64(int(value), "s"))[:10]
    return f"{value:.4g}"


def _used(names, codes):
    """Returns the groups that have rows."""
    used, new_codes = np.unique(codes, return_inverse=True)
    return Binned(tuple(names[code] for code in used), new_codes.reshape(-1))


def correlated_groups(columns: dict[str, np.ndarray], *, least: float) -> list[list[str]]:
    """Returns groups of columns of numbers or dates whose ranks correlate by `least` or more,
    either way (Spearman's rho), at least two names each.
    """
    from scipy.stats import rankdata

    ranks = {}
    for name, x in columns.items():
        if x.ndim != 1 or x.dtype.kind not in "fM":
            continue
        numbers = as_numbers(x)
        known = ~np.isnan(numbers)
        if not known.any():
            continue
        filled = np.where(known, numbers, np.median(numbers[known]))
        if filled.min() < filled.max():
            ranks[name] = rankdata(filled)
    if len(ranks) < 2:
        return []
    rho = np.abs(np.corrcoef(np.stack(list(ranks.values()))))
    return _connected(list(ranks), rho >= least)


def _connected(names, together):
    """Returns the groups of a graph that have two names or more."""
    from scipy.sparse.csgraph import connected_components

    _, of_name = connected_components(together, directed=False)
    groups: dict[int, list[str]] = {}
    for name, group in zip(names, of_name, strict=True):
        groups.setdefault(int(group), []).append(name)
    return [group for group in groups.values() if len(group) > 1]
