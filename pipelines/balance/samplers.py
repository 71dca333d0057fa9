"""Resamplers from imbalanced-learn, offered only where they are valid for the columns at hand.

They work between preparing and encoding, where a cell is still one value: a synthetic row is a row
one can read, and it passes through the same encoders as every other. Numbers are standardized for
the neighbour search (with the training rows' own mean and spread) and scaled back.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..device.cells import BOOLEAN, CATEGORICAL, PICTURE, TEXT
from ..errors import BalanceError
from ..rows.parts import BalancedSet, TrainSet, require_train_set
from ..rows.sketch import TOKENS, DataSketch
from ..slots import Balancer
from ..spec import Refusal, knob
from .table import NumberTable, find_parents
from .weights import balanced, class_counts, redrawn_stream


@dataclass(frozen=True)
class _RowSampler(Balancer):
    """Draws rows as they are: valid for every kind of column.

    Attributes:
        seed: Of the draw.
    """

    seed: int = knob(0, 0, 2**31 - 1)

    @abstractmethod
    def _sampler(self): ...

    @abstractmethod
    def _num_wanted(self, counts):
        """Returns how many rows all classes get, given int64 [classes] of those that are there."""

    def refuses_stream(self) -> str:
        """Returns "": rows that are streamed are drawn on the way, anew in each epoch."""
        return ""

    def resample(self, train: TrainSet) -> BalancedSet:
        """Returns repeated or left-out rows.

        Raises:
            LeakError: For rows that are no TrainSet.
            BalanceError: For real-number targets.
        """
        train = require_train_set(train, "balance")
        counts = require_two_classes(train, type(self).__name__)
        if train.whole is not None:
            is_there = counts > 0
            wanted = is_there * self._num_wanted(counts[is_there])
            return redrawn_stream(train, train.whole, wanted=wanted, seed=self.seed)
        places = np.arange(len(train))[:, None]
        drawn, _ = self._sampler().fit_resample(places, train.y)
        return balanced(train.take(drawn[:, 0]))


@dataclass(frozen=True)
class OversampleRandom(_RowSampler):
    """Repeats rows of the rare classes until all are as frequent as the most frequent."""

    def _num_wanted(self, counts):
        return counts.max()

    def _sampler(self):
        from imblearn.over_sampling import RandomOverSampler

        return RandomOverSampler(random_state=self.seed)


@dataclass(frozen=True)
class UndersampleRandom(_RowSampler):
    """Leaves out rows of the frequent classes until all are as rare as the rarest."""

    def _num_wanted(self, counts):
        return counts.min()

    def _sampler(self):
        from imblearn.under_sampling import RandomUnderSampler

        return RandomUnderSampler(random_state=self.seed)


@dataclass(frozen=True)
class SampleByClass(Balancer):
    """Draws as many rows as there were, of which a class with n rows gets a share in proportion to
    n ** (1 - `strength`) (Kang et al. 2020, https://arxiv.org/abs/1910.09217). Within a class no
    row is drawn twice more than another.

    Attributes:
        strength: How far classes are evened out: 0 leaves them, 0.5 is the square root, 1 is
            class-balanced sampling.
        seed: Of the draw.
    """

    strength: float = knob(1.0, 0, 1)
    seed: int = knob(0, 0, 2**31 - 1)

    def refuses_stream(self) -> str:
        """Returns "": rows that are streamed are drawn on the way, anew in each epoch."""
        return ""

    def resample(self, train: TrainSet) -> BalancedSet:
        """Returns the rows that are drawn.

        Raises:
            LeakError: For rows that are no TrainSet.
            BalanceError: For real-number targets.
        """
        train = require_train_set(train, "balance")
        counts = require_two_classes(train, "SampleByClass")
        num_drawn = self._num_drawn(counts)
        if train.whole is not None:
            return redrawn_stream(train, train.whole, wanted=num_drawn, seed=self.seed)
        generator = np.random.default_rng(self.seed)
        drawn = []
        for label in np.flatnonzero(counts):
            own = generator.permutation(np.flatnonzero(train.y == label))
            # Whole rounds, then the first of one more.
            drawn.append(np.resize(own, num_drawn[label]))
        return balanced(train.take(np.concatenate(drawn)))

    def _num_drawn(self, counts):
        """Returns how many rows of each class are drawn, int64 [classes]; at least one."""
        is_there = counts > 0
        parts = np.where(is_there, np.maximum(counts, 1) ** (1 - self.strength), 0)
        shares = parts / parts.sum()
        wanted = np.rint(shares * counts.sum())
        return np.maximum(wanted, is_there).astype(np.int64)


@dataclass(frozen=True)
class NumberSampler(Balancer):
    """Redraws rows that are points: columns of numbers, standardized.

    Attributes:
        nominal: Whether categories are columns that it can work on.
    """

    nominal: ClassVar[bool] = False

    @abstractmethod
    def _sampler(self, nominal_places): ...

    def _kept(self, sampler, train):
        """Returns the place of the training row that each drawn row is; of a synthetic row at least
        the number of training rows. None if all training rows come first, in their order.
        """
        return

    def _check(self, counts, table, train):
        """Raises BalanceError if columns or counts do not suit."""
        refuse_nominal(type(self).__name__, table)

    def suits(self, sketch: DataSketch) -> str:
        """Returns why no rows can be made between rows, or ""."""
        name = type(self).__name__
        if sketch.surely_has(PICTURE):
            return Refusal(
                f"{name} on pictures",
                expected="numbers and categories: what lies between two pictures is no picture",
                fix="use OversampleRandom() with augmentation, or Transfer(head_balance=Smote()), "
                "that draws between their features",
            )
        if sketch.surely_has(TEXT, TOKENS):
            return Refusal(
                f"{name} on texts",
                expected="numbers and categories: what lies between two texts is no text",
                fix="use OversampleRandom() or WeightByClass(), or 'build=BalancedHead()', which "
                "draws between a net's features of them",
            )
        if not self.nominal and sketch.surely_has(CATEGORICAL, BOOLEAN):
            return Refusal(
                f"{name} on categorical columns",
                expected="numbers only: half a category does not exist",
                fix="use SmoteNC(), which draws categories from neighbours, or WeightByClass()",
            )
        return super().suits(sketch)

    def resample(self, train: TrainSet) -> BalancedSet:
        """Returns the rows to train on; a synthetic one has the id of the training row of its class
        that it lies nearest to.

        Raises:
            LeakError: For rows that are no TrainSet.
            BalanceError: If columns or counts do not suit.
        """
        train = require_train_set(train, "balance")
        name = type(self).__name__
        counts = require_two_classes(train, name)
        table = NumberTable(train, name)
        self._check(counts, table, train)
        matrix = self._matrix(table)
        sampler = self._sampler(table.nominal_places)
        try:
            drawn, y = sampler.fit_resample(matrix, train.y)
        except (ValueError, RuntimeError) as error:
            raise BalanceError(
                f"{name} cannot draw from these rows: {error}",
                expected="rare rows with neighbours of both kinds near them",
                fix="use WeightByClass() or OversampleRandom()",
            ) from error
        return self._rows_of(table, drawn, y, self._kept(sampler, train))

    def _matrix(self, table):
        """Returns what the sampler draws from, float64 [rows, columns]."""
        return table.matrix()

    def _rows_of(self, table, drawn, y, origin):
        """Returns the rows that were drawn, float64 [rows, columns of the matrix]."""
        train = table.train
        if origin is None:
            origin = np.arange(len(drawn))
        parents = find_parents(
            table.scaled(drawn),
            y,
            table.scaled(table.matrix()),
            train.y,
            origin,
        )
        return table.to_rows(drawn, y, parents, origin)


def refuse_nominal(name, table):
    """Raises BalanceError for categories or two-valued columns."""
    nominal = table.nominal_names()
    if nominal:
        raise BalanceError(
            f"{name} on the categorical or two-valued columns {', '.join(map(repr, nominal[:8]))}",
            expected="numbers only: half a category does not exist",
            fix="use SmoteNC(), which draws categories from neighbours, or WeightByClass()",
        )


@dataclass(frozen=True)
class SyntheticSampler(NumberSampler):
    """Makes rows between a row and its neighbours of the same class.

    Attributes:
        k_neighbors: How many nearest neighbours a new row may lie between; every class must have
            more rows than that.
        seed: Of the draw.
    """

    k_neighbors: int = knob(5, 1, 1000, unit="rows")
    seed: int = knob(0, 0, 2**31 - 1)

    def _check(self, counts, table, train):
        self._check_counts(counts, train)
        refuse_nominal(type(self).__name__, table)

    def _check_counts(self, counts, train):
        smallest = counts[counts > 0].min()
        if smallest > self.k_neighbors:
            return
        label = train.schema.target.labels[int(np.flatnonzero(counts == smallest)[0])]
        raise BalanceError(
            f"{type(self).__name__}(k_neighbors={self.k_neighbors}) and class {label!r} with "
            f"{smallest} training rows",
            expected=f"more than {self.k_neighbors} rows in every class",
            fix=f"set k_neighbors to {max(smallest - 1, 1)} or less, or use OversampleRandom()",
        )


@dataclass(frozen=True)
class Smote(SyntheticSampler):
    """SMOTE (Chawla et al. 2002, https://arxiv.org/abs/1106.1813): points between a rare row and a
    neighbour.
    """

    def _sampler(self, nominal_places):
        from imblearn.over_sampling import SMOTE

        return SMOTE(k_neighbors=self.k_neighbors, random_state=self.seed)


@dataclass(frozen=True)
class SmoteNC(SyntheticSampler):
    """SMOTE for numeric and nominal columns: numbers as SMOTE, categories the most frequent of the
    neighbours.
    """

    nominal: ClassVar[bool] = True

    def _sampler(self, nominal_places):
        from imblearn.over_sampling import SMOTENC

        return SMOTENC(nominal_places, k_neighbors=self.k_neighbors, random_state=self.seed)

    def _check(self, counts, table, train):
        self._check_counts(counts, train)
        nominal = table.nominal_names()
        if not nominal:
            raise BalanceError(
                "SmoteNC on numeric columns only",
                expected="at least one categorical column",
                fix="use Smote()",
            )
        if len(nominal) == len(table.names):
            raise BalanceError(
                "SmoteNC on categorical columns only",
                expected="at least one numeric column",
                fix="use SmoteN(), OversampleRandom() or WeightByClass()",
            )


@dataclass(frozen=True)
class SmoteBorderline(SyntheticSampler):
    """Borderline-SMOTE (Han et al. 2005): only from rare rows whose neighbours are mostly of other
    classes.
    """

    def _sampler(self, nominal_places):
        from imblearn.over_sampling import BorderlineSMOTE

        return BorderlineSMOTE(k_neighbors=self.k_neighbors, random_state=self.seed)


@dataclass(frozen=True)
class Adasyn(SyntheticSampler):
    """ADASYN (He et al. 2008): more rows where the rare class is harder to tell."""

    def _sampler(self, nominal_places):
        from imblearn.over_sampling import ADASYN

        return ADASYN(n_neighbors=self.k_neighbors, random_state=self.seed)


@dataclass(frozen=True)
class SmoteTomek(SyntheticSampler):
    """SMOTE, then Tomek links are removed (Batista et al. 2004)."""

    def _sampler(self, nominal_places):
        from imblearn.combine import SMOTETomek
        from imblearn.over_sampling import SMOTE

        return SMOTETomek(
            smote=SMOTE(k_neighbors=self.k_neighbors, random_state=self.seed),
            random_state=self.seed,
        )

    def _kept(self, sampler, train):
        return sampler.tomek_.sample_indices_


@dataclass(frozen=True)
class SmoteENN(SyntheticSampler):
    """SMOTE, then rows that their neighbours contradict are removed (Batista et al. 2004)."""

    def _sampler(self, nominal_places):
        from imblearn.combine import SMOTEENN
        from imblearn.over_sampling import SMOTE

        return SMOTEENN(
            smote=SMOTE(k_neighbors=self.k_neighbors, random_state=self.seed),
            random_state=self.seed,
        )

    def _kept(self, sampler, train):
        return sampler.enn_.sample_indices_


def require_two_classes(train, balancer):
    counts = class_counts(train, balancer)
    if np.count_nonzero(counts) < 2:
        raise BalanceError(
            f"{balancer} on training rows of one class",
            expected="at least two classes",
            fix="check the target and the split",
        )
    return counts
