"""A task is data with a key, and an error goes from a worker to its driver as data."""

import json

import pytest

from pipelines.engine.cache import begin, caching
from pipelines.engine.environment import device_kind, environment
from pipelines.engine.failure import Failure, error_class, tail
from pipelines.engine.request import Request
from pipelines.engine.slot import Slot, num_slots
from pipelines.engine.task import Task, canonical_json
from pipelines.errors import EngineError, StepError

TASK = Task("add", {"seed": 1, "rate": 0.1, "names": ["é", "b"]}, ("ab12",))


def test_a_task_survives_json():
    again = Task.from_json(json.loads(canonical_json(TASK.to_json())))
    assert again == TASK
    assert again.key(environment()) == TASK.key(environment())


def test_canonical_json_knows_no_order():
    assert canonical_json({"b": 1, "a": [2]}) == canonical_json({"a": [2], "b": 1})


def test_the_key_of_a_task_is_that_of_its_work(tmp_path):
    with caching(tmp_path, "test"):
        work = begin(TASK.stage, TASK.spec, *TASK.inputs)
    assert work.key == TASK.key(environment())


@pytest.mark.parametrize(
    "other",
    [
        Task("sub", TASK.spec, TASK.inputs),
        Task("add", {**TASK.spec, "seed": 2}, TASK.inputs),
        Task("add", TASK.spec, ("cd34",)),
        Task("add", TASK.spec),
    ],
)
def test_whatever_decides_is_in_the_key(other):
    assert other.key(environment()) != TASK.key(environment())


def test_a_driver_computes_the_key_of_workers_with_other_threads(monkeypatch):
    slot = Slot(threads=3)
    of_driver = TASK.key(slot.environment())
    assert of_driver != TASK.key(Slot(threads=2).environment())
    for name, value in slot.variables().items():
        monkeypatch.setenv(name, value)
    assert TASK.key(environment()) == of_driver


def test_which_gpu_it_was_is_in_no_key(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    first = device_kind()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert device_kind() == first
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert device_kind() != first


def test_slots_need_cores_memory_and_gpus(monkeypatch):
    monkeypatch.setattr("pipelines.engine.slot.num_cores", lambda: 8)
    monkeypatch.setattr("pipelines.engine.slot.free_bytes", lambda: 64 * 2**30)
    monkeypatch.setattr("pipelines.engine.slot.visible_gpus", lambda: ("0", "1"))
    assert num_slots(Slot(threads=1)) == 8
    assert num_slots(Slot(threads=3)) == 2
    assert num_slots(Slot(threads=1, num_gpus=1)) == 2
    monkeypatch.setattr("pipelines.engine.slot.free_bytes", lambda: 3 * 2**30)
    assert num_slots(Slot(threads=1)) == 3
    monkeypatch.setattr("pipelines.engine.slot.free_bytes", lambda: 0)
    assert num_slots(Slot(threads=1)) == 1


def test_an_error_goes_through_data(tmp_path):
    error = StepError("a column", expected="numbers", fix="drop it")
    failure = Failure(**json.loads(json.dumps(vars(Failure.of(error)))))
    log = tmp_path / "log.txt"
    log.write_text("tree: 1\rtree: 2\n\nlast line\n")
    there = failure.error(about="seed 3", log=log, kept="  alone: python -m x task.json")
    assert type(there) is StepError
    assert there.stage == "prepare"
    assert "seed 3: a column" in str(there)
    assert "tree: 2\n  | last line" in str(there)
    assert "tree: 1" not in str(there)
    assert "alone: python -m x task.json" in there.fix


def test_errors_of_others_are_errors_of_the_engine():
    assert error_class("ZeroDivisionError") is EngineError
    assert error_class("annotations") is EngineError
    assert Failure.of(ZeroDivisionError("by 0")).received == "ZeroDivisionError: by 0"


def test_a_log_that_is_not_there(tmp_path):
    assert "nothing" in tail(tmp_path / "none")


def test_a_request_survives_its_line():
    request = Request(
        TASK, "key", "seed 3", environment(), {"A": "1"}, "folder", "here", "worker", log="log"
    )
    again = Request.from_values(json.loads(request.to_line()))
    assert again == request
    assert again.alone().log == ""
