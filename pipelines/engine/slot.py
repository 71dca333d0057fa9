"""What one worker computes with. It is the same on every engine, and so are the results."""

import os
from dataclasses import dataclass

from .environment import device_kind, environment
from .machine import free_bytes, num_cores, visible_gpus

# A worker with TensorFlow takes 0.8 GiB.
WORKER_BYTES = 2**30
_THREAD_VARIABLES = (
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
)
# Set by the package where nobody has: a node shall have what the driver has.
_SHARED_VARIABLES = ("TF_ENABLE_ONEDNN_OPTS", "TF_CPP_MIN_LOG_LEVEL")


@dataclass(frozen=True)
class Slot:
    """The share of a machine that one worker takes.

    Attributes:
        threads: of one operation. They are in the key of every result: a sum over more threads is
            another sum in its last bits.
        num_gpus: 0 or 1.
    """

    threads: int = 1
    num_gpus: int = 0

    def environment(self) -> dict[str, object]:
        """Returns what decides a worker's results besides its task; part of their keys."""
        return environment(device_kind(self.threads, self.num_gpus))

    def variables(self) -> dict[str, str]:
        """Returns the variables that are set before TensorFlow is imported."""
        shared = {name: os.environ[name] for name in _SHARED_VARIABLES if name in os.environ}
        return {**dict.fromkeys(_THREAD_VARIABLES, str(self.threads)), **shared}


def usual_slot(threads: int = 1) -> Slot:
    """Returns the slot of a worker on this machine: with a GPU, if there is one."""
    return Slot(threads, min(len(visible_gpus()), 1))


def num_slots(slot: Slot) -> int:
    """Returns how many workers this machine has room for, at least 1."""
    limits = [num_cores() // slot.threads]
    free = free_bytes()
    if free is not None:
        limits.append(free // WORKER_BYTES)
    if slot.num_gpus:
        limits.append(len(visible_gpus()) // slot.num_gpus)
    return max(min(limits), 1)
