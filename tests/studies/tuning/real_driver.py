"""`python -m tests.studies.tuning.real_driver FOLDER ENGINE TRIALS`: a study of real trials."""

import sys
from dataclasses import replace
from pathlib import Path

from pipelines import catalog
from pipelines.device.door import ends_on_signals
from pipelines.recipe import tiny
from pipelines.studies.tune import tune
from pipelines.studies.workers import Workers

SEARCH = (
    "training.optimizer.learning_rate=0.0005..0.02:log",
    "build.dropout=0..0.6",
    "build.num_members=1|2",
)


def main(folder, words, num_trials):
    small = tiny(catalog.RECIPES["penguins_mlp"])
    recipe = replace(small, name="real", teacher=None)
    with ends_on_signals("stopped"):
        tune(recipe, SEARCH, num_trials=num_trials, workers=Workers(words, folder=folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
