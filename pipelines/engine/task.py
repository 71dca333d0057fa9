"""A piece of work as data: any process that has the package can do it, and all get the same."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .digest import digest


@dataclass(frozen=True)
class Task:
    """One stage with what decides its result. The result is an entry of the cache.

    Attributes:
        stage: its name in the table of the worker.
        spec: values of JSON, such as a recipe's.
        inputs: keys of what the stage takes, such as the digest of the rows.
    """

    stage: str
    spec: Mapping[str, Any]
    inputs: tuple[str, ...] = ()

    def key(self, environment: Mapping[str, object]) -> str:
        """Returns the key of the result: the one that `cache.begin` makes in the worker.

        Args:
            environment: of the worker; see `environment.environment`.
        """
        return digest(self.stage, environment, self.spec, *self.inputs)

    def to_json(self) -> dict[str, Any]:
        """Returns the task as values of JSON."""
        return {"stage": self.stage, "spec": dict(self.spec), "inputs": list(self.inputs)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Task":
        """Returns the task of `to_json`."""
        return cls(values["stage"], values["spec"], tuple(values["inputs"]))


def canonical_json(values: object) -> str:
    """Returns values as one line of JSON, the same for equal values."""
    return json.dumps(
        values,
        sort_keys=True,
        separators=(",", ":"),
        allow_nan=False,
    )
