"""Ray, where it is installed, and the cluster that this machine belongs to."""

import os
import re
import socket
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

from ..errors import EngineError
from ..installed import import_fault

# Nothing large goes through Ray itself: results have a folder, or a URL.
_OBJECT_STORE_BYTES = 80 * 2**20
# Ray asks a cluster that has ended for five minutes, and then ends this process.
_ANSWER_SECONDS = 5


def import_ray(option: str) -> Any:
    """Returns the module Ray.

    Args:
        option: that asks for it.

    Raises:
        EngineError: it cannot be imported.
    """
    # Ray reports its use to its makers unless this is set.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    fault = import_fault("ray")
    if fault:
        raise EngineError(
            f"no Ray: {fault}", expected=f"ray, for {option}", fix="pip install 'pipelines[ray]'"
        )
    import ray

    return ray


def connect(ray: Any, address: str = "ray", *, num_cpus: int | None = None) -> bool:
    """Connects this process to a cluster.

    Args:
        ray: the module.
        address: "ray" for the cluster that this machine belongs to, or one of its own if there is
            none, or if the last one was killed; "ray://host:port" for another.
        num_cpus: of a cluster of its own, in processors; None for all.

    Returns:
        Whether there was no connection before.

    Raises:
        EngineError: no cluster answers.
    """
    if ray.is_initialized():
        return False
    quiet = {"log_to_driver": False, "logging_level": "error"}
    try:
        if address.startswith("ray://"):
            with warnings.catch_warnings(action="ignore"):  # the error states it
                ray.init(address=address, **quiet)
            return True
        try:
            _refuse_ended()
            ray.init(address="auto", **quiet)
        except ConnectionError:
            if os.environ.get("RAY_ADDRESS", "auto") != "auto":
                raise
            ray.init(
                address="local",
                num_cpus=num_cpus,
                object_store_memory=_OBJECT_STORE_BYTES,
                include_dashboard=False,
                **quiet,
            )
    except (ConnectionError, RuntimeError, ImportError) as error:
        words = str(error).partition("\n")[0]
        raise EngineError(
            f"no Ray cluster answers at {address}: {words}",
            expected="a cluster with the same Ray and the same Python",
            fix="start it on its first machine: ray start --head",
        ) from error
    return True


def _refuse_ended():
    """Raises ConnectionError if nothing answers at the address that Ray would take: RAY_ADDRESS, or
    the last one that `ray start` wrote down, which stays there when a cluster is killed.
    """
    folder = tempfile.gettempdir()
    if sys.platform == "darwin":
        folder = "/tmp"
    written = Path(os.environ.get("RAY_TMPDIR", folder), "ray", "ray_current_cluster")
    address = os.environ.get("RAY_ADDRESS", "")
    if not address and written.is_file():
        address = written.read_text().strip()
    if not re.fullmatch(r"[^/]+:\d+", address):
        return
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWER_SECONDS).close()
    except OSError as error:
        raise ConnectionError(f"nothing answers at {address}: {error}") from error
