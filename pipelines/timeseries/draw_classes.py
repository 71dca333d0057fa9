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
    """(title, base64 PNG) of every picture: the middle of each class over time, training series as
    the net reads them next to their altered forms, and of the int8 form on test rows the most
    confident mistakes.
    """
    signature = shipped.signature
    name = signature.columns[0].name
    labels = signature.target.labels
    if labels:
        drawn = [_classes(splits.train.x[name], splits.train.y, labels, name)]
    else:
        drawn = []
    if recipe.augment:
        drawn.append(_sheet(recipe, signature, splits.train))
    answers = evaluation.answers["litert_int8"]
    if not labels:
        return drawn
    chosen = class_places(answers, labels)
    score = answers.scores[np.arange(len(chosen)), chosen]
    wrong = np.flatnonzero(chosen != splits.test.y)
    wrong = wrong[np.argsort(-score[wrong], kind="stable")][:NUM_MISTAKES]
    if len(wrong):
        short = [
            drawable(label, 14) if len(label) <= 14 else f"{drawable(label, 13)}…"
            for label in labels
        ]
        series = np.stack(
            [splits.test.x[each.name][wrong] for each in signature.columns[:MAX_CHANNELS]], axis=2
        )
        captions = [
            f"{short[splits.test.y[row]]} → {short[chosen[row]]} {score[row]:.0%}" for row in wrong
        ]
        drawn.append(
            _tiles(
                "The most confident mistakes on test series: true class → predicted, "
                "with its score",
                series,
                captions,
                [GREY] * len(wrong),
                columns=COLUMNS,
            )
        )
    return drawn


def _classes(x, y, labels, name):
    """(title, base64 PNG): at each step the median of a class, and the middle half of its training
    rows.
    """
    title = (
        f"{drawable(name, 40)}: the median of each class, and the middle half of its training rows"
    )

    def draw(axes):
        from matplotlib import colormaps

        for place, label in enumerate(labels[:MAX_CLASSES]):
            rows = x[y == place]
            rows = rows[:, ~np.isnan(x[y == place]).all(axis=0)]
            steps = np.flatnonzero(~np.isnan(x[y == place]).all(axis=0))
            low, middle, high = np.nanpercentile(rows, [25, 50, 75], axis=0)
            colour = colormaps["tab10"](place % 10)
            axes.plot(steps, middle, color=colour, label=drawable(label), linewidth=1.4)
            axes.fill_between(steps, low, high, color=colour, alpha=0.15, linewidth=0)
        axes.set(xlabel="step", title=title)
        axes.title.set_fontsize(9)
        axes.legend(fontsize=7, frameon=False)

    return title, picture(draw)


def _sheet(recipe, signature, train):
    few = np.unique(np.linspace(0, len(train) - 1, NUM_SHEET_ROWS).astype(int))
    columns = run_primitives(signature.primitives, {name: x[few] for name, x in train.x.items()})
    ports = {port.name: columns[port.name] for port in signature.inputs}
    sheets = series_sheet(
        recipe.augment, signature, ports, seed=recipe.training.seed, num_forms=NUM_FORMS
    )
    sheet = sheets[next(port.name for port in signature.inputs if port.unit == SERIES_STANDARD)]
    series = sheet.reshape(-1, *sheet.shape[2:])[..., :MAX_CHANNELS]
    captions = (["original"] + ["altered"] * NUM_FORMS) + [""] * (len(series) - NUM_FORMS - 1)
    colours = ([GREY] + [BLUE] * NUM_FORMS) * len(few)
    return _tiles(
        "Training series as the net reads them and, in blue, what augmentation makes of them",
        series,
        captions,
        colours,
        columns=NUM_FORMS + 1,
    )


def _tiles(title, series, captions, colours, *, columns):
    """(title, base64 PNG) of series [n, steps, channels] in rows of `columns`, a row's in one
    scale.
    """
    rows = -(-len(series) // columns)

    def draw(axes):
        for place, (values, caption, colour) in enumerate(
            zip(series, captions, colours, strict=True)
        ):
            row, column = divmod(place, columns)
            beside = series[row * columns : (row + 1) * columns]
            low = np.nanmin(beside)
            high = np.nanmax(beside)
            across = column + 0.04 + 0.92 * np.linspace(0, 1, values.shape[0])
            down = row + 0.95 - 0.78 * (values - low) / max(high - low, 1e-9)
            for channel in range(values.shape[1]):
                axes.plot(
                    across,
                    down[:, channel],
                    linewidth=0.9,
                    alpha=0.9 if channel == 0 else 0.5,
                    color=colour if channel == 0 else ORANGE,
                )
            axes.text(column + 0.5, row + 0.02, caption, ha="center", va="top", fontsize=7)
        axes.set(xlim=(0, columns), ylim=(rows, 0), title=title)
        axes.title.set_fontsize(9)
        axes.set_axis_off()

    return title, picture(draw, width=7.4, height=0.5 + rows * 1.15)
