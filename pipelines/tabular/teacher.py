"""A forest that teaches a net: trees are strong on small tables and too large for a device, so the
net learns from what they would say.

Each training row is answered only by the trees that did not see it (out-of-bag, Breiman 1996), so
the soft labels carry no memory of the row's own label. Distillation: Hinton, Vinyals, Dean 2015,
https://arxiv.org/abs/1503.02531.
"""

from dataclasses import dataclass, replace

import numpy as np

from ..device.cells import PICTURE, SERIES, TEXT
from ..engine.bars import progress_bar
from ..errors import TrainError
from ..rows.parts import TrainSet, require_train_set
from ..rows.sketch import TOKENS, DataSketch
from ..slots import Teacher
from ..spec import Refusal, knob
from ..tasks import task_of


def refuse_other_columns(train: TrainSet) -> None:
    """Raises TrainError for pictures and texts, which trees cannot split."""
    if any(column.kind in (PICTURE, TEXT) for column in train.schema.columns):
        kinds = ", ".join(sorted({each.kind for each in train.schema.columns}))
        raise TrainError(
            f"trees on columns of {kinds}",
            expected="columns of numbers and categories",
            fix="--set teacher=None",
            stage="teacher",
        )


def mixed_labels(train: TrainSet, taught: np.ndarray, share: float) -> np.ndarray:
    """Returns float32 [rows, outputs]: the true labels with a share of what a teacher answers.

    Args:
        train: rows with their labels.
        taught: of classes float64 [rows, classes], their probabilities; else the values, like `y`.
        share: of the teacher.
    """
    target = train.schema.target
    own, taught = task_of(target).taught_outputs(train.y, taught, target)
    return ((1 - share) * own + share * taught).astype(np.float32)


@dataclass(frozen=True)
class TreeTeacher(Teacher):
    """What teachers of trees share.

    Attributes:
        share: How much of a soft label is the teacher's; the rest is the true label.
    """

    share: float = knob(0.7, 0.01, 1)

    def suits(self, sketch: DataSketch) -> str:
        """Returns why trees cannot be grown on the columns, or ""."""
        if sketch.surely_has(PICTURE, TEXT, SERIES, TOKENS) or sketch.window_steps:
            return Refusal(
                f"trees on columns of {sketch.kind_names()}",
                expected="columns of numbers and categories",
                fix="--set teacher=None",
            )
        return super().suits(sketch)


@dataclass(frozen=True)
class ForestTeacher(TreeTeacher):
    """Soft labels from a forest, mixed with the true labels.

    Attributes:
        num_trees: How many trees are grown.
        min_samples_leaf: The fewest training rows in a leaf.
        max_features: The share of features that each split of a tree may choose from.
        seed: Of the forest.
    """

    num_trees: int = knob(300, 20, 5000)
    min_samples_leaf: int = knob(2, 1, 10_000)
    max_features: float = knob(0.1, 0.001, 1)
    seed: int = knob(0, 0, 2**31 - 1)

    def tiny(self) -> "ForestTeacher":
        """The same teacher, quick enough for a test."""
        return replace(self, num_trees=40)

    def soften(self, ports: TrainSet, raw: TrainSet) -> np.ndarray:
        """float32 [rows, outputs]: labels to learn instead of the rows' own, for training rows
        whose columns are the `ports` (see `steps.to_ports`). Raises TrainError where some row was
        seen by every tree, or for pictures and texts.
        """
        train = require_train_set(ports, "the teacher")
        refuse_other_columns(train)
        x = np.concatenate([each for each in train.x.values()], axis=1)
        target = train.schema.target
        forest = self._grow(x, train)
        if task_of(target).has_classes:
            taught = np.zeros((len(train), len(target.labels)))
            taught[:, forest.classes_] = forest.oob_decision_function_
        else:
            taught = forest.oob_prediction_
        if not np.isfinite(taught).all():
            raise TrainError(
                f"{self.num_trees} trees saw every one of some rows",
                expected="rows out of bag",
                fix="raise teacher.num_trees",
                stage="teacher",
            )
        return mixed_labels(train, taught, self.share)

    def _grow(self, x, train):
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        if task_of(train.schema.target).has_classes:
            kind = RandomForestClassifier
        else:
            kind = RandomForestRegressor
        forest = kind(
            0,
            min_samples_leaf=self.min_samples_leaf,
            max_features=self.max_features,
            n_jobs=-1,
            random_state=self.seed,
            warm_start=True,
            bootstrap=True,
        )
        with progress_bar(total=self.num_trees, desc="forest", unit="tree") as bar:
            for grown in range(0, self.num_trees, 20):
                upto = min(grown + 20, self.num_trees)
                forest.set_params(n_estimators=upto, oob_score=upto == self.num_trees)
                forest.fit(x, train.y)
                bar.update(upto - grown)
        return forest
