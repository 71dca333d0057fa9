"""A training as files: for processes that do it together, and what they answer."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..device.signature import Signature
from ..engine.arrays import from_bytes, to_bytes
from ..engine.group import current_group, run_group
from ..engine.resume import begin_training
from ..errors import RecipeError
from ..rows.columns import is_stored
from ..rows.parts import BalancedSet, HeldOut, Schema, UnlabelledRows
from ..settings import from_json, to_json
from .feed import TrainFeed

SPECS = "request.json"
ROWS = "rows.npz"
ANSWER = "trained.npz"
EPOCHS = "epochs"
# What a training reads of rows; the rest stays with who started it.
_OF_ROWS = ("x", "y", "ids", "weight", "label_weights", "logit_shift")


def write_request(folder: Path, asked: dict[str, Any]) -> None:
    """Writes what is asked for.

    Args:
        folder: That workers read.
        asked: "network", "feed", "valid", "signature", "training" and "deciding", as `train` takes
            them.

    Raises:
        RecipeError: Rows that no file can hold.
    """
    feed = asked["feed"]
    _refuse_stored(feed.rows)
    specs = {
        "network": to_json(asked["network"]),
        "augment": to_json(feed.augment),
        "training": to_json(asked["training"]),
        "signature": asked["signature"].to_json(),
        "deciding": asked["deciding"],
    }
    rows = {
        "train": _plain_rows(feed.rows),
        "valid": _plain_rows(asked["valid"]),
        "soft_labels": feed.soft_labels,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ROWS).write_bytes(to_bytes(rows))
    (folder / SPECS).write_text(json.dumps(specs), encoding="utf-8")


def read_request(folder: Path, specs: Sequence[type]) -> dict[str, Any]:
    """Returns what `write_request` was given.

    Args:
        folder: That it was written to.
        specs: The classes that may be named.
    """
    asked = json.loads((folder / SPECS).read_text(encoding="utf-8"))
    rows: Any = from_bytes((folder / ROWS).read_bytes())
    signature = Signature.from_json(asked["signature"])
    schema = Schema((), signature.target)
    train = _rows_of(BalancedSet, rows["train"], schema)
    feed = TrainFeed(train, rows["soft_labels"], from_json(asked["augment"], specs))
    return {
        "network": from_json(asked["network"], specs),
        "feed": feed,
        "valid": _rows_of(HeldOut, rows["valid"], schema),
        "signature": signature,
        "training": from_json(asked["training"], specs),
        "deciding": asked["deciding"],
    }


def content_of_group(asked: dict[str, Any], callbacks: Sequence) -> bytes:
    """Returns what the workers of this moment store that train together.

    Args:
        asked: As of `write_request`.
        callbacks: Of the caller, which no other process can call.

    Raises:
        RecipeError: There are callbacks, or no workers.
        PipelineError: Of a worker.
    """
    if callbacks:
        raise RecipeError(
            "callbacks of the caller, such as --tensorboard, with training.strategy='multiworker'",
            expected="a training in this process",
            fix="leave them out, or give the command without launch",
            stage="train",
        )
    group = current_group()
    with _asked_of_group(asked) as folder:
        run_group(group, folder, about=f"training by {group.num_workers} workers")
        return (folder / ANSWER).read_bytes()


@contextmanager
def _asked_of_group(asked: dict[str, Any]) -> Iterator[Path]:
    """Gives the folder of a request. In a cached stage its epochs outlive this process."""
    file = begin_training()
    if file is None:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            write_request(folder, asked)
            yield folder
        return
    folder = file.path.with_name(f"{file.path.name}.group")
    write_request(folder, asked)
    yield folder


def _refuse_stored(rows):
    stored = [name for name, column in rows.x.items() if is_stored(column)]
    if stored:
        raise RecipeError(
            f"training.strategy='multiworker' with pictures that stay on disk ({stored[0]!r})",
            expected="rows that fit in memory",
            fix="give the command without launch",
            stage="train",
        )


def _plain_rows(rows):
    found = {name: vars(rows)[name] for name in _OF_ROWS}
    if rows.unlabelled is not None:
        found["unlabelled"] = rows.unlabelled.x
    return found


def _rows_of(kind, values, schema):
    unlabelled = values.pop("unlabelled", None)
    if unlabelled is not None:
        values["unlabelled"] = UnlabelledRows(unlabelled)
    return kind(**values, schema=schema)
