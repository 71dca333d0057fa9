"""Steps after a tokenizing one: frequent pairs of neighbours, and each token of a text once."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..device.primitives.token_pairs import DistinctIds, KnownPairs, pair_keys
from ..device.units import PAIR_ID
from ..rows.sketch import PAIRS, TOKENS
from ..spec import knob
from .step import ColumnStep, FittedStep, is_tokens


@dataclass(frozen=True)
class PairFrequent(ColumnStep):
    """Adds the pairs of neighbouring tokens that training texts hold most often, each with an id of
    its own: "not good" is no longer "not" and "good" (Wang and Manning 2012,
    https://aclanthology.org/P12-2018). On eight sets of texts they gave a linear table .005 to .03;
    hashed pairs (`PairTokens`), of which each shares its weight with others, gave nothing.

    Attributes:
        min_count: In how many training texts a pair stands to get an id.
        max_pairs: How many pairs, the most frequent, get an id.
    """

    reads: ClassVar[tuple[str, ...]] = (TOKENS,)
    makes: ClassVar[tuple[str, ...]] = (PAIRS,)

    min_count: int = knob(2, 1, 2**31, unit="texts")
    max_pairs: int = knob(16_384, 1, 1_000_000, unit="ids")

    def _suits(self, x):
        return is_tokens(x)

    def _fit(self, train):
        primitives = []
        num_ids = 0
        for name in self.chosen(train):
            known = KnownPairs(name, f"{name} pairs", self._frequent(train.x[name]))
            primitives.append(known)
            num_ids = max(num_ids, known.num_ids())
        return FittedStep("PairFrequent", tuple(primitives), unit=PAIR_ID, num_ids=num_ids)

    def _frequent(self, ids):
        """Returns (left id, right id) of the most frequent pairs of int32 [rows, window], in rising
        order.
        """
        left = ids[:, :-1]
        right = ids[:, 1:]
        rows, places = np.nonzero(left)
        keys = pair_keys(left[rows, places], right[rows, places])
        # A text counts each of its pairs once.
        in_texts = np.unique(np.stack([keys, rows]), axis=1)[0]
        pairs, counts = np.unique(in_texts, return_counts=True)
        is_frequent = counts >= self.min_count
        pairs = pairs[is_frequent]
        counts = counts[is_frequent]
        # Of equally frequent ones those of the smaller ids.
        most_frequent = np.argsort(-counts, kind="stable")[: self.max_pairs]
        chosen = np.sort(pairs[most_frequent])
        base = pair_keys(np.array([1]), np.array([0])).item()
        return tuple(divmod(key, base) for key in chosen.tolist())


@dataclass(frozen=True)
class DistinctTokens(ColumnStep):
    """Keeps of each token of a text its first, and of each pair: whether a word is there counts for
    more than how often (Wang and Manning 2012, https://aclanthology.org/P12-2018). It comes after
    the step that makes pairs, which reads the order of the tokens.
    """

    reads: ClassVar[tuple[str, ...]] = (TOKENS, PAIRS)

    def _suits(self, x):
        return is_tokens(x)

    def _fit(self, train):
        distinct = tuple(DistinctIds(name) for name in self.chosen(train))
        # Without a unit: the columns stay in that of the steps that made them.
        return FittedStep("DistinctTokens", distinct)
