"""A driver of slow tasks, as a process that a test can interrupt or kill."""

import sys
from pathlib import Path

from pipelines.device.door import ends_on_signals
from pipelines.engine.engines import open_engine
from tests.engine.test_local import WORKER, adding


def main(folder):
    tasks = [adding(folder, seed=seed, seconds=60) for seed in range(3)]
    with ends_on_signals("stopped"), open_engine("local:2", folder, worker=WORKER) as engine:
        engine.wait([engine.submit(task) for task in tasks])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
