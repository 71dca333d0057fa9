"""`python -m tests.studies.tuning.toy_driver FOLDER ENGINE TRIALS`: a study that can be killed."""

import os
import sys
from dataclasses import replace
from pathlib import Path

from pipelines.engine.engines import open_engine
from pipelines.engine.making import making
from pipelines.studies import tune
from pipelines.studies.tuning.judge import EngineJudge
from pipelines.studies.tuning.plan import SearchPlan
from pipelines.studies.workers import Workers
from tests.studies.tuning.fake_judge import RECIPE, SPACE

WORKER = "tests.studies.tuning.toy_worker"


def search(folder, words, num_trials):
    """Runs the study of a folder, in which the starts of tasks are counted."""
    folder.mkdir(exist_ok=True)
    load = replace(RECIPE.load, source=str(Path(RECIPE.load.source).absolute()))
    recipe = replace(RECIPE, load=load)
    os.chdir(folder)
    engine = open_engine(words, folder, worker=WORKER)
    with making(folder, recipe.name), engine:
        return tune.search_with(
            EngineJudge(engine),
            recipe,
            SPACE,
            num_trials=num_trials,
            plan=SearchPlan(),
            workers=Workers(folder=folder),
        )


if __name__ == "__main__":
    tune.write_pictures = lambda folder, result: []
    search(Path(sys.argv[1]).absolute(), sys.argv[2], int(sys.argv[3]))
