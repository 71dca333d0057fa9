"""What generators learn from, and what they have learned."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...errors import BalanceError
from ..table import find_parents


@dataclass(frozen=True, eq=False)
class ClassRows:
    """Training rows as numbers.

    Attributes:
        values: float32 [rows, values], of about unit spread.
        y: int64 class [rows].
        num_classes: How many classes there are; some may have no row.
        shape: What a row is, flat in this order: (height, width, channels) of pictures, (channels,
            steps) of series, (values,) of a table.
    """

    values: np.ndarray
    y: np.ndarray
    num_classes: int
    shape: tuple[int, ...]

    def one_hot(self) -> np.ndarray:
        """Returns one row a class, float32 [classes, classes]."""
        return np.eye(self.num_classes, dtype=np.float32)

    def means(self) -> np.ndarray:
        """Returns the mean row of each class, float32 [classes, values]; zeros of one without
        rows.
        """
        means = np.zeros(
            (self.num_classes, self.values.shape[1]),
            np.float32,
        )
        for label in np.unique(self.y):
            means[label] = self.values[self.y == label].mean(axis=0)
        return means

    def rest(self) -> np.ndarray:
        """Returns what each row adds to the mean of its class, float32 [rows, values]."""
        return self.values - self.means()[self.y]

    def ends(self) -> np.ndarray:
        """Returns where the share of each row ends between 0 and 1, float64 [rows]: a class with n
        rows has a share of what is learned from in proportion to the square root of n.
        """
        counts = np.bincount(
            self.y,
            minlength=self.num_classes,
        )
        shares = 1 / np.sqrt(counts[self.y])
        return np.cumsum(shares / shares.sum())


def drawn_places(ends: np.ndarray, num_rows: int, random: np.random.Generator) -> np.ndarray:
    """Returns places of rows, int64 [num_rows], drawn by the shares that end there."""
    drawn = np.searchsorted(
        ends,
        random.random(num_rows),
    )
    return np.minimum(drawn, len(ends) - 1)


class LearnedGenerator(ABC):
    """What a generator has learned of training rows.

    Attributes:
        gives_rows: Whether what `to_keras` gives draws a row at once.
    """

    gives_rows: ClassVar[bool] = True

    @abstractmethod
    def draw(self, classes: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Draws a row for each of these classes.

        Args:
            classes: int64 [rows].
            seed: Of everything that is drawn.

        Returns:
            The rows, float32 [rows, values], and of each the place of a training row of its class,
            int64 [rows], whose id it gets.
        """

    @abstractmethod
    def net_inputs(self, classes: np.ndarray, seed: int) -> dict[str, np.ndarray]:
        """Returns rows that the net of `to_keras` takes, by name, as it takes them while rows of
        these classes are drawn: they calibrate int8.

        Args:
            classes: int64 [rows].
            seed: Of everything that is drawn.
        """

    @abstractmethod
    def to_keras(self, factor: np.ndarray, offset: np.ndarray, shape: tuple[int, ...]) -> Any:
        """Returns the net that draws rows as a keras.Model, to be exported.

        Args:
            factor: float32 [values], what a value is multiplied by to be in its unit.
            offset: float32 [values], what is added to it then.
            shape: Of a row.
        """


def nearest_rows(drawn: np.ndarray, classes: np.ndarray, rows: ClassRows) -> np.ndarray:
    """Returns the places of the nearest training rows of the same class, int64 [drawn rows].

    Args:
        drawn: float32 [drawn rows, values].
        classes: int64 [drawn rows].
        rows: That were learned from.
    """
    after_all = np.full(len(drawn), len(rows.values))
    return find_parents(
        drawn,
        classes,
        rows.values,
        rows.y,
        after_all,
    )


def require_finite(drawn: np.ndarray, spec: object) -> np.ndarray:
    """Returns the rows that were drawn.

    Args:
        drawn: float32 [rows, values].
        spec: Of the generator, for the error.

    Raises:
        BalanceError: They hold what is no number.
    """
    if np.isfinite(drawn).all():
        return drawn
    raise BalanceError(
        f"{spec!r}, which drew what is no number",
        expected="weights that stay finite while they are learned",
        fix="lower balance.by.learning_rate",
    )


def codes_of(label: np.ndarray, num_code: int, seed: int) -> dict[str, np.ndarray]:
    """Returns normal codes and their classes, by the names of `known_inputs`.

    Args:
        label: One-hot, float32 [rows, classes].
        num_code: Numbers of a code.
        seed: Of the codes.
    """
    random = np.random.default_rng(seed)
    code = random.standard_normal(
        (len(label), num_code),
        dtype=np.float32,
    )
    return {"code": code, "label": label}
