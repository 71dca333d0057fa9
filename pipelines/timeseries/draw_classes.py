"""Pictures for the report of a model that classifies whole series: what the classes look like,
what augmentation makes of training series, and the most confident mistakes.
"""

import numpy as np

from ..device.primitives import run_primitives
from ..device.units import SERIES_STANDARD
from ..report.figures import BLUE, GREY, ORANGE, drawable, picture
from ..rows.sketch import DataSketch
from ..slots import Loader
from ..sources.target_column import refuse_positive
from ..tasks.classes import class_places
from .augment import series_sheet

NUM_SHEET_ROWS = 5
NUM_FORMS = 3
NUM_MISTAKES = 12
COLUMNS = 4
MAX_CHANNELS = 6
MAX_CLASSES = 12
MAX_LABEL = 14  # characters over a tile


class LabelledSeriesLoader(Loader):
    """What every way to load series with classes has in common: how they are drawn in the
    report.
    """

    positive: str

    def suits(self, sketch: DataSketch) -> str:
        """Returns why a knob would have no effect, or ""."""
        return refuse_positive(self.positive, sketch)

    def draw(self, recipe, splits, shipped, evaluation) -> list[tuple[str, str]]:
        """(title, base64 PNG) of what only these have: see `draw_series_classes`."""
        return draw_series_classes(recipe, splits, shipped, evaluation)


def draw_series_classes(recipe, splits, shipped, evaluation) -> list[tuple[str, str]]:
    """Draws what only series with classes have.

    Returns:
        Title and base64 PNG of every picture: the middle of each class over time, training series
        as the net reads them next to their altered forms, and of the int8 form on test rows the
        most confident mistakes.
    """
    signature = shipped.signature
    name = signature.columns[0].name
    labels = signature.target.labels
    train = splits.train
    drawn = []
    if labels:
        drawn.append(_classes(train.x[name], train.y, labels, name))
    if recipe.augment:
        drawn.append(_sheet(recipe, signature, train))
    if labels:
        answers = evaluation.answers["litert_int8"]
        drawn += _mistakes(splits.test, answers, signature)
    return drawn


def _mistakes(test, answers, signature):
    """Returns title and base64 PNG of the most confident mistakes, if there are any."""
    labels = signature.target.labels
    chosen = class_places(answers, labels)
    scores = answers.scores[np.arange(len(chosen)), chosen]
    wrong = np.flatnonzero(chosen != test.y)
    order = np.argsort(-scores[wrong], kind="stable")
    worst = wrong[order[:NUM_MISTAKES]]
    if not len(worst):
        return []
    columns = signature.columns[:MAX_CHANNELS]
    channels = [test.x[column.name][worst] for column in columns]
    captions = []
    for row in worst:
        truth = _short(labels[test.y[row]])
        answer = _short(labels[chosen[row]])
        captions.append(f"{truth} → {answer} {scores[row]:.0%}")
    tiles = _tiles(
        "The most confident mistakes on test series: true class → predicted, with its score",
        np.stack(channels, axis=2),
        captions,
        [GREY] * len(worst),
        columns=COLUMNS,
    )
    return [tiles]


def _short(label):
    """Returns a label that fits over a tile."""
    if len(label) <= MAX_LABEL:
        return drawable(label, MAX_LABEL)
    return f"{drawable(label, MAX_LABEL - 1)}…"


def _classes(x, y, labels, name):
    """Returns a title and a base64 PNG: at each step the median of a class, and the middle half of
    its training rows.
    """
    title = (
        f"{drawable(name, 40)}: the median of each class, and the middle half of its training rows"
    )

    def draw(axes):
        from matplotlib import colormaps

        for place, label in enumerate(labels[:MAX_CLASSES]):
            rows = x[y == place]
            is_empty_step = np.isnan(rows).all(axis=0)
            steps = np.flatnonzero(~is_empty_step)
            low, middle, high = np.nanpercentile(rows[:, steps], [25, 50, 75], axis=0)
            colour = colormaps["tab10"](place % 10)
            axes.plot(
                steps,
                middle,
                color=colour,
                label=drawable(label),
                linewidth=1.4,
            )
            axes.fill_between(
                steps,
                low,
                high,
                color=colour,
                alpha=0.15,
                linewidth=0,
            )
        axes.set(xlabel="step", title=title)
        axes.title.set_fontsize(9)
        axes.legend(fontsize=7, frameon=False)

    return title, picture(draw)


def _sheet(recipe, signature, train):
    """Returns a title and a base64 PNG: training series, each next to altered forms of it."""
    places = np.linspace(0, len(train) - 1, NUM_SHEET_ROWS)
    few = np.unique(places.astype(int))
    rows = {name: x[few] for name, x in train.x.items()}
    columns = run_primitives(signature.primitives, rows)
    ports = {port.name: columns[port.name] for port in signature.inputs}
    sheets = series_sheet(
        recipe.augment, signature, ports, seed=recipe.training.seed, num_forms=NUM_FORMS
    )
    names = [port.name for port in signature.inputs if port.unit == SERIES_STANDARD]
    sheet = sheets[names[0]]
    series = sheet.reshape(-1, *sheet.shape[2:])
    num_columns = 1 + NUM_FORMS
    captions = ["original", *["altered"] * NUM_FORMS]  # over the first row alone
    captions += [""] * (len(series) - num_columns)
    colours_of_row = [GREY, *[BLUE] * NUM_FORMS]
    return _tiles(
        "Training series as the net reads them and, in blue, what augmentation makes of them",
        series[..., :MAX_CHANNELS],
        captions,
        colours_of_row * len(few),
        columns=num_columns,
    )


def _tiles(title, series, captions, colours, *, columns):
    """Returns a title and a base64 PNG of series [n, steps, channels] in rows of `columns`, those
    of a row in one scale.
    """
    num_rows = -(-len(series) // columns)

    def draw(axes):
        for place, caption in enumerate(captions):
            row, column = divmod(place, columns)
            first = row * columns
            series_of_row = series[first : first + columns]
            low = np.nanmin(series_of_row)
            high = np.nanmax(series_of_row)
            values = series[place]
            num_steps, num_channels = values.shape
            share = (values - low) / max(high - low, 1e-9)
            across = column + 0.04 + 0.92 * np.linspace(0, 1, num_steps)
            down = row + 0.95 - 0.78 * share
            for channel in range(1, num_channels):
                axes.plot(
                    across,
                    down[:, channel],
                    linewidth=0.9,
                    alpha=0.5,
                    color=ORANGE,
                )
            axes.plot(
                across,
                down[:, 0],
                linewidth=0.9,
                alpha=0.9,
                color=colours[place],
            )
            axes.text(
                column + 0.5,
                row + 0.02,
                caption,
                ha="center",
                va="top",
                fontsize=7,
            )
        axes.set(xlim=(0, columns), ylim=(num_rows, 0), title=title)
        axes.title.set_fontsize(9)
        axes.set_axis_off()

    return title, picture(draw, width=7.4, height=0.5 + num_rows * 1.15)
