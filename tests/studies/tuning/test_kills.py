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
        wait = draw.uniform(0.3, longest) if len(places) < kills else 600
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


def check_study(folder, words, *, trials, kills, longest, seed):
    """Kills a study of the toy driver again and again, and compares it with one that was not."""
    whole = folder / "whole"
    killed = folder / "killed"
    assert start(DRIVER, whole, "local:2", trials).wait(timeout=600) == 0
    places = run_with_kills(DRIVER, killed, words, trials, kills=kills, longest=longest, seed=seed)
    assert trials_in(killed) == trials_in(whole)
    assert len(trials_in(killed)) == trials
    assert tuned_in(killed) == tuned_in(whole)
    starts = Counter((killed / "starts").read_text().split())
    assert starts.keys() == set((whole / "starts").read_text().split())
    # Two workers: at most two tasks had begun and had not ended at each of the kills.
    assert starts.total() <= len(starts) + 2 * len(places)
    return places


def test_kills_of_a_study_of_toys(tmp_path):
    places = check_study(tmp_path, "local:2", trials=14, kills=3, longest=6, seed=1)
    assert len(places) <= 3


@pytest.mark.full
@pytest.mark.parametrize("seed", range(4))
def test_thirty_trials_and_five_kills(seed, tmp_path):
    places = check_study(tmp_path, "local:2", trials=30, kills=5, longest=6, seed=seed)
    assert places, "one at least before the end"
