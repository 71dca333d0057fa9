"""A converter that is killed, hangs or takes all memory: an error that says which, and nothing is
left behind.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from pipelines.convert.child import Limits, run_watched
from pipelines.convert.convert import convert
from pipelines.engine.machine import free_bytes
from pipelines.errors import ExportError
from pipelines.rows.parts import TrainSet

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="memory is watched through /proc"
)


def children(process):
    """Process ids of the running children of a process."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(parent) == process and state != "Z":
            found.append(int(path.parent.name))
    return found


def command(process):
    """The words of a process's command; none once it has ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def converters(process):
    return [child for child in children(process) if b"pipelines.convert.worker" in command(child)]


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


@pytest.fixture
def small_model(birds_splits, tmp_path, monkeypatch, cold_converter):
    """convert() of a small model, whose temporary files lie in tmp_path."""
    import keras

    model = keras.Sequential(
        [keras.Input((3,), name="numbers"), keras.layers.Dense(1, name="logits")]
    )
    rows = TrainSet(
        x={"numbers": np.ones((20, 3), np.float32)},
        y=np.zeros(20, int),
        ids=np.arange(20),
        schema=birds_splits.train.schema,
    )
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return lambda: convert(model, rows)


def nothing_left(tmp_path):
    return not converters(os.getpid()) and not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_converter_that_is_killed(small_model, tmp_path, number):
    def kill():
        os.kill(wait_for(lambda: converters(os.getpid()))[0], number)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(ExportError, match=f"was killed by signal {int(number)}.* while starting"):
        small_model()
    killer.join()
    assert nothing_left(tmp_path)


def test_a_converter_that_hangs(small_model, tmp_path, monkeypatch):
    """The real one, stopped."""
    monkeypatch.setenv("PIPELINES_CONVERT_SECONDS", "2")
    stopper = threading.Thread(
        target=lambda: os.kill(wait_for(lambda: converters(os.getpid()))[0], signal.SIGSTOP)
    )
    stopper.start()
    start = time.monotonic()
    with pytest.raises(
        ExportError, match="still at work after 2 s, starting.*\n.*\n.*PIPELINES_CONVERT_SECONDS=4"
    ):
        small_model()
    stopper.join()
    assert time.monotonic() - start < 6 and nothing_left(tmp_path)


def test_a_converter_that_takes_too_much_memory(small_model, tmp_path, monkeypatch):
    """The real one: TensorFlow alone takes more than this."""
    monkeypatch.setenv("PIPELINES_CONVERT_BYTES", str(150 * 2**20))
    with pytest.raises(ExportError, match="ran out of memory while .*\n.* 157,286,400 bytes"):
        small_model()
    assert nothing_left(tmp_path)


EAT = (
    "import time; taken = bytearray({}); taken[::4096] = b'x' * len(taken[::4096]); time.sleep({})"
)


@pytest.mark.parametrize(
    "num_bytes, seconds, limit, code",
    [(2**20, 0, "", 0), (400 * 2**20, 60, "memory", -9), (2**20, 60, "time", -9)],
)
def test_limits_of_a_child(tmp_path, num_bytes, seconds, limit, code):
    looked = []
    start = time.monotonic()
    ended = run_watched(
        [sys.executable, "-c", EAT.format(num_bytes, seconds)],
        Limits(3.0, 200 * 2**20),
        folder=tmp_path,
        environment=dict(os.environ),
        look=lambda: looked.append(1),
    )
    assert (
        (ended.limit, ended.returncode) == (limit, code) and looked and time.monotonic() - start < 6
    )
    assert not children(os.getpid()) or not any(
        b"taken" in Path(f"/proc/{child}/cmdline").read_bytes() for child in children(os.getpid())
    )


def test_limits_follow_the_model_and_the_machine(monkeypatch):
    small = Limits.of_conversion(10**5)
    large = Limits.of_conversion(10**8)
    assert 600 < small.seconds < 610 < 3000 < large.seconds
    assert 0 < small.size_bytes < free_bytes() * 0.9
    monkeypatch.setenv("PIPELINES_CONVERT_BYTES", "1000")
    monkeypatch.setenv("PIPELINES_CONVERT_SECONDS", "soon")
    assert Limits.of_conversion(10**5) == Limits(small.seconds, 1000)


# A file that no converter reads stands for the model: the parent needs no TensorFlow to write it.
CONVERTING = """
import importlib, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from pipelines.device.door import through_door
from pipelines.convert.forms import TfliteFiles
convert = importlib.import_module("pipelines.convert.convert")
class Model:
    layers = ()
    def save(self, path):
        path.write_bytes(b"")
sys.exit(through_door(lambda: convert._converted(Model(), None, {}, {}, TfliteFiles()) and 0))
"""


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGINT, marks=pytest.mark.full),
        pytest.param(signal.SIGTERM, marks=pytest.mark.full),
        signal.SIGKILL,
    ],
)
def test_a_converter_ends_with_its_parent(tmp_path, number):
    """After Ctrl-C and SIGTERM no file is left either; a parent that was killed cannot remove its
    own.
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", CONVERTING],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stderr=subprocess.DEVNULL,
    )
    try:
        child = wait_for(lambda: converters(parent.pid))[0]
        wait_for(lambda: Path(f"/proc/{child}/oom_score_adj").read_text().strip() == "1000")
        os.kill(parent.pid, number)
        parent.wait(timeout=20)
        assert wait_for(lambda: not command(child), seconds=10)
        assert number == signal.SIGKILL or not list(tmp_path.iterdir())
    finally:
        parent.kill()
        parent.wait()
