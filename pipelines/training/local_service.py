"""A tf.data service of this machine: a dispatcher in this process, each worker in its own.

python -m pipelines.training.local_service HOST:PORT READY   a worker, which makes the file READY
"""

import atexit
import sys
import tempfile
import time
from pathlib import Path

from ..engine.failure import tail
from ..engine.processes import LocalProcesses

MODULE = "pipelines.training.local_service"
_START_SECONDS = 600
_LOOK_SECONDS = 0.2


class LocalService:
    """A dispatcher and its workers, which end with this process.

    Attributes:
        address: Of the dispatcher.
        workers: Their processes.

    Args:
        num_workers: How many processes make batches.
    """

    def __init__(self, num_workers: int):
        import tensorflow as tf

        self._dispatcher = tf.data.experimental.service.DispatchServer()
        self.address = self._dispatcher.target
        self.workers = LocalProcesses()
        self._logs = tempfile.TemporaryDirectory(prefix="data_service-")
        atexit.register(self.end)
        host_and_port = self.address.partition("://")[2]
        for place in range(num_workers):
            command = [sys.executable, "-m", MODULE, host_and_port, str(self._ready(place))]
            self.workers.start(command, log=self._log(place))
        self._wait([self._ready(place) for place in range(num_workers)])

    def _log(self, place):
        return Path(self._logs.name) / f"worker{place}.log"

    def _ready(self, place):
        return Path(self._logs.name) / f"worker{place}.ready"

    def _wait(self, files):
        """Waits until all workers have made their files, or one is lost: to import TensorFlow
        takes minutes where many share a core, and is no batch that does not come.
        """
        last_moment = time.monotonic() + _START_SECONDS
        while not all(file.exists() for file in files):
            if self.lost() is not None or time.monotonic() > last_moment:
                return  # whoever waits for a batch reports it
            time.sleep(_LOOK_SECONDS)

    def lost(self) -> str | None:
        """Returns which worker was lost, and what it wrote last; None if all live."""
        place = self.workers.first_lost()
        if place is None:
            return None
        return f"is over: {self.workers.in_words(place)}\n{tail(self._log(place))}"

    def end(self) -> None:
        """Ends the workers with all that they have started."""
        atexit.unregister(self.end)
        self.workers.end()
        self._logs.cleanup()


_running: dict[int, LocalService] = {}


def running_service(num_workers: int) -> LocalService:
    """Returns the service of so many workers, which trainings of this process share: to start one
    takes seconds. It is another one if a worker was lost.
    """
    service = _running.get(num_workers)
    if service is not None and service.lost():
        service.end()
        service = None
    if service is None:
        service = LocalService(num_workers)
        _running[num_workers] = service
    return service


def lost_worker(num_workers: int) -> str | None:
    """Returns which worker of the service of so many was lost; None if all live, or none runs."""
    service = _running.get(num_workers)
    if service is None:
        return None
    return service.lost()


def main() -> None:
    """Makes batches for the dispatcher that the first argument names, without end."""
    import tensorflow as tf

    service = tf.data.experimental.service
    config = service.WorkerConfig(dispatcher_address=sys.argv[1])
    worker = service.WorkerServer(config)
    Path(sys.argv[2]).touch()
    worker.join()
    sys.exit(1)  # nothing ends a worker but the first process


if __name__ == "__main__":
    main()
