"""Pictures of a run whatever its task: learning curves, and what is missing where."""

import numpy as np

from .figures import BLUE, GREY, ORANGE, drawable

MAX_COLUMNS = 40
MOST_LETTERS = 60


def learning_curves(history: dict[str, list[float]], deciding: str, words: str):
    """Loss and the deciding metric by epoch; `words`: the metric as a reader sees it."""
    name = drawable(words, MOST_LETTERS)

    def draw(axes):
        epochs = np.arange(1, len(history["loss"]) + 1)
        axes.plot(
            epochs, history["loss"], marker=".", color=GREY, label="training loss (with dropout)"
        )
        axes.plot(
            epochs,
            history["val_loss"],
            marker=".",
            color=BLUE,
            label="validation loss",
        )
        axes.set(
            xlabel="epoch",
            ylabel="loss",
            title=f"Learning curves: loss and {name}",
        )
        other = axes.twinx()
        other.plot(
            epochs, history[f"val_{deciding}"], marker=".", color=ORANGE, label=f"validation {name}"
        )
        other.set_ylabel(name, color=ORANGE)
        lines = axes.get_lines() + other.get_lines()
        axes.legend(
            lines,
            [line.get_label() for line in lines],
            fontsize=8,
            frameon=False,
            ncols=3,
            loc="upper center",
            bbox_to_anchor=(0.5, -0.16),
            columnspacing=1,
            handlelength=1.2,
        )

    return draw


def missing_values(shares: dict[str, float], masks: np.ndarray):
    """What is missing where: rows top to bottom (at most 400, evenly drawn), columns side
    by side.
    """

    def draw(axes):
        names = list(shares)[:MAX_COLUMNS]
        axes.imshow(
            masks[:, : len(names)],
            aspect="auto",
            cmap="Greys",
            interpolation="nearest",
            vmin=0,
            vmax=1,
        )
        axes.set_xticks(
            range(len(names)),
            [f"{drawable(name, 22)}  {shares[name]:.0%}" for name in names],
            rotation=60,
            ha="right",
            fontsize=8,
        )
        axes.set(ylabel="rows", title="Missing values (black), training rows")
        axes.set_yticks([])

    return draw
