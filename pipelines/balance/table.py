"""Training columns as one matrix of numbers, between whose rows synthetic ones are drawn."""

import numpy as np

from ..device.primitives import missing_mask
from ..errors import BalanceError
from ..rows.parts import BalancedSet

_MISSING = "\0missing"  # cannot occur: cells with a null character are refused


def _refuse_column(name, x, balancer):
    """Raises BalanceError for a column between whose values nothing can be drawn."""
    if x.ndim == 4:
        raise BalanceError(
            f"{balancer} on the pictures {name!r}",
            expected="numbers and categories: what lies between two pictures is no picture",
            fix="use OversampleRandom() with augmentation, or "
            "Transfer(head_balance=Smote()), which draws between their features",
        )
    if x.dtype.kind == "T":
        raise BalanceError(
            f"{balancer} on the texts {name!r}",
            expected="numbers and categories: what lies between two texts is no text",
            fix="use OversampleRandom() or WeightByClass(), or 'build=BalancedHead()', "
            "which draws between a net's features of them",
        )
    if x.dtype.kind == "M":
        raise BalanceError(
            f"{balancer} on the date column {name!r}",
            expected="numbers and categories",
            fix="put EncodeDate() into `prepare`, which comes before balancing",
        )
    if x.dtype.kind == "f" and missing_mask(x).any():
        raise BalanceError(
            f"{balancer} on column {name!r}, which has missing values",
            expected="columns without holes",
            fix="impute them in `prepare`",
        )


def _has_two_values(x) -> bool:
    """Looks at the first rows before it looks at all of them."""
    if x.ndim != 1:
        return False
    return len(np.unique(x[:10_000])) <= 2 and len(np.unique(x)) <= 2


class NumberTable:
    """Training columns as one matrix for imbalanced-learn, and the way back."""

    def __init__(self, train, balancer):
        self.train = train
        self.names: list[str] = []
        self.slices: dict[str, slice] = {}
        self.categories: dict[str, np.ndarray] = {}
        self.nominal_places: list[int] = []
        parts = []
        for name, x in train.x.items():
            _refuse_column(name, x, balancer)
            parts.append(self._as_numbers(name, x))
        raw = np.concatenate(parts, axis=1)
        self.mean = raw.mean(axis=0)
        self.spread = raw.std(axis=0)
        self.spread[self.spread == 0] = 1
        self.mean[self.nominal_places] = 0
        self.spread[self.nominal_places] = 1
        self._matrix = (raw - self.mean) / self.spread

    def _as_numbers(self, name, x):
        """float64 [rows, columns of the matrix] of one column, categories as codes."""
        if x.dtype.kind == "O":
            cells = [_MISSING if cell is None else cell for cell in x]
            self.categories[name], codes = np.unique(cells, return_inverse=True)
            x = codes.astype(np.float64)
        start = len(self.names)
        if name in self.categories or _has_two_values(x):
            self.nominal_places.append(start)
        if x.ndim == 1:
            columns = x[:, None]
        else:
            columns = x
        self.names += [name] * columns.shape[1]
        self.slices[name] = slice(start, start + columns.shape[1])
        return columns.astype(np.float64)

    def matrix(self):
        """float64 [rows, columns], numbers standardized, categories as codes."""
        return self._matrix

    def scaled(self, matrix):
        """The numeric columns alone, for distances."""
        return np.delete(matrix, self.nominal_places, axis=1)

    def to_rows(self, drawn, y, parents, origin):
        num_real = len(self.train)
        real = origin < num_real
        columns = drawn * self.spread + self.mean
        x = {}
        for name, place in self.slices.items():
            source = self.train.x[name]
            if name in self.categories:
                made = self.categories[name][columns[:, place.start].round().astype(int)].astype(
                    object
                )
                made[made == _MISSING] = None
            else:
                made = columns[:, place].astype(np.float32)
                if source.ndim == 1:
                    made = made[:, 0]
            made[real] = source[origin[real]]  # real rows bit for bit as they were
            x[name] = made
        return BalancedSet(
            x=x,
            y=y.astype(np.int64),
            ids=self.train.ids[parents],
            schema=self.train.schema,
            weight=self.train.weight[parents],
            group=None if self.train.group is None else self.train.group[parents],
            time=None if self.train.time is None else self.train.time[parents],
        )


def find_parents(drawn, y, matrix, train_y, origin):
    """int64 [drawn rows]: a real row is its own parent; a synthetic row's is the nearest real row
    of its class.
    """
    from sklearn.neighbors import NearestNeighbors

    parents = origin.copy()
    for label in np.unique(y):
        made = np.flatnonzero((y == label) & (origin >= len(matrix)))
        if len(made):
            own = np.flatnonzero(train_y == label)
            nearest = (
                NearestNeighbors(n_neighbors=1)
                .fit(matrix[own])
                .kneighbors(drawn[made], return_distance=False)
            )
            parents[made] = own[nearest[:, 0]]
    return parents
