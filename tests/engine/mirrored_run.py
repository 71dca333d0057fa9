"""`python -m tests.engine.mirrored_run PART NAME FOLDER EPOCHS`: a run over two logical devices.

PART is "bundle" for all of the run, "fit" for its training alone, which is written to FOLDER/fit.
The process ends itself by SIGKILL once so many epochs are stored, 0 for never.
"""

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import tensorflow as tf

from pipelines.engine import resume
from pipelines.engine.arrays import to_bytes
from pipelines.engine.cache import caching
from pipelines.engine.resume import EpochFile
from pipelines.recipe import Recipe
from pipelines.run import fit, frame, read, run, settle, split
from pipelines.text import AugmentMixUpEmbeddings
from pipelines.training.model_state import state_of
from pipelines.training.strategy import make_strategy
from pipelines.vision import AugmentMixUp
from tests.engine.tiny_run import killable


def mirrored(name: str) -> Recipe:
    """Returns a recipe in which replicas draw, average and count."""
    recipe = replace(killable(name), teacher=None)
    if name.startswith("penguins"):
        build = replace(recipe.build, dropout=0.3, normalization=True, num_members=2)
        recipe = replace(recipe, build=build)
    if name.startswith("emoji"):
        recipe = replace(recipe, augment=(*recipe.augment, AugmentMixUp()))
    if name.startswith("remarks"):
        recipe = replace(recipe, augment=(*recipe.augment, AugmentMixUpEmbeddings()))
    return replace(recipe, training=replace(recipe.training, strategy="mirrored"))


def use_two_devices() -> None:
    """Parts the processor in two, each a replica of a mirrored strategy."""
    [processor] = tf.config.list_physical_devices("CPU")
    halves = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(processor, halves)
    assert make_strategy("mirrored").num_replicas_in_sync == 2


def die_after(num_epochs: int) -> None:
    """Ends this process as soon as it has stored so many epochs."""
    # Every epoch is stored, however fast it is.
    resume._MOST_SHARE = float("inf")
    write = EpochFile.write
    stored = []

    def write_and_die(file, state):
        write(file, state)
        stored.append(state.num_epochs)
        if len(stored) == num_epochs:
            os.kill(os.getpid(), signal.SIGKILL)

    EpochFile.write = write_and_die


def write_fit(recipe: Recipe, folder: Path) -> None:
    """Trains, and writes weights, history and score to a file."""
    splits = frame(recipe, split(recipe, read(recipe).dataset))
    recipe = settle(recipe, splits.train.schema)
    with caching(folder, "test"):
        trained = fit(recipe, splits.train, splits.valid)
    state = state_of(trained.model)
    content = to_bytes([state, trained.history, trained.validation_score])
    (folder / "fit").write_bytes(content)


def main(part: str, name: str, folder: str, num_epochs: str) -> None:
    use_two_devices()
    die_after(int(num_epochs))
    recipe = mirrored(name)
    if part == "fit":
        write_fit(recipe, Path(folder))
    else:
        run(recipe, folder=Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
