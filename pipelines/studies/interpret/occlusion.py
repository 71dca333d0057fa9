"""Occlusion: what the answer becomes if a part of the input is hidden (Zeiler and Fergus 2014,
https://arxiv.org/abs/1311.2901): a patch of a picture, a word of a text, steps of a series, a cell
of a table. The int8 file answers, on raw rows.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from tqdm import tqdm

from ...device.cells import PICTURE, SERIES, TEXT
from ...device.primitives import missing_mask
from ...rows.columns import read_rows
from .columns import shown
from .focus import Focus, example_places, example_title
from .heat import montage, step_curve
from .opened import OpenedBundle
from .reading import NotRead, Reading, joined
from .word_marks import mean_by_word, word_bars

TITLE = "Occlusion"
MOST_TEXTS = 150
MOST_WORDS = 60
MOST_SERIES = 200
MOST_ROWS = 500
NUM_PIECES = 12
LEAST_CUTS = 7
MARKS = ".,;:!?()\"'"


def read_occlusion(opened: OpenedBundle) -> Reading | NotRead:
    """Hides parts of the rows, by the kind of what is read."""
    kinds = {column.kind for column in opened.signature.columns}
    for kind, read in _BY_KIND.items():
        if kind in kinds:
            return read(opened)
    return _read_cells(opened)


def occluded_picture(
    answer: Callable[[np.ndarray], np.ndarray],
    pixels: np.ndarray,
    color: np.ndarray,
) -> np.ndarray:
    """Returns how much the answer falls where each pixel is hidden, float64 [height, width]: the
    mean over the patches that hide it.

    Args:
        answer: Pictures [patches, height, width, channels] → float64 [patches].
        pixels: uint8 [height, width, channels].
        color: uint8 [channels], of the patch.
    """
    size = pixels.shape[:2]
    places = _patches(*size)
    altered = [pixels]
    for place in places:
        hidden = pixels.copy()
        hidden[place] = color
        altered.append(hidden)
    answers = answer(np.stack(altered))
    falls = answers[0] - answers[1:]
    total = np.zeros(size)
    counts = np.zeros(size)
    for place, fall in zip(places, falls, strict=True):
        total[place] += fall
        counts[place] += 1
    at_least_one = np.maximum(counts, 1)
    return total / at_least_one


def _patches(height, width):
    """Returns (rows, columns) of every patch, which overlap by half."""
    smaller = min(height, width)
    side = max(smaller // LEAST_CUTS, 1)
    stride = max(side // 2, 1)
    last_top = height - side
    last_left = width - side
    patches = []
    for top in range(0, last_top + 1, stride):
        rows = slice(top, top + side)
        for left in range(0, last_left + 1, stride):
            columns = slice(left, left + side)
            patches.append((rows, columns))
    return patches


def _read_pictures(opened):
    column = _column_of(opened, PICTURE)
    places = example_places(opened)
    columns = opened.columns_at(places)
    color = _mean_color(opened.train.x[column])
    maps = []
    for whole in _each_row(columns):
        answer = _answer_to(opened, whole, column)
        pixels = whole[column][0]
        found = occluded_picture(answer, pixels, color)
        maps.append(found)
    stacked = np.stack(maps)
    largest = stacked.max(axis=(1, 2))
    names = []
    lines = []
    for place, fall in zip(places, largest, strict=True):
        name = example_title(opened, place)
        names.append(name)
        lines.append((name, str(place), f"{fall:.3f}"))
    return Reading(
        TITLE,
        f"Hiding a patch, a side's {LEAST_CUTS}th wide, takes {np.median(largest):.3f} of the "
        f"probability at most, the median of {len(places)} pictures.",
        headings=("answer", "row", "the most it falls by"),
        lines=tuple(lines),
        pictures=(
            montage(
                TITLE,
                columns[column],
                stacked,
                names,
            ),
        ),
        note="The int8 file; each pixel has the mean fall of the answer's probability over the "
        "patches that hide it, in the mean color of training pictures. Red: hiding it takes from "
        "the answer. Half of the rows are the most confident mistakes",
        values={"rows": places.tolist(), "largest_fall": largest.tolist()},
    )


def _mean_color(pictures):
    some = read_rows(pictures, slice(0, 256))
    color = some.mean(axis=(0, 1, 2))
    return color.astype(np.uint8)


def _each_row(columns):
    """Yields name → array [1, ...] of each row, with a bar."""
    (num_rows,) = {len(x) for x in columns.values()}
    for row in tqdm(range(num_rows), desc="occlusion", disable=None):
        whole = {}
        for name, x in columns.items():
            whole[name] = x[row : row + 1]
        yield whole


def _answer_to(opened, whole, column):
    """Returns what answers altered cells of one row, its other columns as they are: the number of
    each that is looked at in the row.

    Args:
        opened: The bundle.
        whole: Name → array [1, ...], the row.
        column: Whose cells are altered.
    """
    focus = Focus.of(opened, opened.answers_to(whole))

    def answer(cells):
        num = len(cells)
        altered = {}
        for name, x in whole.items():
            altered[name] = np.repeat(x, num, axis=0)
        altered[column] = cells
        answers = opened.answers_to(altered)
        return focus.repeated(num).numbers(answers)

    return answer


def _read_texts(opened):
    column = _column_of(opened, TEXT)
    places = opened.places(MOST_TEXTS)
    columns = opened.columns_at(places)
    marks = []
    for whole in _each_row(columns):
        marks += _marks_of_text(opened, whole, column)
    means = mean_by_word(marks)
    return Reading(
        TITLE,
        _words_verdict(means),
        headings=("word", "the answer falls by", "texts"),
        lines=tuple(each.line for each in means),
        pictures=(word_bars(TITLE, means, "the answer falls by"),),
        note=f"The int8 file on {len(places):,} {opened.part} texts; each of the first "
        f"{MOST_WORDS} words left out alone; the answer is its number as the text is: the "
        "probability of the most probable label, or the value. Words that stand in three of these "
        "texts or more. A word that speaks against the answer is negative",
        values=[vars(each) for each in means],
    )


def _words_verdict(means):
    if not means:
        return "No word stands in three of these texts."
    words = [shown(each.word) for each in means]
    return f"The answer changes most where one of these is left out: {joined(words, 5)}."


def _marks_of_text(opened, whole, column):
    """Returns (word, fall of the answer without it) of each word of a text."""
    text = str(whole[column][0])
    words = text.split()
    looked_at = words[:MOST_WORDS]
    if not looked_at:
        return []
    texts = [text]
    for place in range(len(looked_at)):
        kept = words[:place] + words[place + 1 :]
        texts.append(" ".join(kept))
    cells = np.array(texts, whole[column].dtype)
    answer = _answer_to(opened, whole, column)
    numbers = answer(cells)
    falls = numbers[0] - numbers[1:]
    marks = []
    for word, fall in zip(looked_at, falls, strict=True):
        lower = word.lower()
        plain = lower.strip(MARKS)
        marks.append((plain, float(fall)))
    return marks


def _read_series(opened):
    names = []
    for column in opened.signature.columns:
        if column.kind == SERIES:
            names.append(column.name)
    places = opened.places(MOST_SERIES)
    columns = opened.columns_at(places)
    changed = _Changed(opened, columns)
    found = {}
    for name in tqdm(names, desc="occlusion", disable=None):
        found[name] = _strength_of_steps(
            opened,
            columns,
            name,
            changed,
        )
    ordered = sorted(found, key=lambda name: -found[name].max())
    lines = [_series_line(name, found[name]) for name in ordered]
    strengths = [found[name] for name in ordered]
    curves = step_curve(
        TITLE,
        np.stack(strengths, axis=1),
        ordered,
        "mean change of the answer",
    )
    return Reading(
        TITLE,
        f"Hiding {lines[0][0]} changes the answer most, around step {lines[0][2]} "
        f"(the newest is -1).",
        headings=("series", "changes it by at most", "at step"),
        lines=tuple(lines),
        pictures=(curves,),
        note=f"The int8 file on {len(places):,} {opened.part} rows; up to {NUM_PIECES} pieces of "
        f"each series put at its training mean, one at a time; {changed.words}",
        values={name: strength.tolist() for name, strength in found.items()},
    )


class _Changed:
    """By how much answers to rows change.

    Attributes:
        words: The number that is looked at.
    """

    def __init__(self, opened, columns):
        self._opened = opened
        self._columns = columns
        whole = opened.answers_to(columns)
        self._focus = Focus.of(opened, whole)
        self._before = self._focus.numbers(whole)
        self.words = f"the number is the {self._focus.words(opened)} as the row is"

    def without(self, name, hidden):
        """Returns the size of the change, float64 [rows], with other cells of a column."""
        altered = {**self._columns, name: hidden}
        answers = self._opened.answers_to(altered)
        change = self._focus.numbers(answers) - self._before
        return np.abs(change)


def _strength_of_steps(opened, columns, name, changed):
    """Returns float64 [steps]: the mean change where the piece that holds a step is hidden."""
    cells = columns[name]
    num_steps = cells.shape[1]
    num_pieces = min(NUM_PIECES, num_steps)
    cuts = np.linspace(0, num_steps, num_pieces + 1)
    mean = np.nanmean(opened.train.x[name])
    strength = np.zeros(num_steps)
    for start, stop in pairwise(cuts.astype(int)):
        hidden = cells.copy()
        hidden[:, start:stop] = mean
        change = changed.without(name, hidden)
        strength[start:stop] = change.mean()
    return strength


def _series_line(name, curve):
    step = int(curve.argmax()) - len(curve)
    return name, f"{curve.max():.4g}", str(step)


def _read_cells(opened):
    places = opened.places(MOST_ROWS)
    columns = opened.columns_at(places)
    changed = _Changed(opened, columns)
    found = []
    for name, x in columns.items():
        usual = np.empty_like(x)
        usual[:] = _usual(opened.train.x[name])
        change = changed.without(name, usual)
        mean = float(change.mean())
        most = float(change.max())
        found.append((name, mean, most))
    found.sort(key=lambda each: -each[1])
    lines = []
    names = []
    for name, mean, most in found:
        names.append(name)
        lines.append((name, f"{mean:.4g}", f"{most:.4g}"))
    return Reading(
        TITLE,
        f"Put at their usual values, {joined(names)} change the answers most.",
        headings=("column", "mean change", "largest"),
        lines=tuple(lines),
        note=f"The int8 file on {len(places):,} {opened.part} rows; each cell put at the median or "
        f"the most frequent value of training rows; {changed.words}",
        values=found,
    )


def _usual(x):
    """Returns the median of numbers and dates, the most frequent of others."""
    known = x[~missing_mask(x)]
    if x.dtype.kind in "fM":
        ordered = np.sort(known)
        return ordered[len(known) // 2]
    texts = known.astype(str)
    values, counts = np.unique(texts, return_counts=True)
    return values[counts.argmax()]


def _column_of(opened, kind):
    return next(column.name for column in opened.signature.columns if column.kind == kind)


_BY_KIND = {
    PICTURE: _read_pictures,
    TEXT: _read_texts,
    SERIES: _read_series,
}
