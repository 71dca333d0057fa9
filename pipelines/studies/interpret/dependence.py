"""Partial dependence (Friedman 2001, https://doi.org/10.1214/aos/1013203451) and the single rows
behind it, individual conditional expectations (Goldstein et al. 2015,
https://arxiv.org/abs/1309.6392): what the answer becomes if one raw column is set to a value.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from ...device.cells import DATE, KINDS, NUMERIC
from ...device.primitives import missing_mask
from ...report.figures import BLUE, GREY, ORANGE, Picture, drawable
from .columns import as_numbers, shown
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
        the same to every row.
        """
        of_row = self.answers.mean(axis=1, keepdims=True)
        centered = self.answers - of_row
        spread = centered.std(axis=0)
        return float(spread.mean(axis=0).max())


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
        shares = np.linspace(0.02, 0.98, MAX_POINTS)
        places = shares * (len(known) - 1)
        ordered = np.sort(known)
        return np.unique(ordered[places.astype(int)])
    texts, counts = np.unique(known.astype(str), return_counts=True)
    order = np.argsort(-counts, kind="stable")
    frequent = texts[order[:MAX_POINTS]]
    return frequent.astype(object)


def read_dependence(opened: OpenedBundle) -> Reading | NotRead:
    """Draws the columns of a table, the one that moves the answer most first."""
    kinds = {column.name: column.kind for column in opened.signature.columns}
    plain = [name for name, kind in kinds.items() if kind in KINDS]
    if not plain:
        words = ", ".join(sorted(set(kinds.values())))
        return NotRead(
            TITLE,
            f"a cell of kind {words} has no single value to set; see occlusion",
        )
    places = opened.places(MOST_ROWS)
    columns = opened.columns_at(places)
    found = []
    for name in tqdm(plain, desc="dependence", disable=None):
        values = points_of(opened.train.x[name], kinds[name])
        if len(values) < 2:
            continue
        each = dependence(
            lambda altered: _watched(opened, altered),
            columns,
            name,
            values,
        )
        found.append(each)
    found.sort(key=lambda each: -each.range)
    return _reading(opened, found, kinds)


def _watched(opened, columns):
    """Returns the numbers that are looked at, float64 [rows, numbers]."""
    answers = opened.answers_to(columns)
    watched = opened.task.watched(answers, opened.target)
    numbers = list(watched.values())
    return np.stack(numbers[:MAX_LABELS], axis=1)


def _reading(opened, found, kinds):
    one_row = opened.answers.take(np.arange(1))
    names = list(opened.task.watched(one_row, opened.target))
    names = names[:MAX_LABELS]
    unit = "value"
    if opened.target.labels:
        unit = "probability"
    pictures = []
    for each in found[:MAX_COLUMNS]:
        title = f"{TITLE} of {each.column}"
        drawing = _drawing(
            each,
            names,
            kinds[each.column],
            unit,
        )
        pictures.append(Picture(title, drawing))
    num_rows = len(opened.places(MOST_ROWS))
    return Reading(
        TITLE,
        _verdict(found, names, unit),
        headings=("column", "moves it by", "lowest at", "highest at", "rows differ by"),
        lines=tuple(_line(each) for each in found),
        pictures=tuple(pictures),
        note=f"The int8 file on {num_rows:,} {opened.part} rows, each column set to up to "
        f"{MAX_POINTS} values of the training rows; {unit} of {joined(names, 4)}. Thin lines are "
        "single rows (ICE): where they cross, the column acts together with others, and their "
        "mean hides it. Also set is what does not occur with a row's other values",
        values=[_plain(each) for each in found],
    )


def _line(each):
    low, high = _ends(each)
    return each.column, f"{each.range:.4g}", low, high, f"{each.crossing:.4g}"


def _plain(each):
    values = [str(value) for value in each.values]
    return {"column": each.column, "values": values, "means": each.means.tolist()}


def _ends(each):
    """Returns where the number that moves most is lowest and highest, in words."""
    reach = np.ptp(each.means, axis=0)
    curve = each.means[:, reach.argmax()]
    low = each.values[curve.argmin()]
    high = each.values[curve.argmax()]
    return shown(str(low)), shown(str(high))


def _verdict(found, names, unit):
    if not found:
        return "Every column has one value only: nothing moves the answer."
    first = found[0]
    low, high = _ends(first)
    words = (
        f"{first.column} moves the mean {unit} of {joined(names, 4)} most, by {first.range:.3g}, "
        f"lowest at {low}, highest at {high}."
    )
    still = [each.column for each in found if each.range < first.range / 100]
    if still:
        words += f" Hardly anything changes with {joined(still)}."
    return words


def _drawing(each, names, kind, unit):
    def draw(axes):
        places = np.arange(len(each.values), dtype=np.float64)
        marks = "o"
        if kind in (NUMERIC, DATE):
            places = as_numbers(each.values)
            marks = ".-"
        if len(names) == 1:
            rows = each.answers[:MAX_DRAWN_ROWS, :, 0]
            axes.plot(
                places,
                rows.T,
                color=GREY,
                alpha=0.25,
                linewidth=0.7,
            )
        for place, name in enumerate(names):
            curve = each.means[:, place]
            axes.plot(
                places,
                curve,
                marks,
                color=COLORS[place],
                linewidth=2,
                label=drawable(name, 30),
            )
        if kind != NUMERIC:
            words = [drawable(str(value), 20) for value in each.values]
            axes.set_xticks(
                places,
                words,
                rotation=60,
                ha="right",
                fontsize=7,
            )
        name = drawable(each.column, 40)
        axes.set(xlabel=name, ylabel=unit, title=name)
        axes.legend(fontsize=8, frameon=False)

    return draw
