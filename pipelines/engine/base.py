"""The face of every engine: submit a task, wait for it, cancel it.

    with open_engine("local:2", folder, worker="pipelines.studies.worker") as engine:
        handle = engine.submit(task, about="seed 3")
        engine.wait([handle])
        files = engine.result(handle)

The result of a task is its entry in the cache: a task whose key is there is done, whichever engine
ran it and however that ended.
"""

import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from ..errors import EngineError, PipelineError
from .failure import Failure, tail
from .notice import print_notice
from .progress import Progress
from .remote import Remote, find_result
from .request import Request
from .slot import Slot
from .store import open_store, remove_if_empty
from .task import Task
from .workspace import remove_leftovers, workspace

# A lost worker's task is begun so often, and one whose worker was killed by SIGKILL so often.
MOST_LOSSES = 3
MOST_KILLS = 2
LOOK_SECONDS = 0.5
FAILED = "failed"
_SHORT_KEY = 16


@dataclass(eq=False)
class Handle:
    """A task that was submitted.

    Attributes:
        task: what is to be done.
        key: of its result.
        about: the task in words.
        is_done: whether it has ended.
        error: why it has no result, or None.
        num_lost: workers that ended while they did it.
        num_killed: those of them that were ended by SIGKILL.
    """

    task: Task
    key: str
    about: str
    is_done: bool = False
    error: PipelineError | None = None
    num_lost: int = 0
    num_killed: int = 0


class Engine(ABC):
    """Does tasks in other processes. Used as a context manager: at its end they end."""

    def __init__(
        self,
        folder: Path,
        worker: str,
        *,
        slot: Slot,
        is_fresh: bool = False,
        remote: Remote | None = None,
    ):
        """Takes where results are kept and who makes them.

        Args:
            folder: whose .cache keeps the results; without `remote`, other machines must see it
                under this path.
            worker: the module with the table STAGES, which `python -m` starts as a worker.
            slot: what one worker computes with.
            is_fresh: whether results that are there are computed again.
            remote: where machines share results, or None.
        """
        self.folder = folder.absolute()
        self.worker = worker
        self.slot = slot
        self.is_fresh = is_fresh
        self.remote = remote
        self.store = open_store(self.folder / ".cache")
        self._handles: dict[str, Handle] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.workspace = self._stack.enter_context(workspace(self.store.folder))
        self._progress = self._stack.enter_context(Progress())
        self._stack.callback(self._remove_leftovers)
        self._stack.callback(self._close)
        try:
            self._open()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def submit(self, task: Task, *, about: str = "") -> Handle:
        """Begins a task, unless its result is there.

        Args:
            task: what is to be done.
            about: the task in words, for errors.
        """
        key = task.key(self.slot.environment())
        if key in self._handles:
            return self._handles[key]
        handle = Handle(task, key, about or task.stage)
        self._handles[key] = handle
        if self.is_fresh and self.remote is not None:
            # Its new result may come from another folder, and must not meet the old one here.
            self.store.remove(key)
        if self._is_kept(handle):
            handle.is_done = True
            self._progress.skip()
            return handle
        self._request_path(handle).write_text(
            self._request(handle).to_line(),
            encoding="utf-8",
        )
        self._start(handle)
        return handle

    def wait(self, handles: Sequence[Handle], *, num: int | None = None) -> list[Handle]:
        """Waits until tasks have ended, with a result or with an error.

        Args:
            handles: of the tasks.
            num: how many of them must have ended; all if None.

        Returns:
            Those that have ended.
        """
        if num is None:
            num = len(handles)
        while True:
            num_done = sum(handle.is_done for handle in self._handles.values())
            self._progress.show(num_done, len(self._handles))
            done = [handle for handle in handles if handle.is_done]
            if len(done) >= num:
                return done
            self._look(LOOK_SECONDS)

    def cancel(self, handle: Handle) -> None:
        """Ends a task that has not ended."""
        if handle.is_done:
            return
        self._stop(handle)
        self._end(
            handle,
            EngineError(
                f"{handle.about} was cancelled",
                expected="a task that is waited for",
                fix="submit it again",
            ),
        )

    def result(self, handle: Handle) -> dict[str, bytes]:
        """Returns the files of a finished task, name → content.

        Raises:
            PipelineError: why it has none.
        """
        if handle.error is not None:
            raise handle.error
        files = self._kept_files(handle)
        if files is None:
            raise EngineError(
                f"the result of {handle.about} is no longer in the cache",
                expected="a cache with room for all results",
                fix="the same command makes it again",
            )
        return files

    @abstractmethod
    def _open(self) -> None:
        """Gets ready."""

    @abstractmethod
    def _close(self) -> None:
        """Ends all that runs, within two seconds."""

    @abstractmethod
    def _start(self, handle: Handle) -> None:
        """Begins a task as soon as there is a slot."""

    @abstractmethod
    def _stop(self, handle: Handle) -> None:
        """Ends a task that was begun."""

    @abstractmethod
    def _look(self, seconds: float) -> None:
        """Notes what has ended, after so many seconds at most."""

    def _request(self, handle: Handle) -> Request:
        return Request(
            task=handle.task,
            key=handle.key,
            about=handle.about,
            environment=self.slot.environment(),
            variables=self.slot.variables(),
            folder=str(self.folder),
            working_folder=str(Path.cwd()),
            worker=self.worker,
            log=str(self._log_path(handle)),
            is_fresh=self.is_fresh,
            cache=self.remote.url if self.remote else "",
        )

    def _request_path(self, handle: Handle) -> Path:
        return self.workspace / f"{handle.key[:_SHORT_KEY]}.json"

    def _log_path(self, handle: Handle) -> Path:
        return self.workspace / f"{handle.key[:_SHORT_KEY]}.log"

    def _note_answer(self, handle: Handle, answer: Mapping[str, Any]) -> None:
        """Ends a task with what its worker answered."""
        if "log" in answer:
            self._log_path(handle).write_text(answer["log"], encoding="utf-8")
        if "failure" in answer:
            failure = Failure(**answer["failure"])
            log, kept = self._keep_failed(handle)
            self._end(handle, failure.error(about=handle.about, log=log, kept=kept))
            return
        self._forget_failed(handle)
        self._end(handle, None)

    def _note_loss(self, handle: Handle, reason: str, *, is_killed: bool = False) -> None:
        """Begins the task of a worker that has ended once more, or gives it up."""
        handle.num_lost += 1
        handle.num_killed += is_killed
        if self._is_kept(handle):  # it ended between its result and its answer
            self._end(handle, None)
            return
        if handle.num_killed >= MOST_KILLS:
            expected = "memory for every worker"
            fix = f"lower the slots{self._fewer_slots()}, or end other programs"
            self._give_up(
                handle,
                "no memory, it seems: SIGKILL twice",
                expected=expected,
                fix=fix,
            )
        elif handle.num_lost >= MOST_LOSSES:
            expected = "a worker that lives as long as its task"
            words = f"{handle.num_lost} workers were lost, the last one by {reason}"
            self._give_up(handle, words, expected=expected, fix="see what it wrote")
        else:
            with self._progress.paused():
                print_notice(f"{handle.about}: its worker was lost by {reason}; it is begun again")
            self._start(handle)

    def _give_up(self, handle, words, *, expected, fix):
        log, kept = self._keep_failed(handle)
        self._end(
            handle,
            EngineError(
                f"{handle.about}: {words}\n{tail(log)}",
                expected=expected,
                fix=f"{fix}\n{kept}",
            ),
        )

    def _fewer_slots(self) -> str:
        """Returns how to ask for fewer slots, after the words "lower the slots"."""
        return ""

    def _end(self, handle, error):
        handle.error = error
        handle.is_done = True

    def _is_kept(self, handle):
        """Whether the result is there and whole; one that shall be made again is not."""
        return not self.is_fresh and self._kept_files(handle) is not None

    def _kept_files(self, handle):
        """Returns the files of a result, or None; a damaged one is removed."""
        return find_result(
            handle.key,
            self.store,
            self.remote,
            workspace=self.workspace,
            damaged=f"{handle.about} in the cache is damaged",
        )

    def _failed_folder(self, handle):
        return self.store.folder / FAILED / handle.key[:_SHORT_KEY]

    def _keep_failed(self, handle):
        """Keeps request and log of a failed task.

        Returns:
            The log, and in words where both are. Without room for them the log is the one of the
            workspace, which ends with the engine.
        """
        folder = self._failed_folder(handle)
        log = folder / "log.txt"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            request = shutil.copyfile(self._request_path(handle), folder / "task.json")
            log.touch()
            if self._log_path(handle).is_file():
                shutil.copyfile(self._log_path(handle), log)
        except OSError as error:
            self._forget_failed(handle)
            reason = error.strerror or error
            return self._log_path(handle), f"  what it wrote is not kept: {reason}"
        alone = self._request(handle).command(request)
        return log, f"  alone: {alone}\n  all it wrote: {log}"

    def _forget_failed(self, handle):
        """Removes what an earlier failure of the task left."""
        folder = self._failed_folder(handle)
        if folder.is_dir():
            shutil.rmtree(folder, ignore_errors=True)
            remove_if_empty(folder.parent)

    def _remove_leftovers(self):
        """Removes what workers had no time to remove."""
        remove_leftovers(self.store.folder)
        remove_leftovers(Path(tempfile.gettempdir()))
