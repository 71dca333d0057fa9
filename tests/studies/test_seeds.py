"""Several seeds: what is reported, which bundle is written, and what kills and engines change."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipelines import catalog
from pipelines.bundle.folder import Bundle
from pipelines.engine import base
from pipelines.engine.local import LocalEngine
from pipelines.engine.remote import open_remote
from pipelines.engine.store import open_store
from pipelines.errors import LoadError, RecipeError
from pipelines.recipe import tiny
from pipelines.studies.seeds import _median_seed, _spread, seeds
from pipelines.studies.workers import Workers
from tests.engine.ray_warnings import RAY_WARNINGS
from tests.engine.test_local import is_alive, leftovers
from tests.folders import without_times

# The same facts in words and pictures.
_OF_THE_REPORT = ("report.html", "README.md", "SHA256SUMS")


def _under_ray(test):
    for mark in RAY_WARNINGS:
        test = mark(test)
    return test


@pytest.fixture(scope="module")
def recipe():
    """Without the ladder's gate: two epochs make a poor model."""
    made = tiny(catalog.RECIPES["penguins_mlp"])
    return replace(made, judge=replace(made.judge, tolerance=1.0))


@pytest.fixture(scope="module")
def quiet(recipe, tmp_path_factory):
    """Three seeds, one after the other and undisturbed."""
    folder = tmp_path_factory.mktemp("quiet")
    return folder, seeds(recipe, num=3, workers=Workers("local:1", folder=folder))


def contents(folder):
    """Key of each bundle in the cache, and the bundle's name → its files, without the times."""
    found = {}
    for place in [*(folder / ".cache").glob("*/"), *folder.glob("*/")]:
        if not (place / "report.json").is_file():
            continue
        files = {
            path.relative_to(place).as_posix(): path.read_bytes()
            for path in place.rglob("*")
            if path.is_file() and path.name not in (*_OF_THE_REPORT, "about.json")
        }
        files["report.json"] = without_times(json.loads(files["report.json"]))
        found[place.name] = files
    return found


def test_what_is_reported(quiet, recipe):
    folder, result = quiet
    assert result.seeds == (0, 1, 2)
    assert result.deciding == "rmse"
    scores = result.scores["int8"]["rmse"]
    assert len(set(scores)) == 3
    assert scores[result.median_seed] == np.median(scores)
    spread = result.summary()["int8"]["rmse"]
    assert spread["mean"] == pytest.approx(np.mean(scores))
    assert spread["sd"] == pytest.approx(np.std(scores, ddof=1))
    assert (spread["min"], spread["max"]) == (min(scores), max(scores))
    written = json.loads((folder / f"{recipe.name}.seeds.json").read_text())
    assert written["scores"]["int8"]["rmse"] == scores
    assert written["seeds"] == [0, 1, 2]
    assert written["split"] == repr(recipe.split)


def test_the_bundle_of_the_median(quiet, recipe):
    folder, result = quiet
    bundle = Bundle(folder / recipe.name)
    bundle.check()
    assert bundle.report["seed"] == result.median_seed
    rung = next(rung for rung in bundle.report["ladder"] if rung["form"] == "litert_int8")
    assert rung["scores"]["rmse"] == np.median(result.scores["int8"]["rmse"])
    names = sorted(path.name for path in folder.iterdir())
    assert names == [".cache", recipe.name, f"{recipe.name}.seeds.json"]
    assert leftovers(folder) == []


def test_a_second_time_takes_seconds(quiet, recipe):
    folder, result = quiet
    start = time.perf_counter()
    again = seeds(recipe, num=3, workers=Workers("local:2", folder=folder))
    assert time.perf_counter() - start < 5
    assert again == result


def test_another_folder_takes_all_from_a_url(quiet, recipe, tmp_path, monkeypatch):
    folder, expected = quiet
    far = open_remote(f"file://{tmp_path}/far")
    store = open_store(folder / ".cache")
    for entry in store.entries():
        far.send(entry.key, store)
    monkeypatch.setattr(LocalEngine, "_start", lambda *task: pytest.fail("it computes"))
    result = seeds(recipe, num=3, workers=Workers(folder=tmp_path / "other", cache=far.url))
    assert result.to_json() == expected.to_json()
    name = recipe.name
    assert contents(tmp_path / "other")[name] == contents(folder)[name]


@pytest.mark.full
@pytest.mark.skipif(os.name != "posix", reason="kills by signals")
def test_a_killed_worker_and_more_of_them_change_nothing(quiet, recipe, tmp_path, monkeypatch):
    """One of two workers is killed by SIGKILL in the middle of its task."""
    killed = []
    look = base.Engine.wait

    def kill_one(engine, handles, *, num=None):
        if not killed:
            time.sleep(9)  # into the training or the conversion
            worker = next(worker for worker in engine._workers if worker.handle)
            os.kill(worker.process.pid, signal.SIGKILL)
            killed.append(worker.process.pid)
        return look(engine, handles, num=num)

    monkeypatch.setattr(base.Engine, "wait", kill_one)
    result = seeds(recipe, num=3, workers=Workers("local:2", folder=tmp_path))
    assert killed
    folder, expected = quiet
    assert result.to_json() == expected.to_json()
    assert contents(tmp_path) == contents(folder)
    assert leftovers(tmp_path) == []


@pytest.mark.full
@_under_ray
def test_a_node_that_goes_away_changes_nothing(quiet, recipe, tmp_path, monkeypatch, cluster):
    """Of two nodes one is removed in the middle of its task."""
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    cluster.wait_for_nodes()
    removed = []
    lost = []
    wait = base.Engine.wait

    def remove_one(engine, handles, *, num=None):
        if not removed:
            time.sleep(20)  # into the training or the conversion
            cluster.remove_node(nodes[0], allow_graceful=False)
            removed.append(nodes[0])
        done = wait(engine, handles, num=num)
        lost[:] = [handle.num_lost for handle in handles]
        return done

    monkeypatch.setattr(base.Engine, "wait", remove_one)
    result = seeds(recipe, num=3, workers=Workers("ray", folder=tmp_path))
    assert sum(lost) == 1
    folder, expected = quiet
    assert result.to_json() == expected.to_json()
    assert contents(tmp_path) == contents(folder)
    assert leftovers(tmp_path) == []


@pytest.mark.full  # `engine/test_local` ends workers by Ctrl-C in the normal run
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_ctrl_c_and_again(tmp_path):
    command = [sys.executable, "-m", "pipelines", "seeds", "penguins_mlp", "--num", "2"]
    command += ["--engine", "local:2", "--folder", tmp_path, "--set", "training.epochs=300"]
    with (tmp_path / "stderr").open("wb") as stderr:
        driver = subprocess.Popen(command, stderr=stderr, stdout=subprocess.DEVNULL)
    time.sleep(12)  # into the trainings
    children = _children(driver.pid)
    start = time.monotonic()
    driver.send_signal(signal.SIGINT)
    assert driver.wait(10) == 130
    assert time.monotonic() - start < 2
    assert len(children) == 2
    assert not any(map(is_alive, children))
    assert "the same command goes on" in (tmp_path / "stderr").read_text()
    assert leftovers(tmp_path) == []
    assert not (tmp_path / "penguins_mlp").exists()


def _children(process):
    return [
        int(number)
        for thread in Path(f"/proc/{process}/task").iterdir()
        for number in (thread / "children").read_text().split()
    ]


def test_an_error_ends_it_and_names_the_seed(recipe, tmp_path, capfd):
    broken = replace(recipe, load=replace(recipe.load, target="no_such_column"))
    with pytest.raises(LoadError, match="with seed 0: ") as caught:
        seeds(broken, num=3, workers=Workers("local:1", folder=tmp_path))
    assert "alone: python -m pipelines.studies.worker" in caught.value.fix


def test_no_seeds(recipe, tmp_path):
    with pytest.raises(RecipeError, match="--num 5"):
        seeds(recipe, num=0, workers=Workers(folder=tmp_path))


@pytest.mark.parametrize(
    ("scores", "expected"), [([3.0, 1.0, 2.0], 12), ([4.0, 1.0, 2.0, 3.0], 12), ([5.0], 10)]
)
def test_the_median_of_seeds(scores, expected):
    assert _median_seed(range(10, 10 + len(scores)), scores) == expected


def test_the_spread_of_one_seed():
    assert _spread([0.5]) == {"mean": 0.5, "sd": 0.0, "min": 0.5, "max": 0.5}
