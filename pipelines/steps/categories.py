"""Steps that turn text categories into ids or rows of zeros and ones."""

from dataclasses import dataclass

import numpy as np

from ..device.cells import shorten
from ..device.primitives import Lookup, Onehot, missing_mask
from ..errors import StepError
from .step import CATEGORY_ID, UNIT_INTERVAL, FittedStep, Step, is_text

MAX_CATEGORIES = 4096


def frequent(x: np.ndarray, min_count: int, max_categories: int) -> tuple[str, ...]:
    """The categories of text [rows] that occur at least `min_count` times, the most frequent if there are too many;
    sorted by their UTF-8 bytes, as `Lookup` wants them."""
    values, counts = np.unique(x[~missing_mask(x)].astype(str), return_counts=True)
    order = np.argsort(-counts, kind="stable")[:max_categories]
    return tuple(sorted((str(values[each]) for each in order if counts[each] >= min_count),
                        key=lambda key: key.encode("utf-8")))


@dataclass(frozen=True)
class EncodeOnehot(Step):
    """Categories to one-hot rows: one place for rare and unknown ones, one for missing, one for each frequent one."""

    min_count: int = 10
    max_categories: int = 255

    def _suits(self, x):
        return is_text(x)

    def _fit(self, train):
        primitives = []
        for name in self.chosen(train):
            _refuse_too_many(name, self.max_categories)
            keys = frequent(train.x[name], self.min_count, self.max_categories)
            primitives += [Lookup(name, keys, first=2, unknown=0, missing=1), Onehot(name, len(keys) + 2)]
        return FittedStep("EncodeOnehot", tuple(primitives), unit=UNIT_INTERVAL)


@dataclass(frozen=True)
class EncodeIds(Step):
    """Categories to ids for an embedding; for columns with many values. The ids of all columns run on, so that one
    embedding table serves them all: for each column the ids of rare and unknown, missing, and each frequent one."""

    min_count: int = 5
    max_categories: int = 1024

    def _suits(self, x):
        return is_text(x)

    def _fit(self, train):
        primitives, first = [], 0
        for name in self.chosen(train):
            _refuse_too_many(name, self.max_categories)
            keys = frequent(train.x[name], self.min_count, self.max_categories)
            primitives.append(Lookup(name, keys, first=first + 2, unknown=first, missing=first + 1))
            first += len(keys) + 2
        return FittedStep("EncodeIds", tuple(primitives), unit=CATEGORY_ID, num_ids=first)


def _refuse_too_many(name, max_categories):
    if not 1 <= max_categories <= MAX_CATEGORIES:
        raise StepError(f"max_categories={max_categories} for column {shorten(name)}",
                        expected=f"1 to {MAX_CATEGORIES}", fix="lower it; rarer categories share one place")
