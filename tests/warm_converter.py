"""A converter that has TensorFlow loaded already: a process that forks for each line of standard
input, runs what the converter's child runs, and prints the exit code. It
saves each conversion the five seconds of imports.
"""

import gc
import os
import sys
import tempfile
import traceback
from pathlib import Path


def main():
    import keras  # noqa: F401
    import tensorflow  # noqa: F401

    from pipelines.convert import worker

    gc.freeze()  # as in `convert.warm_process`
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _convert(worker, Path(line.rstrip("\n")))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _convert(module, folder):
    # As `convert.child` sets it for a converter of its own.
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = None
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(os.open(folder / "stderr", os.O_WRONLY | os.O_CREAT), 2)
    try:
        module.run_worker(folder)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main()
