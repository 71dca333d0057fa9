"""`python -m tests.engine.tiny_run NAME FOLDER [NUM]`: a named recipe in its tiny form, with what
can be killed in it: pretraining, a teacher, compression. With NUM, so many seeds on two workers."""

import sys
from dataclasses import replace
from pathlib import Path

from pipelines import catalog
from pipelines.compress import PruneWeights, QuantizeAware
from pipelines.device.door import leave, through_door
from pipelines.recipe import Recipe, tiny
from pipelines.run import run
from pipelines.studies.seeds import seeds
from pipelines.studies.workers import Workers
from pipelines.text import MaskedPretraining, TextCnn


def killable(name: str) -> Recipe:
    """Returns a recipe that takes seconds, by the name of one of the catalogue."""
    recipe = tiny(catalog.RECIPES[name])
    recipe = replace(recipe, judge=replace(recipe.judge, tolerance=1.0, min_agreement=0.0))
    training = replace(recipe.training, epochs=4)
    if name.startswith("remarks"):
        build = MaskedPretraining(TextCnn().tiny(), epochs=2)
        recipe = replace(recipe, build=build)
    if name.startswith("penguins"):
        compress = (PruneWeights(epochs=2), QuantizeAware(epochs=2))
        recipe = replace(recipe, shipping=replace(recipe.shipping, compress=compress))
    return replace(recipe, training=training)


def main(name: str, folder: str, num_seeds: str = "") -> None:
    recipe = killable(name)
    if num_seeds:
        seeds(recipe, num=int(num_seeds), workers=Workers("local:2", folder=Path(folder)))
    else:
        run(recipe, folder=Path(folder))


if __name__ == "__main__":
    leave(through_door(lambda: main(*sys.argv[1:])))
