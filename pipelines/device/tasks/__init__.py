"""What an answer is, on the device: one file a task, numpy only.

Every file of this folder is read, so that a task needs no entry in a list: `TASKS` holds an object
of each class that has a `name` of its own.
"""

import importlib
import pkgutil

from ..target import Target
from .base import DeviceTask

__all__ = ["TASKS", "DeviceTask", "Target", "task_of"]


def _found() -> dict[str, DeviceTask]:
    found: dict[str, DeviceTask] = {}
    for file in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{file.name}")
        for value in vars(module).values():
            if _is_named_task(value):
                found[value.name] = value()
    return found


def _is_named_task(value):
    """Returns whether a value is a class of tasks with a name of its own."""
    if not isinstance(value, type):
        return False
    return issubclass(value, DeviceTask) and "name" in vars(value)


TASKS = _found()


def task_of(target: Target) -> DeviceTask:
    """Returns the task of a target. Raises ValueError if this version does not know it."""
    if target.task not in TASKS:
        raise ValueError(f"the task {target.task!r} is unknown; known are {', '.join(TASKS)}")
    return TASKS[target.task]
