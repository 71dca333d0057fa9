"""What commands say of tables: the ones that they print, and the ones that they are given."""

from dataclasses import replace

import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.device import Runner
from pipelines.device.columns import SERIES, Column
from pipelines.engine.store import Store
from pipelines.errors import LoadError, with_article
from pipelines.rows.sketch import DataSketch
from pipelines.tasks import AnomalyTask, BinaryTask
from tests.own_model.test_own_faults import signature_of


@pytest.mark.parametrize("command", ["predict", "explain"])
@pytest.mark.parametrize("name", ["new.ts", "new.TS.gz", "new.npz", "new.npy"])
def test_whole_series_are_answered_from_a_table(command, name, monkeypatch):
    """A training reads such a file: its command is no way to an answer."""
    columns = (Column("series", SERIES, shape=(4,)),)
    runner = Runner(replace(signature_of(2), columns=columns), None)
    monkeypatch.setattr(Runner, "load", lambda folder, **how: runner)
    done = CliRunner().invoke(app, [command, "bundle", name])
    assert isinstance(done.exception, LoadError)
    assert done.exception.received == f"{name!r} holds whole series or arrays"
    fix = done.exception.fix
    assert "a table with the columns 'series', a whole series in one cell" in fix
    assert "python -m pipelines series" not in fix


def test_every_column_of_the_cache_has_a_heading(tmp_path):
    store = Store(tmp_path / ".cache")
    store.folder.mkdir()
    workspace = tmp_path / "unfinished"
    workspace.mkdir()
    store.write("a" * 64, {"f": b"1"}, stage="train", about="birds", workspace=workspace)
    done = CliRunner().invoke(app, ["cache", "--folder", str(tmp_path)])
    (headings,) = [line for line in done.stdout.splitlines() if "last used" in line]
    names = [cell.strip() for cell in headings.strip("┃").split("┃")]
    assert names == ["key", "stage", "of", "bytes", "last used", "state"]


def test_a_task_has_its_article():
    assert with_article("binary target") == "a binary target"
    assert DataSketch(tasks=(AnomalyTask(),)).target_words() == "an anomaly target"
    assert DataSketch(tasks=(BinaryTask(),)).target_words() == "a binary target"
