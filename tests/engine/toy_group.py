"""What workers of a group do in tests: they count to four in a file, and may die on the way.

python -m tests.engine.toy_group FOLDER RANK
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

from pipelines.engine.group import CLUSTER, report_failure
from pipelines.errors import TrainError


def take_part(folder: Path, rank: int) -> None:
    cluster = json.loads(os.environ[CLUSTER])
    assert cluster["task"]["index"] == rank
    plan = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    starts = folder / f"starts{rank}"
    with starts.open("a", encoding="utf-8") as file:
        file.write(cluster["cluster"]["worker"][rank] + "\n")
    num_starts = len(starts.read_text(encoding="utf-8").splitlines())
    if rank == plan["rank"] and num_starts <= plan["deaths"]:
        os.kill(os.getpid(), signal.SIGKILL)
    if rank == plan["rank"] and plan["error"]:
        error = TrainError("the loss became nan", expected="a number", fix="a smaller rate")
        report_failure(folder, error)
        raise error
    alive = folder / "alive"
    if rank == plan["rank"]:
        alive.touch()
    while not alive.exists():  # a survivor waits for a dead one, however often it was begun itself
        time.sleep(0.05)


if __name__ == "__main__":
    take_part(Path(sys.argv[1]), int(sys.argv[2]))
