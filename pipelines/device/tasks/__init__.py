"""What an answer is, on the device: one file a task, numpy only. `TASKS` is the only list."""

from ..target import Target
from .anomaly import DeviceAnomaly
from .base import DeviceTask
from .binary import DeviceBinary
from .forecast import DeviceForecast
from .multiclass import DeviceMulticlass
from .multilabel import DeviceMultilabel
from .regression import DeviceRegression

__all__ = [
    "TASKS",
    "DeviceAnomaly",
    "DeviceBinary",
    "DeviceForecast",
    "DeviceMulticlass",
    "DeviceMultilabel",
    "DeviceRegression",
    "DeviceTask",
    "Target",
    "task_of",
]

TASKS: dict[str, DeviceTask] = {
    task.name: task
    for task in (
        DeviceBinary(),
        DeviceMulticlass(),
        DeviceMultilabel(),
        DeviceRegression(),
        DeviceForecast(),
        DeviceAnomaly(),
    )
}


def task_of(target: Target) -> DeviceTask:
    """Returns the task of a target. Raises ValueError if this version does not know it."""
    if target.task not in TASKS:
        raise ValueError(f"the task {target.task!r} is unknown; known are {', '.join(TASKS)}")
    return TASKS[target.task]
