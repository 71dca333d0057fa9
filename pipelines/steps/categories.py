"""Steps that turn text categories into ids or rows of zeros and ones."""

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..device.cells import BOOLEAN, CATEGORICAL
from ..device.primitives import Lookup, Onehot, Primitive
from ..device.units import CATEGORY_ID, UNIT_INTERVAL
from ..rows.sketch import ENCODED, IDS
from ..spec import knob
from .step import ColumnStep, FittedStep, is_categorical

# A longer text is never a category of its own: C compilers take string literals up to 4,095
# characters, and each byte may need four.
MAX_KEY_BYTES = 1000


def frequent(x: np.ndarray, min_count: int, max_categories: int) -> tuple[str, ...]:
    """The categories of text [rows] that occur at least `min_count` times, the most frequent if
    there are too many; sorted by their UTF-8 bytes, as `Lookup` wants them.
    """
    counts = Counter(
        cell for cell in x if cell is not None and len(cell.encode("utf-8")) <= MAX_KEY_BYTES
    )
    common = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:max_categories]
    return tuple(
        sorted(
            (key for key, count in common if count >= min_count),
            key=lambda key: key.encode("utf-8"),
        )
    )


@dataclass(frozen=True)
class EncodeOnehot(ColumnStep):
    """Turns categories into one-hot rows: one place for rare and unknown ones, one for missing, one
    for each frequent one.

    Attributes:
        min_count: How many training rows a category must have to get a place of its own.
        max_categories: Most categories with a place of their own, the most frequent ones.
    """

    reads: ClassVar[tuple[str, ...]] = (
        CATEGORICAL,
        BOOLEAN,
    )
    replaces: ClassVar[tuple[str, ...]] = (
        CATEGORICAL,
        BOOLEAN,
    )
    makes: ClassVar[tuple[str, ...]] = (ENCODED,)

    min_count: int = knob(10, 1, 2**31)
    max_categories: int = knob(255, 1, 4096)

    def _suits(self, x):
        return is_categorical(x)

    def _fit(self, train):
        primitives: list[Primitive] = []
        for name in self.chosen(train):
            keys = frequent(train.x[name], self.min_count, self.max_categories)
            primitives += [
                Lookup(name, keys, first=2, unknown=0, missing=1),
                Onehot(name, len(keys) + 2),
            ]
        return FittedStep("EncodeOnehot", tuple(primitives), unit=UNIT_INTERVAL)


@dataclass(frozen=True)
class EncodeIds(ColumnStep):
    """Turns categories into ids for an embedding; for columns with many values. The ids of all
    columns run on, so that one embedding table serves them all: for each column the ids of rare and
    unknown, missing, and each frequent one.

    Attributes:
        min_count: How many training rows a category must have to get an id of its own.
        max_categories: Most categories of a column with an id of their own, the most frequent ones.
    """

    reads: ClassVar[tuple[str, ...]] = (
        CATEGORICAL,
        BOOLEAN,
    )
    replaces: ClassVar[tuple[str, ...]] = (
        CATEGORICAL,
        BOOLEAN,
    )
    makes: ClassVar[tuple[str, ...]] = (IDS,)

    min_count: int = knob(5, 1, 2**31)
    max_categories: int = knob(1024, 1, 4096)

    def _suits(self, x):
        return is_categorical(x)

    def _fit(self, train):
        primitives = []
        first = 0
        for name in self.chosen(train):
            keys = frequent(train.x[name], self.min_count, self.max_categories)
            primitives.append(Lookup(name, keys, first=first + 2, unknown=first, missing=first + 1))
            first += len(keys) + 2
        return FittedStep("EncodeIds", tuple(primitives), unit=CATEGORY_ID, num_ids=first)
