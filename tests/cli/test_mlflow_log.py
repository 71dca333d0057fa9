"""A finished bundle as a run of MLflow, in a store that is a folder."""

import json
import os
import sys
import warnings

import pytest

from pipelines.bundle.folder import Bundle
from pipelines.cli.mlflow_log import _few_tries, flattened, log_to_mlflow, open_mlflow
from pipelines.engine.exchange import write_checked
from pipelines.errors import RecipeError

REPORT = {
    "target": "effect",
    "ladder": [
        {"form": "keras", "size_bytes": 900, "scores": {"roc_auc": 0.9, "mase": None}},
        {"form": "litert_int8", "size_bytes": 300, "scores": {"roc_auc": 0.89}},
    ],
    "history": {"loss": [0.5, 0.25], "val_roc_auc": [0.8, None]},
    "seconds": {"train": 3.5},
}
RECIPE = {"name": "birds", "training": {"epochs": 3}, "prepare": [{"spec": "FlagMissing"}]}


@pytest.fixture
def bundle(tmp_path):
    files = {
        "report.json": json.dumps(REPORT).encode(),
        "recipe.json": json.dumps(RECIPE).encode(),
        "report.html": b"<p>birds</p>",
    }
    write_checked(tmp_path / "birds", files)
    return Bundle(tmp_path / "birds")


def test_settings_by_their_path():
    expected = {"name": "birds", "training.epochs": "3", "prepare.0.spec": "FlagMissing"}
    assert flattened(RECIPE) == expected
    assert flattened({"a": [1, 2], "b": {}}) == {"a": "[1, 2]", "b": "{}"}


def test_refused_where_it_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(RecipeError, match="--mlflow 'runs'") as error:
        open_mlflow("runs")
    assert "pipelines[mlflow]" in error.value.fix


def test_a_server_that_is_not_there_is_asked_twice(monkeypatch):
    """MLflow would ask eight times, for four minutes; what a user has set is kept."""
    name = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
    monkeypatch.delenv(name, raising=False)
    with _few_tries():
        assert os.environ[name] == "1"
    assert name not in os.environ
    monkeypatch.setenv(name, "3")
    with _few_tries():
        assert os.environ[name] == "3"
    assert os.environ[name] == "3"


def test_a_run_of_a_local_store(bundle, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    store = str(tmp_path / "runs")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the packages that MLflow imports
        pytest.importorskip("mlflow", reason="pip install 'pipelines[mlflow]'")
        run_id = log_to_mlflow(store, bundle)
        client = open_mlflow(store)
        run = client.get_run(run_id)
        curve = client.get_metric_history(run_id, "training/loss")
        names = {each.path for each in client.list_artifacts(run_id)}
        again = log_to_mlflow(store, bundle)
    assert run.info.status == "FINISHED"
    assert run.data.params == flattened(RECIPE)
    metrics = run.data.metrics
    assert metrics["litert_int8/roc_auc"] == 0.89
    assert metrics["litert_int8/bytes"] == 300
    assert metrics["seconds/train"] == 3.5
    assert "keras/mase" not in metrics
    assert [(each.step, each.value) for each in curve] == [(1, 0.5), (2, 0.25)]
    assert names == {"report.html", "report.json", "recipe.json"}
    assert again != run_id


def test_no_store(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_ALLOW_FILE_STORE", raising=False)
    (tmp_path / "file").write_text("")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("mlflow", reason="pip install 'pipelines[mlflow]'")
        with pytest.raises(RecipeError, match="--mlflow"):
            open_mlflow(str(tmp_path / "file"))
