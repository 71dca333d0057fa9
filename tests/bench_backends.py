"""What oneDNN and XLA save here: seconds of an epoch, and whether one seed gives one result.

    python -m tests.bench_backends [credit_mlp fashion_cnn remarks_cnn] [--epochs 4]

Each line is a process of its own that trains twice from the same seed: the least seconds of an
epoch after the first, of the wall and of the processor, the seconds of the first epoch, which
compiles, and whether the weights of the two trainings are the same bits.
"""

import argparse
import functools
import os
import subprocess
import sys
import time
from dataclasses import dataclass, replace

import keras
import numpy as np

from pipelines import catalog
from pipelines.run import frame, prepare, read, settle, split
from pipelines.training import fit
from pipelines.training.schedules import Constant

CHOICES = (("0", ""), ("1", ""), ("0", "--xla"), ("1", "--xla"))


@dataclass(frozen=True)
class Epochs:
    """The seconds of each epoch of a training, and its weights as bytes."""

    wall: list[float]
    processor: list[float]
    weights: bytes


class Clock(keras.callbacks.Callback):
    """Looks at both clocks at the start and the end of each epoch."""

    def __init__(self):
        super().__init__()
        self.looks = []

    def on_epoch_begin(self, epoch, logs=None):
        self.looks.append((time.perf_counter(), time.process_time()))

    def on_epoch_end(self, epoch, logs=None):
        self.looks.append((time.perf_counter(), time.process_time()))

    def seconds(self, place):
        """Returns the seconds of each epoch: 0 of the wall, 1 of the processor."""
        looks = np.array(self.looks)[:, place]
        return list(looks[1::2] - looks[::2])


def train_once(recipe, inputs):
    """Returns the epochs of one training."""
    clock = Clock()
    result = fit.train(
        recipe.build,
        inputs.feed,
        inputs.valid,
        signature=inputs.signature,
        training=recipe.training,
        deciding=recipe.judge.deciding,
        callbacks=[clock],
    )
    weights = b"".join(each.tobytes() for each in result.model.get_weights())
    return Epochs(clock.seconds(0), clock.seconds(1), weights)


def compile_by_xla():
    """Makes every model that is compiled from now on one of XLA."""
    plain = keras.Model.compile

    @functools.wraps(plain)
    def compiled(model, *args, jit_compile, **others):
        return plain(model, *args, jit_compile=True, **others)

    keras.Model.compile = compiled


def measure(name, epochs):
    """Prints the line of a recipe in this process."""
    training = {"epochs": epochs, "schedule": Constant(patience=0), "average": None}
    recipe = catalog.RECIPES[name]
    recipe = replace(recipe, teacher=None, training=replace(recipe.training, **training))
    splits = frame(recipe, split(recipe, read(recipe).dataset))
    recipe = settle(recipe, splits.train.schema)
    inputs = prepare(recipe, splits.train, splits.valid)
    runs = [train_once(recipe, inputs) for _ in range(2)]
    wall = min(min(each.wall[1:]) for each in runs)
    processor = min(min(each.processor[1:]) for each in runs)
    same = runs[0].weights == runs[1].weights
    print(f"{wall:.2f} s, {processor:.2f} CPU s, first {runs[0].wall[0]:.1f} s, same bits: {same}")


def main():
    """Prints a line for each recipe and choice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=("credit_mlp", "fashion_cnn", "remarks_cnn"))
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--here", action="store_true", help="in this process")
    parser.add_argument("--xla", action="store_true")
    options = parser.parse_args()
    if options.here:
        if options.xla:
            compile_by_xla()
        measure(options.names[0], options.epochs)
        return
    for name in options.names:
        for onednn, xla in CHOICES:
            command = [sys.executable, "-m", "tests.bench_backends", name, "--here"]
            command += ["--epochs", str(options.epochs), *filter(None, [xla])]
            environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": onednn}
            ended = subprocess.run(command, env=environment, text=True, capture_output=True)
            if ended.returncode:
                raise SystemExit(ended.stderr[-3000:])
            words = f"{name}, oneDNN {'on' if onednn == '1' else 'off'}{', XLA' if xla else ''}"
            print(f"{words}: {ended.stdout.splitlines()[-1]}", flush=True)


if __name__ == "__main__":
    main()
