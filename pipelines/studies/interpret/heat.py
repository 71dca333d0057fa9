"""Pictures of where a model looks: rows of pictures over maps of the same size, and series."""

import numpy as np

from ...report.figures import BLUE, Picture, drawable

GAP = 2
RED = np.array([0.70, 0.09, 0.17])
BLUES = np.array([0.13, 0.40, 0.67])


def montage(
    title: str,
    pictures: np.ndarray,
    maps: np.ndarray,
    names: list[str],
) -> Picture:
    """Returns pictures side by side over their maps: red speaks for the answer, blue against it.

    Args:
        title: Of the picture.
        pictures: uint8 [rows, height, width, channels].
        maps: float [rows, height, width], each in a unit of its own.
        names: What stands over each.
    """
    width = pictures.shape[2]
    columns = []
    for pixels, values in zip(pictures, maps, strict=True):
        plain = _in_color(pixels)
        seen = _overlay(plain, values)
        space = np.ones((GAP, width, 3))
        stacked = np.concatenate([plain, space, seen])
        height = len(stacked)
        side = np.ones((height, GAP, 3))
        column = np.concatenate([stacked, side], axis=1)
        columns.append(column)
    whole = np.concatenate(columns, axis=1)
    return Picture(
        title,
        _drawing(whole, names, width + GAP),
        width=11,
        height=3.4,
    )


def _in_color(pixels):
    """Returns a picture as float [height, width, 3], 0 to 1."""
    shares = pixels.astype(np.float64) / 255
    if shares.shape[2] == 3:
        return shares
    grey = shares[:, :, :1]
    return np.repeat(grey, 3, axis=2)


def _overlay(plain, values):
    largest = np.abs(values).max() or 1.0
    strength = np.abs(values) / largest
    speaks_for = (values > 0)[:, :, None]
    color = np.where(speaks_for, RED, BLUES)
    grey = plain.mean(axis=2, keepdims=True)
    pale = 0.35 * grey + 0.65
    weight = strength[:, :, None]
    return pale * (1 - weight) + color * weight


def _drawing(whole, names, width):
    def draw(axes):
        axes.imshow(whole, interpolation="nearest")
        axes.set_axis_off()
        for place, name in enumerate(names):
            middle = (place + 0.5) * width
            axes.text(
                middle,
                -1.5,
                drawable(name, 26),
                ha="center",
                fontsize=6,
            )

    return draw


def step_curve(title: str, strength: np.ndarray, names: list[str], unit: str) -> Picture:
    """Returns curves over the steps of series, the newest last.

    Args:
        title: Of the picture.
        strength: float [steps, series].
        names: Of the series.
        unit: Of the strength, in words.
    """

    def draw(axes):
        steps = np.arange(len(strength)) - len(strength)
        for place, name in enumerate(names[:6]):
            axes.plot(steps, strength[:, place], label=drawable(name, 30))
        axes.set(xlabel="step, the newest is -1", ylabel=unit, title=title)
        axes.legend(fontsize=8, frameon=False)

    return Picture(title, draw, width=7.4)


def bars(title: str, names: list[str], values: list[float], unit: str) -> Picture:
    """Returns horizontal bars, the first on top."""

    def draw(axes):
        places = np.arange(len(names))[::-1]
        words = [drawable(name, 40) for name in names]
        axes.barh(places, values, color=BLUE)
        axes.set_yticks(places, words, fontsize=8)
        axes.axvline(0, color="black", linewidth=0.6)
        axes.set(xlabel=unit, title=title)

    height = 1.2 + 0.26 * len(names)
    return Picture(
        title,
        draw,
        width=7.4,
        height=height,
    )
