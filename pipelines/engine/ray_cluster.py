"""Ray, where it is installed, and the cluster that this machine belongs to."""

import os
import warnings
from typing import Any

from ..errors import EngineError
from ..installed import import_fault

# Nothing large goes through Ray itself: results have a folder, or a URL.
_OBJECT_STORE_BYTES = 80 * 2**20


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
            none; "ray://host:port" for another.
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
            ray.init(address="auto", **quiet)
        except ConnectionError:
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
