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
    """Tests whether a column has at most two values; its first rows are looked at before all."""
    if x.ndim != 1:
        return False
    if len(np.unique(x[:10_000])) > 2:
        return False
    return len(np.unique(x)) <= 2


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
            numbers = self._as_numbers(name, x)
            parts.append(numbers)
        raw = np.concatenate(parts, axis=1)
        self.mean = raw.mean(axis=0)
        self.spread = raw.std(axis=0)
        self.spread[self.spread == 0] = 1
        self.mean[self.nominal_places] = 0
        self.spread[self.nominal_places] = 1
        self._matrix = (raw - self.mean) / self.spread

    def _as_numbers(self, name, x):
        """Returns float64 [rows, columns of the matrix] of one column, categories as codes."""
        if x.dtype.kind == "O":
            cells = [_MISSING if cell is None else cell for cell in x]
            self.categories[name], codes = np.unique(cells, return_inverse=True)
            x = codes.astype(np.float64)
        start = len(self.names)
        if name in self.categories or _has_two_values(x):
            self.nominal_places.append(start)
        columns = x
        if x.ndim == 1:
            columns = x[:, None]
        width = columns.shape[1]
        self.names += [name] * width
        self.slices[name] = slice(start, start + width)
        return columns.astype(np.float64)

    def matrix(self):
        """Returns float64 [rows, columns], numbers standardized, categories as codes."""
        return self._matrix

    def nominal_names(self) -> list[str]:
        """Returns the columns of categories, and those of two values."""
        return [self.names[place] for place in self.nominal_places]

    def num_dimensions(self) -> int:
        """Returns how many numbers a point has."""
        num_values = [len(np.unique(self._matrix[:, place])) for place in self.nominal_places]
        return len(self.names) - len(num_values) + sum(num_values)

    def points(self, matrix):
        """Returns rows as points, float64 [rows, dimensions]: numbers as they are, categories
        one-hot. Rows that differ in one category alone are one standard deviation apart, as in
        SMOTE-NC (Chawla et al. 2002, section 6.1, https://arxiv.org/abs/1106.1813).
        """
        parts = [self.scaled(matrix)]
        for place in self.nominal_places:
            values = np.unique(self._matrix[:, place])
            is_value = matrix[:, place, None] == values
            parts.append(is_value / np.sqrt(2))
        return np.concatenate(parts, axis=1)

    def scaled(self, matrix):
        """Returns the numeric columns alone, for distances."""
        return np.delete(matrix, self.nominal_places, axis=1)

    def to_rows(self, drawn, y, parents, origin):
        """Returns the rows that were drawn.

        Args:
            drawn: float64 [rows, columns of the matrix].
            y: Class [rows].
            parents: int64 [rows], the training row whose id each row gets.
            origin: int64 [rows], the training row that each row is; of a synthetic row, at least
                the number of training rows.
        """
        train = self.train
        is_real = origin < len(train)
        columns = drawn * self.spread + self.mean
        x = {}
        for name, place in self.slices.items():
            source = train.x[name]
            values = self._as_column(name, columns[:, place], source.ndim)
            # Real rows bit for bit as they were.
            values[is_real] = source[origin[is_real]]
            x[name] = values
        group = None
        if train.group is not None:
            group = train.group[parents]
        time = None
        if train.time is not None:
            time = train.time[parents]
        return BalancedSet(
            x=x,
            y=y.astype(np.int64),
            ids=train.ids[parents],
            schema=train.schema,
            weight=train.weight[parents],
            group=group,
            time=time,
        )

    def _as_column(self, name, columns, ndim):
        """Returns a column of the training rows from its columns in the matrix."""
        if name in self.categories:
            codes = columns[:, 0].round().astype(int)
            cells = self.categories[name][codes].astype(object)
            cells[cells == _MISSING] = None
            return cells
        numbers = columns.astype(np.float32)
        if ndim == 1:
            return numbers[:, 0]
        return numbers


def find_parents(drawn, y, matrix, train_y, origin):
    """Finds the parent of each row: a real row is its own; a synthetic row's is the nearest real
    row of its class.

    Args:
        drawn: float64 [drawn rows, columns], numbers standardized.
        y: Class [drawn rows].
        matrix: float64 [training rows, columns], numbers standardized.
        train_y: Class [training rows].
        origin: int64 [drawn rows], the training row that each row is; of a synthetic row, at least
            the number of training rows.

    Returns:
        int64 [drawn rows], places of training rows.
    """
    from sklearn.neighbors import NearestNeighbors

    parents = origin.copy()
    is_synthetic = origin >= len(matrix)
    for label in np.unique(y):
        synthetic = np.flatnonzero(is_synthetic & (y == label))
        if not len(synthetic):
            continue
        real = np.flatnonzero(train_y == label)
        neighbors = NearestNeighbors(n_neighbors=1)
        neighbors.fit(matrix[real])
        nearest = neighbors.kneighbors(drawn[synthetic], return_distance=False)
        parents[synthetic] = real[nearest[:, 0]]
    return parents
