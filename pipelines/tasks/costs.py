"""What each mistake costs: the answer with the least cost, and the cost of answers.

Elkan 2001, The foundations of cost-sensitive learning,
https://dl.acm.org/doi/10.5555/1642194.1642224.
"""

from dataclasses import dataclass

import numpy as np

from ..device.target import Target
from ..errors import RecipeError

Matrix = tuple[tuple[float, ...], ...]

# `judge.threshold`: the answers with the least cost.
COST = "cost"


def check_matrix(costs: Matrix, knob: str) -> None:
    """Raises RecipeError if costs are no square of a true class a line, or if a right answer costs
    more than a wrong one.

    Args:
        costs: Of each true class (a line) and each answer (a column).
        knob: What holds them.
    """
    wrong = ""
    for place, line in enumerate(costs):
        if len(line) != len(costs):
            wrong = f"{len(line)} costs in line {place} of {len(costs)}"
        elif min(line) < 0 or line[place] > min(line):
            wrong = f"line {place}: {line}"
    if costs and max(max(line) for line in costs) <= 0:
        wrong = "no mistake that costs anything"
    if wrong:
        raise RecipeError(
            f"{knob}={costs}: {wrong}",
            expected="a line for each true class with a cost for each answer, none below 0, the "
            "least for the right one",
            fix=f"--set '{knob}=((0, 1), (5, 0))', where missing the second class costs five times "
            "a false alarm",
        )


def check_classes(costs: Matrix, target: Target, knob: str) -> None:
    """Raises RecipeError if costs are of another number of classes than the target has."""
    if not costs or len(costs) == len(target.labels):
        return
    raise RecipeError(
        f"{knob} of {len(costs)} classes",
        expected=f"a line for each of {len(target.labels)}: {', '.join(target.labels)}",
        fix=f"give {len(target.labels)} lines of {len(target.labels)} costs in that order",
    )


def mean_cost(costs: Matrix, y: np.ndarray, chosen: np.ndarray) -> float:
    """Returns what answers cost a row.

    Args:
        costs: In the user's unit.
        y: int64 [rows], the true classes.
        chosen: int64 [rows], the answers.
    """
    matrix = np.asarray(costs, np.float64)
    return float(matrix[y, chosen].mean())


@dataclass(frozen=True)
class Saving:
    """What answers save of the largest cost, as a metric that is best at 1.

    Attributes:
        costs: In the user's unit.
    """

    costs: Matrix

    def __call__(self, y: np.ndarray, chosen: np.ndarray) -> float:
        """Returns one less the mean cost as a share of the largest."""
        largest = max(max(line) for line in self.costs)
        return 1.0 - mean_cost(self.costs, y, chosen) / largest

    def class_weights(self) -> np.ndarray:
        """Returns what the mistakes of each true class cost together, float64 [classes], for moving
        thresholds (Zhou and Liu 2006, https://doi.org/10.1109/TKDE.2006.17).
        """
        matrix = np.asarray(self.costs, np.float64)
        sums = matrix.sum(axis=1)
        return np.maximum(sums, sums.max() * 1e-3)
