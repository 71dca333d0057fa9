"""New kinds of pictures from a few examples: by the nearest mean, and from a learned start."""

from dataclasses import dataclass, replace

import numpy as np

from ...slots import Network
from ...studies.learned_starts import ClassRows, LearnedStart, TaskNet
from ...training.loop import start_from_seed
from .rows import NetRows

NUM_WAYS = 4  # classes of a task, as many as are new
NUM_ASKED = 50  # rows of each, after those that are learned from
NUM_TRIALS = 15
NUM_STEPS = 20


@dataclass(frozen=True, eq=False)
class NewClasses:
    """Four new classes, and a net that knows where to start with them.

    Attributes:
        rows: of the new classes.
        net: whose weights are moved.
        start: that was learned over tasks of the other classes.
        rate: of its steps.
    """

    rows: ClassRows
    net: TaskNet
    start: list
    rate: float

    def accuracies(self, number: int, seed: int) -> tuple[float, float]:
        """Returns the mean accuracy over tasks by the nearest mean of pixels, and from the start.

        Args:
            number: of examples of a class.
            seed: of the tasks.
        """
        random = np.random.default_rng(seed)
        found = []
        for _ in range(NUM_TRIALS):
            x, y = self.rows.draw(
                NUM_WAYS,
                number + NUM_ASKED,
                random,
            )
            num_shown = number * NUM_WAYS
            shown = {name: each[:num_shown] for name, each in x.items()}
            asked = {name: each[num_shown:] for name, each in x.items()}
            self.net.put(self.start)
            self.net.learn(
                shown,
                y[:num_shown],
                steps=NUM_STEPS,
                rate=self.rate,
            )
            by_net = self.net.answers(asked)
            by_mean = nearest_mean(
                shown,
                y[:num_shown],
                asked,
            )
            truth = y[num_shown:]
            found.append((np.mean(by_mean == truth), np.mean(by_net == truth)))
        older, newer = np.mean(found, axis=0)
        return float(older), float(newer)


def nearest_mean(shown: dict, y: np.ndarray, asked: dict) -> np.ndarray:
    """Returns the class whose examples have the nearest mean in each pixel, int64 [rows]."""
    [examples] = shown.values()
    [pictures] = asked.values()
    means = [examples[y == each].mean(axis=0).ravel() for each in range(NUM_WAYS)]
    pixels = pictures.reshape(len(pictures), -1)
    gaps = pixels[:, None] - np.stack(means)
    return np.square(gaps).sum(axis=2).argmin(axis=1)


def learned_for_new(rows: NetRows, network: Network, way: LearnedStart, *, seed: int) -> NewClasses:
    """Draws four new classes, and learns a start over tasks of the others.

    Args:
        rows: pictures of classes.
        network: a spec.
        way: in which the start is learned.
        seed: of classes, weights and tasks.
    """
    random = np.random.default_rng(seed)
    classes = random.permutation(np.unique(rows.train.y))
    is_new = np.isin(rows.train.y, classes[:NUM_WAYS])
    output = replace(rows.signature.output, shape=(NUM_WAYS,))
    of_tasks = replace(
        rows,
        signature=replace(rows.signature, output=output),
    )
    start_from_seed(seed)
    net = TaskNet(of_tasks.build(network, seed=seed))
    known = _class_rows(rows, ~is_new)
    start = way.learn(
        net,
        known,
        num_ways=NUM_WAYS,
        seed=seed,
    )
    return NewClasses(
        _class_rows(rows, is_new),
        net,
        start,
        way.step_rate,
    )


def _class_rows(rows, is_kept):
    x = {name: values[is_kept] for name, values in rows.train.x.items()}
    return ClassRows(x, rows.train.y[is_kept])
