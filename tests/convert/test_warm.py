"""Conversions in forks of a process that has TensorFlow loaded."""

import os
import signal
import sys
import threading
import time

import numpy as np
import pytest

from pipelines.convert import warm
from pipelines.convert.convert import convert
from pipelines.convert.warm import kept_warm
from pipelines.errors import ExportError
from pipelines.rows.parts import TrainSet

from .test_child import children, wait_for

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(
        not sys.platform.startswith("linux"), reason="elsewhere nothing is kept warm"
    ),
]


@pytest.fixture
def small_model(birds_splits, cold_converter):
    """convert() of a small model, in forks."""
    import keras

    numbers = keras.Input((3,), name="numbers")
    model = keras.Model({"numbers": numbers}, keras.layers.Dense(1, name="logits")(numbers))
    rows = TrainSet(
        x={"numbers": np.ones((20, 3), np.float32)},
        y=np.zeros(20, int),
        ids=np.arange(20),
        schema=birds_splits.train.schema,
    )
    with kept_warm():
        yield lambda: convert(model, rows)


@pytest.fixture
def warmed(small_model):
    """The process that forks, once it has converted."""
    assert set(small_model()) >= {"float32", "int8"}
    return warm._current[0]._process


def test_one_process_forks_for_many(small_model, warmed):
    assert small_model() == small_model()
    assert warm._current[0]._process is warmed
    assert children(warmed.pid) == []


def test_a_fork_that_is_killed_ends_alone(small_model, warmed):
    def kill():
        os.kill(wait_for(lambda: children(warmed.pid))[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(ExportError, match="was killed by signal 9"):
        small_model()
    killer.join()
    assert small_model()["int8"]
    assert warm._current[0]._process is warmed


def test_a_fork_that_takes_too_long(small_model, warmed, monkeypatch):
    monkeypatch.setenv("PIPELINES_CONVERT_SECONDS", "1")
    stopper = threading.Thread(
        target=lambda: os.kill(wait_for(lambda: children(warmed.pid))[0], signal.SIGSTOP)
    )
    stopper.start()
    start = time.monotonic()
    with pytest.raises(ExportError, match="still at work after 1 s"):
        small_model()
    stopper.join()
    assert time.monotonic() - start < 5
    assert children(warmed.pid) == []


def test_a_process_that_ended_is_started_anew(small_model, warmed, monkeypatch):
    warmed.kill()
    warmed.wait()
    in_fork = small_model()
    assert warm._current[0]._process is not warmed
    monkeypatch.setattr("pipelines.convert.convert.is_kept_warm", lambda: False)
    assert in_fork == small_model()


def test_the_process_ends_without_work(small_model, warmed, monkeypatch):
    monkeypatch.setattr(warm, "IDLE_SECONDS", 1)
    warmed.kill()
    warmed.wait()
    assert small_model()["int8"]
    process = warm._current[0]._process
    assert process.wait(60) == 0
    assert small_model()["int8"]
