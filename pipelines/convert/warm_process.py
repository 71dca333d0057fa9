"""A converter that has TensorFlow loaded already:  python -m pipelines.convert.warm_process SECONDS

It forks for each folder on a line of standard input, runs in the fork what the converter's child
runs, and prints the fork's process id, then its exit code. It ends with its starter, with its
input, or after so many seconds without a line.
"""

import gc
import os
import select
import sys
import tempfile
import traceback
from pathlib import Path

from ..engine.starter import end_with_parent
from . import worker


def main(idle_seconds: int) -> None:
    """Forks for each line of standard input."""
    import keras  # noqa: F401
    import tensorflow  # noqa: F401

    # Exporting collects garbage; a quarter second in each fork for what was imported here.
    gc.freeze()
    this = os.getpid()
    for line in iter(lambda: _next_line(idle_seconds), ""):
        process = os.fork()
        if not process:
            _convert(Path(line.rstrip("\n")), this)
        print(process, flush=True)
        _, status = os.waitpid(process, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _next_line(seconds):
    """Returns a line; "" once there is no more, or none for so many seconds."""
    ready, _, _ = select.select([sys.stdin], [], [], seconds)
    if not ready:
        return ""
    return sys.stdin.readline()


def _convert(folder, parent):
    """Does as a converter's child of its own, and ends the fork."""
    try:
        end_with_parent(parent)
        os.environ["TMPDIR"] = str(folder)
        tempfile.tempdir = None
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(os.open(folder / "stderr", os.O_WRONLY | os.O_CREAT), 2)
        worker.run_worker(folder)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
