"""`make bench`: what watching takes of an epoch of birds_mlp, by the clock and in CPU seconds.
Nothing here gates.
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
    """Returns a Keras callback that notes clock and CPU seconds at the beginning of every epoch."""
    import keras

    class EpochClock(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.marks = []

        def on_epoch_begin(self, epoch, logs=None):
            self.marks.append(_now())

    return EpochClock()


def _now():
    """Returns seconds of the clock and of the CPU."""
    return np.array([time.perf_counter(), time.process_time()])


def _line(ratios):
    middle = statistics.median(ratios)
    return f"{middle:.3f} [{min(ratios):.3f}, {max(ratios):.3f}]"


def bench_watching() -> None:
    """Prints the ratio of an epoch's seconds, watched and not; epochs in which a graph is traced
    are left out, and what these take more is printed for itself.
    """
    signature, rows, valid, _ = bird_ports()

    def epochs(watch):
        """The seconds before the second epoch, and the least of later ones but the last: what else
        the machine does can only add to them.
        """
        training = replace(BIRDS.training, epochs=EPOCHS, schedule=Constant(patience=EPOCHS))
        clock = epoch_clock()
        start = _now()
        train(
            BIRDS.build,
            TrainFeed(rows),
            valid,
            signature=signature,
            training=replace(training, watch=watch),
            deciding="average_precision",
            callbacks=(clock,),
        )
        later = np.diff(clock.marks, axis=0)[1:]
        return clock.marks[1] - start, np.min(later, axis=0)

    ratios = []
    extra = []
    for _ in range(PAIRS):
        once, plain = epochs(False)
        once_watched, watched = epochs(True)
        ratios.append(watched / plain)
        extra.append(once_watched - once)
    by_clock, by_cpu = np.transpose(ratios)
    once_by_clock, once_by_cpu = np.median(extra, axis=0)
    print(
        f"watching birds_mlp: {_line(by_clock)} of the seconds of an epoch, {_line(by_cpu)} of "
        f"its CPU seconds   (aim 1.15); once {once_by_clock:.1f} s, {once_by_cpu:.1f} CPU s"
    )


if __name__ == "__main__":
    load_tensorflow()
    bench_watching()
