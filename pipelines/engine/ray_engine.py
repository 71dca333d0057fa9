"""Tasks on a Ray cluster: many machines, with the folder of the cache on all of them or its URL.

Ray's core alone is used. A task goes to Ray as a line of JSON and comes back as a key; the result
goes through the folder or the URL.
"""

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import EngineError
from .base import Engine, Handle
from .ray_cluster import connect, import_ray
from .remote import Remote
from .slot import WORKER_BYTES, Slot, num_slots
from .worker import answer_line


class RayEngine(Engine):
    """Does tasks in workers of a Ray cluster."""

    def __init__(
        self,
        folder: Path,
        worker: str,
        *,
        slot: Slot,
        address: str = "ray",
        is_fresh: bool = False,
        remote: Remote | None = None,
    ):
        """Takes where results are kept and who makes them; see `Engine`.

        Args:
            folder: whose .cache keeps the results, without `remote` on all machines under the same
                path.
            worker: the module with the table of stages, installed on all machines.
            slot: what one worker computes with.
            address: "ray" for the cluster that this machine belongs to, or one of its own if there
                is none; "ray://host:port" for another.
            is_fresh: whether results that are there are computed again.
            remote: where machines share results, or None.

        Raises:
            EngineError: Ray cannot be imported.
        """
        ray = import_ray("--engine ray")
        super().__init__(folder, worker, slot=slot, is_fresh=is_fresh, remote=remote)
        self.address = address
        self._ray: Any = ray
        self._has_started = False
        self._running: dict[Any, Handle] = {}

    def _open(self) -> None:
        ray = self._ray
        num_cpus = num_slots(self.slot) * self.slot.threads
        self._has_started = connect(ray, self.address, num_cpus=num_cpus)
        num_gpus = min(int(ray.cluster_resources().get("GPU", 0)), 1)
        self.slot = replace(self.slot, num_gpus=num_gpus)
        self._function = ray.remote(answer_line).options(
            num_cpus=self.slot.threads,
            num_gpus=num_gpus,
            memory=WORKER_BYTES,
            max_retries=0,  # what is begun once more is decided in one place for all engines
            runtime_env={"env_vars": self.slot.variables()},
        )

    def _close(self) -> None:
        for reference in list(self._running):
            self._cancel(reference)
        self._running.clear()
        if self._has_started:
            self._ray.shutdown()

    def _start(self, handle: Handle) -> None:
        request = self._request(handle)
        if self.remote is not None:
            request = request.elsewhere()
        reference = self._function.remote(request.to_line())
        self._running[reference] = handle

    def _stop(self, handle: Handle) -> None:
        for reference, running in list(self._running.items()):
            if running is handle:
                del self._running[reference]
                self._cancel(reference)

    def _cancel(self, reference):
        # It may have ended meanwhile, with its node.
        with contextlib.suppress(
            self._ray.exceptions.RayError,
            ValueError,
            ConnectionError,
        ):
            self._ray.cancel(reference, force=True)

    def _look(self, seconds: float) -> None:
        ended, _ = self._ray.wait(list(self._running), num_returns=1, timeout=seconds)
        for reference in ended:
            self._note(self._running.pop(reference), reference)

    def _note(self, handle, reference):
        """Notes how a task has ended."""
        exceptions = self._ray.exceptions
        try:
            answer = self._ray.get(reference)
        except (exceptions.RayTaskError, exceptions.RuntimeEnvSetupError) as error:
            raise EngineError(
                f"a node cannot do {handle.about}: {str(error).strip().splitlines()[-1]}",
                expected="this package on every node of the cluster",
                fix="install the same package and the same versions on every machine",
            ) from error
        except exceptions.RayError as error:
            is_killed = isinstance(error, exceptions.OutOfMemoryError)
            self._note_loss(handle, type(error).__name__, is_killed=is_killed)
        else:
            self._note_answer(handle, answer)

    def _fewer_slots(self) -> str:
        return ": start the nodes with a smaller --num-cpus"
