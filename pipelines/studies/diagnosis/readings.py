"""The sections of a diagnosis: curves over rows and width, bias and variance, regularizers."""

from collections.abc import Sequence
from typing import Any

from ...report.figures import BLUE, GREY, ORANGE, Picture, drawable
from ..interpret.reading import Reading
from .decomposition import Decomposition
from .held import Held
from .runs import Runs

_INTERVAL = "Intervals are 95 %, of the corrected resampled t-test (Nadeau and Bengio 2003)"
_MOST_LETTERS = 40
# Of pictures, in inches: one beneath the other on the page.
_WIDTH = 9.0
_HEIGHT = 3.4


def rows_reading(held: Held) -> Reading:
    """Returns the learning curve over rows."""
    runs = [*held.runs.shares, held.runs.usual]
    sizes = [each.num_learned for each in runs]
    gain = held.gain_of_rows()
    verdict = "Only all of the rows were fitted."
    if gain is not None:
        verdict = f"From all rows against {gain.words}: {gain.in_words}."
    return _curve_reading(
        held,
        runs,
        of="rows",
        verdict=verdict,
        places=sizes,
        label="rows learned from",
    )


def width_reading(held: Held) -> Reading:
    """Returns the learning curve over the width of the net."""
    runs = sorted([*held.runs.widths, held.runs.usual], key=lambda each: each.factor)
    factors = [each.factor for each in runs]
    gains = held.width_gains()
    better = [f"{gain.words} ({gain.in_words})" for gain in gains if gain.is_better]
    verdict = "No other width is better beyond noise."
    if better:
        verdict = f"Better than as it is: {', '.join(better)}."
    return _curve_reading(
        held,
        runs,
        of="width",
        verdict=verdict,
        places=factors,
        label="width of the net, times as it is",
    )


def _curve_reading(held, runs, *, of, verdict, places, label):
    """The section of a learning curve over a size."""
    title = f"Learning curve over {of}"
    curve = _curve(held, runs, places, label)
    lines = []
    for each, place in zip(runs, places, strict=True):
        lines.append(_line(held, each, f"{place:,.6g}"))
    return Reading(
        title=title,
        verdict=verdict,
        headings=(of, "learned from", "95 %", "not seen", "95 %"),
        lines=tuple(lines),
        pictures=(Picture(title, curve, width=_WIDTH, height=_HEIGHT),),
        note=f"{_scores_words(held)}. The folds that are judged on stay the same. {_INTERVAL}; the "
        "picture shows bands that are much wider than the curves in part, the table as a whole.",
        values=_values(runs),
    )


def regularizers_reading(held: Held) -> Reading:
    """Returns what each regularizer does to both scores."""
    runs = held.runs.regularizers
    gains = held.regularizer_gains()
    lines = []
    for each, gain in zip(runs, gains, strict=True):
        learned = held.mean(each.learned)
        judged = held.mean(each.judged)
        gap = abs(learned.mean - judged.mean)
        cells = (f"{learned.mean:.4g}", f"{judged.mean:.4g}", f"{gap:.3g}")
        lines.append((each.words, *cells, gain.cell, f"{gain.p_value:.2g}"))
    real = [gain.words for gain in gains if not gain.is_noise]
    verdict = "No regularizer changes the score on rows not seen beyond noise."
    if real:
        verdict = f"Beyond noise: {', '.join(real)}."
    return Reading(
        title="Regularizers",
        verdict=verdict,
        headings=("turned", "learned from", "not seen", "gap", "better by [95 %]", "p (Holm)"),
        lines=tuple(lines),
        pictures=(_gains_picture(gains, held.metric_words),),
        note=f"{_scores_words(held)}. Each line is the recipe with that one knob turned. "
        f"{_INTERVAL}",
        values=_values(runs),
    )


def _scores_words(held):
    """Which scores a table holds."""
    return f"Scores: {held.metric_words}"


def parts_reading(held: Held, parts: Decomposition, *, is_of_classes: bool) -> Reading:
    """Returns bias and variance over draws of the rows."""
    unit = held.error_words("mean squared error")
    method = "squares: error = bias of the mean answer, with the noise, + variance"
    if is_of_classes:
        unit = "share of wrong labels"
        method = (
            "Domingos 2000: variance adds where the main label is right and takes where it is wrong"
        )
    pairs = {
        "error": parts.error,
        "bias and noise": parts.bias,
        "variance added": parts.unbiased_variance,
    }
    if is_of_classes:
        pairs["variance taken"] = -parts.biased_variance

    def draw(axes):
        names = list(pairs)
        colors = [GREY, BLUE, ORANGE, ORANGE]
        axes.barh(names, list(pairs.values()), color=colors[: len(names)])
        axes.invert_yaxis()
        axes.axvline(0, color=GREY, linewidth=0.8)
        axes.set(xlabel=drawable(unit, _MOST_LETTERS), title="Bias and variance")

    return Reading(
        title="Bias and variance",
        verdict=(
            f"{parts.variance_share:.0%} of the error is variance: {parts.num_models} models, each "
            f"of another draw of 63.2 % of the rows, answered the same {parts.num_rows:,} rows."
        ),
        headings=("part", unit),
        lines=tuple((name, f"{value:.4g}") for name, value in pairs.items()),
        pictures=(Picture("bias and variance", draw, width=_WIDTH, height=_HEIGHT),),
        note=method,
        values=vars(parts),
    )


def _line(held, runs, first):
    cells = [first]
    for values in (runs.learned, runs.judged):
        mean = held.mean(values)
        cells += [f"{mean.mean:.4g}", f"{mean.low:.4g} to {mean.high:.4g}"]
    return tuple(cells)


def _values(runs: Sequence[Runs]) -> list[dict[str, Any]]:
    found = []
    for each in runs:
        found.append(
            {
                "words": each.words,
                "factor": each.factor,
                "rows": each.num_learned,
                "learned": each.learned,
                "not_seen": each.judged,
            }
        )
    return found


def _curve(held: Held, runs: Sequence[Runs], places: Sequence[float], label: str):
    """Draws both scores over a size, with intervals."""
    metric = drawable(held.metric_words, _MOST_LETTERS)

    def draw(axes):
        lines = (("learned from", ORANGE, "learned"), ("not seen", BLUE, "judged"))
        for words, color, name in lines:
            means = [held.mean(_scores(each, name)) for each in runs]
            middle = [mean.mean for mean in means]
            low = [mean.low for mean in means]
            high = [mean.high for mean in means]
            axes.plot(places, middle, marker="o", color=color, label=f"rows {words}")
            axes.fill_between(places, low, high, color=color, alpha=0.15)
        axes.set_ylim(*_limits_of(axes))
        axes.set_xscale("log", base=2)
        axes.set_xticks(places, [f"{place:,.6g}" for place in places])
        axes.minorticks_off()
        axes.set(xlabel=label, ylabel=metric)
        axes.legend(fontsize=8)

    return draw


def _limits_of(axes):
    """Twice as far as the lines reach: intervals of few folds may be much wider."""
    values = [value for line in axes.get_lines() for value in line.get_ydata()]
    low = min(values)
    high = max(values)
    reach = (high - low) or abs(high) or 1.0
    return low - reach / 2, high + reach / 2


def _scores(runs, name):
    if name == "learned":
        return runs.learned
    return runs.judged


def _gains_picture(gains, metric):
    label = drawable(f"better by in {metric}, on rows not seen", 2 * _MOST_LETTERS)

    def draw(axes):
        names = [drawable(gain.words, _MOST_LETTERS) for gain in gains]
        means = [gain.ahead.mean for gain in gains]
        reach = [gain.ahead.high - gain.ahead.mean for gain in gains]
        places = range(len(gains))
        axes.errorbar(means, places, xerr=reach, fmt="o", color=BLUE, ecolor=GREY, capsize=3)
        axes.axvline(0, color=GREY, linestyle=":")
        axes.set_yticks(places, names, fontsize=8)
        axes.invert_yaxis()
        axes.set_xlabel(label)

    return Picture("regularizers", draw, width=_WIDTH, height=_HEIGHT)
