"""A worker that judges recipes by a formula, in a moment, and counts what it begins and keeps."""

import sys
import time
from pathlib import Path

from pipelines import catalog
from pipelines.bundle.folder import as_json
from pipelines.engine.cache import begin
from pipelines.engine.worker import main
from pipelines.settings import from_json
from pipelines.studies.judged import RESULT, judged_task
from tests.studies.tuning.fake_judge import loss_of, size_of

SECONDS = 0.1


def judge(spec, folder):
    """Keeps the score of a recipe under its key. `about` is where the starts are counted."""
    recipe = from_json(spec, catalog.SPECS)
    task = judged_task(recipe)
    with Path("starts").open("a") as file:
        file.write(f"{task.inputs[0]}\n")
    time.sleep(SECONDS)
    scores = {"rmse": loss_of(recipe)}
    values = {
        "deciding": "rmse",
        "scores": {"int8": scores, "float32": scores},
        "baselines": {},
        "num_rows": {"train": 6, "valid": 2, "test": 2},
        "size_bytes": size_of(recipe),
        "arena_bytes": size_of(recipe),
        "latency_ms": 0.5,
    }
    work = begin(task.stage, task.spec, *task.inputs)
    work.keep({RESULT: as_json(values).encode()})


STAGES = {"judged": judge}

if __name__ == "__main__":
    sys.exit(main(STAGES))
