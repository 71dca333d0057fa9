"""`--mlflow`: a finished bundle as a run of MLflow (https://mlflow.org/docs/latest/ml/tracking/)."""

import math
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..device.cells import shorten
from ..errors import RecipeError
from ..installed import import_fault

if TYPE_CHECKING:
    from ..bundle.folder import Bundle

EXPERIMENT = "pipelines"
FILES = ("report.html", "report.json", "recipe.json")
# Of one request, and of one parameter.
_MOST_PARAMS = 100
_MOST_METRICS = 1000
_MOST_CHARACTERS = 6000
_TRIES = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
_NO_KEY = re.compile(r"[^\w\-. /]")
_FIX = (
    "the URI of a server (http://...), a database (sqlite:///runs.db with pip install mlflow), or "
    "a folder, with MLFLOW_ALLOW_FILE_STORE=true in the environment"
)


def open_mlflow(uri: str) -> Any:
    """Returns mlflow.MlflowClient of a store that answers.

    Args:
        uri: Of the store.

    Raises:
        RecipeError: MLflow is not installed, or there is no such store.
    """
    fault = import_fault("mlflow", of="pipelines[mlflow]")
    if fault:
        raise RecipeError(
            f"--mlflow {shorten(uri, 120)}: {fault}",
            expected="MLflow",
            fix="pip install 'pipelines[mlflow]', or leave --mlflow out",
        )
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    try:
        client = MlflowClient(tracking_uri=uri)
        with _few_tries():
            client.search_experiments(max_results=1)
    except (MlflowException, OSError, ImportError) as error:
        raise RecipeError(
            f"--mlflow {shorten(uri, 120)}: {shorten(str(error), 300)}",
            expected="a store of MLflow that answers",
            fix=_FIX,
        ) from error
    return client


@contextmanager
def _few_tries() -> Iterator[None]:
    """Asks a server as often as the user has set, or twice: MLflow asks eight times, for minutes,
    where no server is.
    """
    is_set = _TRIES in os.environ
    os.environ.setdefault(_TRIES, "1")
    try:
        yield
    finally:
        if not is_set:
            del os.environ[_TRIES]


def log_to_mlflow(uri: str, bundle: "Bundle") -> str:
    """Logs a bundle as a run: the recipe as parameters, the scores of every form, the curves of the
    training, and the report.

    Args:
        uri: Of the store.
        bundle: That is finished.

    Returns:
        The id of the run.

    Raises:
        RecipeError: It cannot be logged; the bundle stays where it is.
    """
    client = open_mlflow(uri)
    from mlflow.exceptions import MlflowException

    try:
        return _log(client, bundle)
    except (MlflowException, OSError) as error:
        raise RecipeError(
            f"--mlflow {shorten(uri, 120)}: {shorten(str(error), 300)}",
            expected=f"a store that takes the run; the bundle is in {bundle.folder}",
            fix=_FIX,
        ) from error


def _log(client, bundle):
    from ..bundle.folder import read_json

    folder = Path(bundle.folder)
    report = bundle.report
    recipe = read_json(folder, "recipe.json")
    run = client.create_run(_experiment(client), run_name=folder.name)
    run_id = run.info.run_id
    params = list(_params(recipe))
    for start in range(0, len(params), _MOST_PARAMS):
        client.log_batch(run_id, params=params[start : start + _MOST_PARAMS])
    metrics = [*_scores(report), *_curves(report)]
    for start in range(0, len(metrics), _MOST_METRICS):
        client.log_batch(run_id, metrics=metrics[start : start + _MOST_METRICS])
    for name in FILES:
        client.log_artifact(run_id, str(folder / name))
    client.set_terminated(run_id)
    return run_id


def _experiment(client):
    """Returns the id of the experiment, which the environment may name as for other programs."""
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
    known = client.get_experiment_by_name(name)
    if known is None:
        return client.create_experiment(name)
    return known.experiment_id


def _params(recipe) -> Iterator[Any]:
    from mlflow.entities import Param

    for name, value in flattened(recipe).items():
        yield Param(_NO_KEY.sub("_", name), value[:_MOST_CHARACTERS])


def flattened(settings: Any, path: str = "") -> dict[str, str]:
    """Returns settings as text by their path, such as `training.epochs`."""
    inner: Mapping[str, Any] = {}
    if isinstance(settings, dict):
        inner = settings
    elif isinstance(settings, list) and any(isinstance(each, dict) for each in settings):
        inner = {str(place): each for place, each in enumerate(settings)}
    if not inner:
        return {path: str(settings)}
    found = {}
    for name, value in inner.items():
        found |= flattened(value, f"{path}.{name}".lstrip("."))
    return found


def _metric(name, value, step=0):
    """Returns a metric in a list, nothing for what is no number."""
    from mlflow.entities import Metric

    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return []
    return [Metric(_NO_KEY.sub("_", name), float(value), timestamp=0, step=step)]


def _scores(report) -> Iterator[Any]:
    for rung in report["ladder"]:
        form = rung["form"]
        yield from _metric(f"{form}/bytes", rung["size_bytes"])
        for name, value in rung["scores"].items():
            yield from _metric(f"{form}/{name}", value)
    for stage, seconds in report["seconds"].items():
        yield from _metric(f"seconds/{stage}", seconds)


def _curves(report) -> Iterator[Any]:
    for name, values in report["history"].items():
        for epoch, value in enumerate(values, start=1):
            yield from _metric(f"training/{name}", value, epoch)
