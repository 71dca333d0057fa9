"""What each word of texts counts, over all texts that have it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ...report.figures import Picture
from .columns import shown
from .heat import bars

LEAST_TEXTS = 3
MAX_WORDS = 25

Marks = Iterable[tuple[str, float]]


@dataclass(frozen=True)
class WordMean:
    """What a word counts.

    Attributes:
        word: As it stands in texts.
        mean: Over its places.
        num: How many these are.
    """

    word: str
    mean: float
    num: int

    @property
    def line(self) -> tuple[str, str, str]:
        """The word as a line of a table."""
        return shown(self.word), f"{self.mean:+.4f}", f"{self.num:,}"


def mean_by_word(marks: Marks, *, least: int = LEAST_TEXTS) -> list[WordMean]:
    """Returns the words that were marked `least` times or more, the largest mean first, whichever
    its sign; at most MAX_WORDS.
    """
    found = defaultdict(list)
    for word, value in marks:
        found[word].append(value)
    means = []
    for word, values in found.items():
        num = len(values)
        if num >= least:
            mean = float(np.mean(values))
            means.append(WordMean(word, mean, num))
    means.sort(key=lambda each: -abs(each.mean))
    return means[:MAX_WORDS]


def word_bars(title: str, means: list[WordMean], unit: str) -> Picture:
    """Returns a bar a word."""
    names = [shown(each.word) for each in means]
    values = [each.mean for each in means]
    return bars(
        title,
        names,
        values,
        unit,
    )
