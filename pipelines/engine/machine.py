"""What the machine has, and how a session of processes is ended."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

_PEAK_KIB = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)
_END_SECONDS = 10  # in which a killed process is gone, unless the system hangs


def end_session(process: subprocess.Popen) -> None:
    """Ends a process that was started in a session of its own, and all that it has started."""
    with contextlib.suppress(ProcessLookupError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_END_SECONDS)


def free_bytes() -> int | None:
    """Memory that can be taken without swapping: of the machine or, where that is less, of the
    control group that this process is in. None where the system does not say.
    """
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        found = [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    except FileNotFoundError:
        return None
    most = Path("/sys/fs/cgroup/memory.max")
    taken = Path("/sys/fs/cgroup/memory.current")
    if most.is_file() and taken.is_file() and (limit := most.read_text().strip()) != "max":
        found.append(int(limit) - int(taken.read_text()))
    if found:
        return max(min(found), 0)
    return None


def peak_mib() -> int | None:
    """Returns the most memory that this process has had, in MiB; None on Windows.

    Linux's `ru_maxrss` begins at what the process had that started this one, so the kernel's own
    high water mark is read there (VmHWM, proc_pid_status(5)).
    """
    status = Path("/proc/self/status")
    if status.is_file():
        return peak_in(status.read_text())
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if sys.platform == "darwin":  # which counts bytes
        return peak // 2**20
    return peak // 2**10


def peak_in(status: str) -> int | None:
    """Returns the most memory of a process, in MiB, of what Linux shows in its /proc/PID/status;
    None of one that has ended.
    """
    found = _PEAK_KIB.search(status)
    if found is None:
        return None
    return int(found[1]) // 2**10


def num_cores() -> int:
    """Returns the cores that this process may use."""
    if sys.platform.startswith("linux"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def visible_gpus() -> tuple[str, ...]:
    """Returns the numbers of the GPUs that this process may use, as in CUDA_VISIBLE_DEVICES."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is None:
        devices = Path("/dev").glob("nvidia[0-9]*")
        return tuple(sorted(device.name.removeprefix("nvidia") for device in devices))
    numbers = [number.strip() for number in named.split(",")]
    return tuple(number for number in numbers if number not in ("", "-1", "NoDevFiles"))
