"""Batches that other machines, or other processes of this one, prepare, by tf.data service
(https://www.tensorflow.org/api_docs/python/tf/data/experimental/service).

A batch is a function of its number, whichever worker makes it; here batches are put in order again,
so that training sees what it would see without workers. By itself the client waits without end for
a worker that has died: what does not come in time is an error here.
"""

import queue
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import RecipeError, TrainError
from .local_service import LocalService, running_service
from .streamed_feed import FeedFault

# How long the next batch may take.
WAIT_SECONDS = 120.0
# Batches that may come before one that is missing: with more of them it is lost.
MAX_AHEAD = 64
# Of the rows, which go to every worker inside of the graph.
MAX_ROWS_BYTES = 2**30
_MAX_BATCHES = 2**40
# Between two looks at the workers of this machine.
_LOOK_SECONDS = 1.0
_COUNT = re.compile("[1-9][0-9]{0,2}")
_ADDRESS = re.compile(r"[a-z0-9+]+://[^/\s]+:[0-9]+")
_OF_THIS_PROCESS = ("PyFunc", "PyFuncStateless", "EagerPyFunc")


@dataclass(frozen=True, eq=False)
class ServicedBatches:
    """The batches of a training, made by workers.

    Attributes:
        make: The number of a batch, int64 tensor → the batch, tensors in a structure of tf.nest.
        service: The address of the dispatcher, such as grpc://host:5000, or how many workers this
            machine starts, such as "2".
        fault: Where an error of the reading thread is noted.
    """

    make: Callable[[Any], Any]
    service: str
    fault: FeedFault

    def dataset(self, first_step: int):
        """Returns the endless tf.data.Dataset of batches from a step on.

        Raises:
            TrainError: What makes batches runs in this process alone.
        """
        import tensorflow as tf

        _refuse_python(self.make)
        spec = self._numbered(first_step).element_spec[1]
        local = None
        if self.service.isdecimal():
            local = running_service(int(self.service))
        ordered = tf.data.Dataset.from_generator(
            lambda: self._in_order(first_step, local), output_signature=spec
        )
        return ordered.prefetch(2)

    def _numbered(self, first_step):
        """Returns the tf.data.Dataset of (number, batch), made here."""
        import tensorflow as tf

        numbers = tf.data.Dataset.range(first_step, _MAX_BATCHES)
        return numbers.map(lambda number: (number, self.make(number)))

    def _in_order(self, first_step: int, local: LocalService | None) -> Iterator[Any]:
        """Gives the batches in the order of their numbers, endlessly."""
        arrived: queue.Queue = queue.Queue(maxsize=8)
        is_over = threading.Event()
        address = self.service
        if local is not None:
            address = local.address
        # What it calls waits without end for a worker that is gone, so nothing waits for it.
        given = (first_step, address, arrived, is_over)
        work = threading.Thread(target=self._pull, args=given, daemon=True)
        work.start()
        waiting: dict[int, Any] = {}
        wanted = first_step
        try:
            with self.fault.noted():
                while True:
                    while wanted not in waiting:
                        number, batch = self._next(arrived, wanted, len(waiting), local=local)
                        waiting[number] = batch
                    yield waiting.pop(wanted)
                    wanted += 1
        finally:
            is_over.set()

    def _next(self, arrived, wanted, num_waiting, *, local=None):
        """Returns the next (number, batch) that comes. Raises TrainError if none does."""
        if num_waiting > MAX_AHEAD:
            raise self._error(f"lost batch {wanted:,}: a worker has ended")
        last_moment = time.monotonic() + WAIT_SECONDS
        while True:
            lost = None
            if local is not None:
                lost = local.lost()
            if lost is not None:
                raise self._error(lost)
            try:
                found = arrived.get(timeout=min(_LOOK_SECONDS, WAIT_SECONDS))
                break
            except queue.Empty:
                if time.monotonic() >= last_moment:
                    words = f"gave no batch for {WAIT_SECONDS:.0f} seconds"
                    raise self._error(words) from None
        if isinstance(found, Exception):
            raise self._error(f"failed: {found}") from found
        return found

    def _error(self, what):
        again = "start them again (docs/training.md), then the same command"
        if self.service.isdecimal():
            again = "give the same command again, with fewer workers if memory was short"
        return TrainError(
            f"the tf.data service {self.service!r} {what}",
            expected="a dispatcher, and workers that stay until training ends",
            fix=f"{again}; or leave --data-service out",
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


def check_service(service: str) -> None:
    """Raises RecipeError for neither an address of a dispatcher nor a number of workers; "" is
    none to look at.
    """
    if not service or _ADDRESS.fullmatch(service):
        return
    if _COUNT.fullmatch(service):
        return
    raise RecipeError(
        f"training.data_service={service!r}",
        expected="PROTOCOL://HOST:PORT of the dispatcher, or 1 to 999 workers to start here",
        fix="--data-service grpc://host:5000 or --data-service 2; or leave it out, to make the "
        "batches here",
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
