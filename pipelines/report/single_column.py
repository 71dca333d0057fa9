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
    """A score of a column: `name` in words, and `value`, 1.0 where the column determines the
    target.
    """

    name: str
    value: float


def score_columns(train: TrainSet) -> dict[str, Measure]:
    """Scores each column [rows] of numbers, dates, truth values and categories alone, on at most
    MAX_ROWS rows.

    Returns:
        Column → its score. Empty where the target is neither a class nor a number a row, and where
        rows are too few.
    """
    train = require_train_set(train, "single_column.score_columns")
    task = task_of(train.schema.target)
    if not (task.has_one_truth or task.has_label_sets) or len(train) < MIN_ROWS:
        return {}
    random = np.random.default_rng(0)
    if len(train) > MAX_ROWS:
        train = train.take(np.sort(random.choice(len(train), MAX_ROWS, replace=False)))
    if task.has_label_sets:
        truth = _LabelTruth(train)
    elif train.schema.target.labels:
        truth = _ClassTruth(train)
    else:
        truth = _NumberTruth(train)
    folds = _folds(train, random)
    scores = {}
    for name, x in train.x.items():
        if truth.suits and x.ndim == 1 and x.dtype.kind in "fMO":
            parts, ranks = _parts(x)
            scores[name] = truth.measure(parts, folds, ranks)
    return scores


class _ClassTruth:
    """Classes: the area under the ROC curve, of more than two the mean of each against the rest."""

    def __init__(self, train):
        counts = np.bincount(train.y)
        classes = np.argsort(-counts, kind="stable")[:MAX_CLASSES]
        classes = classes[counts[classes] >= MIN_ROWS]
        self._binary = len(train.schema.target.labels) == 2
        if self._binary:
            classes = classes[classes == 1]
        num_rows = len(train)
        fewest_inside = counts[classes].min(initial=num_rows)
        fewest_outside = num_rows - counts[classes].max(initial=0)
        fewest = min(fewest_inside, fewest_outside)
        self.suits = len(classes) > 0 and fewest > 0
        # The standard error of the area when classes are drawn at random.
        num_pairs = max(fewest, 1) * max(num_rows - fewest, 1)
        self._error = np.sqrt((num_rows + 1) / (12 * num_pairs))
        self._y = [(train.y == each).astype(np.float64) for each in classes]

    def measure(self, parts, folds, ranks):
        """parts, folds: int64 [rows]; ranks: float64 [rows] of numbers, or None."""
        value = self._significant(float(np.mean(self._areas(parts, folds, ranks))))
        if self._binary:
            return Measure("ROC-AUC", value)
        return Measure("mean ROC-AUC of the classes", value)

    def _areas(self, parts, folds, ranks):
        areas = []
        for y in self._y:
            means, counts, sums = _means_out_of_fold(y, parts, folds)
            cell_ranks = _ranks_of_cells(means, counts)
            area = _area(cell_ranks @ sums, sums.sum(), len(y))
            if ranks is not None:
                straight = _area(ranks @ y, y.sum(), len(y))
                area = max(area, straight, 1 - straight)
            areas.append(area)
        return areas

    def _significant(self, value):
        if value - 0.5 < MIN_STANDARD_ERRORS * self._error:
            return 0.5
        return value


class _LabelTruth(_ClassTruth):
    """Several labels a row: the largest area under the ROC curve of a label."""

    def __init__(self, train):
        counts = train.y.sum(axis=0)
        num_rows = len(train)
        fewest = np.minimum(counts, num_rows - counts)
        places = np.argsort(-fewest, kind="stable")[:MAX_CLASSES]
        places = places[fewest[places] >= MIN_ROWS]
        self.suits = len(places) > 0
        least = int(fewest[places].min(initial=num_rows))
        # The standard error of the area of the rarest label when labels are drawn at random.
        num_pairs = max(least, 1) * max(num_rows - least, 1)
        self._error = np.sqrt((num_rows + 1) / (12 * num_pairs))
        self._labels = [train.schema.target.labels[place] for place in places]
        self._y = [train.y[:, place].astype(np.float64) for place in places]

    def measure(self, parts, folds, ranks):
        """As of classes."""
        areas = self._areas(parts, folds, ranks)
        best = int(np.argmax(areas))
        label = shorten(self._labels[best])
        return Measure(f"ROC-AUC of the label {label}", self._significant(float(areas[best])))


class _NumberTruth:
    """Numbers: the absolute rank correlation."""

    suits = True

    def __init__(self, train):
        ranks = _ranks(train.y)
        self._y = (ranks - ranks.mean()) / ranks.std()

    def measure(self, parts, folds, ranks):
        """parts, folds: int64 [rows]; ranks: float64 [rows] of numbers, or None."""
        num_rows = len(self._y)
        means, counts, sums = _means_out_of_fold(self._y, parts, folds)
        places = _ranks_of_cells(means, counts) - (num_rows + 1) / 2
        found = _correlation(places @ sums, counts @ places**2, num_rows)
        if ranks is not None:
            places = ranks - ranks.mean()
            straight = _correlation(places @ self._y, places @ places, num_rows)
            found = max(found, abs(straight))
        return Measure("rank correlation", found)


def _folds(train, random):
    """int64 [rows]: the fold of each row, one for all rows of a group."""
    if train.group is None:
        groups = np.arange(len(train))
    else:
        groups = np.unique(train.group, return_inverse=True)[1]
    return random.permutation(groups.max() + 1)[groups] % NUM_FOLDS


def _parts(x):
    """(int64 [rows], the part of each row; float64 [rows], the ranks, or None of categories): each
    category a part, of numbers and dates parts with about as many rows each and equal values in
    one. Missing values come first.
    """
    import pandas as pd

    if x.dtype.kind == "O":
        return pd.factorize(x)[0] + 1, None
    if x.dtype.kind == "M":
        absent = np.isnat(x)
        x = x.astype(np.int64)
    else:
        absent = np.isnan(x)
    ranks = _ranks(np.where(absent, -np.inf, x))
    num_parts = np.clip(len(x) // MIN_ROWS, 2, MAX_PARTS)
    parts = 1 + ((ranks - 0.5) * num_parts / len(x)).astype(np.int64)
    return np.where(absent, 0, parts), ranks


def _means_out_of_fold(y, parts, folds):
    """Of each cell, which is a fold of a part: the mean of float64 y [rows] over the other folds of
    the part, drawn to the mean of all as by one row more; its rows; the sum of its y. Each float64
    [cells].
    """
    num_parts = parts.max() + 1
    cells = folds * num_parts + parts
    num_cells = NUM_FOLDS * num_parts
    counts = np.bincount(cells, minlength=num_cells).reshape(NUM_FOLDS, num_parts)
    sums = np.bincount(cells, y, minlength=num_cells).reshape(NUM_FOLDS, num_parts)
    other_sums = sums.sum(axis=0) - sums
    other_counts = counts.sum(axis=0) - counts
    means = (other_sums + y.mean()) / (other_counts + 1)
    return means.ravel(), counts.ravel().astype(np.float64), sums.ravel()


def _ranks(values):
    from scipy.stats import rankdata

    return rankdata(values)


def _ranks_of_cells(means, counts):
    """float64 [cells]: the mean rank from 1 of the rows of each cell, were they sorted by
    its mean.
    """
    _, places = np.unique(means, return_inverse=True)
    together = np.bincount(places, counts)
    return (np.cumsum(together) - (together - 1) / 2)[places]


def _area(rank_sum, positives, num_rows):
    """The area under the ROC curve of the sum of the ranks of the positive rows."""
    least_sum = positives * (positives + 1) / 2
    num_pairs = positives * (num_rows - positives)
    return float((rank_sum - least_sum) / num_pairs)


def _correlation(product, square, num_rows):
    """Of the product with a target of mean 0 and variance 1, and the sum of squares around the
    mean.
    """
    if square > 0:
        return float(product / np.sqrt(square * num_rows))
    return 0.0
