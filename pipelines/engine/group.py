"""Several processes that train one model together: started, watched, and started again together
where one of them dies, because the others cannot go on without it.
"""

import contextlib
import json
import os
import socket
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from ..errors import EngineError, RecipeError
from .failure import Failure
from .notice import print_notice
from .processes import LocalProcesses
from .ray_cluster import connect, import_ray
from .slot import usual_slot
from .workspace import write_whole

CLUSTER = "TF_CONFIG"
RANK = "PIPELINES_RANK"
FAILURE = "failure.json"
MOST_LOSSES = 3
_LOOK_SECONDS = 0.2
_START_SECONDS = 120


@dataclass(frozen=True)
class Group:
    """Who trains together.

    Attributes:
        num_workers: how many processes.
        module: what each of them runs, with a function `take_part(folder, rank)`.
        engine: "local" for processes of this machine, "ray" for actors of a Ray cluster.
    """

    num_workers: int
    module: str
    engine: str = "local"

    def check(self) -> None:
        """Raises RecipeError for fewer than two workers, or another engine."""
        if self.num_workers < 2:
            raise RecipeError(
                f"{self.num_workers} workers", expected="two or more", fix="--workers 2"
            )
        if self.engine not in ("local", "ray"):
            raise RecipeError(f"--on {self.engine}", expected="local or ray", fix="--on local")


_current: ContextVar[Group | None] = ContextVar("group", default=None)


@contextmanager
def training_in(group: Group) -> Iterator[None]:
    """Lets the trainings of the block that ask for several workers be done by a group."""
    group.check()
    token = _current.set(group)
    try:
        yield
    finally:
        _current.reset(token)


def current_group() -> Group:
    """Returns who trains together now.

    Raises:
        RecipeError: nobody.
    """
    group = _current.get()
    if group is None:
        raise RecipeError(
            "training.strategy='multiworker' without workers",
            expected="a command that starts them",
            fix="python -m pipelines launch --workers 2 run RECIPE",
            stage="train",
        )
    return group


def rank_here() -> int | None:
    """Returns which worker of a group this process is, from 0; None outside of a group."""
    rank = os.environ.get(RANK)
    if rank is None:
        return None
    return int(rank)


def run_group(group: Group, folder: Path, *, about: str) -> None:
    """Lets a group do what is asked for in a folder.

    Args:
        group: who.
        folder: with the request; what workers write for each other and for the caller is there.
        about: what is done, for messages.

    Raises:
        PipelineError: of a worker.
        EngineError: workers were lost too often.
    """
    for num_lost in range(MOST_LOSSES + 1):
        lost = _run_once(group, folder)
        if lost is None:
            return
        _raise_failure(folder, about)
        if num_lost < MOST_LOSSES:
            print_notice(f"{about}: {lost}; all of them start again from the last stored epoch")
    raise EngineError(
        f"{about}: {MOST_LOSSES + 1} times a worker was lost, the last time: {lost}",
        expected="workers that live as long as the training",
        fix=f"see what they wrote: {folder}/rank*.log; more memory, or fewer workers",
    )


def _run_once(group, folder):
    """Returns why the group did not end, or None."""
    kind = _LocalRanks
    if group.engine == "ray":
        kind = _RayRanks
    ranks = kind(group, folder)
    try:
        ranks.start()
        return ranks.wait()
    finally:
        ranks.end()


def _raise_failure(folder, about):
    """Raises what a worker reported, if one has."""
    path = folder / FAILURE
    if not path.is_file():
        return
    reported = json.loads(path.read_text(encoding="utf-8"))
    path.unlink()
    log = _log_of(folder, reported["rank"])
    if not log.is_file():  # the first worker, and actors of Ray, write where the command writes
        log = None
    failure = Failure(**reported["failure"])
    raise failure.error(about=about, log=log, kept=f"  what workers wrote: {folder}")


def report_failure(folder: Path, error: BaseException) -> None:
    """Writes the error of a worker for who started it."""
    failure = json.dumps({"rank": rank_here(), "failure": vars(Failure.of(error))})
    write_whole(folder / FAILURE, failure.encode())


def _log_of(folder, rank):
    """Returns the file of what a worker of this machine wrote; the first one has none."""
    return folder / f"rank{rank}.log"


def free_addresses(num_wanted: int, host: str = "127.0.0.1") -> list[str]:
    """Returns host:port of ports that nobody listens on now, each another one."""
    addresses = []
    with contextlib.ExitStack() as held:  # a port that is given back may be given again
        for _ in range(num_wanted):
            listening = held.enter_context(socket.socket())
            listening.bind((host, 0))
            addresses.append(f"{host}:{listening.getsockname()[1]}")
    return addresses


def cluster_variables(addresses: list[str], rank: int) -> dict[str, str]:
    """Returns the variables that tell a process which worker of which cluster it is."""
    config = {
        "cluster": {"worker": addresses},
        "task": {"type": "worker", "index": rank},
    }
    return {CLUSTER: json.dumps(config), RANK: str(rank)}


class _Ranks(ABC):
    """The processes of a group, once."""

    def __init__(self, group, folder):
        self.group = group
        self.folder = folder

    @abstractmethod
    def start(self) -> None:
        """Starts all of them."""

    @abstractmethod
    def wait(self) -> str | None:
        """Returns which of them was lost first, in words; None if all have ended well."""

    @abstractmethod
    def end(self) -> None:
        """Ends those that live: a survivor may wait for a dead one for ever."""


class _LocalRanks(_Ranks):
    """Processes of this machine."""

    def __init__(self, group, folder):
        super().__init__(group, folder)
        self.workers = LocalProcesses()

    def start(self) -> None:
        addresses = free_addresses(self.group.num_workers)
        for rank in range(self.group.num_workers):
            # The first one shows how it goes.
            log = None
            if rank:
                log = _log_of(self.folder, rank)
            self.workers.start(
                [sys.executable, "-m", self.group.module, str(self.folder), str(rank)],
                log=log,
                variables=cluster_variables(addresses, rank),
            )

    def wait(self) -> str | None:
        while True:
            have_ended = self.workers.have_ended()
            place = self.workers.first_lost()
            if place is not None:
                return self.workers.in_words(place)
            if have_ended:
                return None
            time.sleep(_LOOK_SECONDS)

    def end(self) -> None:
        self.workers.end()


class _RayRanks(_Ranks):
    """Actors of a Ray cluster, whose machines see the folder under the same path."""

    def __init__(self, group, folder):
        super().__init__(group, folder)
        self.actors = []

    def start(self) -> None:
        ray = import_ray("--on ray")
        connect(ray)
        self.ray = ray
        actor = ray.remote(num_cpus=1, max_restarts=0)(RayRank)
        variables = usual_slot().variables()
        # Each on a machine of its own, as long as there are as many.
        placed = actor.options(runtime_env={"env_vars": variables}, scheduling_strategy="SPREAD")
        self.actors = [placed.remote() for _ in range(self.group.num_workers)]
        addresses = self._addresses()
        self.work = [
            each.take_part.remote(self.group.module, str(self.folder.absolute()), addresses, rank)
            for rank, each in enumerate(self.actors)
        ]

    def _addresses(self):
        """Returns where each actor can be reached, once all have a processor."""
        ray = self.ray
        asked = [each.address.remote() for each in self.actors]
        try:
            return ray.get(asked, timeout=_START_SECONDS)
        except ray.exceptions.GetTimeoutError as error:
            num_cpus = ray.cluster_resources().get("CPU", 0)
            raise EngineError(
                f"{len(self.actors)} workers did not start in {_START_SECONDS} s on a Ray cluster "
                f"of {num_cpus:g} processors",
                expected="a free processor for each worker",
                fix=f"--workers {max(int(num_cpus), 2)}, more machines, or end other work",
            ) from error

    def wait(self) -> str | None:
        waiting = list(self.work)
        while waiting:
            ended, waiting = self.ray.wait(waiting, num_returns=1)
            try:
                self.ray.get(ended)
            except self.ray.exceptions.RayError as error:
                words = str(error).strip().partition("\n")[0]
                return f"worker {self.work.index(ended[0])} was lost: {words}"
        return None

    def end(self) -> None:
        for actor in self.actors:
            self.ray.kill(actor)


class RayRank:
    """A worker of a group, in a process of Ray."""

    def address(self) -> str:
        """Returns host:port of a free port of this machine."""
        import ray

        (address,) = free_addresses(1, ray.util.get_node_ip_address())
        return address

    def take_part(self, module: str, folder: str, addresses: list[str], rank: int) -> None:
        """Does what the process of a worker does."""
        import importlib

        os.environ.update(cluster_variables(addresses, rank))
        importlib.import_module(module).take_part(Path(folder), rank)
