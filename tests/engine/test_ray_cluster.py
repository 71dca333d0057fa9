"""The cluster that Ray would find by itself: asked first whether it is still there."""

import socket
from types import SimpleNamespace

import pytest

from pipelines.engine.ray_cluster import connect
from pipelines.errors import EngineError


@pytest.fixture
def port():
    """Where something listens, as a running cluster does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """(a module in place of Ray, the addresses that it was asked to connect to)."""
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    addresses = []

    def init(address, **_):
        addresses.append(address)

    return SimpleNamespace(is_initialized=lambda: False, init=init), addresses


def write_address(tmp_path, address):
    """As `ray start` does, and a cluster that is killed leaves it."""
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray" / "ray_current_cluster").write_text(address)


def test_a_running_cluster_is_joined(asked, tmp_path, port):
    ray, addresses = asked
    write_address(tmp_path, f"127.0.0.1:{port}")
    assert connect(ray) and addresses == ["auto"]


def test_a_killed_cluster_is_not_waited_for(asked, tmp_path):
    ray, addresses = asked
    write_address(tmp_path, "127.0.0.1:9")
    assert connect(ray) and addresses == ["local"]


def test_no_cluster_was_ever_there(asked):
    ray, addresses = asked
    assert connect(ray) and addresses == ["auto"]


def test_a_cluster_that_was_asked_for_and_is_gone(asked, monkeypatch, tmp_path, port):
    ray, addresses = asked
    write_address(tmp_path, f"127.0.0.1:{port}")
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:9")
    with pytest.raises(EngineError, match="nothing answers at 127.0.0.1:9"):
        connect(ray)
    assert not addresses
