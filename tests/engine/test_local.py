"""Workers of this machine: results, deaths, errors, and how all of it ends."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines.engine.base import FAILED
from pipelines.engine.engines import open_engine
from pipelines.engine.environment import environment
from pipelines.engine.task import Task
from pipelines.engine.workspace import PREFIX
from pipelines.errors import EngineError, StepError

WORKER = "tests.engine.toy_worker"
MOST_SECONDS = 2


def adding(folder, *, seed=0, **more):
    """A task whose starts are counted in a file of `folder`."""
    starts = str(Path(folder) / f"starts{seed}")
    return Task("add", {"seed": seed, "starts": starts, **more})


def starts(task):
    """The processes that began a task."""
    path = Path(task.spec["starts"])
    if not path.is_file():
        return []
    return [int(line) for line in path.read_text().split("\n")[:-1]]


def run_all(tasks, folder, words="local:2"):
    """The files of tasks after a run."""
    with open_engine(words, folder, worker=WORKER) as engine:
        handles = [engine.submit(task) for task in tasks]
        engine.wait(handles)
        return [engine.result(handle) for handle in handles]


def wait_until(test, seconds=20):
    """Waits for something that is soon so."""
    deadline = time.monotonic() + seconds
    while not test() and time.monotonic() < deadline:
        time.sleep(0.02)
    return test()


def is_alive(process):
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def leftovers(folder):
    return list((folder / ".cache").glob(f"{PREFIX}*"))


def test_two_engines_the_same_bytes(tmp_path):
    tasks = [adding(tmp_path, seed=seed) for seed in range(4)]
    one = run_all(tasks, tmp_path / "one", "local:1")
    two = run_all(tasks, tmp_path / "two", "local:2")
    assert one == two
    assert len({files["sum"] for files in one}) == 4
    assert len(set(starts(tasks[0]))) == 2
    assert leftovers(tmp_path / "one") == []


def test_workers_stay_warm(tmp_path):
    tasks = [adding(tmp_path, seed=seed) for seed in range(4)]
    run_all(tasks, tmp_path, "local:1")
    assert len({starts(task)[0] for task in tasks}) == 1


def test_a_task_whose_key_is_there_is_done(tmp_path):
    task = adding(tmp_path)
    first = run_all([task], tmp_path)
    assert run_all([task, task], tmp_path, "local:1") == first * 2
    assert len(starts(task)) == 1


def test_fresh_does_it_again(tmp_path):
    task = adding(tmp_path)
    run_all([task], tmp_path)
    with open_engine("local:1", tmp_path, worker=WORKER, is_fresh=True) as engine:
        engine.wait([engine.submit(task)])
    assert len(starts(task)) == 2


def test_a_damaged_result_is_made_again(tmp_path):
    task = adding(tmp_path)
    first = run_all([task], tmp_path)
    [path] = (tmp_path / ".cache").glob("*/sum")
    path.write_bytes(b"torn")
    assert run_all([task], tmp_path) == first
    assert len(starts(task)) == 2


@pytest.mark.skipif(os.name != "posix", reason="kills by signals")
def test_a_killed_worker_changes_nothing(tmp_path):
    quiet = run_all([adding(tmp_path, seed=3)], tmp_path / "quiet")
    task = adding(tmp_path, seed=3, seconds=1)
    with open_engine("local:1", tmp_path, worker=WORKER) as engine:
        handle = engine.submit(task)
        assert wait_until(lambda: len(starts(task)) == 2)  # one of the quiet run
        os.kill(starts(task)[-1], signal.SIGKILL)
        engine.wait([handle])
        assert engine.result(handle)["sum"] == quiet[0]["sum"]
    assert len(starts(task)) == 3
    assert leftovers(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="kills by signals")
def test_sigkill_twice_is_no_memory(tmp_path):
    task = adding(tmp_path, deaths=9)
    with open_engine("local:4", tmp_path, worker=WORKER) as engine:
        handle = engine.submit(task, about="seed 3")
        engine.wait([handle])
    assert len(starts(task)) == 2
    assert isinstance(handle.error, EngineError)
    assert "seed 3: no memory" in str(handle.error)
    assert "lower the slots, such as --engine local:2" in handle.error.fix


@pytest.mark.skipif(os.name != "posix", reason="kills by signals")
def test_a_lost_workers_task_is_tried_twice_more(tmp_path):
    lucky = adding(tmp_path, seed=1, deaths=2, signal=signal.SIGSEGV)
    unlucky = adding(tmp_path, seed=2, deaths=9, signal=signal.SIGSEGV)
    with open_engine("local:2", tmp_path, worker=WORKER) as engine:
        handles = [engine.submit(lucky), engine.submit(unlucky)]
        engine.wait(handles)
    assert handles[0].error is None
    assert len(starts(lucky)) == 3
    assert "3 workers were lost, the last one by SIGSEGV" in str(handles[1].error)
    assert len(starts(unlucky)) == 3


@pytest.mark.parametrize(("is_fault", "kind"), [(False, StepError), (True, EngineError)])
def test_an_error_is_told_once_and_runs_alone(tmp_path, is_fault, kind):
    spec = {"is_fault": is_fault, "starts": str(tmp_path / "starts")}
    task = Task("fail", spec)
    with open_engine("local:2", tmp_path, worker=WORKER) as engine:
        handle = engine.submit(task, about="seed 3")
        engine.wait([handle])
    assert len(starts(task)) == 1
    assert type(handle.error) is kind
    words = str(handle.error)
    assert "seed 3: " in words
    assert ("in fail" in words) == is_fault
    assert ("a line that was printed" in words) != is_fault  # far above a stack
    command = re.search(r"alone: python (.*)", words)[1]
    alone = subprocess.run(
        [sys.executable, *shlex.split(command)], capture_output=True, text=True, check=False
    )
    assert "a line that was printed" in alone.stdout
    reason = "a fault" if is_fault else "a column of 0 rows"
    assert reason in words
    assert reason in alone.stderr
    assert leftovers(tmp_path) == []


def test_a_success_removes_what_a_failure_left(tmp_path):
    task = adding(tmp_path, deaths=2)
    with open_engine("local:1", tmp_path, worker=WORKER) as engine:
        engine.wait([engine.submit(task)])
    assert (tmp_path / ".cache" / FAILED).is_dir()
    run_all([task], tmp_path)
    assert not (tmp_path / ".cache" / FAILED).exists()


def test_a_result_that_was_not_kept_is_an_error(tmp_path):
    with open_engine("local:1", tmp_path, worker=WORKER) as engine:
        handle = engine.submit(Task("forget", {}))
        engine.wait([handle])
        with pytest.raises(EngineError, match="not kept"):
            engine.result(handle)


def test_a_worker_of_other_versions_is_refused(tmp_path, monkeypatch):
    other = {**environment(), "versions": {"keras": "4"}}
    monkeypatch.setattr("pipelines.engine.slot.environment", lambda device: other)
    with open_engine("local:1", tmp_path, worker=WORKER) as engine:
        handle = engine.submit(adding(tmp_path))
        engine.wait([handle])
    assert "computes otherwise" in str(handle.error)
    assert "{'keras': '4'}" in handle.error.expected


def test_a_worker_that_does_not_start_is_lost(tmp_path):
    with open_engine("local:1", tmp_path, worker="tests.engine.no_worker") as engine:
        handle = engine.submit(adding(tmp_path))
        engine.wait([handle])
    assert "3 workers were lost, the last one by exit code 1" in str(handle.error)
    assert "No module named tests.engine.no_worker" in str(handle.error)


def test_threads_are_set_before_tensorflow(tmp_path):
    with open_engine("local:1", tmp_path, worker=WORKER, threads=2) as engine:
        handle = engine.submit(Task("variables", {}))
        engine.wait([handle])
        variables = engine.result(handle)["variables"].decode().split()
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        assert f"{name}=2" in variables


def test_cancel(tmp_path):
    tasks = [adding(tmp_path, seed=seed, seconds=60) for seed in range(2)]
    last = adding(tmp_path, seed=2)
    with open_engine("local:1", tmp_path, worker=WORKER) as engine:
        running, waiting, third = [engine.submit(task) for task in (*tasks, last)]
        assert wait_until(lambda: starts(tasks[0]))
        engine.cancel(waiting)
        engine.cancel(running)
        engine.wait([third])
        assert third.error is None
        assert "cancelled" in str(running.error)
        assert "cancelled" in str(waiting.error)
    assert starts(tasks[1]) == []
    assert not is_alive(starts(tasks[0])[0])


def test_wait_for_the_first(tmp_path):
    quick = adding(tmp_path, seed=1)
    slow = adding(tmp_path, seed=2, seconds=60)
    with open_engine("local:2", tmp_path, worker=WORKER) as engine:
        handles = [engine.submit(slow), engine.submit(quick)]
        assert engine.wait(handles, num=1) == [handles[1]]


@pytest.fixture
def driver(tmp_path):
    """A driver with two slow tasks running and one waiting, and the workers' processes."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.engine.toy_driver", tmp_path],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    tasks = [adding(tmp_path, seed=seed) for seed in range(2)]
    assert wait_until(lambda: all(starts(task) for task in tasks))
    yield process, [starts(task)[0] for task in tasks]
    process.kill()
    process.wait()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_ends_all_at_once(driver, tmp_path, number):
    process, workers = driver
    start = time.monotonic()
    process.send_signal(number)
    assert process.wait(MOST_SECONDS) == 128 + number
    assert not any(map(is_alive, workers))
    assert time.monotonic() - start < MOST_SECONDS
    assert leftovers(tmp_path) == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="PR_SET_PDEATHSIG")
def test_workers_die_with_a_killed_driver(driver, tmp_path):
    process, workers = driver
    process.kill()
    process.wait()
    assert wait_until(lambda: not any(map(is_alive, workers)), MOST_SECONDS)
    run_all([adding(tmp_path, seed=7)], tmp_path)
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("words", ["", "loky", "local:0", "local:-1", "ray:8", "ray://host"])
def test_unknown_engines(words, tmp_path):
    with pytest.raises(EngineError, match="local:N"):
        open_engine(words, tmp_path, worker=WORKER)


def test_without_ray(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(EngineError, match="no Ray: "):
        open_engine("ray", tmp_path, worker=WORKER)


def test_one_bar_for_all(tmp_path, capsys):
    tasks = [adding(tmp_path, seed=seed) for seed in range(3)]
    run_all(tasks[:1], tmp_path)
    capsys.readouterr()
    run_all(tasks, tmp_path)
    shown = capsys.readouterr().err
    assert "tasks: 3 of 3" in shown
    assert "tasks: 0 of 3" not in shown
