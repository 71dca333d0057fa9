"""Starts from which a few examples of new classes are learned in a few steps, learned over tasks
that are made from known classes.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import RecipeError, TrainError
from ..slots import Optimizer
from ..spec import check_knobs, knob
from ..training.optimizers import Adam, Sgd

Weights = list[np.ndarray]


@dataclass(frozen=True, eq=False)
class ClassRows:
    """Rows of classes, which tasks are drawn from.

    Attributes:
        x: Inputs by port, arrays [rows, ...].
        y: int64 [rows], the class of each row.
    """

    x: Mapping[str, np.ndarray]
    y: np.ndarray

    def draw(
        self, num_ways: int, num_examples: int, random: np.random.Generator
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Draws some classes, and rows of each in turns.

        Args:
            num_ways: Classes.
            num_examples: Rows of each.
            random: Of the draw; it also decides which place a class has.

        Returns:
            Inputs by port, and int32 [rows], the place of each row's class in the task.

        Raises:
            RecipeError: There are fewer classes, or one of them has fewer rows.
        """
        classes, counts = np.unique(self.y, return_counts=True)
        if len(classes) < num_ways or counts.min() < num_examples:
            raise RecipeError(
                f"tasks of {num_ways} classes and {num_examples} rows of each, of {len(classes)} "
                f"classes whose smallest has {counts.min()} rows",
                expected="as many classes and rows",
                fix="fewer ways or examples",
            )
        chosen = random.permutation(classes)[:num_ways]
        places = []
        for each in chosen:
            mixed = random.permutation(np.flatnonzero(self.y == each))
            places.append(mixed[:num_examples])
        in_turns = np.stack(places, axis=1).ravel()
        y = np.tile(np.arange(num_ways, dtype=np.int32), num_examples)
        return _rows_at(self.x, in_turns), y


class TaskNet:
    """A net that learns a task by plain gradient descent from weights that are put into it.

    Nothing is dropped, and batch normalization stands still at the mean 0 and the variance 1: a
    task has too few rows to measure them, and those of other classes are not its own.

    Args:
        model: An untrained keras.Model, inputs by port → logits [rows, members, classes].
    """

    def __init__(self, model: Any):
        import tensorflow as tf

        self._model = model
        self._variables = model.trainable_variables
        self._gradient = tf.function(self._untraced_gradient, reduce_retracing=True)
        self._descend = tf.function(self._untraced_descent, reduce_retracing=True)
        self._logits = tf.function(self._untraced_logits, reduce_retracing=True)

    @property
    def weights(self) -> Weights:
        """The weights as they are now."""
        return [np.array(each.numpy()) for each in self._variables]

    def put(self, weights: Weights) -> None:
        """Puts weights into the net."""
        for variable, value in zip(
            self._variables,
            weights,
            strict=True,
        ):
            variable.assign(value)

    def learn(self, x: Mapping[str, np.ndarray], y: np.ndarray, *, steps: int, rate: float) -> None:
        """Takes steps of gradient descent on all rows together.

        Args:
            x: Inputs by port.
            y: int32 [rows], classes.
            steps: How many.
            rate: Of each.
        """
        import tensorflow as tf

        self._descend(
            dict(x),
            y,
            tf.constant(steps),
            tf.constant(rate, tf.float32),
        )

    def gradient(self, x: Mapping[str, np.ndarray], y: np.ndarray) -> list:
        """Returns the gradient of the mean cross-entropy, a tensor a variable."""
        return self._gradient(dict(x), y)

    def move(self, optimizer: Any, directions: Weights) -> None:
        """Moves the weights by an optimizer of Keras, which takes the directions for a gradient."""
        optimizer.apply(directions, self._variables)

    def answers(self, x: Mapping[str, np.ndarray]) -> np.ndarray:
        """Returns the class of each row, int64 [rows]."""
        logits = self._logits(dict(x))
        return logits.numpy().argmax(axis=1)

    def _untraced_descent(self, x, y, steps, rate):
        import tensorflow as tf

        for _ in tf.range(steps):
            slopes = self._untraced_gradient(x, y)
            for place, variable in enumerate(self._variables):
                variable.assign_sub(rate * slopes[place])

    def _untraced_logits(self, x):
        import tensorflow as tf

        outputs = self._model(x, training=False)
        return tf.reduce_mean(outputs, axis=1)

    def _untraced_gradient(self, x, y):
        import tensorflow as tf

        with tf.GradientTape() as tape:
            logits = self._untraced_logits(x)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits)
            loss = tf.reduce_mean(losses)
        return tape.gradient(loss, self._variables)


@dataclass(frozen=True)
class LearnedStart(ABC):
    """A way to learn a start: what moves the weights after each task.

    Attributes:
        optimizer: Moves the start; its rate falls to zero in a straight line.
        num_tasks: How many are drawn, one after the other.
        num_examples: Rows of each class that a task is learned from.
        num_steps: Of gradient descent in a task.
        step_rate: Of each of them.
    """

    optimizer: Optimizer
    num_tasks: int = knob(
        400,
        1,
        1_000_000,
    )
    num_examples: int = knob(
        3,
        1,
        1000,
    )
    num_steps: int = knob(
        5,
        1,
        1000,
    )
    step_rate: float = knob(
        0.1,
        1e-6,
        10,
    )

    def check(self) -> None:
        """Raises RecipeError for a knob out of its limits."""
        check_knobs(self)

    def learn(self, net: TaskNet, rows: ClassRows, *, num_ways: int, seed: int) -> Weights:
        """Returns the start that tasks of known classes lead to; the net keeps it.

        Args:
            net: Of as many classes as a task has.
            rows: Of the known classes.
            num_ways: Classes of a task.
            seed: Of the tasks.

        Raises:
            RecipeError: A knob is out of its limits, or there are too few rows.
            TrainError: The steps in a task went to weights that are no numbers.
        """
        import keras

        self.check()
        rate = keras.optimizers.schedules.PolynomialDecay(
            self.optimizer.learning_rate,
            self.num_tasks,
            end_learning_rate=0.0,
        )
        optimizer = self.optimizer.build(rate)
        random = np.random.default_rng(seed)
        start = net.weights
        for task in range(self.num_tasks):
            x, y = rows.draw(
                num_ways,
                2 * self.num_examples,
                random,
            )
            num_learned = num_ways * self.num_examples
            learned = _rows_at(x, slice(None, num_learned)), y[:num_learned]
            asked = _rows_at(x, slice(num_learned, None)), y[num_learned:]
            directions = self.directions(
                net,
                start,
                learned,
                asked,
            )
            self._check_finite(directions, task)
            net.put(start)
            net.move(optimizer, directions)
            start = net.weights
        return start

    def _check_finite(self, directions, task):
        if all(np.isfinite(each).all() for each in directions):
            return
        raise TrainError(
            f"{type(self).__name__}: weights that are no numbers after task {task + 1} of "
            f"{self.num_tasks}",
            expected=f"{self.num_steps} steps in a task that stay finite",
            fix=f"a step_rate below {self.step_rate:g}, or a lower rate of the optimizer",
        )

    @abstractmethod
    def directions(self, net: TaskNet, start: Weights, learned: tuple, asked: tuple) -> Weights:
        """Returns what the start is moved against after a task.

        Args:
            net: At the start.
            start: The weights.
            learned: Inputs and classes of the rows to learn from.
            asked: Of other rows of the same classes.
        """


@dataclass(frozen=True)
class FirstOrderMaml(LearnedStart):
    """Moves the start against the gradient on other rows of the task, taken where the steps on its
    examples ended; that these depend on the start too is left out (Finn, Abbeel and Levine 2017,
    section 5.2, https://arxiv.org/abs/1703.03400).

    Attributes:
        step_rate: The paper's of Mini-ImageNet: at a tenth of 1 a net of clothes ran away.
    """

    optimizer: Optimizer = Adam(learning_rate=1e-3)
    step_rate: float = knob(0.01, 1e-6, 10)

    def directions(self, net: TaskNet, start: Weights, learned: tuple, asked: tuple) -> Weights:
        """Returns the gradient on the other rows, after the steps."""
        x, y = learned
        net.learn(
            x,
            y,
            steps=self.num_steps,
            rate=self.step_rate,
        )
        return [np.array(each.numpy()) for each in net.gradient(*asked)]


@dataclass(frozen=True)
class Reptile(LearnedStart):
    """Moves the start towards where the steps on all rows of the task ended (Nichol, Achiam and
    Schulman 2018, https://arxiv.org/abs/1803.02999).
    """

    optimizer: Optimizer = Sgd(learning_rate=0.3, momentum=0.0)

    def directions(self, net: TaskNet, start: Weights, learned: tuple, asked: tuple) -> Weights:
        """Returns how far the weights came on both halves of the rows, reversed."""
        for x, y in (learned, asked):
            net.learn(
                x,
                y,
                steps=self.num_steps,
                rate=self.step_rate,
            )
        return [
            before - after
            for before, after in zip(
                start,
                net.weights,
                strict=True,
            )
        ]


def _rows_at(x, places):
    return {name: np.asarray(values[places], np.float32) for name, values in x.items()}
