"""Permutation importance: what the score loses when a raw column is shuffled among the rows
(Breiman 2001, https://doi.org/10.1023/A:1010933404324; Fisher, Rudin and Dominici 2019,
https://arxiv.org/abs/1801.01489).

Columns that go together share their importance, and shuffling one of them alone makes rows that do
not occur (Strobl et al. 2008, https://doi.org/10.1186/1471-2105-9-307; Hooker, Mentch and Zhou
2021, https://arxiv.org/abs/1905.03151): such groups are shuffled together too.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from ...report.figures import BLUE, GREY, Picture, drawable
from ...report.numbers import signed
from ...tasks.metrics import direction
from .columns import correlated_groups
from .opened import OpenedBundle
from .reading import NotRead, Reading, joined

TITLE = "Permutation importance"
NUM_REPEATS = 10
MOST_ROWS = 2000
LEAST_CORRELATION = 0.7
MAX_DRAWN = 25


@dataclass(frozen=True)
class Importance:
    """What a score loses without a column.

    Attributes:
        columns: That were shuffled together.
        losses: One a repeat; positive where the score became worse.
    """

    columns: tuple[str, ...]
    losses: tuple[float, ...]

    @property
    def mean(self) -> float:
        return float(np.mean(self.losses))

    @property
    def spread(self) -> float:
        """The standard deviation over the repeats."""
        if len(self.losses) < 2:
            return 0.0
        return float(np.std(self.losses, ddof=1))

    @property
    def is_noise(self) -> bool:
        """Whether the shuffles alone explain it: the mean is within two of their deviations."""
        return self.mean <= 2 * self.spread

    @property
    def words(self) -> str:
        return " + ".join(self.columns)


def importances(
    score: Callable[[dict[str, np.ndarray]], float],
    columns: dict[str, np.ndarray],
    groups: Sequence[Sequence[str]],
    *,
    num_repeats: int = NUM_REPEATS,
    seed: int = 0,
    done: Callable[[], object] = lambda: None,
) -> list[Importance]:
    """Returns the importance of each group of columns, in the order given.

    Args:
        score: Of columns, the larger the better.
        columns: Name → array [rows, ...].
        groups: Names that are shuffled together, by one order of the rows.
        num_repeats: Shuffles of each.
        seed: Of the shuffles, which are the same for every group.
        done: Is called after each shuffle.
    """
    whole = score(columns)
    num_rows = len(next(iter(columns.values())))
    generator = np.random.default_rng(seed)
    orders = [generator.permutation(num_rows) for _ in range(num_repeats)]
    found = []
    for group in groups:
        losses = []
        for order in orders:
            shuffled = {name: columns[name][order] for name in group}
            losses.append(whole - score({**columns, **shuffled}))
            done()
        found.append(Importance(tuple(group), tuple(losses)))
    return found


def read_importance(opened: OpenedBundle) -> Reading | NotRead:
    """Shuffles each raw column, before any step, under the int8 file."""
    names = [column.name for column in opened.signature.columns]
    if len(names) == 1:
        return NotRead(
            TITLE,
            f"the model reads {names[0]!r} alone: shuffled, nothing is left to answer by",
        )
    places = opened.places(MOST_ROWS)
    columns = opened.columns_at(places)
    y = opened.rows.y[places]
    metric = opened.recipe.judge.deciding
    score = _score_of(opened, metric, y)
    whole = score(columns)
    if not math.isfinite(whole):
        return NotRead(TITLE, f"{opened.metric_words} of these {len(places):,} rows is {whole}")
    together = correlated_groups(columns, least=LEAST_CORRELATION)
    groups = [[name] for name in names] + together
    num_shuffles = len(groups) * NUM_REPEATS
    with tqdm(total=num_shuffles, desc="permutation", disable=None) as bar:
        found = importances(
            score,
            columns,
            groups,
            seed=opened.seed,
            done=bar.update,
        )
    found.sort(key=lambda each: -each.mean)
    return _reading(
        opened,
        found,
        whole=whole,
        num_rows=len(places),
    )


def _score_of(opened, metric, y):
    everywhere = np.arange(len(y))
    sign = direction(metric)

    def score(columns):
        answers = opened.answers_to(columns)
        placed = opened.task.placed_metric(
            metric,
            y,
            answers,
            opened.target,
        )
        return sign * placed(everywhere)

    return score


def _reading(opened, found, *, whole, num_rows):
    metric = opened.metric_words
    drawing = _bars(found[:MAX_DRAWN], metric)
    return Reading(
        TITLE,
        _verdict(found, metric),
        headings=("column", f"{metric}, worse by", "sd of repeats", ""),
        lines=tuple(_line(each) for each in found),
        pictures=(
            Picture(
                TITLE,
                drawing,
                7.4,
                _height(found),
            ),
        ),
        note=f"The int8 file on {num_rows:,} {opened.part} rows, {metric} {abs(whole):.4f} as they "
        f"are; each raw column shuffled {NUM_REPEATS} times, before any step. Columns whose ranks "
        f"correlate by {LEAST_CORRELATION} or more share their importance: each alone shows too "
        "little, and they are shuffled together too. The model's use of a column is shown, not "
        "what causes the target",
        values=[vars(each) for each in found],
    )


def _line(each):
    note = ""
    if each.is_noise:
        note = "noise"
    return each.words, signed(each.mean), f"{each.spread:.4f}", note


def _verdict(found, metric):
    real = []
    rest = []
    for each in found:
        if not each.is_noise:
            real.append(each.words)
        elif len(each.columns) == 1:
            rest.append(each.words)
    if not real:
        return f"No column moves the {metric} by more than shuffling it again does."
    words = f"The answers rest most on {joined(real)}."
    if rest:
        words += f" Without {joined(rest)} the {metric} is as good, one at a time."
    return words


def _height(found):
    return 1.2 + 0.26 * min(len(found), MAX_DRAWN)


def _color(each):
    if each.is_noise:
        return GREY
    return BLUE


def _bars(found, metric):
    shown_metric = drawable(metric, 60)

    def draw(axes):
        shown = found[::-1]
        places = np.arange(len(shown))
        means = [each.mean for each in shown]
        spreads = [each.spread for each in shown]
        names = [drawable(each.words, 40) for each in shown]
        axes.barh(
            places,
            means,
            xerr=spreads,
            color=[_color(each) for each in shown],
            capsize=2,
        )
        axes.set_yticks(places, names, fontsize=8)
        axes.axvline(0, color=GREY, linewidth=0.8)
        axes.set(
            xlabel=f"{shown_metric}, worse by when shuffled (mean, sd of {NUM_REPEATS} shuffles)",
            title=TITLE,
        )

    return draw
