"""A disk without room, folders that cannot be written to, no memory: a clear error, what was there
before stays, and nothing unfinished is left."""

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.bundle.folder import write_bundle
from pipelines.bundle.temporary import check_temporary_folder
from pipelines.device.door import REFUSED
from pipelines.engine import base, exchange
from pipelines.engine.base import FAILED
from pipelines.engine.cache import anew, begin, caching, remembered
from pipelines.engine.engines import open_engine
from pipelines.engine.lock import one_run_of
from pipelines.engine.making import making
from pipelines.engine.resume import EpochFile, Epochs, TrainingState
from pipelines.engine.store import Store
from pipelines.engine.task import Task
from pipelines.engine.workspace import workspace, write_whole
from pipelines.errors import BundleError, PipelineError, StepError
from tests.engine.test_local import WORKER, leftovers

FULL = OSError(errno.ENOSPC, "No space left on device")
BUNDLE = {"signature.json": b"{}", "report.json": b"{}"}


@pytest.fixture
def full_disk(monkeypatch):
    """Nothing that is written is kept; returns what makes the disk full."""

    def refuse(path):
        raise FULL

    return lambda: monkeypatch.setattr(exchange, "sync", refuse)


def as_plain_user(command, **more):
    """Runs a command for which the permissions of files count, as they do not for root."""
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root, and no setpriv")
        all_may = "-dac_override,-dac_read_search"
        command = ["setpriv", f"--bounding-set={all_may}", f"--inh-caps={all_may}", *command]
    return subprocess.run(command, capture_output=True, text=True, check=False, **more)


def state(num_epochs):
    return TrainingState(num_epochs, False, [], [])


def test_an_epoch_that_cannot_be_stored_ends_no_training(tmp_path, capsys, full_disk):
    with workspace(tmp_path) as place:
        file = EpochFile(tmp_path / "epochs" / "fit1", place)
        file.write(state(1))
        full_disk()
        for num_epochs in (2, 3):
            file.write(state(num_epochs))
        assert [path.name for path in place.iterdir()] == ["owner.lock"], "it would take room"
    shown = capsys.readouterr().err
    assert shown.count("not kept") == 1
    assert "epoch 2 is not kept in the cache: No space left on device" in shown
    assert EpochFile(file.path, tmp_path).read().num_epochs == 1


def test_a_training_begins_where_nothing_can_be_written(tmp_path, capsys):
    (tmp_path / "file").touch()
    file = Epochs(tmp_path / "file" / "epochs", tmp_path).begin()
    file.write(state(1))
    assert file.read() is None
    assert "epoch 1 is not kept" in capsys.readouterr().err


def test_a_result_without_room_leaves_the_earlier_one(tmp_path, capsys, full_disk):
    with caching(tmp_path, "test"):
        remembered("stage", 1, make=lambda: 5)
    full_disk()
    with anew(), caching(tmp_path, "test") as cache:
        assert remembered("stage", 1, make=lambda: 6) == 6
        assert [path.name for path in cache.workspace.iterdir()] == ["owner.lock"]
    assert "not kept in the cache: No space left" in capsys.readouterr().err
    with caching(tmp_path, "test"):
        assert remembered("stage", 1, make=lambda: 7) == 5


def test_fresh_replaces_a_result(tmp_path):
    for value in (5, 6):
        with anew(), caching(tmp_path, "test"):
            remembered("stage", 1, make=lambda value=value: value)
    with caching(tmp_path, "test"):
        assert remembered("stage", 1, make=lambda: 7) == 6


def test_a_bundle_without_room_leaves_the_earlier_one(tmp_path, full_disk):
    write_bundle(tmp_path / "birds", {"a": b"first", **BUNDLE})
    full_disk()
    with pytest.raises(BundleError, match="cannot be written: No space left"):
        write_bundle(tmp_path / "birds", {"a": b"second", **BUNDLE})
    assert [path.name for path in tmp_path.iterdir()] == ["birds"]
    assert (tmp_path / "birds" / "a").read_bytes() == b"first"


def test_a_file_without_room_leaves_the_earlier_one(tmp_path, full_disk):
    path = tmp_path / "birds.seeds.json"
    write_whole(path, b"first")
    full_disk()
    with pytest.raises(BundleError, match="cannot be written: No space left"):
        write_whole(path, b"second")
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == b"first"


def test_a_lock_holds_on_a_full_disk(tmp_path, monkeypatch):
    def refuse(file, content):
        raise FULL

    monkeypatch.setattr(os, "write", refuse)
    with one_run_of(tmp_path, "birds"):
        with pytest.raises(BundleError, match="is being made already, by process unknown"):
            with one_run_of(tmp_path, "birds"):
                pass
    assert not list((tmp_path / ".cache").iterdir())


def test_no_cache_can_be_made(tmp_path):
    (tmp_path / ".cache").touch()
    with pytest.raises(BundleError, match="the cache .* cannot be written to"):
        with making(tmp_path, "birds"):
            pass


COMMANDS = {
    "run": ("run", "penguins_mlp"),
    "seeds": ("seeds", "penguins_mlp", "--num", "2", "--engine", "local:1"),
    "prune": ("cache", "--prune", "0"),
    "verify": ("cache", "--verify"),
}
WORDS = {
    "run": "cannot be written to: Permission denied",
    "seeds": "cannot be written to: Permission denied",
    "prune": "bytes cannot be removed from",
}


@pytest.fixture
def kept(tmp_path):
    """A folder with a bundle and a damaged result, whose cache is read-only."""
    write_bundle(tmp_path / "penguins_mlp", BUNDLE)
    with caching(tmp_path, "test"):
        begin("stage", 1).keep({"value": b"x" * 1000})
    [path] = (tmp_path / ".cache").glob("*/value")
    path.write_bytes(b"torn")
    places = [path.parent, tmp_path / ".cache"]
    for place in places:
        place.chmod(0o555)
    yield tmp_path
    for place in places:
        place.chmod(0o755)


@pytest.mark.skipif(os.name != "posix", reason="permissions")
@pytest.mark.parametrize("name", COMMANDS)
def test_a_cache_that_is_read_only(kept, name):
    before = sorted(kept.rglob("*"))
    command = [sys.executable, "-m", "pipelines", *COMMANDS[name], "--folder", str(kept)]
    done = as_plain_user(command)
    assert "Traceback" not in done.stderr
    if name == "verify":
        assert "is damaged, and the system does not let it go" in done.stdout
        assert done.returncode == 0
    else:
        assert WORDS[name] in done.stderr, done.stderr
        assert done.returncode == REFUSED
    assert sorted(kept.rglob("*")) == before
    assert (kept / "penguins_mlp" / "report.json").read_bytes() == b"{}"


@pytest.mark.skipif(os.name != "posix", reason="permissions")
def test_a_cache_that_cannot_be_read(tmp_path):
    place = tmp_path / ".cache"
    place.mkdir(mode=0o000)
    done = as_plain_user([sys.executable, "-m", "pipelines", "cache", "--folder", str(tmp_path)])
    place.chmod(0o755)
    assert done.returncode == REFUSED
    assert f"the system refused: Permission denied ({place})" in done.stderr


def test_results_of_another_user_are_recalled(tmp_path, monkeypatch):
    with caching(tmp_path, "test"):
        remembered("stage", 1, make=lambda: 5)

    def refuse(path):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "utime", refuse)
    with caching(tmp_path, "test"):
        assert remembered("stage", 1, make=lambda: 6) == 5


def test_what_the_system_does_not_let_go_is_not_counted_as_removed(tmp_path, monkeypatch):
    with caching(tmp_path, "test"):
        remembered("stage", 1, make=lambda: 5)
    monkeypatch.setattr(shutil, "rmtree", lambda path, **more: None)
    store = Store(tmp_path / ".cache")
    assert store.prune(0) == []
    assert not store.remove(store.entries()[0].key)


def test_a_temporary_folder_that_is_not_the_one_asked_for_is_reported(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "absent"))
    check_temporary_folder()
    assert "cannot be written to: temporary files go to" in capsys.readouterr().err.replace(
        "\n", " "
    )
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    check_temporary_folder()
    assert not capsys.readouterr().err


def failing(folder, **spec):
    """The error of a task that fails as `spec` asks."""
    task = Task("fail", {"starts": str(folder / "starts"), "is_fault": False, **spec})
    with open_engine("local:1", folder, worker=WORKER) as engine:
        handle = engine.submit(task, about="seed 3")
        engine.wait([handle])
    return handle.error


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "No space left on device"), (errno.ENOMEM, "no memory is left")],
)
def test_a_worker_without_room_or_memory(tmp_path, number, words):
    error = failing(tmp_path, errno=number)
    assert type(error) is PipelineError
    assert error.stage == "system"
    assert "seed 3: " in error.received and words in error.received
    assert "Traceback" not in str(error)
    assert "free some space" in error.fix or "fewer rows" in error.fix


def test_the_error_of_a_task_is_reported_where_its_log_has_no_room(tmp_path, monkeypatch):
    def refuse(one, other):
        raise FULL

    monkeypatch.setattr(base.shutil, "copyfile", refuse)
    error = failing(tmp_path)
    assert type(error) is StepError
    assert "a column of 0 rows" in error.received and "a line that was printed" in error.received
    assert "what it wrote is not kept: No space left on device" in error.fix
    assert not Path(tmp_path, ".cache", FAILED).exists()
    assert leftovers(tmp_path) == []
