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
    """Returns tqdm's callback of Keras, a step an epoch.

    Args:
        epochs: at most.
        desc: what is done.
    """
    from tqdm.keras import TqdmCallback

    return TqdmCallback(epochs=epochs, verbose=0, desc=desc, leave=True, **bar_options())
