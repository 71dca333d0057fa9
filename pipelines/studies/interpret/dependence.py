"""Partial dependence (Friedman 2001, https://doi.org/10.1214/aos/1013203451) and the single rows
behind it, individual conditional expectations (Goldstein et al. 2015,
https://arxiv.org/abs/1309.6392): what the answer becomes if one raw column is set to a value.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...device.cells import CATEGORICAL, DATE, NUMERIC
from ...device.primitives import missing_mask
from ...report.figures import BLUE, GREY, ORANGE, Picture, drawable
from .columns import as_numbers
from .opened import OpenedBundle
from .reading import NotRead, Reading, joined

TITLE = "Partial dependence"
MOST_ROWS = 150
MAX_DRAWN_ROWS = 40
MAX_POINTS = 15
MAX_COLUMNS = 12
MAX_LABELS = 4
COLORS = (BLUE, ORANGE, "#2e7d4f", "#8a4fa3")


@dataclass(frozen=True, eq=False)
class Dependence:
    """What answers become as one column is set to one value after the other.

    Attributes:
        column: Its name.
        values: That it was set to, as raw cells.
        answers: float64 [rows, values, numbers], the numbers that are looked at.
    """

    column: str
    values: np.ndarray
    answers: np.ndarray

    @property
    def means(self) -> np.ndarray:
        """The partial dependence, float64 [values, numbers]."""
        return self.answers.mean(axis=0)

    @property
    def range(self) -> float:
        """How far the partial dependence moves, the number that moves most."""
        return float(np.ptp(self.means, axis=0).max())

    @property
    def crossing(self) -> float:
        """How far single rows stray from it, once each is put at its mean: 0 where the column adds
        the same to every row, float in the unit of the answers.
        """
        centered = self.answers - self.answers.mean(axis=1, keepdims=True)
        return float((centered - centered.mean(axis=0)).std(axis=0).mean(axis=0).max())


def dependence(
    answer: Callable[[dict[str, np.ndarray]], np.ndarray],
    columns: dict[str, np.ndarray],
    name: str,
    values: np.ndarray,
) -> Dependence:
    """Sets a column of all rows to one value after the other.

    Args:
        answer: Columns → float64 [rows, numbers].
        columns: Name → array [rows].
        name: Of the column.
        values: Of the column's dtype.
    """
    num_rows = len(columns[name])
    answers = []
    for value in values:
        alike = np.empty(num_rows, columns[name].dtype)
        alike[:] = value
        answers.append(answer({**columns, name: alike}))
    return Dependence(name, values, np.stack(answers, axis=1))


def points_of(x: np.ndarray, kind: str) -> np.ndarray:
    """Returns the values that a column is set to: quantiles from the 2nd to the 98th percentile of
    numbers and dates, the most frequent of others.
    """
    known = x[~missing_mask(x)]
    if kind in (NUMERIC, DATE):
        distinct = np.unique(known)
        if len(distinct) <= MAX_POINTS:
            return distinct
        places = np.linspace(0.02, 0.98, MAX_POINTS) * (len(known) - 1)
        return np.unique(np.sort(known)[places.astype(int)])
    texts, counts = np.unique(known.astype(str), return_counts=True)
    return texts[np.argsort(-counts, kind="stable")][:MAX_POINTS].astype(object)


def read_dependence(opened: OpenedBundle) -> Reading | NotRead:
    """Draws the columns of a table, the one that moves the answer most first."""
    from tqdm import tqdm

    plain = [each for each in opened.signature.columns if not each.shape and each.kind != "text"]
    if not plain:
        kinds = sorted({column.kind for column in opened.signature.columns})
        return NotRead(
            TITLE, f"a cell of {', '.join(kinds)} has no single value to set; see occlusion"
        )
    columns = opened.columns_at(opened.places(MOST_ROWS))

    def answer(altered):
        watched = opened.task.watched(opened.answers_to(altered), opened.target)
        return np.stack(list(watched.values())[:MAX_LABELS], axis=1)

    found = []
    for column in tqdm(plain, desc="dependence", disable=None):
        values = points_of(opened.train.x[column.name], column.kind)
        if len(values) > 1:
            found.append(dependence(answer, columns, column.name, values))
    found.sort(key=lambda each: -each.range)
    return _reading(opened, found, plain)


def _reading(opened, found, plain):
    names = list(opened.task.watched(opened.answers.take(np.arange(1)), opened.target))
    names = names[:MAX_LABELS]
    kinds = {column.name: column.kind for column in plain}
    unit = "probability" if opened.target.labels else "value"
    lines = []
    for each in found:
        low, high = _ends(each)
        lines.append((each.column, f"{each.range:.4g}", low, high, f"{each.crossing:.4g}"))
    pictures = [
        Picture(f"{TITLE} of {each.column}", _drawing(each, names, kinds[each.column], unit))
        for each in found[:MAX_COLUMNS]
    ]
    return Reading(
        TITLE,
        _verdict(found, names, unit),
        headings=("column", "moves it by", "lowest at", "highest at", "rows differ by"),
        lines=tuple(lines),
        pictures=tuple(pictures),
        note=f"The int8 file on {len(opened.places(MOST_ROWS)):,} {opened.part} rows, each column "
        f"set to up to {MAX_POINTS} values of the training rows; {unit} of {joined(names, 4)}. "
        "Thin lines are single rows (ICE): where they cross, the column acts together with others, "
        "and their mean hides it. Also set is what does not occur with a row's other values",
        values=[
            {
                "column": each.column,
                "values": [str(value) for value in each.values],
                "means": each.means.tolist(),
            }
            for each in found
        ],
    )


def _ends(each):
    """Returns where the number that moves most is lowest and highest, in words."""
    moves = np.ptp(each.means, axis=0).argmax()
    curve = each.means[:, moves]
    return str(each.values[curve.argmin()])[:30], str(each.values[curve.argmax()])[:30]


def _verdict(found, names, unit):
    if not found:
        return "Every column has one value only: nothing moves the answer."
    first = found[0]
    low, high = _ends(first)
    still = [each.column for each in found if each.range < 0.01 * max(first.range, 1e-12)]
    words = (
        f"{first.column} moves the mean {unit} of {joined(names, 4)} most, by {first.range:.3g}, "
        f"lowest at {low}, highest at {high}."
    )
    if still:
        words += f" {joined(still)} {'moves' if len(still) == 1 else 'move'} it by almost nothing."
    return words


def _drawing(each, names, kind, unit):
    def draw(axes):
        places = np.arange(len(each.values), dtype=np.float64)
        if kind in (NUMERIC, DATE):
            places = as_numbers(each.values)
        if len(names) == 1:
            for row in each.answers[:MAX_DRAWN_ROWS, :, 0]:
                axes.plot(places, row, color=GREY, alpha=0.25, linewidth=0.7)
        for place, name in enumerate(names):
            axes.plot(
                places,
                each.means[:, place],
                color=COLORS[place],
                marker=".",
                linewidth=2,
                label=drawable(name, 30),
            )
        if kind in (CATEGORICAL, DATE) or each.values.dtype.kind == "O":
            words = [drawable(str(value)[:20], 20) for value in each.values]
            axes.set_xticks(places, words, rotation=60, ha="right", fontsize=7)
        axes.set(xlabel=drawable(each.column, 40), ylabel=unit, title=drawable(each.column, 40))
        axes.legend(fontsize=8, frameon=False)

    return draw
