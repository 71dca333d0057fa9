"""Balancers that leave out rows of the frequent classes by what lies near them.

Rows stay as they are, so that categories are no obstacle: rows that differ in one category alone
are one standard deviation apart.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..errors import BalanceError
from ..rows.parts import BalancedSet
from ..spec import knob
from .samplers import NumberSampler

# Of the points between which distances are taken.
MAX_POINTS_BYTES = 2 * 2**30


@dataclass(frozen=True)
class _NeighborSampler(NumberSampler):
    """Leaves out rows by their neighbours."""

    nominal: ClassVar[bool] = True

    def _check(self, counts, table, train):
        width = table.num_dimensions()
        num_bytes = width * len(train) * 8
        if num_bytes > MAX_POINTS_BYTES:
            raise BalanceError(
                f"{type(self).__name__} on {len(train):,} rows of {width:,} numbers and categories",
                expected=f"points of at most {MAX_POINTS_BYTES / 2**30:.0f} GiB",
                fix="use UndersampleRandom() or WeightByClass()",
            )

    def _matrix(self, table):
        return table.points(table.matrix())

    def _kept(self, sampler, train):
        return sampler.sample_indices_

    def _rows_of(self, table, drawn, y, origin) -> BalancedSet:
        train = table.train
        lost = np.setdiff1d(train.y, y)
        if len(lost):
            label = train.schema.target.labels[int(lost[0])]
            raise BalanceError(
                f"{type(self).__name__} would leave out every row of class {label!r}",
                expected="rows of each class that lie among their own",
                fix="use UndersampleRandom() or WeightByClass()",
            )
        kept = table.matrix()[origin]
        return table.to_rows(kept, y, origin, origin)


@dataclass(frozen=True)
class NearMiss(_NeighborSampler):
    """Keeps of the frequent classes the rows nearest to the rare one, as many as it has (Zhang and
    Mani 2003, https://www.site.uottawa.ca/~nat/Workshop2003/jzhang.pdf).

    Attributes:
        version: 1 by the mean distance to the nearest rare rows, 2 to the farthest ones, 3 the
            farthest among those near to each rare row.
        num_neighbors: Over how many rare rows the mean is taken.
    """

    version: int = knob(1, 1, 3)
    num_neighbors: int = knob(3, 1, 1000, unit="rows")

    def _sampler(self, nominal_places):
        from imblearn.under_sampling import NearMiss as Sampler

        return Sampler(version=self.version, n_neighbors=self.num_neighbors)


@dataclass(frozen=True)
class TomekLinks(_NeighborSampler):
    """Leaves out the row of the frequent class of each Tomek link: two rows of unlike classes, each
    the other's nearest (Tomek 1976, https://doi.org/10.1109/TSMC.1976.4309452).
    """

    evens: ClassVar[bool] = False

    def _sampler(self, nominal_places):
        from imblearn.under_sampling import TomekLinks as Sampler

        return Sampler()


@dataclass(frozen=True)
class EditedNearestNeighbours(_NeighborSampler):
    """Leaves out rows of the frequent classes that their neighbours contradict (Wilson 1972,
    https://doi.org/10.1109/TSMC.1972.4309137).

    Attributes:
        num_neighbors: That are asked.
        agreeing: Which of them must be of the row's class: "all", or "most".
    """

    num_neighbors: int = knob(3, 1, 1000, unit="rows")
    agreeing: str = "all"

    evens: ClassVar[bool] = False

    def check(self) -> None:
        """Raises BalanceError for another word."""
        if self.agreeing not in ("all", "most"):
            raise BalanceError(
                f"agreeing={self.agreeing!r}",
                expected="all or most",
                fix="--set 'balance=EditedNearestNeighbours(agreeing=\"most\")'",
            )

    def _sampler(self, nominal_places):
        from imblearn.under_sampling import EditedNearestNeighbours as Sampler

        kind = "all"
        if self.agreeing == "most":
            kind = "mode"
        return Sampler(n_neighbors=self.num_neighbors, kind_sel=kind)
