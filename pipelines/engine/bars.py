"""How long work shows itself: a bar on a terminal or in a notebook, plain lines in a log."""

import sys
from collections.abc import Iterable
from typing import Any

# In a log, a line so often; what takes no longer leaves none.
LOG_SECONDS = 10.0
# Nothing is drawn at the start.
_DELAY_SECONDS = 1e-3
_LINE = "{desc}: {n_fmt} of {total_fmt}, {elapsed} spent, {remaining} left{postfix}"


class PlainLines:
    """Takes what a bar draws over and over in one place, and writes lines."""

    def __init__(self, stream: Any):
        """Takes the stream that the lines go to."""
        self.stream = stream
        self._last = ""

    def write(self, text: str) -> int:
        """Writes what is drawn as a line; what only moves, clears or repeats is left out."""
        line = text.strip()
        if line and line != self._last:
            self.stream.write(f"{line}\n")
            self._last = line
        return len(text)

    def flush(self) -> None:
        """Flushes the stream."""
        self.stream.flush()


def bar_options() -> dict[str, Any]:
    """Returns the arguments of tqdm for where standard error goes."""
    if sys.stderr.isatty() or "ipykernel" in sys.modules:
        return {}
    return {
        "file": PlainLines(sys.stderr),
        "bar_format": _LINE,
        "mininterval": LOG_SECONDS,
        "miniters": 1,
        "delay": _DELAY_SECONDS,
    }


def progress_bar(
    items: Iterable | None = None, *, desc: str, unit: str, total: int | None = None
) -> Any:
    """Returns a tqdm bar with the time that is left.

    Args:
        items: that are counted as they are taken; None: `update` counts.
        desc: what is done.
        unit: of what is counted.
        total: how many there are, if `items` does not tell.
    """
    from tqdm import tqdm

    return tqdm(items, desc=desc, unit=unit, total=total, **bar_options())


def epochs_bar(epochs: int, *, desc: str) -> Any:
    """Returns tqdm's callback of Keras, which counts epochs and, inside of one, shares of it.

    Args:
        epochs: at most.
        desc: what is done.
    """
    from tqdm.keras import TqdmCallback

    class EpochsBar(TqdmCallback):
        """Shows how far an epoch is, where TqdmCallback shows only those that have ended."""

        def on_epoch_begin(self, epoch, logs=None):
            super().on_epoch_begin(epoch)
            self._epoch = epoch

        def on_train_begin(self, logs=None):
            super().on_train_begin()
            self._has_begun = False

        def on_train_batch_end(self, batch, logs=None):
            if not self._has_begun:
                # The first batch waits for the graph, which is no measure of those to come.
                self.epoch_bar.unpause()
                self._has_begun = True
            share = (batch + 1) / self.params["steps"]
            # A whole epoch is counted at its end, with its scores.
            self._show(self._epoch + min(round(share, 2), 0.99))

        def _count_epoch(self, epoch, logs=None):
            self.epoch_bar.set_postfix(logs or {}, refresh=False)
            self._show(epoch + 1)

        def _show(self, num_epochs):
            self.epoch_bar.n = num_epochs
            self.epoch_bar.update(0)

    # A line is due by time alone, not by a number of epochs.
    options = {**bar_options(), "miniters": 0}
    bar = EpochsBar(epochs=epochs, verbose=0, desc=desc, leave=True, **options)
    bar.on_epoch_end = bar._count_epoch  # TqdmCallback sets its own on the instance
    return bar
