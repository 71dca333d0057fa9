"""How altered models end a process:  python -m tests.deaths BUNDLE NUMBER  prints exit code →
number of files as JSON. Forks of a process that has LiteRT alone: 0 is an answer, 2 a DeviceError,
below zero the signal that ended it.
"""

import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from pipelines.device import DeviceError, Runner
from pipelines.device.runner import LiteRT
from tests.mutants import mutate_bytes


def main(folder, number):
    runner = Runner.load(folder)
    random = np.random.default_rng(2)
    counts = Counter()
    content = (Path(folder) / "model_int8.tflite").read_bytes()
    inputs = {
        port.name: np.zeros((2, *port.shape), np.int8 if port.dtype == "float32" else np.int32)
        for port in runner.signature.inputs
    }
    for _ in range(number):
        mutant = mutate_bytes(content, random)
        child = os.fork()
        if not child:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            signal.alarm(20)
            try:
                LiteRT(mutant).run(inputs)
            except DeviceError:
                os._exit(2)
            except BaseException:
                os._exit(1)
            os._exit(0)
        counts[os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])] += 1
    print(json.dumps(counts))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
