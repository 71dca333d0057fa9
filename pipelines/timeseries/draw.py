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


class SeriesLoader(Loader):
    """What every way to load series has in common: how they are drawn in the report."""

    def draw(self, recipe, splits, shipped, evaluation) -> list[tuple[str, str]]:
        """(title, base64 PNG) of what only series have: see `draw_forecasts`, `draw_anomalies`."""
        if task_of(shipped.signature.target).gives_back:
            return draw_anomalies(recipe, splits, shipped, evaluation)
        return draw_forecasts(recipe, splits, shipped, evaluation)


def draw_forecasts(recipe, splits, shipped, evaluation) -> list[tuple[str, str]]:
    """(title, base64 PNG) of every picture, of the int8 form on test windows."""
    target = shipped.signature.target
    answers = evaluation.answers["litert_int8"]
    test = splits.test
    drawn = [
        ("forecasts over time", picture(_over_time(test, answers, target), width=10.6, height=3.4))
    ]
    wrong = np.nanmean(np.abs(answers.scores - test.y), axis=1)
    order = np.argsort(wrong, kind="stable")
    for words, share in (("a good one", 0.1), ("a middling one", 0.5), ("a bad one", 0.95)):
        row = int(order[int(share * (len(order) - 1))])
        drawn.append((f"one forecast: {words}", picture(_one(test, answers, target, row, words))))
    lines = {"this model": answers.scores, **(test.baselines or {})}
    if "comparison" in evaluation.answers:
        lines["linear net"] = evaluation.answers["comparison"].scores
    start, _ = common_start(test.x[test.schema.frame.time], test.schema.frame)
    if start:
        ahead = f"steps ahead; all forecasts start {start}"
    else:
        ahead = "steps ahead"
    drawn.append(("error by step", picture(_by_step(test.y, lines, target.name, ahead))))
    drawn.append(
        ("residuals by step", picture(_residuals(test.y, answers.scores, target.name, ahead)))
    )
    if answers.quantiles is not None and len(target.quantiles) > 1:
        drawn.append(
            ("coverage by step", picture(_coverage(test.y, answers.quantiles, target, ahead)))
        )
    drawn.append(
        (
            "gaps",
            picture(
                _gaps(splits.steps),
                width=10.6,
                height=1.4 + 0.32 * min(len(splits.steps.train.x), MAX_COLUMNS),
            ),
        )
    )
    return drawn


def _interval_words(target):
    levels = target.quantiles
    if len(levels) > 1:
        return f"{levels[-1] - levels[0]:.0%} interval"
    return ""


def _over_time(test, answers, target):
    """One series, the last stretch of the test: forecasts that follow each other."""
    if test.series is not None:
        first = test.series == test.series[0]
    else:
        first = np.ones(len(test), bool)
    rows = np.flatnonzero(first)
    horizon = test.y.shape[1]
    frame = test.schema.frame
    time = test.x[frame.time]
    numbers = frame.numbers(time)
    chosen = []
    end = None
    for row in rows[::-1]:  # windows that do not overlap, from the last one back
        if end is None or numbers[row] + horizon <= end:
            chosen.append(row)
            end = numbers[row]
        if len(chosen) * horizon >= MAX_LINE_STEPS:
            break
    chosen = chosen[::-1]

    def draw(axes):
        for place, row in enumerate(chosen):
            when = frame.ahead(time[row]).astype(object)
            label = place == 0
            if answers.quantiles is not None and len(target.quantiles) > 1:
                axes.fill_between(
                    when,
                    answers.quantiles[row, :, 0],
                    answers.quantiles[row, :, -1],
                    color=BLUE,
                    lw=0,
                    alpha=0.2,
                    label=_interval_words(target) if label else None,
                )
            axes.plot(
                when, answers.scores[row], color=BLUE, lw=1.2, label="forecast" if label else None
            )
            axes.plot(
                when, test.y[row], color="black", lw=0.9, label="what came" if label else None
            )
        axes.set(
            ylabel=drawable(target.name, 30),
            title=f"The last forecasts of the test, {horizon} steps each, one after the other",
        )
        axes.legend(fontsize=8, frameon=False, ncols=3)

    return draw


def _one(test, answers, target, row, words):
    def draw(axes):
        past = test.x.get(target.name)
        horizon = test.y.shape[1]
        ahead = np.arange(1, horizon + 1)
        if past is not None and past.ndim == 2:
            past = past[row, -min(past.shape[1], 3 * horizon) :]
            axes.plot(np.arange(1 - len(past), 1), past, color=GREY, lw=1, label="past")
        if answers.quantiles is not None and len(target.quantiles) > 1:
            axes.fill_between(
                ahead,
                answers.quantiles[row, :, 0],
                answers.quantiles[row, :, -1],
                color=BLUE,
                lw=0,
                alpha=0.2,
                label=_interval_words(target),
            )
        axes.plot(ahead, answers.scores[row], color=BLUE, label="forecast")
        axes.plot(ahead, test.y[row], color="black", lw=1, label="what came")
        axes.axvline(0.5, color=GREY, lw=0.6, ls=":")
        axes.set(
            xlabel="steps ahead",
            ylabel=drawable(target.name, 30),
            title=f"One forecast, {words}: "
            f"{np.datetime_as_string(test.x[test.schema.frame.time][row], unit='m')}",
        )
        axes.legend(fontsize=8, frameon=False)

    return draw


def _by_step(y, lines, name, steps_ahead):
    def draw(axes):
        styles = {
            "this model": (BLUE, "-"),
            "linear net": (ORANGE, "-"),
            "last value": (GREY, "--"),
            "seasonal naive": (GREY, ":"),
        }
        for label, values in lines.items():
            color, style = styles.get(label, (GREY, "-."))
            axes.plot(
                np.arange(1, y.shape[1] + 1),
                error_by_step(y, values),
                color=color,
                ls=style,
                label=label,
            )
        axes.set(
            xlabel=steps_ahead,
            ylabel=f"mean absolute error of {drawable(name, 30)}",
            title="Error by step",
        )
        axes.set_ylim(bottom=0)
        axes.legend(fontsize=8, frameon=False)

    return draw


def _residuals(y, values, name, steps_ahead):
    def draw(axes):
        ahead = np.arange(1, y.shape[1] + 1)
        residuals = y - values
        known = [column[~np.isnan(column)] for column in residuals.T]
        low, first, middle, third, high = np.array(
            [
                np.percentile(column, (5, 25, 50, 75, 95)) if len(column) else np.full(5, np.nan)
                for column in known
            ]
        ).T
        axes.fill_between(ahead, low, high, color=BLUE, alpha=0.15, lw=0, label="90 % of windows")
        axes.fill_between(ahead, first, third, color=BLUE, alpha=0.3, lw=0, label="50 %")
        axes.plot(ahead, middle, color=BLUE, label="median")
        axes.axhline(0, color="black", lw=0.8)
        axes.set(
            xlabel=steps_ahead,
            ylabel=f"{drawable(name, 30)}: what came less forecast",
            title="Residuals by step",
        )
        axes.legend(fontsize=8, frameon=False)

    return draw


def _coverage(y, quantiles, target, steps_ahead):
    def draw(axes):
        known = ~np.isnan(y)
        inside = known & (y >= quantiles[:, :, 0]) & (y <= quantiles[:, :, -1])
        share = inside.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        axes.plot(
            np.arange(1, y.shape[1] + 1),
            share,
            color=BLUE,
            marker=".",
            label=f"measured, {inside.sum() / max(known.sum(), 1):.1%} in all",
        )
        wanted = target.quantiles[-1] - target.quantiles[0]
        axes.axhline(wanted, color=ORANGE, label=f"meant, {wanted:.0%}")
        axes.set(
            xlabel=steps_ahead,
            ylabel="share inside the interval",
            ylim=(0, 1.02),
            title="Coverage of the interval by step",
        )
        axes.legend(fontsize=8, frameon=False, loc="lower left")

    return draw


def _missing_shares(parts, names):
    """The edges of bins of time float64 [bins + 1], and the share of missing steps float64
    [names, bins].
    """
    stamps = np.concatenate([rows.time for rows in parts.values()])
    time = stamps.astype("datetime64[s]").astype(np.int64)
    edges = np.linspace(time.min(), time.max() + 1, NUM_BINS + 1)
    places = np.digitize(time, edges) - 1
    counts = np.maximum(np.bincount(places, minlength=NUM_BINS), 1)
    shares = []
    for name in names:
        values = np.concatenate([rows.x[name] for rows in parts.values()])
        missing = np.isnan(values).astype(float)
        shares.append(np.bincount(places, minlength=NUM_BINS, weights=missing) / counts)
    return edges, np.stack(shares)


def _gaps(steps):
    """The share of missing steps of each column over time, and which part a time is of."""
    parts = {"train": steps.train, "valid": steps.valid, "test": steps.test}
    names = [name for name in steps.train.x if steps.train.x[name].dtype.kind == "f"][:MAX_COLUMNS]
    edges, absent = _missing_shares(parts, names)

    def draw(axes):
        import matplotlib.dates as dates

        left, right = (
            dates.date2num(np.datetime64(int(edge), "s")) for edge in (edges[0], edges[-1])
        )
        shown = axes.imshow(
            absent,
            aspect="auto",
            cmap="Greys",
            vmin=0,
            vmax=1,
            interpolation="nearest",
            extent=(left, right, len(names) - 0.5, -0.5),
        )
        for part, rows in parts.items():
            begin = dates.date2num(rows.time.min())
            axes.axvline(begin, color=ORANGE, lw=1)
            axes.annotate(
                part,
                (begin, -0.5),
                xytext=(3, 3),
                textcoords="offset points",
                fontsize=8,
                color=ORANGE,
            )
        axes.set_yticks(range(len(names)), [drawable(name, 30) for name in names], fontsize=8)
        axes.xaxis_date()
        axes.set_title("Missing steps over time (black: all)", pad=16)
        axes.figure.colorbar(shown, ax=axes, shrink=0.8, label="share missing")

    return draw
