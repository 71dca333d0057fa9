"""A worker without TensorFlow: stages of a moment, which also die, fail or take long when asked."""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

from pipelines.engine.cache import begin
from pipelines.engine.worker import main
from pipelines.errors import StepError


def _note_start(spec):
    """Writes down that the task was begun, by which process, and returns how often it was."""
    path = Path(spec["starts"])
    with path.open("a") as file:
        file.write(f"{os.getpid()}\n")
    return len(path.read_text().split())


def add(spec, folder):
    """Keeps a file that depends on the spec alone; before that the task may die or wait."""
    num_starts = _note_start(spec)
    if num_starts <= spec.get("deaths", 0):
        os.kill(os.getpid(), spec.get("signal", signal.SIGKILL))
    (folder / "unfinished").touch()
    time.sleep(spec.get("seconds", 0))
    work = begin("add", spec)
    values = np.random.default_rng(spec["seed"]).normal(size=1000)
    work.keep({"sum": values.tobytes()})


def fail(spec, folder):
    """Raises an error of the package, of the system, or another one."""
    _note_start(spec)
    print("a line that was printed")
    if "errno" in spec:
        raise OSError(spec["errno"], os.strerror(spec["errno"]))
    if spec["is_fault"]:
        raise ZeroDivisionError("a fault")
    raise StepError("a column of 0 rows", expected="rows", fix="--set load.rows=5")


def show_variables(spec, folder):
    """Keeps the variables that TensorFlow would read when it is imported."""
    assert "tensorflow" not in sys.modules
    names = sorted(name for name in os.environ if name.endswith("_THREADS"))
    text = " ".join(f"{name}={os.environ[name]}" for name in names)
    begin("variables", spec).keep({"variables": text.encode()})


def forget(spec, folder):
    """Keeps nothing."""


STAGES = {"add": add, "fail": fail, "variables": show_variables, "forget": forget}

if __name__ == "__main__":
    sys.exit(main(STAGES))
