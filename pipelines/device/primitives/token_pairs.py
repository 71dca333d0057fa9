"""Ids of tokens to ids of what a text holds: known pairs of neighbours, and each id once."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .primitive import MAX_KEYS, DerivingPrimitive, Flow, MappingPrimitive
from .texts import PADDING


@dataclass(frozen=True)
class KnownPairs(DerivingPrimitive):
    """Makes a column of pairs: at each token's place the id of it and the token before it, if both
    stand in a list.

    int32 [rows, window] → int32 [rows, window]; 0 where there is no such pair.

    Attributes:
        pairs: (left id, right id), in rising order; the first has the id 1.
    """

    pairs: tuple[tuple[int, int], ...]

    def num_ids(self) -> int:
        """Returns how many ids there are, padding included."""
        return 1 + len(self.pairs)

    def check(self) -> None:
        """Raises ValueError for pairs that C could not search, or with padding in them."""
        before = (0, 0)
        for pair in self.pairs:
            if pair <= before or min(pair) <= PADDING or max(pair) >= MAX_KEYS:
                raise ValueError("pairs are not in rising order, or of ids that there are not")
            before = pair

    @cached_property
    def _keys(self):
        """int64 [pairs], in rising order."""
        pairs = np.array(self.pairs, np.int64).reshape(-1, 2)
        return pair_keys(pairs[:, 0], pairs[:, 1])

    def compute(self, x: np.ndarray) -> np.ndarray:
        found = np.zeros(x.shape, np.int32)
        if not len(self._keys):
            return found
        keys = pair_keys(x[:, :-1], x[:, 1:])
        places = np.searchsorted(self._keys, keys)
        places = np.minimum(places, len(self._keys) - 1)
        is_known = self._keys[places] == keys
        found[:, 1:] = np.where(is_known, places + 1, 0)  # the first token has none before it
        return found

    def flow_of(self, flow: Flow) -> Flow:
        self.expect(flow, "int32", (1,))
        if self.num_ids() > MAX_KEYS:
            raise ValueError(f"{self.num_ids()} pairs")
        return Flow("int32", flow.shape, self.num_ids())


def pair_keys(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Returns one int64 for each pair of ids, in the order of the pairs."""
    return left.astype(np.int64) * MAX_KEYS + right


@dataclass(frozen=True)
class DistinctIds(MappingPrimitive):
    """Keeps of each id in a row its first; what is left stands at the right end of the window.

    int32 [rows, window] → int32 [rows, window].
    """

    def compute(self, x: np.ndarray) -> np.ndarray:
        window = x.shape[1]
        # In the order of ids, and equal ones in the order of their places.
        order = np.argsort(x, axis=1, kind="stable")
        in_order = np.take_along_axis(x, order, axis=1)
        is_first_in_order = np.ones(x.shape, bool)
        is_first_in_order[:, 1:] = in_order[:, 1:] != in_order[:, :-1]
        is_first = np.zeros(x.shape, bool)
        np.put_along_axis(is_first, order, is_first_in_order, axis=1)
        is_kept = is_first & (x != PADDING)
        # The last that is kept stands at the last place, the one before it to its left.
        kept_from_here = np.cumsum(is_kept[:, ::-1], axis=1)[:, ::-1]
        rows, places = np.nonzero(is_kept)
        ids = np.zeros(x.shape, np.int32)
        ids[rows, window - kept_from_here[rows, places]] = x[rows, places]
        return ids

    def flow_of(self, flow: Flow) -> Flow:
        self.expect(flow, "int32", (1,))
        return flow
