"""SIGKILL at random moments: the same command ends with the bytes of the uninterrupted run, and
nothing is left behind."""

import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.folders import without_times

NAMES = ["penguins_mlp", "remarks_cnn", "gun_point", "emoji_cnn", "glucose_mlp"]


def start(name, folder, temporary):
    return subprocess.Popen(
        [sys.executable, "-m", "tests.engine.tiny_run", name, str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(temporary)},
        start_new_session=True,
    )


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


def run_with_kills(name, folder, temporary, *, draw, longest, kills):
    """Starts a run again and again until it is through; returns how often it was killed."""
    count = 0
    while True:
        process = start(name, folder, temporary)
        wait = None
        if count == 0:  # later runs are shorter: they take what is finished from the cache
            wait = draw.uniform(0.2, 0.6) * longest
        elif count < kills:
            wait = draw.uniform(0.5, longest)
        try:
            assert process.wait(timeout=wait) == 0
            return count
        except subprocess.TimeoutExpired:
            if draw.random() < 0.5:
                os.killpg(process.pid, signal.SIGKILL)
            else:  # its converter is left to find that out by itself
                process.kill()
            process.wait()
            count += 1


@pytest.mark.full
@pytest.mark.parametrize("name", NAMES)
def test_a_killed_run_ends_with_the_bytes_of_the_uninterrupted_one(name, tmp_path):
    check_kills(name, tmp_path, rounds=4, kills=3)


def check_kills(name, folder, *, rounds, kills):
    temporary = folder / "tmp"
    temporary.mkdir()
    began = time.monotonic()
    assert start(name, folder / "whole", temporary).wait() == 0
    longest = time.monotonic() - began
    wanted = content_of(folder / "whole" / f"{name}_tiny")
    killed = 0
    for seed in range(rounds):
        place = folder / f"killed{seed}"
        draw = random.Random(f"{name} {seed}")
        killed += run_with_kills(name, place, temporary, draw=draw, longest=longest, kills=kills)
        assert content_of(place / f"{name}_tiny") == wanted
        assert {path.name for path in place.iterdir()} == {".cache", f"{name}_tiny"}
        names = [path.name for path in (place / ".cache").iterdir()]
        assert all(re.fullmatch("[0-9a-f]{64}", each) for each in names), names
        assert abs(size_of(place) - size_of(folder / "whole")) < 2000, "digits of times alone"
        shutil.rmtree(place)
    assert not list(temporary.iterdir())
    assert killed >= rounds


def test_kills_of_the_smallest_run(tmp_path):
    check_kills("penguins_mlp", tmp_path, rounds=1, kills=2)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_asked_to_stop_keeps_what_is_finished(number, tmp_path):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    folder = tmp_path / "models"
    process = start("penguins_mlp", folder, temporary)
    until = time.monotonic() + 120
    while not list(folder.glob(".cache/*.epochs/fit1")) and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(number)
    assert process.wait(timeout=60) == 128 + number
    assert not list(temporary.iterdir())
    assert [path.name for path in folder.iterdir()] == [".cache"]
    assert list(Path(folder, ".cache").iterdir()), "a training that began, or one that ended"
