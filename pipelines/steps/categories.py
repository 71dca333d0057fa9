"""Steps that turn text categories into ids or rows of zeros and ones."""

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

from ..device.cells import BOOLEAN, CATEGORICAL
from ..device.primitives import Lookup, Onehot, Primitive
from ..device.units import CATEGORY_ID, UNIT_INTERVAL
from ..rows.sketch import ENCODED, IDS
from ..slots import EXACT
from ..spec import knob
from .statistics import count_texts
from .step import ColumnStep, FittedStep, is_categorical

# A longer text is never a category of its own: C compilers take string literals up to 4,095
# characters, and each byte may need four.
MAX_KEY_BYTES = 1000


def frequent(
    counts_of_all: Counter[str | None], min_count: int, max_categories: int
) -> tuple[str, ...]:
    """Returns the frequent categories of a column.

    Args:
        counts_of_all: Text or None → how many training rows have it.
        min_count: How often a category occurs at least.
        max_categories: Most categories; of more, the most frequent are taken.

    Returns:
        The categories, sorted by their UTF-8 bytes, as `Lookup` wants them.
    """
    counts: Counter[str] = Counter()
    for cell, count in counts_of_all.items():
        if cell is not None and len(_bytes(cell)) <= MAX_KEY_BYTES:
            counts[cell] = count
    most_frequent = sorted(counts.items(), key=_by_frequency)[:max_categories]
    keys = [key for key, count in most_frequent if count >= min_count]
    return tuple(sorted(keys, key=_bytes))


def _bytes(text):
    return text.encode("utf-8")


def _by_frequency(item):
    """Sorts (category, count) by falling count, of equal ones by the category."""
    category, count = item
    return -count, category


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
    streamed: ClassVar[str] = EXACT

    min_count: int = knob(10, 1, 2**31, unit="rows")
    max_categories: int = knob(255, 1, 4096, unit="categories")

    def _suits(self, x):
        return is_categorical(x)

    def _fit(self, train):
        primitives: list[Primitive] = []
        for name in self.chosen(train):
            keys = frequent(count_texts(train, name), self.min_count, self.max_categories)
            num_places = len(keys) + 2
            lookup = Lookup(name, keys, first=2, unknown=0, missing=1)
            primitives += [lookup, Onehot(name, num_places)]
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
    streamed: ClassVar[str] = EXACT

    min_count: int = knob(5, 1, 2**31, unit="rows")
    max_categories: int = knob(1024, 1, 4096, unit="categories")

    def _suits(self, x):
        return is_categorical(x)

    def _fit(self, train):
        primitives = []
        first = 0
        for name in self.chosen(train):
            keys = frequent(count_texts(train, name), self.min_count, self.max_categories)
            lookup = Lookup(
                name,
                keys,
                first=first + 2,
                unknown=first,
                missing=first + 1,
            )
            primitives.append(lookup)
            first += len(keys) + 2
        return FittedStep(
            "EncodeIds",
            tuple(primitives),
            unit=CATEGORY_ID,
            num_ids=first,
        )
