"""Batches that workers of a tf.data service make: those of this process, or an error in time."""

import queue
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from pipelines.errors import RecipeError, TrainError
from pipelines.rows.split import SplitRandom, split
from pipelines.steps import make_signature, to_ports
from pipelines.training import data_service, local_service
from pipelines.training.data_service import ServicedBatches, check_rows
from pipelines.training.feed import TrainFeed, TrainingBatches
from pipelines.training.service import ServiceAt, ServiceHere, named_service
from pipelines.training.streamed_feed import FeedFault
from pipelines.training.training import Training
from pipelines.vision import AugmentCrop, AugmentFlip, LoadArrays


def test_rows_that_do_not_go_to_workers(monkeypatch):
    check_rows({"x": np.zeros((3, 2), np.float32)}, are_stored=False)
    with pytest.raises(TrainError, match="on this machine's disk"):
        check_rows({"x": np.zeros((3, 2), np.float32)}, are_stored=True)
    monkeypatch.setattr(data_service, "MAX_ROWS_BYTES", 20)
    with pytest.raises(TrainError, match="24 bytes"):
        check_rows({"x": np.zeros((3, 2), np.float32)}, are_stored=False)


def _feed(words, make=None):
    return ServicedBatches(make or (lambda number: number), named_service(words), FeedFault())


def test_a_batch_that_does_not_come_in_time_is_lost():
    """Of one worker among several that is gone, the batches that it had begun."""
    feed = _feed("grpc://host:1")
    arrived = queue.Queue()
    arrived.put((9, "batch"))
    assert feed._next(arrived, 3, time.monotonic() + 60) == (9, "batch")
    arrived.put((10, "batch"))
    with pytest.raises(TrainError, match="did not give batch 3 in 120 seconds") as caught:
        feed._next(arrived, 3, time.monotonic())
    assert caught.value.fix.startswith("start them again")


def test_a_worker_that_is_held_up_is_waited_for(monkeypatch):
    """It gives the wanted batch after very many others."""
    monkeypatch.setattr(data_service, "MAX_AHEAD", 3)
    monkeypatch.setattr(data_service, "_LATE_SECONDS", 0.01)
    numbers = [*range(1, 9), 0, *range(9, 99)]

    def pull(first_step, address, arrived, is_over):
        assert (first_step, address) == (0, "grpc://host:1")
        for number in numbers:
            data_service._put(arrived, (number, f"batch {number}"), is_over)

    feed = _feed("grpc://host:1")
    object.__setattr__(feed, "_pull", pull)
    batches = feed._in_order(0, "grpc://host:1")
    assert [next(batches) for _ in range(12)] == [f"batch {number}" for number in range(12)]
    batches.close()


def test_a_lost_worker_of_this_machine_is_an_error_at_once(monkeypatch):
    feed = _feed("2")
    arrived = queue.Queue()
    arrived.put((3, "batch"))
    last_moment = time.monotonic() + 60
    running = SimpleNamespace(lost=lambda: None)
    monkeypatch.setitem(local_service._running, 2, running)
    assert feed._next(arrived, 3, last_moment) == (3, "batch")
    running.lost = lambda: "is over: worker 1 was lost by SIGKILL"
    with pytest.raises(TrainError, match="'2' is over: worker 1 was lost by SIGKILL") as caught:
        feed._next(arrived, 3, last_moment)
    assert "fewer workers" in caught.value.fix


def test_a_service_is_an_address_or_a_count():
    assert named_service("") is None
    assert named_service("2") == ServiceHere(2)
    assert named_service("grpc://host:1") == ServiceAt("grpc://host:1")
    assert [str(named_service(words)) for words in ("2", "grpc://host:1")] == ["2", "grpc://host:1"]


def test_batches_of_python_code_are_refused():
    import tensorflow as tf

    def make(number):
        return tf.numpy_function(lambda n: n, [number], tf.int64)

    with pytest.raises(TrainError, match="Python code of this process"):
        _feed("grpc://host:1", make).dataset(0)


def test_an_address_has_a_protocol_and_a_port_and_a_count_has_workers():
    Training(data_service="grpc+local://dispatcher.farm:5000").check()
    Training(data_service="2").check()
    for address in ("host:5000", "grpc://host", "grpc://host:port", "0", "1000", "-1"):
        with pytest.raises(RecipeError, match=f"(?s)'{address}'.*PROTOCOL://HOST:PORT"):
            Training(data_service=address).check()


def test_a_network_without_epochs_takes_no_batches():
    with pytest.raises(RecipeError, match="RandomFeatures, which has no epochs"):
        Training(data_service="grpc://host:1").refuse_without_epochs("RandomFeatures")


def test_streamed_rows_and_replicas_are_refused():
    training = Training(data_service="grpc://host:1")
    assert "data_service" in training.refuses_stream()
    assert "data_service" in replace(training, strategy="mirrored")._not_mirrored()
    assert not training._not_mirrored()


def _batches(**more):
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (150, 12, 12, 3), np.uint8)
    labels = np.array(["a", "b"])[np.arange(150) % 2]
    dataset, _ = LoadArrays("").read({"picture": pixels, "label": labels})
    train = split(dataset, SplitRandom()).train
    signature = make_signature((), (), train)
    labels = {"y": np.arange(len(train), dtype=np.float32)[:, None]}
    feed = TrainFeed(to_ports(signature, train), augment=(AugmentFlip(), AugmentCrop(pixels=2)))
    return TrainingBatches(feed, labels, signature, 32, 3, **more)


@pytest.mark.full
def test_workers_make_the_batches_of_this_process():
    """Two workers, from any step on, over the ends of epochs."""
    import tensorflow as tf

    service = tf.data.experimental.service
    server = service.DispatchServer()
    address = server.target.partition("://")[2]
    workers = [service.WorkerServer(service.WorkerConfig(address)) for _ in range(2)]
    assert len(workers) == 2
    ours = _batches()
    theirs = _batches(service=named_service(server.target))
    started_here = _batches(service=named_service("2"))
    for first_step in (0, 7):
        for service in (theirs, started_here):
            pairs = zip(ours(first_step).take(12), service(first_step).take(12), strict=True)
            for one, other in pairs:
                tf.nest.map_structure(np.testing.assert_array_equal, one, other)


@pytest.mark.full
def test_a_killed_worker_is_an_error_in_time():
    """By itself the client would wait without end; this one ends, and so does its process."""
    words = _client("6")
    seconds = float(words.partition(" ")[0])
    assert 5 < seconds < 60
    assert re.search("did not give batch [0-9]+ in 6 seconds", words)
    assert "--data-service" in words


@pytest.mark.full
def test_a_killed_worker_of_this_machine_ends_all():
    pids, words = _client("60", "2").split("\n", 1)
    seconds = float(words.partition(" ")[0])
    assert "worker 0 was lost by SIGKILL" in words
    assert seconds < 30
    time.sleep(1)
    for pid in map(int, pids.split()):
        assert not Path(f"/proc/{pid}").exists(), words


def _client(*arguments):
    """Returns what a client of a service prints, whose worker is killed."""
    command = [sys.executable, "-m", "tests.training.service_client", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
