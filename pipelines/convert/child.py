"""A child process under watch: it ends in bounded time and memory, and it does not outlive its
parent.

What TensorFlow maps is little evidence of what it uses, so that a limit of the address space would
end a child that is well; its resident memory is looked at instead, ten times a second (Linux;
elsewhere the time alone is watched).
"""

import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..engine.machine import free_bytes
from ..engine.starter import ending_with_this

LOOK_SECONDS = 0.1
BASE_SECONDS = 600
SECONDS_PER_MEGABYTE = 30
MEMORY_SHARE = 0.8
RESERVE_BYTES = 128 * 2**20
SECONDS_NAME = "PIPELINES_CONVERT_SECONDS"
BYTES_NAME = "PIPELINES_CONVERT_BYTES"


@dataclass(frozen=True)
class Limits:
    """What a child may take: seconds of wall time, and bytes of resident memory (None: not
    watched).
    """

    seconds: float
    size_bytes: int | None

    @classmethod
    def of_conversion(cls, model_bytes: int) -> "Limits":
        """Ten minutes and thirty seconds a megabyte of the model; four fifths of the memory that is
        free now. The environment variables PIPELINES_CONVERT_SECONDS and PIPELINES_CONVERT_BYTES
        say it otherwise.
        """
        free = free_bytes()
        return cls(
            _from_environment(
                SECONDS_NAME, BASE_SECONDS + SECONDS_PER_MEGABYTE * model_bytes / 2**20
            ),
            _from_environment(
                BYTES_NAME,
                None if free is None else int(free * MEMORY_SHARE),
            ),
        )


@dataclass(frozen=True)
class Ended:
    """How a child ended: its return code, negative of a signal; what it wrote to standard error;
    and `limit`, "time" or "memory" where it was ended for passing one, else "".
    """

    returncode: int
    stderr: str
    limit: str = ""


def run_watched(
    command: list[str],
    limits: Limits,
    *,
    folder: Path,
    environment: dict[str, str],
    look: Callable[[], None] = lambda: None,
) -> Ended:
    """Runs a command until it ends or passes a limit; whatever raises here, Ctrl-C included, ends
    it too. Temporary files of the child lie in `folder`, with what it writes in `folder`/stderr.
    `look` is called now and then.
    """
    environment = {**environment, "TMPDIR": str(folder)}
    with (folder / "stderr").open("wb") as stderr:
        child = subprocess.Popen(
            ending_with_this(command),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )
        watch = Watch(child.pid, limits)
        try:
            while child.poll() is None and not watch.limit:
                watch.look()
                look()
                time.sleep(0 if watch.limit else LOOK_SECONDS)
        finally:
            child.kill()
            child.wait()
    return Ended(
        child.returncode,
        (folder / "stderr").read_text(
            encoding="utf-8",
            errors="replace",
        ),
        watch.limit,
    )


class Watch:
    """A process from now on, held against its limits.

    Attributes:
        limit: "time" or "memory" once it has passed one, else "".
    """

    def __init__(self, process: int, limits: Limits):
        self._process = process
        self._limits = limits
        self._deadline = time.monotonic() + limits.seconds
        self.limit = ""

    def look(self) -> None:
        """Looks whether the process has passed a limit."""
        if time.monotonic() > self._deadline:
            self.limit = "time"
        elif self._takes_too_much():
            self.limit = "memory"

    def _takes_too_much(self):
        most = self._limits.size_bytes
        if most is None:
            return False
        free = free_bytes()
        # Whoever took it: the machine would begin to swap.
        if free is not None and free < RESERVE_BYTES:
            return True
        return resident_bytes(self._process) > most


def resident_bytes(process: int) -> int:
    """Memory that a process holds; 0 once it has ended, or where the system does not say."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf(
            "SC_PAGE_SIZE"
        )
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _from_environment(name, otherwise):
    said = os.environ.get(name, "")
    if said.isdecimal() and int(said) > 0:
        return int(said)
    return otherwise
