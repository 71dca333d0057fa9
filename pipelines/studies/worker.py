"""A worker of every study: what a task's stage means.

python -m pipelines.studies.worker --serve     started by an engine
python -m pipelines.studies.worker TASK.json   one task alone, in sight
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..convert.warm import kept_warm
from ..engine.worker import main

MODULE = "pipelines.studies.worker"


def make_bundle(spec: Mapping[str, Any], folder: Path) -> None:
    """Runs a recipe; the run itself keeps the bundle's files in the cache.

    Args:
        spec: the recipe as values of JSON.
        folder: that the bundle is written to.
    """
    from .. import catalog
    from ..run import run
    from ..settings import from_json

    run(from_json(spec, catalog.SPECS), folder=folder)


def judge_recipe(spec: Mapping[str, Any], folder: Path) -> None:
    """Judges a recipe on the test rows of its split; what came of it is kept in the cache.

    Args:
        spec: the recipe as values of JSON.
        folder: for files; nothing is written to it.
    """
    from .. import catalog
    from ..settings import from_json
    from .judged import perform_judged

    perform_judged(from_json(spec, catalog.SPECS))


def rehearse_recipe(spec: Mapping[str, Any], folder: Path) -> None:
    """Measures what the untrained network of a recipe costs, and keeps it in the cache.

    Args:
        spec: the recipe as values of JSON.
        folder: for files; nothing is written to it.
    """
    from .. import catalog
    from ..settings import from_json
    from .rehearsed import perform_rehearsed

    perform_rehearsed(from_json(spec, catalog.SPECS))


def fit_on_fold(spec: Mapping[str, Any], folder: Path) -> None:
    """Fits a recipe on a fold, and keeps how it answers rows that it saw and others in the cache.

    Args:
        spec: the recipe as values of JSON.
        folder: for files; nothing is written to it.
    """
    from .. import catalog
    from ..settings import from_json
    from .diagnosis.fitted import perform_fitted

    perform_fitted(from_json(spec, catalog.SPECS))


STAGES = {
    "bundle": make_bundle,
    "judged": judge_recipe,
    "rehearsed": rehearse_recipe,
    "fitted": fit_on_fold,
}


if __name__ == "__main__":
    # A worker converts once a task; its converter loads TensorFlow once for all of them.
    with kept_warm():
        sys.exit(main(STAGES))
