"""Results on disk: whole or not there, checked when read, the oldest removed first."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from pipelines.engine import workspace as workspaces
from pipelines.engine.arrays import NotStorableError, from_bytes, is_storable, to_bytes
from pipelines.engine.cache import anew, begin, caching, remembered
from pipelines.engine.exchange import put_in_place
from pipelines.engine.lock import one_run_of
from pipelines.engine.making import making
from pipelines.engine.store import Store
from pipelines.engine.workspace import PREFIX, remove_leftovers, temporary_files, workspace
from pipelines.errors import BundleError

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False)
    | st.text()
    | arrays(np.float32, array_shapes(max_side=3), elements=st.floats(-1, 1, width=32))
)


@given(
    st.recursive(
        LEAVES,
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=6,
    )
)
def test_values_come_back_as_they_were(value):
    assert equal(from_bytes(to_bytes(value)), value)


def equal(one, other):
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[each], other[each]) for each in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(equal, one, other))
    return one == other and type(one) is type(other)


def test_what_is_no_number_text_or_array_is_refused():
    for value in (object(), [print], np.array([object()], object)):
        assert not is_storable(value)
        with pytest.raises(NotStorableError):
            to_bytes(value)


def test_bytes_of_something_else_are_refused():
    with pytest.raises(ValueError):
        from_bytes(b"no such file")


def keep(folder, name, content=b"x" * 1000):
    with caching(folder, "test"):
        begin("stage", name).keep({"value": content})


def test_a_result_is_kept_once_and_recalled(tmp_path):
    calls = []

    def make():
        calls.append(1)
        return {"value": np.arange(3)}

    for _ in range(2):
        with caching(tmp_path, "test"):
            value = remembered("stage", 1, "a", make=make)
    assert len(calls) == 1 and value["value"].tolist() == [0, 1, 2]
    with anew(), caching(tmp_path, "test"):
        remembered("stage", 1, "a", make=make)
    assert len(calls) == 2
    assert remembered("stage", 1, "a", make=make) and len(calls) == 3, "outside nothing is kept"


def test_other_inputs_are_another_result(tmp_path):
    with caching(tmp_path, "test"):
        keys = {begin(stage, value).key for stage in ("a", "b") for value in (1, 2, True, "1")}
    assert len(keys) == 8


def test_a_damaged_result_is_reported_and_computed_again(tmp_path, capsys):
    with caching(tmp_path, "test"):
        remembered("stage", 1, make=lambda: 5)
    (file,) = (tmp_path / ".cache").glob("*/value.npz")
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    with caching(tmp_path, "test"):
        assert remembered("stage", 1, make=lambda: 6) == 6
    assert "damaged" in capsys.readouterr().err
    with caching(tmp_path, "test"):
        assert remembered("stage", 1, make=lambda: 7) == 6


def test_what_cannot_be_hashed_is_reported_and_computed(tmp_path, capsys):
    with caching(tmp_path, "test"):
        assert remembered("stage", object(), make=lambda: 1) == 1
    assert "not kept" in capsys.readouterr().err


def test_what_was_used_longest_ago_goes_first(tmp_path):
    store = Store(tmp_path / ".cache")
    for place, name in enumerate("abc"):
        keep(tmp_path, name)
        key = store.entries()[-1].key
        os.utime(store.folder / key / "about.json", (place, place))
    oldest, middle, newest = (entry.key for entry in store.entries())
    store.read(oldest)  # is used now
    removed = store.prune(2 * store.entries()[0].size_bytes)
    assert [entry.key for entry in removed] == [middle]
    assert {entry.key for entry in store.entries()} == {oldest, newest}


def test_the_cache_stays_below_its_limit(tmp_path):
    store = Store(tmp_path / ".cache", most_bytes=5000)
    with workspace(tmp_path / ".cache") as place:
        for number in range(9):
            content = {"value": bytes(1000)}
            store.write(f"{number:064}", content, stage="s", about="a", workspace=place)
    assert sum(entry.size_bytes for entry in store.entries()) <= 5000
    assert f"{8:064}" in {entry.key for entry in store.entries()}


def test_two_writers_of_one_key(tmp_path):
    store = Store(tmp_path / ".cache")
    with workspace(store.folder) as one, workspace(store.folder) as other:
        for place in (one, other):
            store.write("0" * 64, {"value": b"v"}, stage="s", about="a", workspace=place)
    assert store.read("0" * 64) == {"value": b"v"} and not store.broken()


def test_a_full_disk_costs_the_result_and_not_the_run(tmp_path, capsys, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Store, "write", full)
    with caching(tmp_path, "test"):
        assert remembered("stage", 1, make=lambda: 5) == 5
    assert "No space left" in capsys.readouterr().err


def test_an_exchange_leaves_the_new_folder_alone(tmp_path):
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    put_in_place(tmp_path / "new", tmp_path / "old")
    assert [path.name for path in tmp_path.rglob("*")] == ["old", "new"]


WRITER = """
import sys
from pathlib import Path
from pipelines.engine.exchange import put_in_place
folder = Path(sys.argv[1])
number = 0
while True:
    number += 1
    new = folder / f"new{number}"
    new.mkdir()
    for name in "ab":
        (new / name).write_text(str(number))
    put_in_place(new, folder / "bundle")
"""


def test_at_every_moment_the_name_holds_one_whole_folder(tmp_path):
    """A reader looks while a writer exchanges, and is killed."""
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)])
    place = tmp_path / "bundle"
    while not place.exists():
        time.sleep(0.01)
    looks = 0
    until = time.monotonic() + 1.5
    while time.monotonic() < until:
        folder = os.open(place, os.O_RDONLY)  # the folder itself, whatever its name becomes
        try:
            assert set(os.listdir(folder)) <= {"a", "b"}
        finally:
            os.close(folder)
        assert os.path.isdir(place)
        looks += 1
    writer.kill()
    writer.wait()
    assert looks > 100 and {path.name for path in place.iterdir()} == {"a", "b"}


HOLDER = """
import sys, time
from pathlib import Path
from pipelines.engine.making import making
with making(Path(sys.argv[1]), "birds"):
    import tempfile
    Path(tempfile.mkdtemp(), "file").touch()
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """A process that makes the bundle `birds` in the folder."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "models")],
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_run_of_a_name_is_refused_with_the_first_ones_process(tmp_path, holder):
    with pytest.raises(BundleError, match=f"by process {holder.pid}, since") as caught:
        with one_run_of(tmp_path / "models", "birds"):
            pass
    assert f"kill {holder.pid}" in caught.value.fix
    with one_run_of(tmp_path / "models", "others"):
        pass


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_lock_ends_with_its_process_and_leftovers_are_removed(tmp_path, holder, number):
    temporary = tmp_path / "tmp"
    assert remove_leftovers(temporary) == [], "its owner lives"
    assert len(list(temporary.glob(f"{PREFIX}*/*/file"))) == 1
    holder.send_signal(number)
    holder.wait()
    with making(tmp_path / "models", "birds"):
        pass
    remove_leftovers(temporary)
    assert not list(temporary.iterdir())
    assert not list((tmp_path / "models").iterdir()), "an empty cache is no leftover either"


def test_temporary_files_of_a_run_lie_in_one_folder(tmp_path, monkeypatch):
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with temporary_files() as place:
        assert Path(tempfile.mkdtemp()).parent == place == Path(os.environ["TMPDIR"])
    assert tempfile.gettempdir() == str(tmp_path) and not list(tmp_path.iterdir())


def test_what_others_put_there_is_left_alone(tmp_path):
    (tmp_path / f"{PREFIX}young").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / f"{PREFIX}link").symlink_to(tmp_path / "outside")
    assert remove_leftovers(tmp_path) == []


def test_a_folder_that_is_not_locked_yet_is_no_leftover(tmp_path, monkeypatch):
    """Another process removes leftovers between the making of the lock's file and its lock."""
    locked = workspaces.locked

    def locked_late(path):
        path.touch()
        assert remove_leftovers(tmp_path) == []
        return locked(path)

    monkeypatch.setattr(workspaces, "locked", locked_late)
    with workspace(tmp_path) as place:
        assert remove_leftovers(tmp_path) == []
        (place / "unfinished").touch()
    assert not list(tmp_path.iterdir())
