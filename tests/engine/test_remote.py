"""Results at a URL: two folders share them, and what is damaged or cannot be reached is known."""

import json
import os
from pathlib import Path

import fsspec
import pytest

from pipelines.device.checksums import SUMS
from pipelines.engine.cache import begin, caching
from pipelines.engine.engines import open_engine
from pipelines.engine.remote import open_remote
from pipelines.engine.store import open_store
from pipelines.engine.workspace import workspace
from pipelines.errors import EngineError
from tests.engine.test_local import WORKER, adding, leftovers, run_all, starts

KEY = "0" * 64
FILES = {"model.tflite": b"model", "web/index.html": b"page"}


@pytest.fixture(params=["file", "memory"])
def url(request, tmp_path):
    """A place at which nothing is yet."""
    if request.param == "file":
        yield f"file://{tmp_path}/far/pipelines"
        return
    yield f"memory://{tmp_path.name}/pipelines"
    fsspec.filesystem("memory").store.clear()


@pytest.fixture
def shared(tmp_path):
    """A folder that stands in for a bucket."""
    return tmp_path / "bucket"


def store_with(folder, files):
    store = open_store(folder / ".cache")
    with workspace(store.folder) as place:
        store.write(KEY, files, stage="bundle", about="penguins", workspace=place)
    return store


def fetched(remote, folder):
    """Name → content of the entry as it is in the store of a folder after it was fetched, or
    None."""
    store = open_store(folder / ".cache")
    with workspace(store.folder) as place:
        is_there = remote.fetch(KEY, store, workspace=place)
    assert is_there == (store.read(KEY) is not None)
    assert leftovers(folder) == []
    return store.read(KEY)


def test_an_entry_goes_from_one_folder_to_another(url, tmp_path):
    remote = open_remote(url)
    assert not remote.has(KEY)
    assert fetched(remote, tmp_path / "two") is None
    remote.send(KEY, store_with(tmp_path / "one", FILES))
    assert remote.has(KEY)
    assert fetched(remote, tmp_path / "two") == FILES
    [entry] = open_store(tmp_path / "two" / ".cache").entries()
    assert (entry.stage, entry.about) == ("bundle", "penguins")


def test_a_later_entry_takes_the_place_of_an_earlier_one(url, tmp_path):
    remote = open_remote(url)
    remote.send(KEY, store_with(tmp_path / "one", FILES))
    remote.send(KEY, store_with(tmp_path / "two", {"other": b"content"}))
    assert fetched(remote, tmp_path / "three") == {"other": b"content"}


def test_no_probe_stays(url):
    remote = open_remote(url)
    assert remote._files.find(remote._root) == []


def told(capsys):
    """What was printed, without the ends of lines."""
    return " ".join(capsys.readouterr().err.split())


def lines_of(path):
    return path.read_bytes().splitlines(keepends=True)


def alter(path):
    path.write_bytes(path.read_bytes()[:-1] + b"?")


def cut_after_a_line(path):
    path.write_bytes(b"".join(lines_of(path)[:-2]))


def cut_the_last_line(path):
    path.write_bytes(b"".join(lines_of(path)[:-1]))


def empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("spoil", [cut_after_a_line, cut_the_last_line, alter, empty])
def test_a_torn_list_is_as_good_as_absent(spoil, shared, tmp_path, capsys):
    remote = open_remote(str(shared))
    store = store_with(tmp_path / "one", FILES)
    remote.send(KEY, store)
    spoil(shared / KEY / SUMS)
    assert not remote.has(KEY)
    assert fetched(remote, tmp_path / "two") is None
    assert "is damaged, and as good as absent" in told(capsys)
    remote.send(KEY, store)
    assert fetched(remote, tmp_path / "two") == FILES


@pytest.mark.parametrize("spoil", [alter, empty, Path.unlink])
def test_a_torn_file_is_as_good_as_absent(spoil, shared, tmp_path, capsys):
    remote = open_remote(str(shared))
    remote.send(KEY, store_with(tmp_path / "one", FILES))
    spoil(max(shared.glob(f"{KEY}/*"), key=lambda path: path.name != SUMS))
    assert fetched(remote, tmp_path / "two") is None
    assert "is damaged, and as good as absent" in told(capsys)


def test_a_name_that_leads_out_is_refused(shared, tmp_path, capsys):
    remote = open_remote(str(shared))
    remote.send(KEY, store_with(tmp_path / "one", FILES))
    path = shared / KEY / SUMS
    path.write_bytes(path.read_bytes().replace(b"model.tflite", b"../../out"))
    assert fetched(remote, tmp_path / "two") is None
    assert "outside the bundle" in told(capsys)


def test_a_stage_asks_the_url_and_sends_to_it(url, tmp_path):
    remote = open_remote(url)
    with caching(tmp_path / "one", "test", remote=remote):
        work = begin("train", 1)
        assert work.recall() is None
        work.keep(FILES)
    with caching(tmp_path / "two", "test", remote=remote) as cache:
        assert begin("train", 1).key == work.key
        assert begin("train", 1).recall() == FILES
        assert cache.taken == ["train"]
    with caching(tmp_path / "two", "test"):
        assert begin("train", 1).recall() == FILES


def test_a_url_that_fails_later_costs_the_run_nothing(shared, tmp_path, capsys, monkeypatch):
    remote = open_remote(str(shared))

    def refuse(*arguments, **more):
        raise PermissionError("403")

    monkeypatch.setattr(type(remote._files), "cat_file", refuse)
    monkeypatch.setattr(type(remote._files), "pipe_file", refuse)
    with caching(tmp_path / "one", "test", remote=remote):
        work = begin("train", 1)
        assert work.recall() is None
        work.keep(FILES)
        assert work.recall() == FILES
    words = told(capsys)
    assert "was not taken from" in words
    assert "train is kept on this machine alone" in words


def run_shared(tasks, folder, shared, words="local:2", **more):
    with open_engine(words, folder, worker=WORKER, cache=str(shared), **more) as engine:
        handles = [engine.submit(task) for task in tasks]
        engine.wait(handles)
        return [engine.result(handle) for handle in handles]


def test_two_engines_in_two_folders_share_a_url(tmp_path, shared):
    tasks = [adding(tmp_path, seed=seed) for seed in range(3)]
    first = run_shared(tasks, tmp_path / "one", f"file://{shared}")
    assert run_shared(tasks, tmp_path / "two", shared) == first
    assert [len(starts(task)) for task in tasks] == [1, 1, 1]
    assert run_all(tasks, tmp_path / "three") == first
    names = [{path.name for path in shared.iterdir()}]
    names += [{path.name for path in (tmp_path / n / ".cache").iterdir()} for n in ("one", "three")]
    assert names == [names[0]] * 3, "the same keys with a URL and without"


def test_a_damaged_upload_is_computed_again(tmp_path, shared):
    task = adding(tmp_path)
    first = run_shared([task], tmp_path / "one", shared)
    next(shared.glob(f"*/{SUMS}")).unlink()
    assert run_shared([task], tmp_path / "two", shared) == first
    assert len(starts(task)) == 2
    assert run_shared([task], tmp_path / "three", shared) == first
    assert len(starts(task)) == 2


def test_fresh_replaces_what_is_shared(tmp_path, shared):
    task = adding(tmp_path)
    run_shared([task], tmp_path / "one", shared)
    [path] = shared.glob(f"*/{SUMS}")
    before = path.stat().st_mtime_ns
    run_shared([task], tmp_path / "two", shared, is_fresh=True)
    assert len(starts(task)) == 2
    assert path.stat().st_mtime_ns > before


def test_what_a_folder_has_already_is_sent_by_nobody_else(tmp_path, shared):
    task = adding(tmp_path)
    run_all([task], tmp_path / "one")
    run_shared([task], tmp_path / "one", shared)
    assert len(starts(task)) == 1


@pytest.mark.parametrize(
    ("url", "received", "fix"),
    [
        ("nowhere://bucket/place", "nowhere", "--cache s3://"),
        ("s3://name:secret@bucket/place", "holds a password", "FSSPEC_"),
        ("https://host/place?sig=secret", "none of a place", "FSSPEC_"),
        ("simplecache::ftp://name:secret@host/place", "none of a place", "FSSPEC_"),
        ("memory://bucket", "memory", "the path of a folder"),
    ],
)
def test_what_is_refused_before_anything_is_computed(url, received, fix, tmp_path):
    with pytest.raises(EngineError) as caught:
        open_engine("local:1", tmp_path, worker=WORKER, cache=url)
    assert received in caught.value.received
    assert fix in caught.value.fix
    assert caught.value.expected
    assert "secret" not in str(caught.value)


def test_a_package_that_is_missing_is_named(tmp_path, monkeypatch):
    def without(url):
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec, "url_to_fs", without)
    with pytest.raises(EngineError, match="Install s3fs to access S3"):
        open_engine("local:1", tmp_path, worker=WORKER, cache="s3://bucket/pipelines")


def test_a_place_that_cannot_be_written_to(tmp_path):
    place = tmp_path / "file"
    place.touch()
    with pytest.raises(EngineError, match="cannot be used"):
        open_engine("local:1", tmp_path, worker=WORKER, cache=f"{place}/below")


def test_no_place_keeps_what_it_is_sent(tmp_path, monkeypatch):
    """A reader that gives another content, such as a page of a login."""
    files = fsspec.filesystem("file")
    monkeypatch.setattr(type(files), "cat_file", lambda *arguments, **more: b"log in")
    with pytest.raises(EngineError, match="does not give back"):
        open_remote(str(tmp_path / "far"))


def test_the_request_holds_the_url_and_no_key_does(tmp_path, shared):
    task = adding(tmp_path)
    with open_engine("local:1", tmp_path, worker=WORKER, cache=str(shared)) as engine:
        handle = engine.submit(task)
        request = json.loads(engine._request_path(handle).read_text())
        engine.wait([handle])
    assert request["cache"] == f"file://{shared}"
    assert handle.key == task.key(engine.slot.environment())
    about = json.loads((tmp_path / ".cache" / handle.key / "about.json").read_text())
    assert os.fspath(shared) not in json.dumps(about)
