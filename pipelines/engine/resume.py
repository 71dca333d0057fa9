"""A training that goes on after the death of its process, from its last epoch and to the bit.

`keras.callbacks.BackupAndRestore` leaves out the seeds of dropout, what other callbacks remember
and the history, and a kill can tear its files. Here one file is written under another name, synced
and renamed. It holds all variables of the model and of the optimizer, the fields of the callbacks
and how many epochs are done. With a feed that takes a first step, the rest is what it would have
been.
"""

import contextlib
import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import TrainError
from .arrays import from_bytes, is_storable, to_bytes
from .exchange import replace_file
from .notice import print_notice

# Storing takes at most about this part of the time: an epoch that is faster waits for the next.
_MOST_SHARE = 0.02
_DIGEST_BYTES = 32
# What Keras itself sets in every callback.
_OF_KERAS = ("_model", "params", "model", "validation_data")


@dataclass(frozen=True, eq=False)
class TrainingState:
    """A training after an epoch.

    Attributes:
        num_epochs: that are done.
        is_done: whether a callback ended it.
        variables: of the model and of its optimizer, in their order.
        callbacks: the fields of each callback that are numbers, texts or arrays.
    """

    num_epochs: int
    is_done: bool
    variables: list
    callbacks: list[dict[str, object]]


@dataclass(eq=False)
class Epochs:
    """Where the trainings of one stage keep their last epoch, in the order in which they run.

    Attributes:
        folder: of their files.
        workspace: a folder on the same file system for what is unfinished.
        about: the content of about.json, which names the stage.
        count: how many trainings have begun.
    """

    folder: Path
    workspace: Path
    about: bytes = b"{}"
    count: int = 0

    def begin(self) -> "EpochFile":
        """Returns the file of the next training of the stage."""
        if self.count == 0:
            # Without room for it, the list of results names no stage, and the training goes on.
            with contextlib.suppress(OSError):
                self.folder.mkdir(parents=True, exist_ok=True)
                (self.folder / "about.json").write_bytes(self.about)
        self.count += 1
        return EpochFile(self.folder / f"fit{self.count}", self.workspace)


_current: ContextVar[Epochs | None] = ContextVar("epochs", default=None)


@contextmanager
def storing_epochs(epochs: Epochs | None) -> Iterator[None]:
    """Lets the trainings inside the block store their epochs, or none of them if None."""
    token = _current.set(epochs)
    try:
        yield
    finally:
        _current.reset(token)


def begin_training() -> "EpochFile | None":
    """Returns the file of a training that begins in a cached stage, or None outside of one."""
    epochs = _current.get()
    if epochs is None:
        return None
    return epochs.begin()


@dataclass(eq=False)
class EpochFile:
    """The last epoch of one training.

    Attributes:
        path: of the file.
        workspace: a folder on the same file system for what is unfinished.
    """

    path: Path
    workspace: Path
    _state: TrainingState | None = field(default=None, init=False)
    _is_reported: bool = field(default=False, init=False)

    def read(self) -> TrainingState | None:
        """Returns the training as it was stored, or None if it starts anew."""
        if self._state is None and self.path.is_file():
            content = self._content()
            stored, rest = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
            if hashlib.sha256(rest).digest() != stored:
                print_notice(f"{self.path.name} of the cache is damaged: the training starts anew")
                with contextlib.suppress(OSError):
                    self.path.unlink()
                return None
            self._state = TrainingState(**from_bytes(rest))
        return self._state

    def write(self, state: TrainingState) -> None:
        """Stores a training; a kill leaves the file as it was or as it shall be.

        A disk without room is reported once. It costs a training nothing but that it cannot go on
        from this epoch after a kill.
        """
        content = to_bytes(vars(state))
        content = hashlib.sha256(content).digest() + content
        try:
            replace_file(self.path, content, workspace=self.workspace)
        except OSError as error:
            if not self._is_reported:
                words = error.strerror or error
                print_notice(f"epoch {state.num_epochs} is not kept in the cache: {words}")
            self._is_reported = True

    def _content(self):
        """Returns the bytes of the file, none if the system does not give them."""
        try:
            return self.path.read_bytes()
        except OSError:
            return b""


def store_epochs(file: EpochFile, others: Sequence[Any]):
    """Returns the Keras callback that stores a training after each epoch, and takes it up again.

    Args:
        file: where.
        others: the callbacks before it, whose fields are stored too; it must come after them, so
            that theirs are set after they have started.
    """
    import keras

    class StoreEpochs(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.stored_at = time.monotonic()
            self.seconds = 0.0
            state = file.read()
            if state is not None:
                _put_back(state, self.model, others)

        def on_epoch_end(self, epoch, logs=None):
            now = time.monotonic()
            is_last = self.model.stop_training or epoch + 1 == self.params["epochs"]
            if not is_last and self.seconds > _MOST_SHARE * (now - self.stored_at):
                return
            is_done = bool(self.model.stop_training)
            file.write(
                _state_of(
                    self.model,
                    others,
                    num_epochs=epoch + 1,
                    is_done=is_done,
                )
            )
            self.stored_at = time.monotonic()
            self.seconds = self.stored_at - now

    return StoreEpochs()


def first_epoch(file: EpochFile | None, epochs: int) -> int:
    """Returns the epoch that a training begins with, `epochs` if none is left."""
    if file is None:
        return 0
    state = file.read()
    if state is None:
        return 0
    if state.is_done:
        return epochs
    print_notice(f"the training goes on after epoch {state.num_epochs} of {epochs}")
    return state.num_epochs


def _state_of(model, callbacks, *, num_epochs, is_done):
    variables = [variable.numpy() for variable in _variables(model)]
    return TrainingState(
        num_epochs,
        is_done,
        variables,
        [_fields(each) for each in callbacks],
    )


def _variables(model):
    """Returns all variables: `weights` would leave out the seeds of dropout."""
    return [*model.variables, *model.optimizer.variables]


def _fields(callback):
    fields = {name: value for name, value in vars(callback).items() if name not in _OF_KERAS}
    return {name: value for name, value in fields.items() if is_storable(value)}


def _put_back(state, model, callbacks):
    variables = _variables(model)
    if len(variables) != len(state.variables) or len(callbacks) != len(state.callbacks):
        raise TrainError(
            f"a stored training of {len(state.variables)} variables",
            expected=f"{len(variables)}, as the model has",
            fix="start it anew: --fresh",
        )
    for variable, value in zip(variables, state.variables, strict=True):
        variable.assign(value)
    for callback, fields in zip(callbacks, state.callbacks, strict=True):
        vars(callback).update(fields)
