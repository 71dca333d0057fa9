"""Pictures of what watching a training recorded: a line a layer, a column a measurement."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .figures import Picture, drawable

_MOST_LAYERS = 40
# Measurements that are drawn, the first and the last among them.
_MOST_COLUMNS = 60
_LETTERS = 34


def watched_pictures(watched: Mapping[str, Any]) -> list[Picture]:
    """Returns the pictures of a `WatchRecord` as values of JSON."""
    layers = watched["layers"]
    hidden = watched["hidden"]
    epochs = watched["epochs"]
    sizes = ("gradients", "Norm of the gradient (log10)", layers)
    steps = ("updates", "Step / norm of the weights (log10)", layers)
    pictures = []
    for name, title, names in (sizes, steps):
        values = _array(watched[name])
        with np.errstate(divide="ignore"):
            logs = np.log10(values)
        pictures.append(
            _heat_map(
                logs,
                names,
                epochs,
                title=title,
            )
        )
    shares = (("dead", "Dead units (share)"), ("saturated", "Saturated values (share)"))
    for name, title in shares:
        values = _array(watched[name])
        places = np.flatnonzero(np.isfinite(values).any(axis=0))
        if not len(places):
            continue
        names = [hidden[place] for place in places]
        drawn = _heat_map(
            values[:, places],
            names,
            epochs,
            title=title,
            limits=(0.0, 1.0),
        )
        pictures.append(drawn)
    return pictures


def _array(lines):
    """float64 [measurements, layers]; None, which JSON has for NaN, is NaN again."""
    return np.array(lines, dtype=np.float64)


def _heat_map(
    values: np.ndarray,
    names: Sequence[str],
    epochs: Sequence[int],
    *,
    title: str,
    limits: tuple[float, float] | None = None,
) -> Picture:
    """Returns the picture of values [measurements, layers], inputs at the top."""
    columns = _spread(len(epochs), _MOST_COLUMNS)
    lines = _spread(len(names), _MOST_LAYERS)
    shown = np.where(
        np.isfinite(values),
        values,
        np.nan,
    )[np.ix_(columns, lines)].T
    names = [drawable(names[place], _LETTERS) for place in lines]
    epochs = [epochs[place] for place in columns]

    def draw(axes):
        low, high = limits or (None, None)
        image = axes.imshow(
            np.ma.masked_invalid(shown),
            aspect="auto",
            interpolation="nearest",
            cmap="viridis",
            vmin=low,
            vmax=high,
        )
        axes.set_facecolor("#dddddd")
        axes.set_yticks(
            range(len(names)),
            names,
            fontsize=7,
        )
        _mark_epochs(axes, epochs)
        axes.set(xlabel="epochs done", title=title)
        axes.figure.colorbar(image, ax=axes)

    height = max(3.2, 1.3 + 0.16 * len(names))
    return Picture(
        title,
        draw,
        width=5.6,
        height=height,
    )


def _mark_epochs(axes, epochs):
    """Writes some of the epochs below the columns."""
    ticks = _spread(len(epochs), 10)
    shown = [epochs[place] for place in ticks]
    axes.set_xticks(ticks, shown, fontsize=8)


def _spread(number: int, most: int) -> list[int]:
    """At most so many places of 0 to number - 1, the first and the last among them."""
    places = np.linspace(
        0,
        number - 1,
        min(number, most),
    )
    return [int(place) for place in np.unique(places.round())]
