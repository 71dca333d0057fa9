"""The most memory that each process of a family had: one that a benchmark starts, and all that it
starts in turn. Linux.
"""

import contextlib
import os
import re
import threading
from pathlib import Path

from pipelines.engine.machine import peak_in

_PARENT = re.compile(r"^PPid:\s+(\d+)$", re.MULTILINE)
_PERIOD = 0.5


class FamilyMemory:
    """Looks at a process and its descendants now and then, in a thread.

    Attributes:
        peaks: Process id → MiB.
    """

    def __init__(self, pid: int):
        self.pid = pid
        self.peaks: dict[int, int] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *error):
        self._ended.set()
        self._thread.join()

    def most_of_others(self) -> int:
        """Returns the most that a process other than the first had, in MiB."""
        others = [mib for pid, mib in self.peaks.items() if pid != self.pid]
        return max(others, default=0)

    def _watch(self):
        while not self._ended.wait(_PERIOD):
            self.look()

    def look(self) -> None:
        """Notes what each process of the family has had until now."""
        family = {self.pid}
        for pid, parent, mib in sorted(_processes()):
            if pid in family or parent in family:
                family.add(pid)
                self.peaks[pid] = max(mib, self.peaks.get(pid, 0))


def _processes():
    """Returns (id, the id of what started it, the most MiB that it had) of every process."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        # One that ends meanwhile has no status, and one that has ended no memory.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            status = Path(f"/proc/{name}/status").read_text()
            peak = peak_in(status)
            if peak is not None:
                found.append((int(name), int(_PARENT.search(status)[1]), peak))
    return found
