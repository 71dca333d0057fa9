"""A client of a tf.data service whose worker is killed after some batches: `python -m
tests.training.service_client PATIENCE`. It has to end by itself.
"""

import os
import signal
import subprocess
import sys
import time

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
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, address], stdout=subprocess.PIPE, text=True
    )
    assert worker.stdout is not None and worker.stdout.readline() == "ready\n"
    return worker


def main() -> None:
    import tensorflow as tf

    from pipelines.errors import TrainError
    from pipelines.training import data_service
    from pipelines.training.streamed_feed import FeedFault

    data_service.WAIT_SECONDS = float(sys.argv[1])
    server = tf.data.experimental.service.DispatchServer()
    address = server.target.partition("://")[2]
    worker = start_worker(address)
    fault = FeedFault()
    feed = data_service.ServicedBatches(
        lambda number: tf.random.stateless_normal((100, 100), tf.stack([number, 0])),
        server.target,
        fault,
    )
    killed = 0.0
    try:
        with fault.raised():
            for place, _ in enumerate(feed.dataset(0)):
                if place == 20:
                    os.kill(worker.pid, signal.SIGKILL)
                    worker.wait()
                    killed = time.monotonic()
    except TrainError as error:
        print(f"{time.monotonic() - killed:.1f} seconds; {error}")


if __name__ == "__main__":
    main()
