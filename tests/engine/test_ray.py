"""Tasks on a Ray cluster of two nodes, one of which goes away."""

import contextlib
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.engine.engines import open_engine
from pipelines.engine.task import Task
from pipelines.errors import EngineError, StepError
from tests.engine.ray_warnings import RAY_WARNINGS
from tests.engine.test_local import (
    WORKER,
    adding,
    is_alive,
    leftovers,
    run_all,
    starts,
    wait_until,
)

ray = pytest.importorskip("ray", reason="Ray is missing: pip install 'pipelines[ray]'")
pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="Ray's clusters of one machine"),
    *RAY_WARNINGS,
]


def node_of(process):
    """The raylet that a worker belongs to."""
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def test_a_node_that_goes_away_changes_nothing(cluster, tmp_path):
    quick = [adding(tmp_path, seed=seed) for seed in range(4)]
    quiet = run_all(quick, tmp_path / "quiet", "local:2")
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    cluster.wait_for_nodes()
    tasks = [adding(tmp_path, seed=seed, seconds=4) for seed in range(4)]
    with open_engine("ray", tmp_path, worker=WORKER) as engine:
        handles = [engine.submit(task) for task in tasks]
        running = tasks[:2]
        assert wait_until(lambda: all(len(starts(task)) == 2 for task in running), seconds=60)
        processes = [starts(task)[1] for task in running]
        assert node_of(processes[0]) != node_of(processes[1])
        cluster.remove_node(nodes[0], allow_graceful=False)
        engine.wait(handles)
        found = [engine.result(handle) for handle in handles]
    assert [files["sum"] for files in found] == [files["sum"] for files in quiet]
    assert sum(handle.num_lost for handle in handles) == 1
    assert sum(len(starts(task)) for task in running) == 5
    assert leftovers(tmp_path) == []


def test_errors_and_cancelling_on_a_cluster(cluster, tmp_path):
    cluster.add_node(num_cpus=1)
    failing = Task("fail", {"is_fault": False, "starts": str(tmp_path / "starts")})
    slow = adding(tmp_path, seed=1, seconds=60)
    killed = adding(tmp_path, seed=2, deaths=9)
    with open_engine("ray", tmp_path, worker=WORKER) as engine:
        handle = engine.submit(failing, about="seed 3")
        engine.wait([handle])
        lost = engine.submit(killed)
        engine.wait([lost])
        running = engine.submit(slow)
        assert wait_until(lambda: starts(slow), seconds=60)
        engine.cancel(running)
        assert wait_until(lambda: not is_alive(starts(slow)[0]))
    assert type(handle.error) is StepError
    assert "seed 3: a column of 0 rows" in str(handle.error)
    assert "a line that was printed" in str(handle.error)
    assert len(starts(failing)) == 1
    assert "3 workers were lost" in str(lost.error)
    assert "cancelled" in str(running.error)


@pytest.mark.full
def test_a_cluster_of_ones_own(tmp_path):
    task = adding(tmp_path)
    assert run_all([task], tmp_path / "ray", "ray") == run_all([task], tmp_path / "local")
    assert not ray.is_initialized()


@pytest.mark.full
def test_a_cluster_by_its_address(tmp_path):
    """In a process of its own: Ray reads its variables once a process."""
    token = tmp_path / "token"
    token.write_text(secrets.token_hex(32))
    environment = {
        **os.environ,
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token),
    }
    port = _free_port()
    head = [Path(sys.executable).with_name("ray"), "start", "--head", "--block", "--num-cpus=1"]
    head += ["--port=0", f"--ray-client-server-port={port}", "--include-dashboard=false"]
    # Ended by its own group: `ray stop` would end every cluster of this machine.
    with (tmp_path / "head").open("wb") as output:
        process = subprocess.Popen(
            head, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        assert wait_until(lambda: "--block" in (tmp_path / "head").read_text(), seconds=60)
        driver = subprocess.run(
            [sys.executable, "-m", "tests.engine.ray_driver", f"ray://127.0.0.1:{port}", tmp_path],
            env=environment,
            check=True,
            capture_output=True,
        )
    finally:
        process.terminate()
        process.wait(30)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    [files] = run_all([adding(tmp_path)], tmp_path / "local")
    assert driver.stdout == files["sum"]


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.full
def test_no_cluster_at_an_address(tmp_path):
    engine = open_engine("ray://127.0.0.1:9", tmp_path, worker=WORKER)
    with pytest.raises(EngineError, match=re.escape("ray start --head")):
        engine.__enter__()
    assert leftovers(tmp_path) == []


def test_without_ray(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(EngineError, match="Ray is not installed"):
        open_engine("ray", tmp_path, worker=WORKER)
