"""Memory is each process's own, not that of the one that started it."""

import os
import subprocess
import sys

import pytest

from pipelines.engine.machine import peak_mib
from tests.family_memory import FamilyMemory

LARGE = 300
# It takes memory, and starts a process that takes none, which waits for the end of its input.
CODE = f"""
import subprocess, sys
taken = bytearray(b"1" * {LARGE} * 2**20)
small = [sys.executable, "-S", "-c", "print('ready', flush=True); input()"]
subprocess.run(small)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, which Linux has")
def test_each_process_of_a_family_has_its_own():
    command = [sys.executable, "-S", "-c", CODE]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        family = FamilyMemory(process.pid)
        process.stdout.readline()
        family.look()
        process.communicate("\n")
    assert len(family.peaks) == 2
    assert family.peaks[process.pid] > LARGE
    assert family.most_of_others() < LARGE / 2


def test_a_process_is_not_charged_with_what_started_it():
    """As `ru_maxrss` of Linux is."""
    taken = bytearray(b"1" * (LARGE * 2**20))
    code = "from pipelines.engine.machine import peak_mib; print(peak_mib())"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert int(done.stdout) < LARGE / 2
    assert peak_mib() > len(taken) / 2**20
