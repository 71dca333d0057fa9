"""Worker processes on this machine. They stay warm: TensorFlow is imported once a worker."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from .base import Engine, Handle
from .failure import ending_in_words
from .machine import end_session, visible_gpus
from .remote import Remote
from .slot import Slot, num_slots
from .starter import ending_with_this


@dataclass(eq=False)
class _Worker:
    """A worker process.

    Attributes:
        process: as it was started.
        gpu: the number of its GPU, or "".
        handle: of the task that it does, or None.
    """

    process: subprocess.Popen
    gpu: str
    handle: Handle | None = None

    def send(self, line: str) -> None:
        """Sends a request. A worker that has ended is found by its end."""
        with contextlib.suppress(OSError):
            self.process.stdin.write(f"{line}\n")
            self.process.stdin.flush()

    def end(self) -> None:
        """Ends the process and all that it started, at once."""
        end_session(self.process)
        with contextlib.suppress(OSError):  # what it has not read
            self.process.stdin.close()


class LocalEngine(Engine):
    """Does tasks in worker processes of this machine."""

    def __init__(
        self,
        folder: Path,
        worker: str,
        *,
        slot: Slot,
        slots: int | None = None,
        is_fresh: bool = False,
        remote: Remote | None = None,
    ):
        """Takes where results are kept and who makes them; see `Engine`.

        Args:
            folder: whose .cache keeps the results.
            worker: the module that `python -m` starts as a worker.
            slot: what one worker computes with.
            slots: the most workers at once; what the machine has room for if None.
            is_fresh: whether results that are there are computed again.
            remote: where machines share results, or None.
        """
        super().__init__(folder, worker, slot=slot, is_fresh=is_fresh, remote=remote)
        self.slots = slots or num_slots(slot)
        self._waiting: deque[Handle] = deque()
        self._workers: list[_Worker] = []
        self._lines: queue.SimpleQueue = queue.SimpleQueue()

    def _open(self) -> None:
        """Starts nothing: a worker is started when there is a task for it."""

    def _close(self) -> None:
        for worker in self._workers:
            worker.end()
        self._workers.clear()

    def _start(self, handle: Handle) -> None:
        self._waiting.append(handle)
        self._send_out()

    def _stop(self, handle: Handle) -> None:
        if handle in self._waiting:
            self._waiting.remove(handle)
        for worker in list(self._workers):
            if worker.handle is handle:
                self._workers.remove(worker)
                worker.end()
        self._send_out()

    def _look(self, seconds: float) -> None:
        with contextlib.suppress(queue.Empty):
            worker, line = self._lines.get(timeout=seconds)
            if worker in self._workers:
                self._note(worker, line)
        self._send_out()

    def _note(self, worker, line):
        """Notes a line that a worker wrote, "" if it has ended."""
        handle = worker.handle
        if line:
            worker.handle = None
            self._note_answer(handle, json.loads(line))
            return
        self._workers.remove(worker)
        worker.end()
        if handle is not None:
            code = worker.process.returncode
            self._note_loss(handle, ending_in_words(code), is_killed=code == -signal.SIGKILL)

    def _send_out(self):
        """Gives tasks to workers that have none, and starts workers while there are slots."""
        while self._waiting:
            idle = [worker for worker in self._workers if worker.handle is None]
            if not idle and len(self._workers) >= self.slots:
                return
            handle = self._waiting.popleft()
            if idle:
                worker = idle[0]
            else:
                worker = self._new_worker(handle)
            worker.handle = handle
            worker.send(self._request(handle).to_line())

    def _new_worker(self, handle):
        """Starts a worker; what it writes before it reads its first request goes to that's log."""
        gpu = self._free_gpu()
        with self._log_path(handle).open("ab") as log:
            process = subprocess.Popen(
                ending_with_this([sys.executable, "-m", self.worker, "--serve"]),
                env=self._environment(gpu),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
                start_new_session=True,  # Ctrl-C comes to the driver alone, which ends the workers
            )
        worker = _Worker(process, gpu)
        self._workers.append(worker)
        threading.Thread(target=self._read, args=(worker,), daemon=True).start()
        return worker

    def _read(self, worker):
        """Hands on the lines of a worker, and "" at its end."""
        with worker.process.stdout as lines:
            for line in lines:
                if line.endswith("\n"):  # else it was torn by the worker's death
                    self._lines.put((worker, line))
        self._lines.put((worker, ""))

    def _free_gpu(self):
        taken = {worker.gpu for worker in self._workers}
        gpus = visible_gpus()
        if not self.slot.num_gpus or not gpus:
            return ""
        free = [gpu for gpu in gpus if gpu not in taken]
        return (free or gpus)[0]

    def _environment(self, gpu):
        """The variables of a worker, set before it imports TensorFlow."""
        variables = {**os.environ, **self.slot.variables()}
        if visible_gpus():
            variables["CUDA_VISIBLE_DEVICES"] = gpu or "-1"
        return variables

    def _fewer_slots(self) -> str:
        if self.slots == 1:
            return " below this one: take a smaller model or fewer rows"
        return f", such as --engine local:{self.slots // 2}"
