"""`make bench`: what watching takes of an epoch of birds_mlp, in CPU seconds: other work on the
machine lengthens the clock, these hardly. Nothing here gates.
"""

import statistics
import time
from dataclasses import replace

import numpy as np

from pipelines.sources.tensorflow import load_tensorflow
from pipelines.tabular import BIRDS
from pipelines.training.feed import TrainFeed
from pipelines.training.fit import train
from pipelines.training.schedules import Constant
from tests.bench import PAIRS, bird_ports

EPOCHS = 8


def epoch_clock():
    """Returns a Keras callback that notes the CPU seconds at the beginning of every epoch."""
    import keras

    class EpochClock(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.marks = []

        def on_epoch_begin(self, epoch, logs=None):
            self.marks.append(time.process_time())

    return EpochClock()


def bench_watching() -> None:
    """Prints the ratio of an epoch's CPU seconds, watched and not; epochs in which a graph is
    traced are left out, and what these take more is printed for itself.
    """
    signature, rows, valid, _ = bird_ports()

    def epochs(watch):
        """CPU seconds of each epoch but the last one."""
        training = replace(BIRDS.training, epochs=EPOCHS, schedule=Constant(patience=EPOCHS))
        clock = epoch_clock()
        start = time.process_time()
        train(
            BIRDS.build,
            TrainFeed(rows),
            valid,
            signature=signature,
            training=replace(training, watch=watch),
            deciding="average_precision",
            callbacks=(clock,),
        )
        return clock.marks[1] - start, np.diff(clock.marks)[1:]

    ratios = []
    extra = []
    for _ in range(PAIRS):
        once, plain = epochs(False)
        once_watched, watched = epochs(True)
        ratios.append(statistics.median(watched) / statistics.median(plain))
        extra.append(once_watched - once)
    print(
        f"watching birds_mlp: {statistics.median(ratios):.3f} [{min(ratios):.3f}, "
        f"{max(ratios):.3f}] of the CPU seconds of an epoch   (aim 1.15); once "
        f"{statistics.median(extra):.1f} s"
    )


if __name__ == "__main__":
    load_tensorflow()
    bench_watching()
