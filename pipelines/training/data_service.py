"""Batches that other machines, or other processes of this one, prepare, by tf.data service
(https://www.tensorflow.org/api_docs/python/tf/data/experimental/service).

A batch is a function of its number, whichever worker makes it; here batches are put in order again,
so that training sees what it would see without workers. By itself the client waits without end for
a worker that has died: what does not come in time is an error here.
"""

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import TrainError
from .service import DataService
from .streamed_feed import FeedFault

# How long one batch may take, and how many may come before it until the others are slowed down.
WAIT_SECONDS = 120.0
MAX_AHEAD = 64
# Of the rows, which go to every worker inside of the graph.
MAX_ROWS_BYTES = 2**30
_MAX_BATCHES = 2**40
# Between two looks at the workers of this machine.
_LOOK_SECONDS = 1.0
# Between two batches where one of them is late: its worker may have been held up.
_LATE_SECONDS = 0.5
_OF_THIS_PROCESS = ("PyFunc", "PyFuncStateless", "EagerPyFunc")


@dataclass(frozen=True, eq=False)
class ServicedBatches:
    """The batches of a training, made by workers.

    Attributes:
        make: The number of a batch, int64 tensor → the batch, tensors in a structure of tf.nest.
        service: Whose workers these are.
        fault: Where an error of the reading thread is noted.
    """

    make: Callable[[Any], Any]
    service: DataService
    fault: FeedFault

    def dataset(self, first_step: int):
        """Returns the endless tf.data.Dataset of batches from a step on.

        Raises:
            TrainError: What makes batches runs in this process alone.
        """
        import tensorflow as tf

        _refuse_python(self.make)
        spec = self._numbered(first_step).element_spec[1]
        address = self.service.address()
        ordered = tf.data.Dataset.from_generator(
            lambda: self._in_order(first_step, address), output_signature=spec
        )
        return ordered.prefetch(2)

    def _numbered(self, first_step):
        """Returns the tf.data.Dataset of (number, batch), made here."""
        import tensorflow as tf

        numbers = tf.data.Dataset.range(first_step, _MAX_BATCHES)
        return numbers.map(lambda number: (number, self.make(number)))

    def _in_order(self, first_step: int, address: str) -> Iterator[Any]:
        """Gives the batches in the order of their numbers, endlessly."""
        arrived: queue.Queue = queue.Queue(maxsize=8)
        is_over = threading.Event()
        # What it calls waits without end for a worker that is gone, so nothing waits for it.
        given = (first_step, address, arrived, is_over)
        work = threading.Thread(target=self._pull, args=given, daemon=True)
        work.start()
        waiting: dict[int, Any] = {}
        wanted = first_step
        try:
            with self.fault.noted():
                while True:
                    last_moment = time.monotonic() + WAIT_SECONDS
                    while wanted not in waiting:
                        number, batch = self._next(arrived, wanted, last_moment)
                        waiting[number] = batch
                        if len(waiting) > MAX_AHEAD:
                            time.sleep(_LATE_SECONDS)
                    yield waiting.pop(wanted)
                    wanted += 1
        finally:
            is_over.set()

    def _next(self, arrived, wanted, last_moment):
        """Returns the next (number, batch) that comes. Raises TrainError for a lost worker, or if
        the wanted one has not come in time.
        """
        found = None
        while found is None:
            lost = self.service.lost()
            if lost is not None:
                raise self._error(lost)
            if time.monotonic() >= last_moment:
                raise self._error(f"did not give batch {wanted:,} in {WAIT_SECONDS:.0f} seconds")
            with contextlib.suppress(queue.Empty):
                found = arrived.get(timeout=min(_LOOK_SECONDS, WAIT_SECONDS))
        if isinstance(found, Exception):
            raise self._error(f"failed: {found}") from found
        return found

    def _error(self, what):
        return TrainError(
            f"the tf.data service '{self.service}' {what}",
            expected="a dispatcher, and workers that stay until training ends",
            fix=f"{self.service.advice}; or leave --data-service out",
        )

    def _pull(self, first_step, address, arrived, is_over):
        """Puts what workers make into a queue, and what goes wrong."""
        import tensorflow as tf

        service = tf.data.experimental.service
        try:
            batches = self._numbered(first_step).apply(
                service.distribute(processing_mode=service.ShardingPolicy.DYNAMIC, service=address)
            )
            for number, batch in batches:
                arrays = tf.nest.map_structure(lambda tensor: tensor.numpy(), batch)
                _put(arrived, (int(number), arrays), is_over)
                if is_over.is_set():
                    return
        except (tf.errors.OpError, ValueError) as error:
            _put(arrived, error, is_over)


def _put(arrived, found, is_over):
    """Waits for room in a queue until all is over."""
    while not is_over.is_set():
        try:
            arrived.put(found, timeout=1.0)
            return
        except queue.Full:
            continue


def _refuse_python(make):
    """Raises TrainError for batches that are made by Python code of this process."""
    import tensorflow as tf

    traced = tf.function(make).get_concrete_function(tf.TensorSpec((), tf.int64))
    graph = traced.graph.as_graph_def()
    nodes = list(graph.node)
    for function in graph.library.function:
        nodes += function.node_def
    if any(node.op in _OF_THIS_PROCESS for node in nodes):
        raise TrainError(
            "training.data_service for batches that Python code of this process makes",
            expected="augmentation of TensorFlow's own operations, which other machines run",
            fix="--set training.data_service=''",
        )


def check_rows(columns: dict[str, np.ndarray], *, are_stored: bool) -> None:
    """Raises TrainError for rows that do not go to workers.

    Args:
        columns: Port → array [rows, ...].
        are_stored: Whether pictures stay on this machine's disk.
    """
    num_bytes = sum(int(np.prod(x.shape)) * x.dtype.itemsize for x in columns.values())
    if not are_stored and num_bytes <= MAX_ROWS_BYTES:
        return
    received = f"{num_bytes:,} bytes of training rows for training.data_service"
    if are_stored:
        received = "pictures on this machine's disk for training.data_service"
    raise TrainError(
        received,
        expected=f"at most {MAX_ROWS_BYTES:,} bytes in memory, which go to every worker",
        fix="--set training.data_service=''",
    )
