"""Small real data, one small bundle that many tests look at, and a converter that stays warm
between tests.
"""

import gc
import importlib
import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

# Trees of two processes on two cores would wait for each other's threads.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pandas as pd
import pytest

from pipelines import tabular
from pipelines.convert import warm
from pipelines.recipe import tiny
from pipelines.rows.split import split


def pytest_collection_finish():
    """Leaves modules and tests out of every later collection of garbage: Keras asks for one before
    each training. Others come once in ten thousand objects: graphs are many objects that stay.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


@pytest.fixture(scope="session")
def birds():
    """Two thousand bird strikes, a DataFrame as read from the CSV."""
    return (
        pd.read_csv("data/birds.csv.gz", dtype=str, keep_default_na=False)
        .iloc[::9][:2000]
        .reset_index(drop=True)
    )


@pytest.fixture(scope="session")
def birds_recipe():
    return tiny(tabular.BIRDS)


@pytest.fixture(scope="session")
def birds_splits(birds, birds_recipe):
    dataset, _ = birds_recipe.load.read(birds)
    return split(dataset, birds_recipe.split)


@pytest.fixture(scope="session")
def bundle(birds, birds_recipe, tmp_path_factory):
    """The bundle of a tiny run on those bird strikes, one for all processes of the session. Two
    epochs make a poor model: the ladder's gate is tested elsewhere, here it is open.
    """
    from pipelines import run
    from pipelines.bundle.folder import Bundle

    recipe = replace(birds_recipe, judge=replace(birds_recipe.judge, tolerance=1.0))
    with shared_folder(tmp_path_factory, "models") as folder:
        if (folder / recipe.name).is_dir():
            return Bundle(folder / recipe.name)
        return run(recipe, birds, folder=folder)


@contextmanager
def shared_folder(tmp_path_factory, name):
    """A folder of all processes of the session, which one of them has at a time."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        yield tmp_path_factory.mktemp(name)
        return
    import fcntl

    root = tmp_path_factory.getbasetemp().parent
    folder = root / f"shared-{name}"
    folder.mkdir(exist_ok=True)
    with (root / f"shared-{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield folder


@pytest.fixture(scope="session")
def whole_fashion_mnist():
    from pipelines.vision.recipes import FASHION_MNIST

    if not Path(FASHION_MNIST).is_dir():
        pytest.skip("needs the whole of Fashion-MNIST: apt-get install dataset-fashion-mnist")


@pytest.fixture(scope="session")
def fashion_100kb(whole_fashion_mnist, tmp_path_factory):
    """The bundle of the recipe of that name (twenty minutes and more), for the long proofs."""
    from pipelines import run, vision

    return run(vision.FASHION_100KB, folder=tmp_path_factory.mktemp("whole"))


CONVERT = importlib.import_module("pipelines.convert.convert")


@pytest.fixture(scope="session", autouse=True)
def warm_converter():
    """Conversions in forks of one process that has TensorFlow loaded. The tests of the command line
    and those that ask for `cold_converter` run a child of their own.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warm, "IDLE_SECONDS", 3600)
        if sys.platform.startswith("linux"):
            patch.setattr(CONVERT, "is_kept_warm", lambda: True)
        yield
    warm._end()


@pytest.fixture
def command(monkeypatch, capsys):
    """command(*arguments) → (exit code, standard output, standard error) of `python -m pipelines`,
    in this process, where TensorFlow is loaded already. Other tests of the command line run the
    real one.
    """
    from pipelines.cli import main

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["pipelines", *map(str, arguments)])
        try:
            code = main()
        except SystemExit as stop:
            code = stop.code or 0
        return (code, *capsys.readouterr())

    return call


@pytest.fixture(scope="module")
def whole_cluster():
    """A Ray cluster of a head without processors, for the tests of a module."""
    ray = pytest.importorskip("ray", reason="Ray is missing: pip install 'pipelines[ray]'")
    from ray.cluster_utils import Cluster

    folder = tempfile.mkdtemp(prefix="ray-")  # short: it holds the paths of sockets
    # Where a cluster's address is written, whatever its own folder is; Ray does not make it.
    (Path(tempfile.gettempdir()) / "ray").mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        made = Cluster(
            initialize_head=True,
            head_node_args={"num_cpus": 0, "temp_dir": folder, "include_dashboard": False},
        )
        try:
            ray.init(address=made.address, log_to_driver=False, logging_level="error")
            yield made
        finally:
            ray.shutdown()
            made.shutdown()
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def cluster(whole_cluster):
    """The cluster of the module, to which a test adds nodes; they go away with the test."""
    yield whole_cluster
    for node in list(whole_cluster.worker_nodes):
        whole_cluster.remove_node(node)


@pytest.fixture
def cold_converter(monkeypatch):
    """The child that a user's conversion runs in."""
    monkeypatch.setattr(CONVERT, "is_kept_warm", warm.is_kept_warm)


@pytest.fixture(scope="session", autouse=True)
def no_door_hides_a_fault():
    """A fault of ours leaves a command as the exception that it is, in this process and in those
    that tests start.
    """
    from pipelines.device.door import RAISE_NAME

    before = os.environ.get(RAISE_NAME)
    os.environ[RAISE_NAME] = "1"
    yield
    del os.environ[RAISE_NAME]
    if before is not None:
        os.environ[RAISE_NAME] = before
