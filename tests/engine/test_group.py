"""Workers of a group are started, watched, and started again together."""

import json
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from pipelines.engine.group import (
    MOST_LOSSES,
    Group,
    current_group,
    free_addresses,
    run_group,
    training_in,
)
from pipelines.engine.machine import end_session
from pipelines.errors import EngineError, RecipeError, TrainError

TOY = Group(2, "tests.engine.toy_group")


def plan(folder, *, rank=1, deaths=0, error=False):
    text = json.dumps({"rank": rank, "deaths": deaths, "error": error})
    (folder / "plan.json").write_text(text, encoding="utf-8")
    return folder


def starts(folder, rank):
    return (folder / f"starts{rank}").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("rank", [0, 1])
def test_a_dead_worker_starts_all_of_them_again(tmp_path, capfd, rank):
    run_group(TOY, plan(tmp_path, rank=rank, deaths=2), about="a training")
    assert len(starts(tmp_path, 1 - rank)) <= 3
    ports = starts(tmp_path, rank)
    assert len(ports) == 3 and len(set(ports)) == 3, "new ports: the old ones may still be taken"
    words = " ".join(capfd.readouterr().err.split())
    assert words.count(f"worker {rank} was lost by SIGKILL") == 2
    assert "start again from the last stored epoch" in words


def test_workers_that_die_too_often_are_given_up(tmp_path):
    with pytest.raises(EngineError, match="4 times a worker was lost, the last time: worker 1"):
        run_group(TOY, plan(tmp_path, deaths=99), about="a training")
    assert len(starts(tmp_path, 1)) == MOST_LOSSES + 1


def test_the_error_of_a_worker_is_raised_as_it_is(tmp_path):
    with pytest.raises(TrainError, match="the loss became nan") as caught:
        run_group(TOY, plan(tmp_path, error=True), about="a training")
    assert "a smaller rate" in caught.value.fix and len(starts(tmp_path, 1)) == 1


@pytest.mark.parametrize("rank", [0, 2])
def test_an_error_shows_what_its_own_worker_wrote(tmp_path, rank):
    three = replace(TOY, num_workers=3)
    with pytest.raises(TrainError) as caught:
        run_group(three, plan(tmp_path, rank=rank, error=True), about="a training")
    words = str(caught.value)
    assert "it wrote nothing" not in words
    assert ("  | " in words) == (rank > 0), "what the first one wrote was seen already"


def test_every_worker_has_a_port_of_its_own():
    addresses = free_addresses(50)
    assert len(set(addresses)) == 50


def test_what_a_worker_has_started_ends_with_it():
    command = ["sh", "-c", "sleep 60 & echo $!; wait"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    child = int(process.stdout.readline())
    end_session(process)
    assert process.returncode == -signal.SIGKILL
    # The pipe is closed once the last process that writes to it is gone.
    assert process.stdout.read() == ""
    process.stdout.close()
    assert child != process.pid


STARTER = """
import sys
from pipelines.engine.processes import LocalProcesses
LocalProcesses().start([sys.executable, "-c", "import time; time.sleep(60)"], log=None)
print("started", flush=True)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="no signal from a parent")
def test_a_worker_ends_with_its_starter():
    command = [sys.executable, "-c", STARTER]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=40, check=True)
    # The pipe is closed once the worker, which has it too, is gone.
    assert done.stdout == b"started\n"


def test_without_workers_there_is_no_group():
    with pytest.raises(RecipeError, match="without workers") as caught:
        current_group()
    assert "launch --workers 2" in caught.value.fix
    with training_in(TOY):
        assert current_group() is TOY


@pytest.mark.parametrize("group", [Group(1, ""), Group(2, "", "slurm")])
def test_a_group_that_cannot_be(group):
    with pytest.raises(RecipeError), training_in(group):
        raise AssertionError("it began")
