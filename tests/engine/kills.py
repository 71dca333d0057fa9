"""Kills of runs at moments that are drawn inside of a stage, and in which stage each one landed.

A run states its progress on standard error: what it wrote when it died tells the stage.
"""

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.engine.workspace import PREFIX

STAGES = [
    "load",
    "steps",
    "teacher",
    "building",
    "pretraining",
    "training",
    "compression",
    "conversion",
    "files",
    "comparison",
    "judging",
    "writing",
    "ending",
]
LOOK_SECONDS = 0.01
MOST_SECONDS = 900
_LINE = re.compile(
    r"✓ (?P<ended>\w+)"
    r"|(?P<begun>export|comparison): a"
    r"|(?P<bar>forest|teacher|pretrain|train): "
    r"|(?P<last>Report: )"
)
# What a run does after the stage of a line.
_AFTER = {
    "teacher": "building",
    "train": "compression",
    "QuantizeAware": "conversion",
    "export": "files",
    "decide": "files",
    "files": "judging",
    "comparison": "judging",
    "verify": "judging",
    "report": "writing",
}
_BARS = {"forest": "teacher", "teacher": "teacher", "pretrain": "pretraining", "train": "training"}


def stage_of(text: str) -> str:
    """Returns the stage that a run was in when it had written so much."""
    stage = "load"
    for line in _LINE.finditer(text):
        if line["last"]:
            stage = "ending"
        elif line["begun"]:
            stage = {"export": "conversion"}.get(line["begun"], line["begun"])
        elif line["ended"]:
            stage = _AFTER.get(line["ended"], stage if stage == "compression" else "steps")
        elif stage not in ("compression", "comparison"):  # which train too
            stage = _BARS[line["bar"]]
    return stage


def stage_in(log: Path) -> str:
    """Returns the stage of a run by its log."""
    try:
        return stage_of(log.read_text(encoding="utf-8", errors="replace"))
    except FileNotFoundError:
        return "load"


@dataclass
class Landed:
    """The kills that landed in a living process.

    Attributes:
        counts: (recipe, what was killed, its stage) → how many.
    """

    counts: Counter = field(default_factory=Counter)

    def note(self, recipe: str, process: str, stage: str) -> None:
        self.counts[recipe, process, stage] += 1

    @property
    def num(self) -> int:
        return sum(self.counts.values())

    def stages(self) -> set[str]:
        """Returns the stages that were hit."""
        return {stage for _, _, stage in self.counts}

    def table(self) -> str:
        """Returns a line for each process and a column for each stage."""
        rows = sorted({key[:2] for key in self.counts})
        lines = [f"{'':24}" + "".join(f"{stage[:8]:>9}" for stage in STAGES) + "      all"]
        for row in rows:
            numbers = [self.counts[(*row, stage)] for stage in STAGES]
            cells = "".join(f"{number or '':>9}" for number in (*numbers, sum(numbers)))
            lines.append(f"{' '.join(row):24}{cells}")
        return "\n".join([*lines, f"{self.num} kills"])


def start(name: str, folder: Path, temporary: Path, log: Path, *, num_seeds: int = 0):
    """Starts a tiny run, or `seeds` on two workers, that writes to `log`."""
    command = [sys.executable, "-m", "tests.engine.tiny_run", name, str(folder)]
    if num_seeds:
        command.append(str(num_seeds))
    with log.open("wb") as file:
        return subprocess.Popen(
            command,
            stdout=file,
            stderr=file,
            env={**os.environ, "TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )


def watch_whole(process: subprocess.Popen, log: Path) -> dict[str, float]:
    """Waits for an uninterrupted run; returns stage → seconds that it took."""
    seconds: Counter = Counter()
    before = time.monotonic()
    while process.poll() is None:
        time.sleep(LOOK_SECONDS)
        now = time.monotonic()
        seconds[stage_in(log)] += now - before
        before = now
    assert process.returncode == 0, log.read_text()[-3000:]
    return dict(seconds)


def has_come(process: subprocess.Popen, target: str, look) -> bool:
    """Waits until `look`, a stage, is the target or a later one; False if the run ended first."""
    until = time.monotonic() + MOST_SECONDS
    while process.poll() is None:
        if STAGES.index(look()) >= STAGES.index(target):
            return True
        assert time.monotonic() < until, f"{target} did not come"
        time.sleep(LOOK_SECONDS)
    return False


def kill_at(process: subprocess.Popen, target: str, seconds: float, log: Path, draw) -> str:
    """Kills a run at a moment of a stage; returns the stage it was in, "" if it ended before."""
    if not has_come(process, target, lambda: stage_in(log)):
        assert process.returncode == 0, log.read_text()[-3000:]
        return ""
    time.sleep(draw.uniform(0, seconds))
    if process.poll() is not None:
        assert process.returncode == 0, log.read_text()[-3000:]
        return ""
    kill(process.pid, draw)
    process.wait()
    return stage_in(log)


def kill(process: int, draw: random.Random) -> None:
    """Kills a process: with all of its session, or so that its children find out by themselves."""
    if draw.random() < 0.5:
        os.killpg(process, signal.SIGKILL)
    else:
        os.kill(process, signal.SIGKILL)


def worker_logs(folder: Path) -> dict[int, Path]:
    """Returns process → log of each worker that does a task of a driver in `folder`."""
    found = {}
    logs = {str(path) for path in folder.glob(f".cache/{PREFIX}*/*.log")}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            command = (place / "cmdline").read_bytes().split(b"\0")
            target = os.readlink(place / "fd" / "2")
        except OSError:  # it has ended
            continue
        if target in logs and b"pipelines.studies.worker" in command:
            found[int(place.name)] = Path(target)
    return found


def furthest(folder: Path) -> str:
    """Returns the latest stage that a worker is in."""
    stages = [stage_in(log) for log in worker_logs(folder).values()]
    return max(stages, key=STAGES.index, default="load")


def kill_worker_at(driver, target: str, seconds: float, folder: Path, draw) -> str:
    """Kills the worker that comes to a stage first; returns its stage, "" if none came."""
    if not has_come(driver, target, lambda: furthest(folder)):
        return ""
    time.sleep(draw.uniform(0, seconds))
    logs = worker_logs(folder)
    if not logs:
        return ""
    stages = {each: stage_in(log) for each, log in logs.items()}
    busy = [each for each, stage in stages.items() if stage != "ending"] or list(stages)
    worker = max(busy, key=lambda each: STAGES.index(stages[each]))
    size = logs[worker].stat().st_size
    kill(worker, draw)
    text = logs[worker].read_bytes()[: max(size, 1)]
    return stage_of(text.decode(errors="replace"))
