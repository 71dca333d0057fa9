"""A study whose process is killed at random moments and started again: the same trials, the same
best, and none of them twice."""

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter

import pytest

pytest.importorskip("optuna", reason="Optuna is missing: pip install 'pipelines[tune]'")
DRIVER = "tests.studies.tuning.toy_driver"
REAL = "tests.studies.tuning.real_driver"


def log_of(folder):
    return folder.with_suffix(".log")


def start(driver, folder, *words):
    with log_of(folder).open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", driver, str(folder), *map(str, words)],
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONPATH": os.getcwd()},
            start_new_session=True,
        )


def trials_in(folder):
    """The trials of the journal, in their order, times left out."""
    [journal] = folder.glob("*.trials.log")
    found = []
    for line in journal.read_text().splitlines():
        values = json.loads(line)
        if values["op_code"] == 4:
            kept = ("state", "values", "value", "params", "user_attrs", "intermediate_values")
            found.append({name: values[name] for name in kept})
    for each in found:
        each["user_attrs"].pop("latency_ms")  # another one each time
    return found


def tuned_in(folder):
    [path] = folder.glob("*_tuned.json")
    return json.loads(path.read_text())


def run_with_kills(driver, folder, *words, kills, longest, seed):
    """Starts a study until it is through; returns after how many trials it was killed."""
    draw = random.Random(seed)
    places = []
    while True:
        process = start(driver, folder, *words)
        wait = draw.uniform(0.3, longest) if len(places) < kills else 2000
        try:
            assert process.wait(timeout=wait) == 0, log_of(folder).read_text()[-3000:]
            return places
        except subprocess.TimeoutExpired:
            if draw.random() < 0.5:
                os.killpg(process.pid, signal.SIGKILL)
            else:  # its workers are left to find that out by themselves
                process.kill()
            process.wait()
            written = list(folder.glob("*.trials.log"))
            places.append(len(trials_in(folder)) if written else 0)


def check_study(folder, words, *, driver=DRIVER, trials, kills, longest, seed):
    """Kills a study again and again, and compares it with one that was not."""
    whole = folder / "whole"
    killed = folder / "killed"
    if not whole.is_dir():
        assert start(driver, whole, "local:2", trials).wait(timeout=2000) == 0, log_of(whole)
    places = run_with_kills(driver, killed, words, trials, kills=kills, longest=longest, seed=seed)
    assert trials_in(killed) == trials_in(whole)
    assert len(trials_in(killed)) == trials
    assert tuned_in(killed) == tuned_in(whole)
    assert {path.name for path in killed.iterdir()} == {path.name for path in whole.iterdir()}
    return places


def check_starts(folder, *, num_kills):
    """No finished task was begun again: at each kill at most one a worker had not ended."""
    whole = Counter((folder / "whole" / "starts").read_text().split())
    killed = Counter((folder / "killed" / "starts").read_text().split())
    assert killed.keys() == whole.keys()
    assert killed.total() <= len(killed) + 2 * num_kills


def test_kills_of_a_study_of_toys(tmp_path):
    places = check_study(tmp_path, "local:2", trials=14, kills=2, longest=5, seed=1)
    check_starts(tmp_path, num_kills=len(places))


@pytest.mark.full
@pytest.mark.parametrize("seed", range(4))
def test_thirty_trials_and_five_kills(seed, tmp_path):
    places = check_study(tmp_path, "local:2", trials=30, kills=5, longest=6, seed=seed)
    assert places, "one at least before the end"
    check_starts(tmp_path, num_kills=len(places))


@pytest.mark.full
def test_thirty_trials_of_a_real_recipe_and_five_kills(tmp_path):
    places = check_study(tmp_path, "local:2", driver=REAL, trials=30, kills=5, longest=60, seed=0)
    assert len(places) == 5
