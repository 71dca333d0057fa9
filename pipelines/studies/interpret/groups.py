"""How a model treats groups of rows: rates of each group with intervals, and the largest gap.

The rates are those of demographic parity (positives), equal opportunity and equalized odds (true
and false positives; Hardt, Price and Srebro 2016, https://arxiv.org/abs/1610.02413). Not all of
them can be equal at once where groups differ in their base rates (Chouldechova 2017,
https://arxiv.org/abs/1703.00056): which one counts is no question of numbers.
"""

from dataclasses import dataclass, replace

import numpy as np

from ...errors import RecipeError
from ...report.figures import BLUE, Picture, drawable
from ...report.numbers import number
from ...tasks.classes import class_places
from ..corrected import CONFIDENCE, holm
from .columns import Binned, binned, shown
from .intervals import mean_interval, share_interval
from .opened import OpenedBundle
from .reading import Reading

LEAST_ROWS = 10
MAX_SHOWN = 7


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
        by_group = _by_group(groups, value)
        interval, test = mean_interval, _p_of_means
        if _are_shares(value):
            interval, test = share_interval, _p_of_shares
        rates = []
        for group, known in zip(groups.names, by_group, strict=True):
            rate, low, high = interval(known)
            rates.append(
                GroupRate(
                    group,
                    len(known),
                    rate,
                    low,
                    high,
                )
            )
        found.append(Gap(name, tuple(rates), 1.0))
        enough = [known for known in by_group if len(known) >= LEAST_ROWS]
        p_values.append(test(enough))
    corrected = holm(p_values)
    pairs = zip(found, corrected, strict=True)
    return [replace(gap, p_value=p_value) for gap, p_value in pairs]


def _by_group(groups, value):
    """Returns the known values of each group."""
    is_known = ~np.isnan(value)
    by_group = []
    for code in range(len(groups.names)):
        inside = groups.codes == code
        by_group.append(value[inside & is_known])
    return by_group


def _are_shares(value):
    found = np.unique(value[~np.isnan(value)])
    return np.isin(found, (0, 1)).all()


def _p_of_shares(known):
    from scipy.stats import chi2_contingency

    table = []
    for values in known:
        num_ones = values.sum()
        table.append([num_ones, len(values) - num_ones])
    counts = np.array(table)
    if len(counts) < 2 or not counts.sum(axis=0).all():
        return 1.0
    return float(chi2_contingency(counts).pvalue)


def _p_of_means(known):
    from scipy.stats import kruskal

    if len(known) < 2:
        return 1.0
    together = np.concatenate(known)
    if together.min() == together.max():
        return 1.0
    return float(kruskal(*known).pvalue)


def read_groups(opened: OpenedBundle, column: str) -> Reading:
    """Compares the groups of a column.

    Raises:
        RecipeError: The rows have no such column.
    """
    check_column(opened, column)
    groups = binned(opened.rows.x[column])
    found = gaps(groups, _values_of(opened))
    return _reading(opened, column, found)


def check_column(opened: OpenedBundle, name: str) -> None:
    """Raises RecipeError if the rows have no such column."""
    if name not in opened.rows.x:
        raise RecipeError(
            f"--by {name!r}",
            expected=f"a column of the rows: {', '.join(opened.rows.x)}",
            fix="name one of these; a column that load.columns or load.drop leaves out is not read",
        )


def _values_of(opened):
    """Returns the values that rates are means of, name → float64 [rows]."""
    y = opened.rows.y
    task = opened.task
    errors = task.row_errors(y, opened.answers, opened.target)
    if task.has_classes:
        return _class_values(opened, errors)
    values = {task.error_words: errors}
    scores = opened.answers.scores
    if not opened.target.labels and scores.ndim == 1:
        values["answer less truth"] = scores - y
    return values


def _class_values(opened, errors):
    """Returns who is right; and of the second of two classes, or of each of more, who is answered
    so, of those that are so (true positives) and of all others (false positives).
    """
    labels = opened.target.labels
    chosen = class_places(opened.answers, labels)
    values = {"right": 1 - errors}
    first = 0
    if len(labels) == 2:
        first = 1
    for place, label in enumerate(labels[first:], first):
        answered = (chosen == place).astype(np.float64)
        is_true = opened.rows.y == place
        name = shown(label)
        values[f"answered {name}"] = answered
        values[f"of true {name} (TPR)"] = np.where(is_true, answered, np.nan)
        values[f"of others, {name} (FPR)"] = np.where(is_true, np.nan, answered)
    return values


def _reading(opened, column, found):
    ordered = sorted(found, key=_order)
    compared = ordered[:MAX_SHOWN]
    first = compared[0]
    headings = ["group"]
    for gap in compared:
        headings.append(gap.name)
    picture = Picture(
        f"{first.name} by {column}",
        _drawing(first, column),
        width=7.4,
    )
    return Reading(
        f"Groups of {column}",
        _verdict(column, ordered),
        headings=tuple(headings),
        lines=_lines(compared),
        pictures=(picture,),
        note=_note(opened),
        values=[_plain(gap) for gap in ordered],
    )


def _order(gap):
    return gap.p_value, -gap.size


def _plain(gap):
    groups = [vars(rate) for rate in gap.rates]
    return {"rate": gap.name, "p": gap.p_value, "groups": groups}


def _lines(compared):
    """Returns a line a group, then the largest gaps and their p-values."""
    lines = []
    for place, rate in enumerate(compared[0].rates):
        cells = [rate.group]
        for gap in compared:
            cell = _cell(gap.rates[place])
            cells.append(cell)
        lines.append(tuple(cells))
    sizes = [number(gap.size) for gap in compared]
    p_values = [f"{gap.p_value:.2g}" for gap in compared]
    lines.append(("largest gap", *sizes))
    lines.append(("p, Holm's", *p_values))
    return tuple(lines)


def _cell(rate):
    if rate.num_rows == 0:
        return "–"
    low = number(rate.low, 3)
    high = number(rate.high, 3)
    return f"{number(rate.value, 3)} ({low} to {high}; {rate.num_rows:,})"


def _note(opened):
    return (
        f"The int8 file on {len(opened.rows):,} {opened.part} rows; 95 % intervals "
        "(Wilson's of shares); p is of groups that are all alike (chi-square; of values Kruskal "
        f"and Wallis). Groups of fewer than {LEAST_ROWS} rows are shown and not compared. Equal "
        "rates of one kind can exclude equal rates of another: which one counts is for people to "
        "decide"
    )


def _verdict(column, ordered):
    real = [gap for gap in ordered if gap.p_value <= 1 - CONFIDENCE]
    if not real:
        return f"No rate differs between the groups of {column} by more than noise."
    widest = max(real, key=lambda gap: gap.size)
    low = widest.counted[0]
    high = widest.counted[-1]
    return (
        f"The largest gap: {widest.name}, {number(low.value, 3)} of {low.group} "
        f"({low.num_rows:,} rows) and {number(high.value, 3)} of {high.group} "
        f"({high.num_rows:,}); {len(real)} of {len(ordered)} rates differ by more than noise."
    )


def _drawing(gap, column):
    def draw(axes):
        rates = [rate for rate in gap.rates if rate.num_rows]
        names = [drawable(rate.group, 40) for rate in rates]
        values = np.array([rate.value for rate in rates])
        low = np.array([rate.low for rate in rates])
        high = np.array([rate.high for rate in rates])
        places = np.arange(len(rates))
        axes.errorbar(
            values,
            places,
            xerr=[values - low, high - values],
            fmt="o",
            color=BLUE,
            capsize=3,
        )
        axes.set_yticks(places, names, fontsize=8)
        axes.set(
            xlabel=drawable(gap.name, 60),
            title=f"By {drawable(column, 40)}, 95 % intervals",
        )

    return draw
