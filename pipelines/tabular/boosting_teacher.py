"""Histogram gradient boosting that teaches a net (Ke et al. 2017, LightGBM), out of fold: each row
is answered by trees that were grown without it, so that the soft labels carry no memory of its own
label (arXiv 2605.18654).
"""

from dataclasses import dataclass, replace

import numpy as np

from ..device.cells import CATEGORICAL, NUMERIC, Column
from ..engine.bars import progress_bar
from ..rows.folds import grouped_folds, random_folds
from ..rows.parts import TrainSet, require_train_set
from ..spec import knob
from ..tasks import task_of
from .plain_features import boosting_knobs, tree_features
from .teacher import TreeTeacher, mixed_labels, refuse_other_columns


@dataclass(frozen=True)
class BoostingTeacher(TreeTeacher):
    """Soft labels from gradient boosting of other folds, mixed with the true labels. Groups of rows
    stay whole in a fold.

    Attributes:
        num_folds: Into which the training rows are cut.
        seed: Of folds and trees.
    """

    num_folds: int = knob(5, 2, 50)
    seed: int = knob(0, 0, 2**31 - 1)

    def tiny(self) -> "BoostingTeacher":
        """The same teacher, quick enough for a test."""
        return replace(self, num_folds=2)

    def soften(self, ports: TrainSet, raw: TrainSet) -> np.ndarray:
        """Returns the labels to learn instead of the rows' own, float32 [rows, outputs].

        Args:
            ports: Training rows whose columns are the model's inputs.
            raw: The same rows before the last encoding; trees are grown on these.

        Raises:
            LeakError: The rows are no TrainSet.
            SplitError: The rows are too few for the folds.
            TrainError: The columns are pictures or texts.
        """
        train = require_train_set(raw, "the teacher")
        refuse_other_columns(train)
        train = _as_prepared(train)
        places = np.arange(len(train))
        if train.group is None:
            folds = random_folds(train, places, self.num_folds, seed=self.seed)
        else:
            folds = grouped_folds(train, places, self.num_folds, groups=train.group, seed=self.seed)
        taught = self._answer(train, folds)
        return mixed_labels(train, taught, self.share)

    def _answer(self, train, folds):
        """Returns what the trees of other folds answer, float64 [rows, classes] or [rows]."""
        target = train.schema.target
        shape = (len(train),)
        if task_of(target).has_classes:
            shape = (len(train), len(target.labels))
        taught = np.zeros(shape)
        for others, fold in progress_bar(folds, desc="boosting", unit="fold"):
            features, is_code = tree_features(train.take(others))
            trees = self._grow(features(train.take(others).x), train.y[others], target, is_code)
            x = features(train.take(fold).x)
            if task_of(target).has_classes:
                taught[np.ix_(fold, trees.classes_)] = trees.predict_proba(x)
            else:
                taught[fold] = trees.predict(x)
        return taught

    def _grow(self, x, y, target, is_code):
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        kind = HistGradientBoostingRegressor
        fewest = len(y)
        if task_of(target).has_classes:
            kind = HistGradientBoostingClassifier
            counts = np.bincount(y)
            fewest = counts[counts > 0].min()
        trees = kind(**boosting_knobs(self.seed, fewest), categorical_features=is_code)
        return trees.fit(x, y)


def _as_prepared(train: TrainSet) -> TrainSet:
    """The rows with a schema of the columns that the steps before encoding left or made, each of
    which holds one value a row.
    """
    flat = {}
    for name, x in train.x.items():
        values = np.asarray(x)
        if values.ndim == 1:
            flat[name] = values
            continue
        for place, column in enumerate(values.reshape(len(values), -1).T):
            flat[f"{name}[{place}]"] = column
    columns = tuple(Column(name, _kind(values)) for name, values in flat.items())
    schema = replace(train.schema, columns=columns)
    return replace(train, x=flat, schema=schema)


def _kind(values):
    if values.dtype.kind in "fiub":
        return NUMERIC
    return CATEGORICAL
