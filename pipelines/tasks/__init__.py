"""What an answer is: one file a task; labels, loss, decision, metrics and scores.

`TASKS` is the only list, and `task_of` the only look-up. Besides the tasks: `thresholds` (where the
threshold is chosen), `probabilities` (calibrated), `conformal` (intervals of forecasts), `metrics`,
`intervals` (bootstrap), `masked` (losses that pass over unknown truth), `seasons`.
"""

from ..device.target import Target
from .anomaly import AnomalyTask
from .base import Task
from .binary import BinaryTask
from .forecast import ForecastTask
from .multiclass import MulticlassTask
from .multilabel import MultilabelTask
from .prototypes import PrototypesTask
from .regression import RegressionTask
from .spelling import SpellingTask

__all__ = [
    "TASKS",
    "AnomalyTask",
    "BinaryTask",
    "ForecastTask",
    "MulticlassTask",
    "MultilabelTask",
    "PrototypesTask",
    "RegressionTask",
    "SpellingTask",
    "Target",
    "Task",
    "task_of",
]

TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        BinaryTask(),
        MulticlassTask(),
        MultilabelTask(),
        RegressionTask(),
        ForecastTask(),
        AnomalyTask(),
        PrototypesTask(),
        SpellingTask(),
    )
}


def task_of(target: Target) -> Task:
    """Returns the task of a target."""
    return TASKS[target.task]
