"""Steps that fill missing numbers of a row by its other numbers."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..device.cells import NUMERIC
from ..device.primitives import DrawFill, LinearFill, NeighborFill, RowFill
from ..errors import StepError
from ..slots import BY_SAMPLE
from ..spec import knob
from .step import ColumnStep, FittedStep, as_float32, is_numeric, present

MAX_LINEAR = 128
MAX_LEARNED = 5_000
_MAX_ROUNDS = 20
_SETTLED = 1e-3
# Known rows with gaps of their own are no neighbours.
_FIX_GAPS = "use ImputeLinear() or ImputeMedian(), or name the columns that are mostly there"


@dataclass(frozen=True)
class FillRows(ColumnStep):
    """A step that becomes one primitive, which fills the missing numbers of a row."""

    reads: ClassVar[tuple[str, ...]] = (NUMERIC,)
    fills_numbers: ClassVar[bool] = True
    streamed: ClassVar[str] = BY_SAMPLE

    def _suits(self, x):
        return is_numeric(x)

    def _fit(self, train):
        names = self._raw(train)
        if not names:
            return FittedStep(type(self).__name__, ())
        for name in names:
            present(
                train,
                name,
                self,
            )
        x = np.stack([train.x[name] for name in names], axis=1).astype(np.float64)
        return FittedStep(type(self).__name__, (self._primitive(tuple(names), x),))

    def _raw(self, train):
        """Returns the columns to work on. A flag that a number is missing is no number to fill
        others by: whatever it stands with, it stands with no value of its own column.
        """
        names = self.chosen(train)
        if self.columns:
            return names
        raw = {column.name for column in train.schema.columns}
        return [name for name in names if name in raw]

    @abstractmethod
    def _primitive(
        self,
        names,
        x,
    ) -> RowFill:
        """Returns what fills rows, learned from x float64 [rows, columns] with NaN."""


@dataclass(frozen=True)
class ImputeLinear(FillRows):
    """Fills each missing number by a linear function of the row's others: chained equations
    (van Buuren and Groothuis-Oudshoorn 2011, https://doi.org/10.18637/jss.v045.i03) whose answer is
    the conditional expectation under a Gaussian, which a few sweeps of Gauss and Seidel come near
    to. Mean and covariance are those of the rows as they are filled (expectation maximization:
    Dempster, Laird and Rubin 1977), so that rows with gaps are learned from too.

    It pays where columns repeat each other; else the median with flags does as well.

    Attributes:
        sweeps: Over the columns of a row. Four come within a few percent of the exact expectation.
        ridge: What is added to the variances, as a share of them: for columns that repeat each
            other to the last digit.
    """

    sweeps: int = knob(
        4,
        1,
        100,
    )
    ridge: float = knob(
        1e-3,
        1e-6,
        10,
    )

    def _primitive(
        self,
        names,
        x,
    ):
        refuse_many(self, names, MAX_LINEAR)
        means, weights, _ = conditional(x, self.ridge)
        return LinearFill(
            names,
            plain(means),
            plain(np.nanmin(x, axis=0)),
            plain(np.nanmax(x, axis=0)),
            tuple(map(plain, weights)),
            self.sweeps,
        )


def refuse_many(step: ColumnStep, names: tuple[str, ...], most: int) -> None:
    """Raises StepError for more columns than a step of all others holds on a device."""
    if len(names) > most:
        name = type(step).__name__
        raise StepError(
            f"{name} on {len(names):,} columns, each predicted from all others",
            expected=f"at most {most}",
            fix=f"name those that go together: {name}(columns=(...)), and put ImputeMedian() "
            "behind it",
        )


def conditional(x: np.ndarray, ridge: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns what each column is given all others, under a Gaussian.

    Args:
        x: float64 [rows, columns], NaN where a number is missing.
        ridge: As of `ImputeLinear`.

    Returns:
        The means, float64 [columns]; what each column's prediction takes of each other's distance
        from its mean, float64 [columns, columns]; and the standard deviation that is left of each,
        float64 [columns].
    """
    shift, spread = moments(x)
    stride = -(-len(x) // MAX_LEARNED)
    means, covariance = _gaussian(((x - shift) / spread)[::stride], ridge)
    precision = np.linalg.inv(covariance)
    of_others = np.diag(precision)
    weights = -precision / of_others[:, None]
    # From the unit of the spread to that of the columns.
    weights *= spread[:, None] / spread
    np.fill_diagonal(weights, 0)
    return means * spread + shift, weights, spread / np.sqrt(of_others)


def moments(x):
    """Returns mean and standard deviation of the numbers that are there, 1 where it is 0."""
    spread = np.nanstd(x, axis=0)
    return np.nanmean(x, axis=0), np.where(
        spread > 0,
        spread,
        1,
    )


def _gaussian(z, ridge):
    """Returns mean and covariance of standardized numbers with gaps, float64 [columns] and
    [columns, columns], by expectation maximization.
    """
    unknown = np.isnan(z)
    filled = np.where(
        unknown,
        0,
        z,
    )
    mean = filled.mean(axis=0)
    covariance = np.eye(z.shape[1])
    # Rows with the same gaps are filled at once.
    patterns, which = np.unique(
        unknown,
        axis=0,
        return_inverse=True,
    )
    groups = [np.flatnonzero(which.ravel() == number) for number in range(len(patterns))]
    for _ in range(_MAX_ROUNDS):
        before = covariance
        left = np.zeros_like(covariance)
        for gaps, rows in zip(
            patterns,
            groups,
            strict=True,
        ):
            known = covariance[np.ix_(~gaps, ~gaps)]
            across = covariance[np.ix_(gaps, ~gaps)]
            by_known = np.linalg.solve(known, across.T).T
            apart = filled[np.ix_(rows, ~gaps)] - mean[~gaps]
            filled[np.ix_(rows, gaps)] = mean[gaps] + apart @ by_known.T
            # A filled number varies less than one that is there: what is lacking is added.
            rest = covariance[np.ix_(gaps, gaps)] - by_known @ across.T
            left[np.ix_(gaps, gaps)] += len(rows) * rest
        mean = filled.mean(axis=0)
        covariance = ((filled - mean).T @ (filled - mean) + left) / len(z)
        covariance += ridge * np.eye(len(mean))
        if np.abs(covariance - before).max() < _SETTLED:
            break
    return mean, covariance


@dataclass(frozen=True)
class ImputeNeighbors(FillRows):
    """Fills each missing number by its mean over the nearest training rows (Troyanskaya et al.
    2001, https://doi.org/10.1093/bioinformatics/17.6.520). A device holds the rows that are
    searched, 4 bytes a number.

    Attributes:
        num_neighbors: Over how many rows the mean is taken.
        num_rows: Training rows without gaps that are searched at most.
        seed: Of their draw.
    """

    num_neighbors: int = knob(
        5,
        1,
        1000,
        unit="rows",
    )
    num_rows: int = knob(
        256,
        1,
        100_000,
        unit="rows",
    )
    seed: int = knob(
        0,
        0,
        2**31 - 1,
    )

    def _primitive(
        self,
        names,
        x,
    ):
        whole = np.flatnonzero(~np.isnan(x).any(axis=1))
        if len(whole) < self.num_neighbors:
            raise StepError(
                f"{len(whole)} of {len(x):,} training rows have no missing value in "
                f"{', '.join(map(repr, names[:8]))}",
                expected=f"at least {self.num_neighbors} for ImputeNeighbors",
                fix=_FIX_GAPS,
            )
        generator = np.random.default_rng(self.seed)
        num_rows = min(self.num_rows, len(whole))
        drawn = np.sort(
            generator.choice(
                whole,
                num_rows,
                replace=False,
            )
        )
        _, spread = moments(x)
        return NeighborFill(
            names,
            plain(1 / spread),
            tuple(map(plain, x[drawn])),
            self.num_neighbors,
        )


@dataclass(frozen=True)
class ImputeRandom(FillRows):
    """Fills each missing number by one drawn from the training rows: their spread stays as it was
    (Little and Rubin 2002, section 4.3). The draw depends on the row's other numbers alone, so that
    a device draws the same; rows without any number draw alike.

    Attributes:
        num_values: Of each column that is drawn from: evenly spaced quantiles.
        seed: Of the draw.
    """

    num_values: int = knob(
        256,
        1,
        10_000,
    )
    seed: int = knob(
        0,
        0,
        2**31 - 1,
    )

    def _primitive(
        self,
        names,
        x,
    ):
        levels = (np.arange(self.num_values) + 0.5) / self.num_values
        # Values that were seen: nothing is drawn between a 0 and a 1.
        seen = np.nanquantile(
            x,
            levels,
            axis=0,
            method="inverted_cdf",
        )
        return DrawFill(
            names,
            tuple(map(plain, seen.T)),
            self.seed,
        )


def plain(values):
    """Returns Python floats that float32 holds exactly."""
    return tuple(map(as_float32, values))
