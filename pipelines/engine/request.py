"""What a worker is sent: a task, and where and with what to do it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .task import Task, canonical_json


@dataclass(frozen=True)
class Request:
    """A task on its way to a worker.

    Attributes:
        task: what is to be done.
        key: of its result, as the driver computed it.
        about: the task in words.
        environment: what the key was computed with.
        variables: of the process, set before TensorFlow is imported.
        folder: whose .cache keeps the result; "" for one that lasts as long as the task.
        working_folder: that relative paths of the spec start from.
        worker: the module with the table of stages.
        log: the file for what is written on standard error; "" leaves that as it is.
        is_fresh: whether everything is computed again.
        cache: the URL that results are shared through, "" for the folder.
    """

    task: Task
    key: str
    about: str
    environment: Mapping[str, object]
    variables: Mapping[str, str]
    folder: str
    working_folder: str
    worker: str
    log: str = ""
    is_fresh: bool = False
    cache: str = ""

    def to_line(self) -> str:
        """Returns the request as one line of JSON."""
        return canonical_json({**vars(self), "task": self.task.to_json()})

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> "Request":
        """Returns the request whose line was read as `values`."""
        return cls(**{**values, "task": Task.from_json(values["task"])})

    def alone(self) -> "Request":
        """Returns the same for a process of its own, which shows what it does."""
        return replace(self, log="")

    def elsewhere(self) -> "Request":
        """Returns the same for a machine that shares no folder with the driver."""
        return replace(self, folder="", log="")

    def command(self, path: Path) -> str:
        """Returns what does the task without an engine.

        Args:
            path: of the file that holds the request.
        """
        return f"python -m {self.worker} {path}"
