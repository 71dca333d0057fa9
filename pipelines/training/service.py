"""A tf.data service as a recipe names it: by its address, or by how many workers this machine
starts for it.
"""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass

from ..errors import RecipeError
from .local_service import lost_worker, running_service

_COUNT = re.compile("[1-9][0-9]{0,2}")
_ADDRESS = re.compile(r"[a-z0-9+]+://[^/\s]+:[0-9]+")


class DataService(ABC):
    """Who makes the batches of a training.

    Attributes:
        advice: What to do once it has failed.
    """

    advice: str

    @abstractmethod
    def __str__(self) -> str:
        """Returns it as the recipe names it."""

    @abstractmethod
    def address(self) -> str:
        """Returns the address of the dispatcher, which runs from now on."""

    @abstractmethod
    def lost(self) -> str | None:
        """Returns what is known to be lost of it since `address`, or None."""


@dataclass(frozen=True)
class ServiceAt(DataService):
    """A service that its user has started.

    Attributes:
        dispatcher: Its address, such as grpc://host:5000.
    """

    advice = "start them again (docs/training.md), then the same command"
    dispatcher: str

    def __str__(self) -> str:
        return self.dispatcher

    def address(self) -> str:
        """Returns the address that was given."""
        return self.dispatcher

    def lost(self) -> str | None:
        """Returns None: its workers are not seen from here."""
        return None


@dataclass(frozen=True)
class ServiceHere(DataService):
    """A service of this machine, which ends with this process.

    Attributes:
        num_workers: How many processes make batches.
    """

    advice = "give the same command again, with fewer workers if memory was short"
    num_workers: int

    def __str__(self) -> str:
        return str(self.num_workers)

    def address(self) -> str:
        """Returns the address of the one that runs, which is started if there is none."""
        return running_service(self.num_workers).address

    def lost(self) -> str | None:
        """Returns which worker was lost, and what it wrote last."""
        return lost_worker(self.num_workers)


def named_service(words: str) -> DataService | None:
    """Returns the service of the knob `training.data_service`; None for "".

    Raises:
        RecipeError: It is neither an address of a dispatcher nor a number of workers.
    """
    if not words:
        return None
    if _ADDRESS.fullmatch(words):
        return ServiceAt(words)
    if _COUNT.fullmatch(words):
        return ServiceHere(int(words))
    raise RecipeError(
        f"training.data_service={words!r}",
        expected="PROTOCOL://HOST:PORT of the dispatcher, or 1 to 999 workers to start here",
        fix="--data-service grpc://host:5000 or --data-service 2; or leave it out, to make the "
        "batches here",
    )
