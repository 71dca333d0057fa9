"""How well one column alone predicts the target, measured within training rows.

A number counts by its rank and by the mean target of the values around it, a category by the mean
target of its rows. Means are out of fold: the rows of a fold are scored by means of the other
folds, so that a category of one row predicts nothing, and groups are never on both sides.
"""

from dataclasses import dataclass

import numpy as np

from ..device.visible import shorten
from ..rows.parts import TrainSet, require_train_set
from ..tasks import task_of

MAX_ROWS = 50_000
NUM_FOLDS = 5
MAX_PARTS = 64
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


def score_columns(train: TrainSet) -> dict[str, Measure]:
    """Scores each column of numbers, dates, truth values and categories alone.

    Args:
        train: The training rows, of which at most MAX_ROWS are read.

    Returns:
        Column → its score. Empty where the target is neither a class nor a number a row, and where
        rows are too few.

    Raises:
        LeakError: For rows that are no TrainSet.
    """
    train = require_train_set(train, "single_column.score_columns")
    task = task_of(train.schema.target)
    has_scores = task.has_one_truth or task.has_label_sets
    if not has_scores or len(train) < MIN_ROWS:
        return {}
    random = np.random.default_rng(0)
    train = _sample(train, random)
    truth = _truth_of(train, task)
    folds = _folds(train, random)
    scores: dict[str, Measure] = {}
    if not truth.suits:
        return scores
    for name, x in train.x.items():
        if not _is_scored(x):
            continue
        parts, ranks = _parts(x)
        scores[name] = truth.measure(parts, folds, ranks)
    return scores


def _is_scored(x):
    """Tests whether a column holds one number, date or category a row."""
    if x.ndim != 1:
        return False
    return x.dtype.kind in "fMO"


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

    def _areas(self, parts, folds, ranks):
        areas = []
        for y in self._y:
            area = _area_out_of_fold(y, parts, folds)
            if ranks is not None:
                rank_sum = ranks @ y
                rank_area = _area(rank_sum, y.sum(), len(y))
                # A number may fall as the class grows likely.
                area = max(area, rank_area, 1 - rank_area)
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

    def __init__(self, train):
        ranks = _ranks(train.y)
        centered = ranks - ranks.mean()
        self._y = centered / ranks.std()

    def measure(self, parts, folds, ranks):
        """Scores a column, as of classes."""
        num_rows = len(self._y)
        means, counts, sums = _means_out_of_fold(self._y, parts, folds)
        mean_rank = (num_rows + 1) / 2
        centered = _ranks_of_cells(means, counts) - mean_rank
        square = counts @ centered**2
        value = _correlation(centered @ sums, square, num_rows)
        if ranks is not None:
            centered = ranks - ranks.mean()
            square = centered @ centered
            of_ranks = _correlation(centered @ self._y, square, num_rows)
            value = max(value, abs(of_ranks))
        return Measure("rank correlation", value)


def _folds(train, random):
    """Draws the fold of each row, int64 [rows]: one for all rows of a group."""
    groups = np.arange(len(train))
    if train.group is not None:
        _, groups = np.unique(train.group, return_inverse=True)
    num_groups = groups.max() + 1
    order = random.permutation(num_groups)
    return order[groups] % NUM_FOLDS


def _parts(x):
    """Returns the parts of a column: each category one; of numbers and dates parts with about as
    many rows each, and equal values in one. Missing values come first.

    Returns:
        int64 [rows], the part of each row; float64 [rows], the ranks, or None of categories.
    """
    import pandas as pd

    if x.dtype.kind == "O":
        codes, _ = pd.factorize(x)
        return codes + 1, None
    if x.dtype.kind == "M":
        is_absent = np.isnat(x)
        x = x.astype(np.int64)
    else:
        is_absent = np.isnan(x)
    values = np.where(is_absent, -np.inf, x)
    ranks = _ranks(values)
    num_rows = len(x)
    num_parts = num_rows // MIN_ROWS
    num_parts = np.clip(num_parts, 2, MAX_PARTS)
    places = (ranks - 0.5) * num_parts / num_rows
    parts = 1 + places.astype(np.int64)
    parts = np.where(is_absent, 0, parts)
    return parts, ranks


def _area_out_of_fold(y, parts, folds):
    """Returns the area under the ROC curve of the rows, scored by the means of other folds."""
    means, counts, sums = _means_out_of_fold(y, parts, folds)
    cell_ranks = _ranks_of_cells(means, counts)
    rank_sum = cell_ranks @ sums
    return _area(rank_sum, sums.sum(), len(y))


def _means_out_of_fold(y, parts, folds):
    """Computes what is known of each cell, which is a fold of a part.

    Args:
        y: float64 [rows].
        parts: int64 [rows].
        folds: int64 [rows].

    Returns:
        Three times float64 [cells]: the mean of y over the other folds of the part, drawn to the
        mean of all as by one row more; the number of rows; the sum of y.
    """
    num_parts = parts.max() + 1
    shape = (NUM_FOLDS, num_parts)
    num_cells = NUM_FOLDS * num_parts
    cells = folds * num_parts + parts
    counts = np.bincount(cells, minlength=num_cells)
    counts = counts.reshape(shape)
    sums = np.bincount(cells, y, minlength=num_cells)
    sums = sums.reshape(shape)
    other_sums = sums.sum(axis=0) - sums
    other_counts = counts.sum(axis=0) - counts
    means = other_sums + y.mean()
    means = means / (other_counts + 1)
    num_rows = counts.ravel()
    return means.ravel(), num_rows.astype(np.float64), sums.ravel()


def _ranks(values):
    from scipy.stats import rankdata

    return rankdata(values)


def _ranks_of_cells(means, counts):
    """Returns float64 [cells]: the mean rank from 1 of the rows of each cell, were they sorted by
    its mean.
    """
    _, places = np.unique(means, return_inverse=True)
    together = np.bincount(places, counts)
    last_ranks = np.cumsum(together)
    mean_ranks = last_ranks - (together - 1) / 2
    return mean_ranks[places]


def _area(rank_sum, positives, num_rows):
    """Returns the area under the ROC curve of the sum of the ranks of the positive rows."""
    least_sum = positives * (positives + 1) / 2
    negatives = num_rows - positives
    num_pairs = positives * negatives
    area = (rank_sum - least_sum) / num_pairs
    return float(area)


def _correlation(product, square, num_rows):
    """Returns the correlation with a target of mean 0 and variance 1.

    Args:
        product: Of the values around their mean with the target.
        square: The sum of the squares of these values.
        num_rows: The number of rows.
    """
    if not square > 0:
        return 0.0
    norm = np.sqrt(square * num_rows)
    return float(product / norm)
