"""How well one column alone predicts the target, measured within training rows.

A number counts by its rank and by the mean target of the values around it, a category by the mean
target of its rows. Means are out of fold: the rows of a fold are scored by means of the other
folds, so that a category of one row predicts nothing, and groups are never on both sides.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..device.visible import shorten
from ..rows.columns import has_single_cells
from ..rows.parts import TrainSet, require_train_set
from ..tasks import task_of
from .cell_means import (
    area_of_ranks,
    area_out_of_fold,
    correlation,
    cut_column,
    draw_folds,
    means_out_of_fold,
    ranks_of,
    ranks_of_cells,
    row_means,
)

MAX_ROWS = 50_000
# The noise of many columns adds up: each is cut coarsely.
MAX_PARTS_OF_SUM = 8
# Classes that are scored one against the rest: those of at least so many rows, and at most so many
# classes.
MIN_ROWS = 10
MAX_CLASSES = 20
# An area under the curve counts where it lies so many standard errors above chance: thousands of
# columns are looked at.
MIN_STANDARD_ERRORS = 5


@dataclass(frozen=True)
class Measure:
    """A score of one column.

    Attributes:
        name: Of the score, in words.
        value: 1.0 where the column determines the target.
    """

    name: str
    value: float


class ColumnScorer:
    """Scores columns of training rows, at most MAX_ROWS of them.

    Attributes:
        train: The rows that are looked at.
        suits: Whether columns can be scored: not where the target is neither a class nor a number a
            row, and not where rows are too few.
    """

    def __init__(self, train: TrainSet):
        """Draws the rows and their folds.

        Raises:
            LeakError: For rows that are no TrainSet.
        """
        train = require_train_set(train, "single_column.ColumnScorer")
        task = task_of(train.schema.target)
        has_scores = task.has_one_truth or task.has_label_sets
        self.train = train
        self.suits = has_scores and len(train) >= MIN_ROWS
        if not self.suits:
            return
        random = np.random.default_rng(0)
        self.train = _sample(train, random)
        self._truth = _truth_of(self.train, task)
        self._folds = draw_folds(self.train, random)
        self.suits = self._truth.suits

    def score_each(self) -> dict[str, Measure]:
        """Returns column → its score alone, of numbers, dates, truth values and categories."""
        scores: dict[str, Measure] = {}
        if not self.suits:
            return scores
        for name, x in self.train.x.items():
            if has_single_cells(x):
                parts, ranks = cut_column(x)
                scores[name] = self._truth.measure(
                    parts,
                    self._folds,
                    ranks,
                )
        return scores

    @property
    def chance(self) -> float:
        """The score of a column that states nothing."""
        return self._truth.chance

    def score_codes(self, codes: np.ndarray) -> Measure:
        """Scores a category that is no column.

        Args:
            codes: int64 [rows], from 0.
        """
        return self._truth.measure(codes, self._folds, None)

    def score_sum(self, names: Sequence[str]) -> float:
        """Returns the score of what columns state together, were they independent (naive Bayes): of
        classes the sum of their log-odds, of numbers the sum of their means, each out of fold.
        """
        if not names:
            return self.chance
        parts = []
        for name in names:
            of_column, _ = cut_column(self.train.x[name], MAX_PARTS_OF_SUM)
            parts.append(of_column)
        return self._truth.measure_sum(parts, self._folds)


def _sample(train, random):
    """Returns at most MAX_ROWS of the rows, in their order."""
    if len(train) <= MAX_ROWS:
        return train
    places = random.choice(len(train), MAX_ROWS, replace=False)
    return train.take(np.sort(places))


def _truth_of(train, task):
    if task.has_label_sets:
        return _LabelTruth(train)
    if train.schema.target.labels:
        return _ClassTruth(train)
    return _NumberTruth(train)


class _ClassTruth:
    """Classes: the area under the ROC curve, of more than two the mean of each against the rest."""

    chance = 0.5

    def __init__(self, train):
        num_rows = len(train)
        counts = np.bincount(train.y)
        classes = _most_frequent(counts)
        self._is_binary = len(train.schema.target.labels) == 2
        if self._is_binary:
            # The area of one class is that of the other.
            classes = classes[classes == 1]
        counts = counts[classes]
        fewest_inside = counts.min(initial=num_rows)
        fewest_outside = num_rows - counts.max(initial=0)
        fewest = min(fewest_inside, fewest_outside)
        self.suits = len(classes) > 0 and fewest > 0
        self._error = _standard_error(fewest, num_rows)
        self._y = []
        for each in classes:
            is_class = train.y == each
            self._y.append(is_class.astype(np.float64))

    def measure(self, parts, folds, ranks):
        """Scores a column.

        Args:
            parts: int64 [rows], the part of each row.
            folds: int64 [rows], the fold of each row.
            ranks: float64 [rows] of numbers, None of categories.
        """
        areas = self._areas(parts, folds, ranks)
        value = self._significant(float(np.mean(areas)))
        if self._is_binary:
            return Measure("ROC-AUC", value)
        return Measure("mean ROC-AUC of the classes", value)

    def measure_sum(self, columns, folds):
        """Scores the sum of what columns state, each given by its parts."""
        areas = []
        for y in self._y:
            evidence = np.zeros(len(y))
            for parts in columns:
                shares = row_means(y, parts, folds)
                evidence += np.log(shares / (1 - shares))
            ranks = ranks_of(evidence)
            area = area_of_ranks(
                ranks @ y,
                y.sum(),
                len(y),
            )
            areas.append(area)
        return self._over_classes(areas)

    def _over_classes(self, areas):
        return float(np.mean(areas))

    def _areas(self, parts, folds, ranks):
        areas = []
        for y in self._y:
            area = area_out_of_fold(y, parts, folds)
            if ranks is not None:
                rank_sum = ranks @ y
                rank_area = area_of_ranks(
                    rank_sum,
                    y.sum(),
                    len(y),
                )
                # A number may fall as the class grows likely.
                area = max(
                    area,
                    rank_area,
                    1 - rank_area,
                )
            areas.append(area)
        return areas

    def _significant(self, value):
        if value - 0.5 < MIN_STANDARD_ERRORS * self._error:
            return 0.5
        return value


class _LabelTruth(_ClassTruth):
    """Several labels a row: the largest area under the ROC curve of a label."""

    def __init__(self, train):
        num_rows = len(train)
        counts = train.y.sum(axis=0)
        fewest = np.minimum(counts, num_rows - counts)
        places = _most_frequent(fewest)
        self.suits = len(places) > 0
        rarest = int(fewest[places].min(initial=num_rows))
        self._error = _standard_error(rarest, num_rows)
        self._labels = []
        self._y = []
        for place in places:
            has_label = train.y[:, place]
            label = train.schema.target.labels[place]
            self._labels.append(label)
            self._y.append(has_label.astype(np.float64))

    def measure(self, parts, folds, ranks):
        """Scores a column, as of classes."""
        areas = self._areas(parts, folds, ranks)
        best = int(np.argmax(areas))
        area = float(areas[best])
        label = shorten(self._labels[best])
        return Measure(f"ROC-AUC of the label {label}", self._significant(area))

    def _over_classes(self, areas):
        return float(np.max(areas))


def _most_frequent(counts):
    """Returns the places of at most MAX_CLASSES counts, the largest first, of MIN_ROWS or more."""
    places = np.argsort(-counts, kind="stable")
    places = places[:MAX_CLASSES]
    is_frequent = counts[places] >= MIN_ROWS
    return places[is_frequent]


def _standard_error(fewest, num_rows):
    """Returns the standard error of an area when classes are drawn at random.

    Args:
        fewest: The rows of the rarest class.
        num_rows: The rows of all classes.
    """
    num_inside = max(fewest, 1)
    num_outside = max(num_rows - fewest, 1)
    num_pairs = num_inside * num_outside
    variance = (num_rows + 1) / (12 * num_pairs)
    return np.sqrt(variance)


class _NumberTruth:
    """Numbers: the absolute rank correlation."""

    suits = True
    chance = 0.0

    def __init__(self, train):
        ranks = ranks_of(train.y)
        centered = ranks - ranks.mean()
        spread = ranks.std()
        self.suits = spread > 0
        self._y = centered / max(spread, 1e-9)

    def measure_sum(self, columns, folds):
        """Scores the sum of what columns state, each given by its parts."""
        num_rows = len(self._y)
        values = np.zeros(num_rows)
        for parts in columns:
            values += row_means(self._y, parts, folds)
        ranks = ranks_of(values)
        centered = ranks - ranks.mean()
        return correlation(centered @ self._y, centered @ centered, num_rows)

    def measure(self, parts, folds, ranks):
        """Scores a column, as of classes."""
        num_rows = len(self._y)
        means, counts, sums = means_out_of_fold(self._y, parts, folds)
        mean_rank = (num_rows + 1) / 2
        centered = ranks_of_cells(means, counts) - mean_rank
        square = counts @ centered**2
        value = correlation(centered @ sums, square, num_rows)
        if ranks is not None:
            centered = ranks - ranks.mean()
            square = centered @ centered
            of_ranks = correlation(centered @ self._y, square, num_rows)
            value = max(value, abs(of_ranks))
        return Measure("rank correlation", value)
