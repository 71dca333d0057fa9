"""More losses of classes: for rare ones, for margins, and for a teacher's probabilities."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from ..device.target import Target
from ..errors import RecipeError
from ..rows.parts import TrainSet
from ..rows.sketch import DataSketch
from ..spec import knob
from ..tasks import task_of
from ..tasks.costs import check_matrix
from .label_weights import weigh_labels
from .losses import ClassLoss, CrossEntropy, Focal


@dataclass(frozen=True)
class ClassBalanced(ClassLoss):
    """Cross-entropy, or focal loss, in which each class counts by the inverse of its effective
    number of rows, (1 - beta) / (1 - beta ** rows): Cui et al. 2019,
    https://arxiv.org/abs/1901.05555.

    Attributes:
        beta: 0: all rows count alike; towards 1: all classes do.
        gamma: Of the focal loss (see `Focal`); 0 is cross-entropy.
        counts: Rows of each class; of labels that are each yes or no those without each, then those
            with each. (): those of the training rows.
    """

    beta: float = knob(0.999, 0, 0.9999999)
    gamma: float = knob(0.0, 0, 10)
    counts: tuple[int, ...] = knob((), 0, 2**40)

    weighs_classes: ClassVar[bool] = True

    def learned(self, rows: TrainSet) -> "ClassBalanced":
        """Returns the same with the counts of training rows, if it has none."""
        if self.counts:
            return self
        if rows.y.ndim == 2:
            lacking = (rows.y == 0).sum(axis=0)
            having = (rows.y == 1).sum(axis=0)
            counts = np.concatenate([lacking, having])
        else:
            counts = rows.count_classes()
        return replace(self, counts=tuple(int(count) for count in counts))

    def class_weights(self) -> np.ndarray:
        """Returns what each of `counts` weighs, float32, their mean 1; a class without rows weighs
        as much as one of one row.
        """
        counts = np.maximum(np.array(self.counts, np.float64), 1.0)
        effective = (1 - self.beta**counts) / (1 - self.beta)
        weights = 1 / effective
        shares = weights / weights.mean()
        return shares.astype(np.float32)

    def build(self, target: Target) -> Callable[[Any, Any], Any]:
        """Returns the loss of Keras with the weights of classes."""
        from keras import ops

        plain = CrossEntropy().build(target)
        if self.gamma:
            plain = Focal(self.gamma).build(target)
        if not self.counts:
            return plain
        weights = self.class_weights()
        if task_of(target).output_kind == "sigmoid":
            return weigh_labels(plain, weights.reshape(2, -1))

        def weighted(y_true, y_pred):
            of_class = ops.sum(y_true * weights, axis=-1)
            return plain(y_true, y_pred) * of_class

        return weighted


@dataclass(frozen=True)
class Tversky(ClassLoss):
    """One less the share of hits among hits, misses and false alarms, of a whole batch: Salehi et
    al. 2017, https://arxiv.org/abs/1706.05721; with a half for both it is the Dice loss, one less a
    soft F1. The mean over classes; of two classes that of the second one. It needs batches that
    hold every class, so `training.batch_size` should be large.

    Attributes:
        misses: What a miss counts: more for higher recall.
        false_alarms: What a false alarm counts: more for higher precision.
    """

    misses: float = knob(0.7, 0, 10)
    false_alarms: float = knob(0.3, 0, 10)

    is_of_batch: ClassVar[bool] = True
    weighs_classes: ClassVar[bool] = True

    def learned(self, rows: TrainSet) -> "Tversky":
        """Returns the same. Raises RecipeError for rows that count differently: a batch has one
        value.
        """
        if np.ptp(rows.weight) == 0:
            return self
        raise RecipeError(
            f"training.loss={self!r} of rows with weights of {rows.weight.min():g} to "
            f"{rows.weight.max():g}",
            expected="rows that count alike: the loss is of a whole batch",
            fix="--set balance=None, and more training.loss.misses for a rare class",
        )

    def build(self, target: Target) -> Callable[[Any, Any], Any]:
        """Returns keras.losses.Tversky over the rows of a batch, the same for each row."""
        import keras

        ops = keras.ops
        activate = ops.softmax
        if task_of(target).output_kind == "sigmoid":
            activate = ops.sigmoid
        # In Keras 3.15 alpha is of what is true and not predicted, against its own description.
        of_batch = keras.losses.Tversky(
            alpha=self.misses, beta=self.false_alarms, axis=(0,), reduction=None
        )

        def by_row(y_true, y_pred):
            chances = activate(y_pred)
            by_label = of_batch(y_true, chances)
            by_member = ops.mean(by_label, axis=-1)
            rows_and_members = ops.shape(y_pred)[:2]
            return ops.broadcast_to(by_member, rows_and_members)

        return by_row


@dataclass(frozen=True)
class Hinge(ClassLoss):
    """By how much a row misses a margin of 1 on the right side, and nothing beyond it: Cortes and
    Vapnik 1995, https://doi.org/10.1007/BF00994018; of more classes, the margin of the true one
    over the highest of the others or zero. Outputs are distances, no log-odds: with
    `shipping.probabilities` they become probabilities.

    Attributes:
        squared: Whether the miss is squared, which heeds large ones more.
    """

    squared: bool = False

    def build(self, target: Target) -> Callable[[Any, Any], Any]:
        """Returns keras.losses.Hinge, SquaredHinge or CategoricalHinge."""
        import keras

        if task_of(target).output_kind == "sigmoid":
            kind = keras.losses.Hinge
            if self.squared:
                kind = keras.losses.SquaredHinge
            by_sign = kind(reduction=None)
            return lambda y_true, y_pred: by_sign(2.0 * y_true - 1.0, y_pred)
        by_class = keras.losses.CategoricalHinge(reduction=None)
        if self.squared:
            return lambda y_true, y_pred: keras.ops.square(by_class(y_true, y_pred))
        return by_class


@dataclass(frozen=True)
class KullbackLeibler(ClassLoss):
    """The information lost where the net's probabilities stand in for the labels': Kullback and
    Leibler 1951, https://doi.org/10.1214/aoms/1177729694. It is cross-entropy less the entropy of
    the labels: the same gradient, and zero at a teacher's own answers, so that the curve shows how
    far a student is from its teacher.
    """

    def build(self, target: Target) -> Callable[[Any, Any], Any]:
        """Returns Keras' cross-entropy of logits less the entropy of the labels."""
        from keras import ops

        entropy = CrossEntropy().build(target)
        is_sigmoid = task_of(target).output_kind == "sigmoid"

        def divergence(y_true, y_pred):
            own = _information(y_true)
            crossed = entropy(y_true, y_pred)
            if not is_sigmoid:
                return crossed + ops.sum(own, axis=-1)
            of_the_other = _information(1.0 - y_true)
            return crossed + ops.mean(own + of_the_other, axis=-1)

        return divergence


@dataclass(frozen=True)
class ExpectedCost(ClassLoss):
    """What the net's probabilities make mistakes cost on average: Elkan 2001,
    https://dl.acm.org/doi/10.5555/1642194.1642224, as a share of the largest cost; and a part of
    cross-entropy, for a net that is surely wrong would have no slope (as Galdran et al. 2020 have
    both, https://arxiv.org/abs/2010.00291). `judge.costs` and `judge.threshold=cost` decide by the
    same matrix.

    Attributes:
        costs: A line for each true class with a cost for each answer, in the order of the target's
            labels.
        entropy: How much of cross-entropy is added.
    """

    costs: tuple[tuple[float, ...], ...] = ((0.0, 1.0), (1.0, 0.0))
    entropy: float = knob(0.1, 0, 100)

    weighs_classes: ClassVar[bool] = True

    def check(self) -> None:
        """Raises RecipeError for costs that are no square, or a right answer that costs most."""
        check_matrix(self.costs, "training.loss.costs")

    def suits(self, sketch: DataSketch) -> str:
        """Returns why not, if no target of one class a row is possible."""
        if sketch.may_have_classes():
            return ""
        return f"ExpectedCost is a loss of one class a row: the task is {sketch.task_names()}"

    def suits_target(self, target: Target) -> str:
        """Returns why not, for a target without classes or with another number of them."""
        if not task_of(target).has_classes:
            return f"ExpectedCost is a loss of one class a row, and {target.name!r} has none"
        if len(self.costs) != len(target.labels):
            return f"costs of {len(self.costs)} classes for {len(target.labels)} labels"
        return ""

    def build(self, target: Target) -> Callable[[Any, Any], Any]:
        """Returns the expected cost and the part of Keras' cross-entropy."""
        from keras import ops

        crossed = CrossEntropy().build(target)
        matrix = np.asarray(self.costs, np.float32)
        matrix = matrix / matrix.max()
        is_sigmoid = task_of(target).output_kind == "sigmoid"

        def expected(y_true, y_pred):
            truth = y_true
            if is_sigmoid:
                second = ops.sigmoid(y_pred)
                chances = ops.concatenate([1.0 - second, second], axis=-1)
                truth = ops.concatenate([1.0 - y_true, y_true], axis=-1)
            else:
                chances = ops.softmax(y_pred)
            of_truth = ops.matmul(truth, matrix)
            cost = ops.sum(of_truth * chances, axis=-1)
            return cost + self.entropy * crossed(y_true, y_pred)

        return expected


def _information(shares):
    """share * log(share), 0 of 0."""
    from keras import ops

    return shares * ops.log(ops.maximum(shares, 1e-7))
