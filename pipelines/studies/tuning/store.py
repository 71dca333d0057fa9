"""Where finished trials are kept: a journal next to the bundles, or a database.

A trial is written by one operation, with its knobs and all that came of it. So a process that is
killed leaves whole trials behind; what it was about to write is asked for again, and its result is
taken from the cache.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import BundleError
from .ask import directions_of, frozen, import_optuna
from .space import Space
from .trials import Trial

_ABOUT = "about"


@dataclass(frozen=True, eq=False)
class TrialStore:
    """The trials of one study.

    Attributes:
        storage: of Optuna.
        name: of the study.
        identity: the digest of all that decides its trials.
        space: that is searched.
        objectives: what is compared.
    """

    storage: Any
    name: str
    identity: str
    space: Space
    objectives: Sequence[str]

    def trials(self) -> list[Trial]:
        """Returns the finished trials in their order.

        Raises:
            BundleError: another study has this name.
        """
        study = self._study()
        if study is None:
            return []
        return [Trial.of(each.number, each.params, each.user_attrs) for each in study.get_trials()]

    def deciding(self) -> str:
        """Returns the metric of the score, "" before the first trial."""
        return self._about("deciding")

    def error_of(self) -> str:
        """Returns the column whose unit errors have, or ""."""
        return self._about("error_of")

    def _about(self, name):
        study = self._study()
        if study is None:
            return ""
        return study.user_attrs[_ABOUT].get(name, "")

    def add(self, trial: Trial, *, deciding: str, error_of: str = "") -> None:
        """Writes a finished trial; the study is begun with the first."""
        study = self._study()
        if study is None:
            study = self._begin(deciding, error_of)
        study.add_trial(frozen(trial, self.space, self.objectives))

    def remove(self) -> None:
        """Removes the study, whatever it was."""
        optuna = import_optuna()
        with contextlib.suppress(KeyError):
            optuna.delete_study(study_name=self.name, storage=self.storage)

    def _begin(self, deciding, error_of):
        # One that was begun and whose process was killed before it had a description.
        self.remove()
        study = import_optuna().create_study(
            storage=self.storage,
            study_name=self.name,
            directions=directions_of(self.objectives, deciding),
        )
        about = {"identity": self.identity, "deciding": deciding, "error_of": error_of}
        study.set_user_attr(_ABOUT, about)
        return study

    def _study(self):
        """Returns the study, or None if it has not begun."""
        optuna = import_optuna()
        try:
            study = optuna.load_study(study_name=self.name, storage=self.storage)
        except KeyError:
            return None
        about = study.user_attrs.get(_ABOUT)
        if about is None:
            return None
        if about["identity"] != self.identity:
            raise BundleError(
                f"the trials of {self.name!r} are of another study",
                expected="the same recipe, rows, space, objectives, limits, folds and seed",
                fix="give another --name, or --fresh to remove them",
            )
        return study


@contextlib.contextmanager
def open_storage(place: str, *, is_fresh: bool) -> Iterator[Any]:
    """Opens a storage of Optuna.

    Args:
        place: a path of a journal, or a URL of SQLAlchemy such as "sqlite:///trials.db".
        is_fresh: whether a journal that is there is removed.

    Raises:
        BundleError: it cannot be read.
    """
    optuna = import_optuna()
    if "://" in place:
        try:
            storage = optuna.storages.RDBStorage(place)
        except Exception as error:  # of SQLAlchemy, of a driver, or a driver that is missing
            raise _unreadable(place, error) from error
        try:
            yield storage
        finally:
            storage.remove_session()
            storage.engine.dispose()
        return
    path = Path(place)
    path.parent.mkdir(parents=True, exist_ok=True)
    if is_fresh:
        path.unlink(missing_ok=True)
    yield _journal(path)


class NoLock:
    """In the place of Optuna's lock of a journal, whose file outlives a killed process.

    The command holds a lock on the name of the study, which ends with its process.
    """

    def acquire(self) -> bool:
        """Returns that it is held."""
        return True

    def release(self) -> None:
        """Does nothing."""


def _journal(path):
    storages = import_optuna().storages
    try:
        _remove_torn_line(path)
        backend = storages.journal.JournalFileBackend(str(path), lock_obj=NoLock())
        return storages.JournalStorage(backend)
    except (OSError, ValueError, KeyError, AssertionError) as error:
        raise _unreadable(path, error) from error


def _remove_torn_line(path: Path) -> None:
    """Removes what follows the last line that was written whole."""
    if not path.is_file():
        return
    content = path.read_bytes()
    length = content.rfind(b"\n") + 1
    if length < len(content):
        with path.open("r+b") as file:
            file.truncate(length)


def _unreadable(place, error):
    words = str(error).strip().partition("\n")[0] or type(error).__name__
    return BundleError(
        f"the trials in {str(place)!r} cannot be read: {words}",
        expected="a journal that tune wrote, or the URL of a database with its driver",
        fix="--fresh begins anew; --storage sqlite:///trials.db; or pip install the driver",
    )
