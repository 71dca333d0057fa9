"""An engine whose tasks are done in this process, which has TensorFlow loaded: for studies whose
results are looked at, and not who made them.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pipelines.engine.base import Engine
from pipelines.engine.machine import num_cores
from pipelines.engine.slot import usual_slot
from pipelines.engine.worker import answer
from pipelines.studies.worker import STAGES


class InProcessEngine(Engine):
    """Does a task as soon as it is submitted."""

    def _open(self):
        pass

    def _close(self):
        pass

    def _start(self, handle):
        self._note_answer(handle, answer(self._request(handle), STAGES))

    def _stop(self, handle):
        raise AssertionError("a task has ended once it is submitted")

    def _look(self, seconds):
        raise AssertionError("a task has ended once it is submitted")


@contextmanager
def in_process() -> Iterator[None]:
    """Lets the studies of the block be done in this process, whichever engine they name."""

    def open_engine(words, folder, *, worker, threads, is_fresh, cache):
        # The threads that this process computes with are in the keys of its results.
        return InProcessEngine(folder, worker, slot=usual_slot(num_cores()), is_fresh=is_fresh)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipelines.studies.workers.open_engine", open_engine)
        yield
