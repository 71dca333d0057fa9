"""SIGKILL at random moments: the same command ends with the bytes of the uninterrupted run, and
nothing is left behind."""

import hashlib
import json
import random
import re
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.engine import kills
from tests.engine.kills import Landed
from tests.folders import without_times

# The stages in which a run is killed, one after the other.
_SHORT = "load load steps steps training training conversion conversion judging writing"
TARGETS = {
    "penguins_mlp": "load load steps steps teacher training training compression compression "
    "conversion conversion judging writing",
    "remarks_cnn": "load load steps steps teacher pretraining pretraining training conversion "
    "comparison comparison writing",
    "gun_point": _SHORT,
    "emoji_cnn": _SHORT,
    "glucose_mlp": _SHORT,
}
# Of `seeds`: a worker's stage, and how far the workers are when the driver is killed.
PAIRS = [
    ("load", "load"),
    ("steps", "steps"),
    ("teacher", "training"),
    ("training", "compression"),
    ("compression", "conversion"),
    ("conversion", "conversion"),
    ("judging", "writing"),
]
MUST_HIT = {
    "load",
    "steps",
    "teacher",
    "pretraining",
    "training",
    "compression",
    "conversion",
    "writing",
}
MOST_DIGITS = 2000  # bytes that times take in a bundle, and in its entry


def content_of(folder):
    """Returns name → sha256 of a bundle's files, times left out."""
    found = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if not path.is_file() or name == "SHA256SUMS":
            continue
        content = path.read_bytes()
        if name == "report.json":
            plain = without_times(json.loads(content))
            content = json.dumps(plain, sort_keys=True).encode()
        if name in ("report.html", "README.md"):  # hold the times as text and as pictures
            content = re.sub(rb"\d", b"", content)[:200]
        found[name] = hashlib.sha256(content).hexdigest()
    return found


def size_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def check_same(place, whole, name):
    """Compares what a run with kills made, and all that it left, with the uninterrupted one's."""
    bundle = f"{name}_tiny"
    assert content_of(place / bundle) == content_of(whole / bundle), place
    assert {path.name for path in place.iterdir()} == {path.name for path in whole.iterdir()}
    names = sorted(path.name for path in (place / ".cache").iterdir())
    assert all(re.fullmatch("[0-9a-f]{64}", each) for each in names), names
    assert names == sorted(path.name for path in (whole / ".cache").iterdir())
    num_bundles = 1 + len(list(place.glob(".cache/*/report.json")))
    assert abs(size_of(place) - size_of(whole)) < MOST_DIGITS * num_bundles, "digits of times alone"


def check_kills(name, folder, landed, *, targets="", rounds=1):
    """Kills runs of a recipe in each of the stages `targets`, in this order, and compares."""
    temporary = folder / "tmp"
    temporary.mkdir(parents=True)
    log = folder / "log"
    whole = folder / "whole"
    seconds = kills.watch_whole(kills.start(name, whole, temporary, log), log)
    for seed in range(rounds):
        place = folder / f"killed{seed}"
        draw = random.Random(f"{name} {seed}")
        for target in (targets or TARGETS[name]).split():
            process = kills.start(name, place, temporary, log)
            stage = kills.kill_at(process, target, seconds.get(target, 0.1), log, draw)
            if not stage:
                break
            landed.note(name, "run", stage)
        assert kills.start(name, place, temporary, log).wait() == 0, log.read_text()[-3000:]
        check_same(place, whole, name)
        shutil.rmtree(place)
    assert not list(temporary.iterdir())


def check_kills_of_seeds(name, folder, landed, *, rounds=1):
    """Kills workers and drivers of `seeds` on two local workers, and compares."""
    temporary = folder / "tmp"
    temporary.mkdir(parents=True)
    log = folder / "log"
    whole = folder / "whole"

    def start(place):
        return kills.start(name, place, temporary, log, num_seeds=2)

    began = time.monotonic()
    assert start(whole).wait() == 0, log.read_text()[-3000:]
    longest = (time.monotonic() - began) / 10
    scores = (whole / f"{name}_tiny.seeds.json").read_bytes()
    for seed in range(rounds):
        place = folder / f"killed{seed}"
        draw = random.Random(f"seeds {name} {seed}")
        for of_worker, of_driver in PAIRS:
            driver = start(place)
            stage = kills.kill_worker_at(driver, of_worker, longest, place, draw)
            if stage:
                landed.note(f"seeds {name}", "worker", stage)
            if not kill_driver(driver, of_driver, place, landed, draw=draw, name=name):
                break
        assert start(place).wait() == 0, log.read_text()[-3000:]
        check_same(place, whole, name)
        assert (place / f"{name}_tiny.seeds.json").read_bytes() == scores
        shutil.rmtree(place)
    assert not list(temporary.iterdir())


def kill_driver(driver, target, place, landed, *, draw, name):
    """Kills a driver once a worker is in a stage; its workers end with it. False if it ended."""
    if not kills.has_come(driver, target, lambda: kills.furthest(place)):
        assert driver.returncode == 0
        return False
    time.sleep(draw.uniform(0, 1))
    if driver.poll() is not None:
        return False
    stage = kills.furthest(place)
    kills.kill(driver.pid, draw)
    driver.wait()
    landed.note(f"seeds {name}", "driver", stage)
    until = time.monotonic() + 10
    while kills.worker_logs(place) and time.monotonic() < until:
        time.sleep(kills.LOOK_SECONDS)
    assert not kills.worker_logs(place), "workers that outlive their driver"
    return True


@pytest.mark.full
def test_sixty_kills_in_all_stages_change_nothing(tmp_path, capsys):
    landed = Landed()
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(check_kills_of_seeds, "penguins_mlp", tmp_path / "seeds", landed)]
        for name in sorted(TARGETS, key=lambda name: name != "remarks_cnn"):
            futures.append(pool.submit(check_kills, name, tmp_path / name, landed))
        for future in futures:
            future.result()
    with capsys.disabled():
        print(f"\n{landed.table()}")
    assert landed.num >= 60
    assert landed.stages() >= MUST_HIT
    killed = {process for _, process, _ in landed.counts}
    assert killed == {"run", "worker", "driver"}


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ("", "load"),
        ("✓ load 0.4 s\n", "steps"),
        ("✓ load\n✓ split 1 s\nforest:   0%|", "teacher"),
        ("✓ teacher 0.4 s\n", "building"),
        ("✓ teacher 0.4 s\n\rpretrain:  50%|", "pretraining"),
        ("✓ teacher 0.4 s\n\rpretrain:  50%|\rtrain:  0%|", "training"),
        ("✓ train 2 s\n\rtrain:   0%|", "compression"),
        ("✓ train 2 s\n✓ PruneWeights 4 s\n", "compression"),
        ("✓ train 2 s\nexport: a child process converts", "conversion"),
        ("✓ export 2 s\n✓ decide 0.1 s", "files"),
        ("✓ export 2 s\ncomparison: another\rtrain:  0%|", "comparison"),
        ("✓ comparison 2 s\n✓ verify 1 s\n", "judging"),
        ("✓ report 2 s\n", "writing"),
        ("✓ report 2 s\nReport: saved_models", "ending"),
    ],
)
def test_what_a_run_wrote_tells_its_stage(text, stage):
    assert kills.stage_of(text) == stage


@pytest.mark.full
def test_kills_of_the_smallest_run(tmp_path):
    landed = Landed()
    check_kills("penguins_mlp", tmp_path, landed, targets="training writing")
    assert landed.num >= 1


@pytest.mark.full  # `test_run` presses Ctrl-C in a training in the normal run
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_asked_to_stop_keeps_what_is_finished(number, tmp_path):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    folder = tmp_path / "models"
    if number == signal.SIGINT:
        # A shell has it ignored in what it starts in the background, which a child would inherit.
        signal.signal(number, signal.default_int_handler)
    process = kills.start("penguins_mlp", folder, temporary, tmp_path / "log")
    until = time.monotonic() + 120
    while not list(folder.glob(".cache/*.epochs/fit1")) and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(number)
    assert process.wait(timeout=60) == 128 + number
    assert not list(temporary.iterdir())
    assert [path.name for path in folder.iterdir()] == [".cache"]
    assert list(Path(folder, ".cache").iterdir()), "a training that began, or one that ended"
