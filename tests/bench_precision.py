"""What training in 16 bits costs or saves here: processor seconds of an epoch, and the score.

    python -m tests.bench_precision [credit_mlp emoji_cnn] [--epochs 6]

Seconds are those of the processor, so that other work on the machine does not count; the least of
the epochs after the first. Scores are of validation rows, of the last epoch.
"""

import argparse
import time
from dataclasses import replace

import keras

from pipelines import catalog
from pipelines.run import frame, prepare, read, settle, split
from pipelines.training import fit
from pipelines.training.precision import PRECISIONS
from pipelines.training.schedules import Constant


class EpochSeconds(keras.callbacks.Callback):
    """The processor seconds of each epoch.

    Attributes:
        seconds: One number an epoch.
    """

    def __init__(self):
        super().__init__()
        self.seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        self._start = time.process_time()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.process_time() - self._start)


def main():
    """Prints a line for each recipe and precision."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=("credit_mlp", "emoji_cnn"))
    parser.add_argument("--epochs", type=int, default=6)
    options = parser.parse_args()
    for name in options.names:
        recipe = replace(catalog.RECIPES[name], teacher=None)
        splits = frame(recipe, split(recipe, read(recipe).dataset))
        recipe = settle(recipe, splits.train.schema)
        inputs = prepare(recipe, splits.train, splits.valid)
        for precision in PRECISIONS:
            training = replace(
                recipe.training,
                epochs=options.epochs,
                schedule=Constant(patience=0),
                precision=precision,
                average=None,
            )
            watch = EpochSeconds()
            result = fit.train(
                recipe.build,
                inputs.feed,
                inputs.valid,
                signature=inputs.signature,
                training=training,
                deciding=recipe.judge.deciding,
                callbacks=[watch],
            )
            least = min(watch.seconds[1:])
            print(f"{name} {precision}: {least:.2f} s an epoch, {result.validation_score:.4f}")


if __name__ == "__main__":
    main()
