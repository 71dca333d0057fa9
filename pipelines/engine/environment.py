"""The code, the versions and the device that a result was made with: what every key holds."""

import hashlib
import os
import platform
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .machine import num_cores, visible_gpus

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
_VARIABLES = ("TF_ENABLE_ONEDNN_OPTS",)


def environment(device: str = "") -> dict[str, object]:
    """Returns what decides a result besides its recipe and its rows, as values of JSON.

    There is no name, path or time in it: two machines that would compute the same have the same.

    Args:
        device: the kind of a device that shall compute; this process' own if "".
    """
    return {
        "package": package_digest(),
        "python": ".".join(map(str, sys.version_info[:2])),
        "versions": _versions(),
        "device": device or device_kind(),
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


def device_kind(threads: int = 0, num_gpus: int | None = None) -> str:
    """Returns what computes: the kind of processor, its threads, and how many GPUs.

    A sum over more threads is another sum in its last bits.

    Args:
        threads: of one operation; as this process has them if 0.
        num_gpus: that a process sees; as many as this one sees if None.
    """
    if threads == 0:
        threads = _own_threads()
    switches = [f"{name}={os.environ[name]}" for name in _VARIABLES if name in os.environ]
    if num_gpus is None:
        num_gpus = len(visible_gpus())
        switches += _logical_devices()
    return " ".join([platform.machine(), f"{threads} threads", f"{num_gpus} GPUs", *switches])


def _logical_devices():
    """Returns the devices that this process has parted in several, in words.

    A mirrored training has a replica on each.
    """
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is None:
        return []
    found = []
    for device in tensorflow.config.list_physical_devices():
        parts = tensorflow.config.get_logical_device_configuration(device) or []
        if len(parts) > 1:
            found.append(f"{device.device_type} in {len(parts)}")
    return found


def _own_threads():
    named = os.environ.get("TF_NUM_INTRAOP_THREADS", "0")
    if named.isdecimal() and int(named) > 0:
        return int(named)
    return num_cores()


@cache
def _versions():
    return {name: installed_version(name) for name in PACKAGES}


def installed_version(name: str) -> str:
    """Returns the version of a package, "" if it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
