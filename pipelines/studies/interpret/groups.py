"""How a model treats groups of rows: rates of each group with intervals, and the largest gap.

The rates are those of demographic parity (positives), equal opportunity and equalized odds (true
and false positives; Hardt, Price and Srebro 2016, https://arxiv.org/abs/1610.02413). Not all of
them can be equal at once where groups differ in their base rates (Chouldechova 2017,
https://arxiv.org/abs/1703.00056): which one counts is no question of numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ...errors import RecipeError
from ...report.figures import BLUE, Picture, drawable
from ...tasks.classes import class_places
from ..corrected import CONFIDENCE, holm
from .columns import Binned, binned
from .intervals import mean_interval, share_interval
from .opened import OpenedBundle
from .reading import Reading

LEAST_ROWS = 10


@dataclass(frozen=True)
class GroupRate:
    """A rate in one group.

    Attributes:
        group: Its value or bin of the column.
        num_rows: That the rate is of.
        value: The rate; NaN if the group has no such rows.
        low: Lower end of its 95 % interval.
        high: Its upper end.
    """

    group: str
    num_rows: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Gap:
    """A rate over all groups.

    Attributes:
        name: Of the rate.
        rates: One a group.
        p_value: Of groups that are all alike; Holm's for all rates.
    """

    name: str
    rates: tuple[GroupRate, ...]
    p_value: float

    @property
    def counted(self) -> list[GroupRate]:
        """The groups with rows enough, the lowest rate first."""
        enough = [each for each in self.rates if each.num_rows >= LEAST_ROWS]
        return sorted(enough, key=lambda each: each.value)

    @property
    def size(self) -> float:
        """The largest difference between two groups with rows enough."""
        counted = self.counted
        if len(counted) < 2:
            return 0.0
        return counted[-1].value - counted[0].value


def gaps(groups: Binned, values: dict[str, np.ndarray]) -> list[Gap]:
    """Returns each rate by group, with the p-value of no difference between groups.

    Args:
        groups: Of the rows.
        values: Name of a rate → float64 [rows], NaN of rows that it is not of; 0 and 1 are counted
            as shares (chi-square test, Wilson's intervals), others as means (Kruskal and Wallis).
    """
    found = []
    p_values = []
    for name, value in values.items():
        of_groups = [value[groups.codes == code] for code in range(len(groups.names))]
        known = [each[~np.isnan(each)] for each in of_groups]
        interval = mean_interval
        test = _p_of_means
        if set(np.unique(value[~np.isnan(value)])) <= {0.0, 1.0}:
            interval = share_interval
            test = _p_of_shares
        rates = []
        for group, each in zip(groups.names, known, strict=True):
            rates.append(GroupRate(group, len(each), *interval(each)))
        found.append(Gap(name, tuple(rates), 1.0))
        p_values.append(test([each for each in known if len(each) >= LEAST_ROWS]))
    pairs = zip(found, holm(p_values), strict=True)
    return [replace(gap, p_value=p_value) for gap, p_value in pairs]


def _p_of_shares(known):
    from scipy.stats import chi2_contingency

    table = np.array([[each.sum(), len(each) - each.sum()] for each in known])
    if len(table) < 2 or (table.sum(axis=0) == 0).any():
        return 1.0
    return float(chi2_contingency(table).pvalue)


def _p_of_means(known):
    from scipy.stats import kruskal

    if len(known) < 2 or np.ptp(np.concatenate(known)) == 0:
        return 1.0
    return float(kruskal(*known).pvalue)


def read_groups(opened: OpenedBundle, column: str) -> Reading:
    """Compares the groups of a column.

    Raises:
        RecipeError: The rows have no such column.
    """
    check_column(opened, column)
    groups = binned(opened.rows.x[column])
    values, shown = _values_of(opened)
    found = gaps(groups, values)
    return _reading(opened, column, found, shown)


def check_column(opened: OpenedBundle, name: str) -> None:
    """Raises RecipeError if the rows have no such column."""
    if name not in opened.rows.x:
        raise RecipeError(
            f"--by {name!r}",
            expected=f"a column of the rows: {', '.join(opened.rows.x)}",
            fix="name one of these; a column that load.columns or load.drop leaves out is not read",
        )


def _values_of(opened) -> tuple[dict[str, np.ndarray], Callable[[float], str]]:
    """Returns the values that rates are means of, and what writes a rate."""
    y = opened.rows.y
    task = opened.task
    errors = task.row_errors(y, opened.answers, opened.target)
    if not task.has_classes:
        values = {task.error_words: errors}
        scores = opened.answers.scores
        if not opened.target.labels and scores.ndim == 1:
            values["answer less truth"] = scores - y
        return values, "{:.4g}".format
    labels = opened.target.labels
    chosen = class_places(opened.answers, labels)
    values = {"right": 1 - errors}
    watched = range(len(labels))
    if len(labels) == 2:
        watched = range(1, 2)
    for place in watched:
        is_answer = (chosen == place).astype(np.float64)
        is_true = y == place
        label = labels[place]
        values[f"answered {label!r}"] = is_answer
        values[f"of true {label!r} (TPR)"] = np.where(is_true, is_answer, np.nan)
        values[f"of others answered {label!r} (FPR)"] = np.where(is_true, np.nan, is_answer)
    return values, "{:.3f}".format


def _reading(opened, column, found, write):
    ordered = sorted(found, key=lambda gap: (gap.p_value, -gap.size))
    shown = ordered[:7]
    lines = []
    for place, rate in enumerate(shown[0].rates):
        cells = []
        for gap in shown:
            each = gap.rates[place]
            cells.append(_cell(each, write))
        lines.append((rate.group, *cells))
    lines.append(("largest gap", *(write(gap.size) for gap in shown)))
    lines.append(("p, Holm's", *(f"{gap.p_value:.2g}" for gap in shown)))
    drawn = shown[0]
    return Reading(
        f"Groups of {column}",
        _verdict(column, ordered, write),
        headings=("group", *(gap.name for gap in shown)),
        lines=tuple(lines),
        pictures=(Picture(f"{drawn.name} by {column}", _drawing(drawn, column), 7.4, 3.8),),
        note=f"The int8 file on {len(opened.rows):,} {opened.part} rows; 95 % intervals "
        "(Wilson's of shares); p is of groups that are all alike (chi-square; of values Kruskal "
        f"and Wallis). Groups of fewer than {LEAST_ROWS} rows are shown and not compared. Equal "
        "rates of one kind can exclude equal rates of another: which one counts is for people to "
        "decide",
        values=[
            {"rate": gap.name, "p": gap.p_value, "groups": [vars(each) for each in gap.rates]}
            for gap in ordered
        ],
    )


def _cell(rate, write):
    if rate.num_rows == 0:
        return "–"
    interval = f"{write(rate.low)} to {write(rate.high)}"
    return f"{write(rate.value)} ({interval}; {rate.num_rows:,})"


def _verdict(column, ordered, write):
    real = [gap for gap in ordered if gap.p_value <= 1 - CONFIDENCE]
    if not real:
        return f"No rate differs between the groups of {column} by more than noise."
    widest = max(real, key=lambda gap: gap.size)
    low = widest.counted[0]
    high = widest.counted[-1]
    return (
        f"The largest gap is in the rate {widest.name}: {write(low.value)} of {low.group} "
        f"({low.num_rows:,} rows) and {write(high.value)} of {high.group} ({high.num_rows:,}); "
        f"{len(real)} of {len(ordered)} rates differ by more than noise."
    )


def _drawing(gap, column):
    def draw(axes):
        rates = [each for each in gap.rates if each.num_rows]
        places = np.arange(len(rates))
        values = np.array([each.value for each in rates])
        below = values - [each.low for each in rates]
        above = np.array([each.high for each in rates]) - values
        axes.errorbar(values, places, xerr=[below, above], fmt="o", color=BLUE, capsize=3)
        axes.set_yticks(places, [drawable(each.group, 40) for each in rates], fontsize=8)
        axes.set(
            xlabel=drawable(gap.name, 60),
            title=f"By {drawable(column, 40)}, 95 % intervals",
        )

    return draw
