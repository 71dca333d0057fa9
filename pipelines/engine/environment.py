"""The code, the versions and the device that a result was made with: what every key holds."""

import hashlib
import os
import platform
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

# Whose results end in a bundle. A result of other versions is another result.
PACKAGES = (
    "tensorflow",
    "keras",
    "numpy",
    "scikit-learn",
    "imbalanced-learn",
    "pandas",
    "pyarrow",
    "pillow",
    "ai-edge-litert",
    "ai-edge-quantizer",
    "matplotlib",
)
# What alters a last digit of what TensorFlow computes.
_VARIABLES = ("TF_ENABLE_ONEDNN_OPTS", "CUDA_VISIBLE_DEVICES")


@cache
def environment() -> dict[str, object]:
    """Returns what decides a result besides its recipe and its rows, as values of JSON.

    There is no name, path or time in it: two machines that would compute the same have the same.
    """
    return {
        "package": package_digest(),
        "python": ".".join(map(str, sys.version_info[:2])),
        "versions": {name: _version(name) for name in PACKAGES},
        "device": device_kind(),
    }


@cache
def package_digest() -> str:
    """Returns the sha256 of the package's own files, by their names inside it."""
    root = Path(__file__).parents[1]
    hasher = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_file() and "__pycache__" not in name:
            content = path.read_bytes()
            hasher.update(f"{name} {len(content)}\n".encode())
            hasher.update(content)
    return hasher.hexdigest()


def device_kind() -> str:
    """Returns what computes: the kind of processor, its threads, and whether there are GPUs.

    A sum over more threads is another sum in its last bits.
    """
    threads = os.environ.get("TF_NUM_INTRAOP_THREADS", "0")
    if not threads.isdecimal() or int(threads) == 0:
        threads = str(num_cores())
    switches = [f"{name}={os.environ[name]}" for name in _VARIABLES if name in os.environ]
    num_gpus = len(list(Path("/dev").glob("nvidia[0-9]*")))
    return " ".join([platform.machine(), f"{threads} threads", f"{num_gpus} GPUs", *switches])


def num_cores() -> int:
    """Returns the cores that this process may use."""
    if sys.platform.startswith("linux"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _version(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
