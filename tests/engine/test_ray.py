"""Tasks on a Ray cluster of two nodes, one of which goes away."""

import os
from pathlib import Path

import pytest

from pipelines.engine.engines import open_engine
from pipelines.engine.task import Task
from pipelines.errors import StepError
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


@pytest.mark.full
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


def test_nodes_without_a_common_folder_share_a_url(cluster, tmp_path):
    """The driver's folder is none that a worker is told of."""
    for _ in range(2):
        cluster.add_node(num_cpus=1)
    shared = f"file://{tmp_path}/bucket"
    tasks = [adding(tmp_path, seed=seed) for seed in range(3)]
    failing = Task("fail", {"is_fault": False, "starts": str(tmp_path / "starts")})
    with open_engine("ray", tmp_path / "driver", worker=WORKER, cache=shared) as engine:
        handles = [engine.submit(task) for task in (*tasks, failing)]
        sent = engine._request(handles[0]).elsewhere().to_line()
        engine.wait(handles)
        found = [engine.result(handle) for handle in handles[:3]]
    assert str(tmp_path / "driver") not in sent
    assert "a line that was printed" in str(handles[3].error)
    assert "a line that was printed" in (
        next((tmp_path / "driver" / ".cache" / "failed").glob("*/log.txt")).read_text()
    )
    assert run_all(tasks, tmp_path / "alone") == found
    with open_engine("local:1", tmp_path / "other", worker=WORKER, cache=shared) as engine:
        assert [engine.submit(task).is_done for task in tasks] == [True] * 3
    assert [len(starts(task)) for task in tasks] == [2, 2, 2]
    assert leftovers(tmp_path / "driver") == []


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
