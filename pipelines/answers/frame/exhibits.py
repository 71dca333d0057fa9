"""What was measured, as a table and a picture of the same numbers: curves or bars."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...report.figures import BLUE, GREY, ORANGE, Picture
from ...studies.corrected import FoldMean
from .claims import estimate, exactly, geometric

COLOURS = (BLUE, ORANGE, "#2e8b57", "#8e5ea2", GREY, "#c0392b", "#17a2b8", "#7a5c3e")
LETTERS = 62  # that stand in one line under the axes
LEGEND_LETTERS = 76  # that stand in one line of a legend
MANY_GROUPS = 7  # whose words would touch in the usual size
MOST_LINES = 10  # of a table; a picture shows every point
Cell = str | int | float | FoldMean


@dataclass(frozen=True, eq=False)
class Exhibit:
    """A table and its picture.

    Attributes:
        headings: of the table.
        lines: words, counts, values without chance, and means with intervals.
        picture: of the same.
    """

    headings: tuple[str, ...]
    lines: tuple[tuple[Cell, ...], ...]
    picture: Picture


def curves(
    title: str,
    places: Sequence[float],
    values: Mapping[str, np.ndarray],
    *,
    x: str,
    y: str,
    log: str = "",
) -> Exhibit:
    """Returns one curve a name, the mean over repeats, with the band of its 95 % interval.

    Args:
        title: of the picture.
        places: where the curves have points.
        values: name → float [repeats, points], or [points] of what has no chance in it.
        x: what is across, in words.
        y: what is upward, in words.
        log: "x", "y" or "xy": which axes are in powers of ten; means upward are then geometric.
    """
    means = {name: _means(np.asarray(each, float), "y" in log) for name, each in values.items()}

    def draw(axes):
        for colour, (name, each) in zip(COLOURS, means.items(), strict=False):
            middle, low, high = np.array([(one.mean, one.low, one.high) for one in each]).T
            axes.plot(places, middle, color=colour, label=name, marker=".")
            axes.fill_between(places, low, high, color=colour, alpha=0.15, linewidth=0)
        if "x" in log:
            axes.set_xscale("log")
        if "y" in log:
            axes.set_yscale("log")
        axes.set(xlabel=x, ylabel=y, title=title)
        if len(means) > 1:
            _add_legend(axes)

    lines = tuple(zip(places, *means.values(), strict=True))
    every = math.ceil(len(lines) / MOST_LINES)
    return Exhibit((x, *means), lines[::every], Picture(title, draw))


def _means(values, is_log):
    if values.ndim == 1:
        return [exactly(each) for each in values]
    if is_log:
        return [geometric(column) for column in values.T]
    return [estimate(column) for column in values.T]


def bars(
    title: str, groups: Mapping[str, Mapping[str, FoldMean]], *, y: str, log: bool = False
) -> Exhibit:
    """Returns groups of bars, each with a whisker for its interval.

    Args:
        title: of the picture.
        groups: group → name of a bar → what was measured.
        y: what is upward, in words.
        log: whether the heights are in powers of ten.
    """
    names = list(dict.fromkeys(name for group in groups.values() for name in group))
    width = 0.8 / len(names)

    def draw(axes):
        for place, name in enumerate(names):
            at = [number for number, group in enumerate(groups.values()) if name in group]
            found = [group[name] for group in groups.values() if name in group]
            middle, low, high = np.array([(one.mean, one.low, one.high) for one in found]).T
            shifted = np.array(at) + (place - (len(names) - 1) / 2) * width
            axes.bar(shifted, middle, width, color=COLOURS[place], label=name)
            whiskers = [middle - low, high - middle]
            axes.errorbar(shifted, middle, whiskers, fmt="none", ecolor="black", capsize=2)
        words = [_narrow(group, LETTERS // len(groups)) for group in groups]
        axes.set_xticks(range(len(groups)), words, fontsize=_font_size(len(groups)))
        if log:
            axes.set_yscale("log")
        axes.set(ylabel=y, title=title)
        if len(names) > 1:
            _add_legend(axes, num_lines=1 + max(each.count("\n") for each in words))

    lines = []
    for group, cells in groups.items():
        lines.append((group, *(cells.get(name, "") for name in names)))
    return Exhibit((y, *names), tuple(lines), Picture(title, draw))


def _font_size(num_groups):
    """Of the words under bars: smaller where many stand next to each other."""
    if num_groups > MANY_GROUPS:
        return 6.5
    return 8


def _narrow(words, most_letters):
    """Words under a bar, in lines that the next bar's words do not touch."""
    return "\n".join(textwrap.wrap(words, max(most_letters, 6), break_long_words=False))


def _add_legend(axes, *, num_lines=1):
    """Below the axes and the lines of words under them, where it covers nothing."""
    _, names = axes.get_legend_handles_labels()
    lengths = sorted(map(len, names))
    num_columns = 3
    if sum(lengths[-num_columns:]) > LEGEND_LETTERS:
        num_columns = 2
    axes.legend(
        frameon=False,
        fontsize=8,
        ncols=num_columns,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.12 - 0.045 * num_lines),
        columnspacing=1,
        handlelength=1.2,
    )
