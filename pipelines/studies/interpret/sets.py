"""What sets of labels and intervals of values hold: the coverage that was measured."""

from math import sqrt

import numpy as np

from .columns import shown
from .intervals import Z, share_interval
from .opened import OpenedBundle
from .reading import NotRead, Reading

TITLE = "Coverage"


def read_coverage(opened: OpenedBundle) -> Reading | NotRead:
    """Counts the rows whose set holds their label, or whose interval holds their value."""
    if opened.answers.sets is not None:
        return _of_sets(opened)
    if opened.answers.bounds is not None:
        return _of_margins(opened)
    quantiles = opened.answers.quantiles
    if quantiles is not None and quantiles.shape[2] > 1:
        return _of_intervals(opened, quantiles)
    reason = (
        "the model gives no intervals: forecasts with build.quantiles have them, other numbers "
        "with judge.coverage"
    )
    if opened.task.has_classes:
        reason = "the model gives no sets of labels: --set judge.coverage=0.9 makes them"
    return NotRead(TITLE, reason)


def _of_sets(opened):
    labels = opened.target.labels
    y = opened.rows.y
    held = np.zeros(len(y))
    sizes = np.zeros(len(y))
    for row, names in enumerate(opened.answers.sets):
        held[row] = labels[y[row]] in names
        sizes[row] = len(names)
    lines = [_line("all rows", held, sizes)]
    for place, label in enumerate(labels):
        own = y == place
        if own.any():
            line = _line(
                shown(label),
                held[own],
                sizes[own],
            )
            lines.append(line)
    single = np.mean(sizes == 1)
    return Reading(
        TITLE,
        _verdict(
            opened,
            held,
            what="Sets hold the true label",
            more=f"; {single:.0%} of the sets are one label",
        ),
        headings=("true label", "held", "95 %", "labels in a set", "rows"),
        lines=tuple(lines),
        note=f"The int8 file on {len(y):,} {opened.part} rows; split conformal prediction on the "
        "validation rows. It holds over all rows of the same source, not for each kind of row: "
        "judge.coverage_by_class=True makes it hold for each class",
        values={**_coverage(opened, held), "mean_size": float(sizes.mean())},
    )


def _of_margins(opened):
    """Counts values inside their interval, of all rows and of each fourth of the answers."""
    bounds = opened.answers.bounds
    y = opened.rows.y
    held = (y >= bounds[:, 0]) & (y <= bounds[:, 1])
    width = bounds[:, 1] - bounds[:, 0]
    lines = [_line("all rows", held, width)]
    fourth = np.argsort(np.argsort(opened.answers.scores)) * 4 // len(y)
    for place, name in enumerate(("lowest", "second", "third", "highest")):
        own = fourth == place
        if own.any():
            lines.append(_line(f"{name} fourth of the answers", held[own], width[own]))
    return Reading(
        TITLE,
        _verdict(opened, held, what="Intervals hold the true value"),
        headings=("rows", "held", "95 %", "width", "number"),
        lines=tuple(lines),
        note=f"The int8 file on {len(y):,} {opened.part} rows; split conformal prediction on the "
        "validation rows, one width for all. It holds over all rows of the same source, not for "
        "each kind of row",
        values={**_coverage(opened, held), "mean_width": float(width.mean())},
    )


def _coverage(opened, held):
    share, _, _ = share_interval(held)
    return {"coverage": share, "asked": opened.recipe.judge.coverage}


def _verdict(opened, held, *, what, more=""):
    """Returns a sentence on what is held of all rows, and whether that is as was asked for."""
    asked = opened.recipe.judge.coverage
    share, low, high = share_interval(held)
    words = (
        f"{what} of {share:.1%} of the rows [{low:.1%}, {high:.1%}], asked for were {asked:.0%}"
        f"{more}."
    )
    if _is_short(share, asked, len(opened.splits.valid), len(held)):
        words += " That is fewer by more than noise: these rows are unlike the validation rows."
    return words


def _is_short(share, asked, num_fitted, num_rows):
    """Returns whether coverage falls short by more than the chance of both parts explains: what
    is held varies with the validation rows too.
    """
    per_row = 1 / num_fitted + 1 / num_rows
    error = sqrt(asked * (1 - asked) * per_row)
    return share < asked - Z * error


def _line(name, held, sizes):
    share, low, high = share_interval(held)
    interval = f"{low:.3f} to {high:.3f}"
    return name, f"{share:.3f}", interval, f"{sizes.mean():.2f}", f"{len(held):,}"


def _of_intervals(opened, quantiles):
    y = opened.rows.y
    levels = opened.target.quantiles
    asked = levels[-1] - levels[0]
    low = quantiles[:, :, 0]
    high = quantiles[:, :, -1]
    known = ~np.isnan(y)
    inside = (y >= low) & (y <= high)
    lines = []
    for step in range(y.shape[1]):
        of_step = known[:, step]
        if not of_step.any():
            continue
        held = inside[of_step, step]
        width = high[of_step, step] - low[of_step, step]
        line = (
            f"{step + 1} ahead",
            f"{held.mean():.3f}",
            f"{width.mean():.4g}",
            f"{len(held):,}",
        )
        lines.append(line)
    share = inside[known].mean()
    return Reading(
        TITLE,
        f"Intervals hold {share:.1%} of the values, asked for were {asked:.0%}.",
        headings=("step", "held", "mean width", "values"),
        lines=tuple(lines),
        note=f"The int8 file on {len(y):,} {opened.part} windows, whose steps overlap; "
        "conformalized quantile regression on the validation rows",
        values={"coverage": float(share), "asked": asked},
    )
