"""Watching a training: norms of gradients and of steps, dead units and saturation, a layer each.

Gradients and activations are those of a few training rows, always the same, before training and
after its epochs; steps are measured where training takes them, at the start of an epoch. The train
step itself is left as it is, so that clipping, accumulation and rounding in training are watched
too, and a watched training ends with the same weights to the bit.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

from .probe import Probe
from .watched import Fault, WatchRecord

# Rows that are watched are at most this share of those that an epoch trains on; where epochs are
# smaller, some are left out.
_MOST_SHARE = 0.05


def watch_training(
    batches: Callable[[int], Any],
    *,
    steps: int,
    accumulation: int = 1,
    report: Callable[[Fault], None] = lambda fault: None,
):
    """Returns a Keras callback that fills `watched`, the fields of a `WatchRecord`.

    Args:
        batches: The first step → a tf.data.Dataset of training rows from there on; one device.
        steps: Batches of one epoch.
        accumulation: Batches that give one step.
        report: Is given each fault when it is first seen.
    """
    import keras

    first_step = min(accumulation, steps) - 1

    class WatchTraining(keras.callbacks.Callback):
        # Fields that are numbers, texts or lists are stored with each epoch of a cached training.
        def on_train_begin(self, logs=None):
            self.probe = Probe(self.model, batches)
            self.every = _epochs_between(self.probe, steps)
            self.reported = []
            self.watched = vars(self.probe.new_record())
            self.seen_steps = self.probe.no_steps()
            self.record_line(0)

        def on_epoch_begin(self, epoch, logs=None):
            self.seen_steps = self.probe.no_steps()
            if _is_due(self, epoch + 1):
                self.probe.keep_weights()

        def on_train_batch_end(self, batch, logs=None):
            if batch == first_step and self.probe.keeps_weights:
                self.seen_steps = self.probe.relative_step()

        def on_epoch_end(self, epoch, logs=None):
            if _is_due(self, epoch + 1) or self.model.stop_training:
                self.record_line(epoch + 1)

        def record_line(self, num_epochs):
            record = WatchRecord(**self.watched)
            record.epochs.append(num_epochs)
            record.updates.append(self.seen_steps)
            self.probe.measure_into(record)
            _report_new(record, self.reported, report)

    return WatchTraining()


def watched_by(callbacks: Sequence) -> dict[str, Any] | None:
    """Returns what a callback of `watch_training` among others recorded, the fields of a
    `WatchRecord`; None if there is none.
    """
    for callback in callbacks:
        values = vars(callback).get("watched")
        if values is not None:
            return values
    return None


def _epochs_between(probe, steps):
    """After how many epochs it is measured again."""
    epoch_rows = steps * probe.batch_rows
    most_rows = _MOST_SHARE * epoch_rows
    return max(math.ceil(probe.num_rows / most_rows), 1)


def _is_due(callback, num_epochs):
    """Whether it is measured after so many epochs."""
    is_end = num_epochs in (1, callback.params["epochs"])
    return is_end or num_epochs % callback.every == 0


def _report_new(record, reported, report):
    """Reports the faults of kinds that are not in `reported`, and notes them there."""
    for fault in record.faults():
        if fault.kind in reported:
            continue
        reported.append(fault.kind)
        report(fault)
