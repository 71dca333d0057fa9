"""Pictures for the report of a forecast: what was forecast and what came, how wrong it is step by
step, and gaps.
"""

import numpy as np

from ..report.figures import BLUE, GREY, ORANGE, drawable, picture
from ..slots import Loader
from ..tasks import task_of
from ..tasks.metrics import error_by_step
from ..tasks.seasons import common_start
from .draw_anomalies import draw_anomalies

NUM_BINS = 160
MAX_COLUMNS = 12
MAX_LINE_STEPS = 300
PERCENTILES = (5, 25, 50, 75, 95)


class SeriesLoader(Loader):
    """What every way to load series has in common: how they are drawn in the report."""

    def draw(self, recipe, splits, shipped, evaluation) -> list[tuple[str, str]]:
        """(title, base64 PNG) of what only series have: see `draw_forecasts`, `draw_anomalies`."""
        if task_of(shipped.signature.target).gives_back:
            return draw_anomalies(recipe, splits, shipped, evaluation)
        return draw_forecasts(recipe, splits, shipped, evaluation)


def draw_forecasts(recipe, splits, shipped, evaluation) -> list[tuple[str, str]]:
    """Returns title and base64 PNG of every picture, of the int8 form on test windows."""
    target = shipped.signature.target
    answers = evaluation.answers["litert_int8"]
    test = splits.test
    over_time = _over_time(test, answers, target)
    drawn = [("forecasts over time", picture(over_time, width=10.6, height=3.4))]
    for words, row in _example_rows(test, answers):
        example = _one(test, answers, target, row, words)
        drawn.append((f"one forecast: {words}", picture(example)))
    lines = {"this model": answers.scores, **(test.baselines or {})}
    if "comparison" in evaluation.answers:
        lines["linear net"] = evaluation.answers["comparison"].scores
    ahead = _steps_ahead(test)
    errors = _by_step(test.y, lines, target.name, ahead)
    drawn.append(("error by step", picture(errors)))
    residuals = _residuals(test.y, answers.scores, target.name, ahead)
    drawn.append(("residuals by step", picture(residuals)))
    if _has_interval(answers, target):
        coverage = _coverage(test.y, answers.quantiles, target, ahead)
        drawn.append(("coverage by step", picture(coverage)))
    num_columns = min(len(splits.steps.train.x), MAX_COLUMNS)
    gaps = picture(_gaps(splits.steps), width=10.6, height=1.4 + 0.32 * num_columns)
    drawn.append(("gaps", gaps))
    return drawn


def _example_rows(test, answers):
    """Returns a good, a middling and a bad test window: words → row."""
    errors = np.abs(answers.scores - test.y)
    mean_errors = np.nanmean(errors, axis=1)
    order = np.argsort(mean_errors, kind="stable")
    last = len(order) - 1
    return (
        ("a good one", int(order[int(0.1 * last)])),
        ("a middling one", int(order[int(0.5 * last)])),
        ("a bad one", int(order[int(0.95 * last)])),
    )


def _steps_ahead(test):
    """Returns the label of the axis of steps ahead."""
    frame = test.schema.frame
    start, _ = common_start(test.x[frame.time], frame)
    if start:
        return f"steps ahead; all forecasts start {start}"
    return "steps ahead"


def _has_interval(answers, target):
    return answers.quantiles is not None and len(target.quantiles) > 1


def _draw_interval(axes, when, quantiles, target, *, labelled=True):
    """Draws the interval of one window's forecast, quantiles [steps, levels]."""
    levels = target.quantiles
    label = None
    if labelled:
        label = f"{levels[-1] - levels[0]:.0%} interval"
    lowest = quantiles[:, 0]
    highest = quantiles[:, -1]
    axes.fill_between(
        when,
        lowest,
        highest,
        color=BLUE,
        linewidth=0,
        alpha=0.2,
        label=label,
    )


def _rows_of_last_stretch(test, numbers):
    """Returns the newest windows of the first series that do not overlap, the oldest first."""
    horizon = test.y.shape[1]
    is_first_series = np.ones(len(test), bool)
    if test.series is not None:
        is_first_series = test.series == test.series[0]
    rows = np.flatnonzero(is_first_series)
    chosen = []
    end = None
    for row in rows[::-1]:
        row_end = numbers[row] + horizon
        if end is None or row_end <= end:
            chosen.append(row)
            end = numbers[row]
        if len(chosen) * horizon >= MAX_LINE_STEPS:
            break
    return chosen[::-1]


def _over_time(test, answers, target):
    """Draws one series, the last stretch of the test: forecasts that follow each other."""
    horizon = test.y.shape[1]
    frame = test.schema.frame
    time = test.x[frame.time]
    rows = _rows_of_last_stretch(test, frame.numbers(time))

    def draw(axes):
        forecast_label = "forecast"
        truth_label = "what came"
        for place, row in enumerate(rows):
            is_first = place == 0
            when = frame.ahead(time[row]).astype(object)
            if _has_interval(answers, target):
                _draw_interval(
                    axes,
                    when,
                    answers.quantiles[row],
                    target,
                    labelled=is_first,
                )
            axes.plot(
                when,
                answers.scores[row],
                color=BLUE,
                linewidth=1.2,
                label=forecast_label,
            )
            axes.plot(
                when,
                test.y[row],
                color="black",
                linewidth=0.9,
                label=truth_label,
            )
            forecast_label = None  # one entry in the legend for all of them
            truth_label = None
        axes.set(
            ylabel=drawable(target.name, 30),
            title=f"The last forecasts of the test, {horizon} steps each, one after the other",
        )
        axes.legend(fontsize=8, frameon=False, ncols=3)

    return draw


def _one(test, answers, target, row, words):
    """Draws one window: its past, its forecast and what came."""
    horizon = test.y.shape[1]
    start = test.x[test.schema.frame.time][row]
    start_words = np.datetime_as_string(start, unit="m")

    def draw(axes):
        ahead = np.arange(1, horizon + 1)
        windows = test.x.get(target.name)
        if windows is not None and windows.ndim == 2:
            num_steps = min(windows.shape[1], 3 * horizon)
            past = windows[row, -num_steps:]
            behind = np.arange(1 - num_steps, 1)
            axes.plot(behind, past, color=GREY, linewidth=1, label="past")
        if _has_interval(answers, target):
            _draw_interval(axes, ahead, answers.quantiles[row], target)
        axes.plot(ahead, answers.scores[row], color=BLUE, label="forecast")
        axes.plot(ahead, test.y[row], color="black", linewidth=1, label="what came")
        axes.axvline(0.5, color=GREY, linewidth=0.6, linestyle=":")
        axes.set(
            xlabel="steps ahead",
            ylabel=drawable(target.name, 30),
            title=f"One forecast, {words}: {start_words}",
        )
        axes.legend(fontsize=8, frameon=False)

    return draw


def _by_step(y, lines, name, steps_ahead):
    """Draws the mean absolute error of every line at each step ahead."""

    def draw(axes):
        ahead = np.arange(1, y.shape[1] + 1)
        styles = {
            "this model": (BLUE, "-"),
            "linear net": (ORANGE, "-"),
            "last value": (GREY, "--"),
            "seasonal naive": (GREY, ":"),
        }
        for label, values in lines.items():
            color, style = styles.get(label, (GREY, "-."))
            errors = error_by_step(y, values)
            axes.plot(ahead, errors, color=color, linestyle=style, label=label)
        axes.set(
            xlabel=steps_ahead,
            ylabel=f"mean absolute error of {drawable(name, 30)}",
            title="Error by step",
        )
        axes.set_ylim(bottom=0)
        axes.legend(fontsize=8, frameon=False)

    return draw


def _residual_percentiles(residuals):
    """Returns percentiles of the known residuals of each step ahead, float64 [5, steps]."""
    percentiles = []
    for column in residuals.T:
        known = column[~np.isnan(column)]
        of_step = np.full(len(PERCENTILES), np.nan)
        if len(known):
            of_step = np.percentile(known, PERCENTILES)
        percentiles.append(of_step)
    return np.stack(percentiles, axis=1)


def _residuals(y, values, name, steps_ahead):
    """Draws how residuals spread at each step ahead."""

    def draw(axes):
        ahead = np.arange(1, y.shape[1] + 1)
        low, first, middle, third, high = _residual_percentiles(y - values)
        axes.fill_between(
            ahead, low, high, color=BLUE, alpha=0.15, linewidth=0, label="90 % of windows"
        )
        axes.fill_between(
            ahead,
            first,
            third,
            color=BLUE,
            alpha=0.3,
            linewidth=0,
            label="50 %",
        )
        axes.plot(ahead, middle, color=BLUE, label="median")
        axes.axhline(0, color="black", linewidth=0.8)
        axes.set(
            xlabel=steps_ahead,
            ylabel=f"{drawable(name, 30)}: what came less forecast",
            title="Residuals by step",
        )
        axes.legend(fontsize=8, frameon=False)

    return draw


def _coverage(y, quantiles, target, steps_ahead):
    """Draws the share of true values inside the interval at each step ahead."""
    lowest = quantiles[:, :, 0]
    highest = quantiles[:, :, -1]
    levels = target.quantiles

    def draw(axes):
        ahead = np.arange(1, y.shape[1] + 1)
        is_known = ~np.isnan(y)
        is_inside = is_known & (y >= lowest) & (y <= highest)
        num_known = is_known.sum(axis=0)
        share = is_inside.sum(axis=0) / np.maximum(num_known, 1)
        share_of_all = is_inside.sum() / max(num_known.sum(), 1)
        measured = f"measured, {share_of_all:.1%} in all"
        axes.plot(ahead, share, color=BLUE, marker=".", label=measured)
        meant = levels[-1] - levels[0]
        axes.axhline(meant, color=ORANGE, label=f"meant, {meant:.0%}")
        axes.set(
            xlabel=steps_ahead,
            ylabel="share inside the interval",
            ylim=(0, 1.02),
            title="Coverage of the interval by step",
        )
        axes.legend(fontsize=8, frameon=False, loc="lower left")

    return draw


def _missing_shares(parts, names):
    """Returns the edges of bins of time, float64 [bins + 1] seconds since 1970, and the share of
    missing steps, float64 [names, bins].
    """
    stamps = np.concatenate([rows.time for rows in parts.values()])
    seconds = stamps.astype("datetime64[s]").astype(np.int64)
    edges = np.linspace(seconds.min(), seconds.max() + 1, NUM_BINS + 1)
    places = np.digitize(seconds, edges) - 1
    num_steps = np.bincount(places, minlength=NUM_BINS)
    num_steps = np.maximum(num_steps, 1)
    shares = []
    for name in names:
        values = np.concatenate([rows.x[name] for rows in parts.values()])
        is_missing = np.isnan(values)
        num_missing = np.bincount(
            places,
            minlength=NUM_BINS,
            weights=is_missing.astype(float),
        )
        shares.append(num_missing / num_steps)
    return edges, np.stack(shares)


def _gaps(steps):
    """Draws the share of missing steps of each column over time, and which part a time is of."""
    parts = {"train": steps.train, "valid": steps.valid, "test": steps.test}
    numbers = [name for name, x in steps.train.x.items() if x.dtype.kind == "f"]
    names = numbers[:MAX_COLUMNS]
    edges, shares = _missing_shares(parts, names)

    def draw(axes):
        import matplotlib.dates as dates

        left = dates.date2num(np.datetime64(int(edges[0]), "s"))
        right = dates.date2num(np.datetime64(int(edges[-1]), "s"))
        shown = axes.imshow(
            shares,
            aspect="auto",
            cmap="Greys",
            vmin=0,
            vmax=1,
            interpolation="nearest",
            extent=(left, right, len(names) - 0.5, -0.5),
        )
        for part, rows in parts.items():
            begin = dates.date2num(rows.time.min())
            axes.axvline(begin, color=ORANGE, linewidth=1)
            axes.annotate(
                part,
                (begin, -0.5),
                xytext=(3, 3),
                textcoords="offset points",
                fontsize=8,
                color=ORANGE,
            )
        labels = [drawable(name, 30) for name in names]
        axes.set_yticks(range(len(names)), labels, fontsize=8)
        axes.xaxis_date()
        axes.set_title("Missing steps over time (black: all)", pad=16)
        axes.figure.colorbar(shown, ax=axes, shrink=0.8, label="share missing")

    return draw
