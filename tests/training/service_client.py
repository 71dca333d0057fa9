"""A client of a tf.data service whose worker is killed after some batches: `python -m
tests.training.service_client PATIENCE [WORKERS]`, started by hand or as many as named. It has to
end by itself.
"""

import os
import signal
import subprocess
import sys
import time

from pipelines.engine.starter import ending_with_this

WORKER = """
import sys
import tensorflow as tf
service = tf.data.experimental.service
config = service.WorkerConfig(dispatcher_address=sys.argv[1], heartbeat_interval_ms=200)
worker = service.WorkerServer(config)
print("ready", flush=True)
worker.join()
"""


def start_worker(address: str) -> subprocess.Popen:
    """Starts a worker in a process of its own, and waits until it is there."""
    command = ending_with_this([sys.executable, "-c", WORKER, address])
    worker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None and worker.stdout.readline() == "ready\n"
    return worker


def started_by_hand():
    """Returns the address of a service, the process of its worker, and what must stay alive."""
    import tensorflow as tf

    server = tf.data.experimental.service.DispatchServer()
    worker = start_worker(server.target.partition("://")[2])
    return server.target, worker, server


def started_here(num_workers):
    """Returns the same of a service of this machine, and prints the ids of its processes."""
    from pipelines.training.local_service import running_service

    local = running_service(int(num_workers))
    processes = local.workers.processes
    print(*[process.pid for process in processes], flush=True)
    return num_workers, processes[0], local


def main() -> None:
    import tensorflow as tf

    from pipelines.errors import TrainError
    from pipelines.training import data_service
    from pipelines.training.service import named_service
    from pipelines.training.streamed_feed import FeedFault

    data_service.WAIT_SECONDS = float(sys.argv[1])
    if len(sys.argv) > 2:
        service, worker, kept = started_here(sys.argv[2])
    else:
        service, worker, kept = started_by_hand()
    fault = FeedFault()
    feed = data_service.ServicedBatches(
        lambda number: tf.random.stateless_normal((100, 100), tf.stack([number, 0])),
        named_service(service),
        fault,
    )
    killed = 0.0
    try:
        with fault.raised():
            for place, _ in enumerate(feed.dataset(0)):
                if place == 20:
                    os.kill(worker.pid, signal.SIGKILL)
                    killed = time.monotonic()
    except TrainError as error:
        print(f"{time.monotonic() - killed:.1f} seconds; {error}")
    del kept


if __name__ == "__main__":
    main()
