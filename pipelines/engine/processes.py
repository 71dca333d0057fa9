"""Processes of this machine that do one work together: started, watched and ended together."""

import contextlib
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from .failure import ending_in_words
from .machine import end_session
from .slot import usual_slot
from .starter import ending_with_this


class LocalProcesses:
    """Workers of this machine, each in a session of its own; they end with this process.

    Attributes:
        processes: in the order of their start.
    """

    def __init__(self):
        self.processes: list[subprocess.Popen] = []
        self._logs = contextlib.ExitStack()

    def start(
        self,
        command: Sequence[str],
        *,
        log: Path | None,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """Starts a worker.

        Args:
            command: the program and its arguments.
            log: the file that what it writes is added to; None to let the user see it.
            variables: of its environment, besides those of this process.
        """
        output = None
        if log is not None:
            output = self._logs.enter_context(log.open("ab"))
        process = subprocess.Popen(
            ending_with_this(command),
            env={
                **os.environ,
                **usual_slot().variables(),
                **(variables or {}),
            },
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        self.processes.append(process)

    def have_ended(self) -> bool:
        """Returns whether none of them lives."""
        return all(process.poll() is not None for process in self.processes)

    def first_lost(self) -> int | None:
        """Returns the place of the first one that has failed; None if none has."""
        for place, process in enumerate(self.processes):
            if process.poll():
                return place
        return None

    def in_words(self, place: int) -> str:
        """Returns how one of them was lost."""
        return f"worker {place} was lost by {ending_in_words(self.processes[place].returncode)}"

    def end(self) -> None:
        """Ends those that live, and all that they have started."""
        for process in self.processes:
            end_session(process)
        self._logs.close()
