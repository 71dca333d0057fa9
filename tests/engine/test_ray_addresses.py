"""Clusters by their address: one of the command's own, one that is running, and none."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.ray_warnings import RAY_WARNINGS
from tests.engine.test_local import adding, leftovers, run_all, wait_until

ray = pytest.importorskip("ray", reason="Ray is missing: pip install 'pipelines[ray]'")
pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(os.name != "posix", reason="Ray's clusters of one machine"),
    *RAY_WARNINGS,
]


def test_a_cluster_of_ones_own(tmp_path):
    task = adding(tmp_path)
    assert run_all([task], tmp_path / "ray", "ray") == run_all([task], tmp_path / "local")
    assert not ray.is_initialized()


def test_a_cluster_by_its_address(tmp_path):
    """In a process of its own: Ray reads its variables once a process."""
    token = tmp_path / "token"
    token.write_text(secrets.token_hex(32))
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path.cwd()),  # its workers import a worker of the tests
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
        driver = drive(f"ray://127.0.0.1:{port}", tmp_path, environment)
        assert driver.returncode == 0, driver.stderr.decode()
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


def drive(address, folder, environment):
    """What a process of its own makes of a task on the cluster."""
    words = [sys.executable, "-m", "tests.engine.ray_driver", address, folder]
    return subprocess.run(words, env=environment, capture_output=True)


def test_no_cluster_at_an_address(tmp_path):
    """In a process of its own: after it, Ray starts no cluster in the same one."""
    driver = drive("ray://127.0.0.1:9", tmp_path, os.environ)
    assert driver.returncode == 1 and b"ray start --head" in driver.stderr
    assert leftovers(tmp_path) == []
