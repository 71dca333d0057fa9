"""Pictures for the report of anomalies: scores over time, their histogram, ROC curves, and the
most anomalous windows.
"""

import numpy as np

from ..device.runner import LiteRT, Runner
from ..report.figures import BLUE, GREY, ORANGE, drawable, picture
from ..verify.ladder import answer_all

NUM_HIGHEST = 3
APART = 4.0


def draw_anomalies(recipe, splits, shipped, evaluation) -> list[tuple[str, str]]:
    """Draws what only anomalies have, of the int8 form.

    Returns:
        Title and base64 PNG of every picture: scores of test windows over time with the threshold,
        the histogram of scores by part, ROC curves with those of plain rules if labels are known,
        and the three most anomalous windows, apart in time and none of them a copy with a fault,
        against what the model gives back.
    """
    signature = shipped.signature
    answers = evaluation.answers["litert_int8"]
    test = splits.test
    threshold = -signature.offsets("int8")[0]
    faults = recipe.frame.faults
    real = len(np.unique(test.ids))  # a copy has its original's id, and stands behind them all
    num_faulty = len(test) - real
    runner = Runner(signature, LiteRT(shipped.tflite["int8"]), form="int8")
    scores = {
        "training": answer_all(runner, splits.train).scores,
        "validation": answer_all(runner, splits.valid).scores,
        "test": answers.scores[:real],
    }
    if num_faulty:
        scores["test, fault injected"] = answers.scores[real:]
    time = test.x[test.schema.frame.time]
    over_time = _over_time(time, answers.scores, test.y, threshold, real)
    drawn = [
        ("scores over time", picture(over_time, width=10.6, height=3.8)),
        ("histogram of scores", picture(_histogram(scores, threshold))),
    ]
    num_known = np.sum(~np.isnan(test.y))
    num_anomalies = np.sum(test.y == 1)
    if 0 < num_anomalies < num_known:
        kinds = np.array([])
        if num_faulty:
            kinds = faults.kinds(num_faulty)
        curves = _roc(test, answers.scores, kinds)
        drawn.append(("ROC curves", picture(curves, height=4.8)))
    return drawn + _highest_windows(recipe, signature, runner, test, answers, real=real)


def _highest_windows(recipe, signature, runner, test, answers, *, real):
    """(title, base64 PNG) of the most anomalous windows against what the model gives back."""
    names = [column.name for column in signature.columns if column.kind == "series"]
    time = test.x[test.schema.frame.time]
    port = signature.base_port()
    seconds = recipe.frame.window * test.schema.frame.step_seconds
    highest = _apart(answers.scores[:real], time, seconds)
    rows = {column.name: test.x[column.name][highest] for column in signature.columns}
    given = port.dequantize(runner.prepare(rows)[port.name])
    back = signature.output.to_float(answers.raw[highest]).reshape(-1, *port.shape)
    labels = {1: ", labelled an anomaly"}
    if len(test) == real:  # where faults were injected, 0 is no label of the source
        labels[0] = ", labelled normal"
    drawn = []
    for rank, row in enumerate(highest):
        title = (
            f"Most anomalous {rank + 1}: score {answers.scores[row]:.3f}, until "
            f"{str(time[row])[:16]}{labels.get(test.y[row], '')}"
        )
        draw = _window(given[rank], back[rank], names, title)
        drawn.append((title, picture(draw, height=1.2 + 0.75 * port.shape[1])))
    return drawn


def _apart(scores, time, seconds):
    """Returns the rows of the highest scores, int64, no two of windows that overlap."""
    window = np.timedelta64(int(seconds), "s")
    chosen = []
    for row in np.argsort(-scores, kind="stable"):
        distances = np.abs(time[chosen] - time[row])
        if np.all(distances >= window):
            chosen.append(row)
        if len(chosen) == NUM_HIGHEST:
            break
    return np.array(chosen, np.int64)


def _over_time(time, scores, y, threshold, real):
    """Draws scores of test windows with the threshold; those from `real` on are copies."""
    real_time = time[:real]
    real_scores = scores[:real]

    def marks(axes, chosen, marker, color, size, label):
        axes.plot(time[chosen], scores[chosen], marker, color=color, markersize=size, label=label)

    def draw(axes):
        order = np.argsort(real_time, kind="stable")
        marks(axes, order, ".", BLUE, 4, "window")
        axes.axhline(threshold, color=GREY, linestyle="--", label="threshold")
        flagged = np.flatnonzero(real_scores >= threshold)
        marks(axes, flagged, "o", ORANGE, 5, "flagged")
        labelled = np.flatnonzero(y[:real] == 1)
        if len(labelled):
            marks(axes, labelled, "x", "black", 5, "labelled an anomaly")
        copies = np.arange(real, len(time))
        if len(copies):
            marks(axes, copies, "+", GREY, 4, "copy with a fault")
        # A window far out must not flatten the others.
        top = max(np.quantile(scores, 0.995), threshold) * 1.25
        is_beyond = scores > top
        if is_beyond.any():
            heights = np.full(is_beyond.sum(), top * 0.985)
            label = f"beyond: up to {scores.max():.3g}"
            axes.plot(time[is_beyond], heights, "^", color="black", markersize=4, label=label)
        axes.set(
            ylim=(0, top),
            ylabel="score",
            title="Scores of test windows, by the time of their newest step",
        )
        axes.tick_params(axis="x", rotation=20, labelsize=8)
        axes.legend(
            fontsize=8, frameon=False, ncols=5, loc="upper center", bbox_to_anchor=(0.5, -0.2)
        )

    return draw


def _histogram(scores, threshold):
    """Draws the share of scores in each bin, by part."""
    colours = (GREY, BLUE, ORANGE, "black")

    def draw(axes):
        together = np.concatenate(list(scores.values()))
        top = max(np.quantile(together, 0.995), threshold) * 1.1
        bins = np.linspace(0, top, 50)
        for place, (part, values) in enumerate(scores.items()):
            num_rows = len(values)
            share_of_one = 1 / max(num_rows, 1)
            axes.hist(
                np.minimum(values, top),
                bins,
                weights=np.full(num_rows, share_of_one),
                histtype="step",
                color=colours[place],
                label=part,
                linewidth=1.4,
            )
        axes.axvline(threshold, color=GREY, linestyle="--", label="threshold")
        axes.set(
            xlabel="score (the last bin holds all beyond it)",
            ylabel="share of the part",
            title="Scores by part",
            xlim=(0, top),
        )
        axes.legend(fontsize=8, frameon=False)

    return draw


def _roc(test, scores, kinds):
    """Draws ROC curves: of the model, of plain rules, and of the model on each kind of fault."""
    is_known = ~np.isnan(test.y)
    first_copy = len(test) - len(kinds)
    kind_of_row = np.full(len(test), "", object)
    kind_of_row[first_copy:] = kinds
    baselines = (test.baselines or {}).items()
    line_styles = (":", "--", "-.", (0, (1, 3)))

    def curve(axes, name, values, chosen, **style):
        from sklearn.metrics import RocCurveDisplay

        is_anomaly = test.y[chosen] == 1
        RocCurveDisplay.from_predictions(
            is_anomaly.astype(int),
            values[chosen],
            ax=axes,
            name=name[:36],
            curve_kwargs=style,
        )

    def draw(axes):
        curve(axes, "this model, int8", scores, is_known, color=BLUE, linewidth=2.0)
        for (name, values), colour in zip(baselines, (GREY, ORANGE), strict=False):
            curve(axes, name, values, is_known, color=colour, linewidth=1.0)
        distinct_kinds = dict.fromkeys(kinds.tolist())
        for kind, line_style in zip(distinct_kinds, line_styles, strict=False):
            is_original = kind_of_row == ""
            is_of_kind = kind_of_row == kind
            chosen = is_known & (is_original | is_of_kind)
            name = f"this model, {kind}"
            curve(axes, name, scores, chosen, linestyle=line_style, color=BLUE, linewidth=1.2)
        axes.set(
            title="ROC",
            xlabel="false positive rate",
            ylabel="true positive rate (recall)",
            xlim=(-0.01, 1.01),
            ylim=(-0.01, 1.02),
        )
        axes.legend(
            fontsize=7, frameon=False, ncols=2, loc="upper center", bbox_to_anchor=(0.45, -0.14)
        )

    return draw


def _window(given, back, names, title):
    """Draws series one over the other, each at its own height: what went in, and what came back."""

    def draw(axes):
        steps = np.arange(1 - len(given), 1)
        off = np.abs(given - back).mean(axis=0)
        heights = []
        labels = []
        given_label = "series"
        back_label = "given back"
        for place, name in enumerate(names):
            height = -APART * place
            heights.append(height)
            labels.append(f"{drawable(name, 18)}\n{off[place]:.2f} off")
            before = given[:, place] + height
            after = back[:, place] + height
            axes.axhline(height, color=GREY, linewidth=0.4)
            axes.plot(steps, before, color=BLUE, label=given_label)
            axes.plot(steps, after, color=ORANGE, linestyle="--", label=back_label)
            given_label = None  # one entry in the legend for all series
            back_label = None
        axes.set_yticks(heights, labels, fontsize=8)
        axes.set(xlabel=f"steps; one row is {APART:g} standard deviations", title=title)
        axes.title.set_fontsize(9)
        axes.legend(fontsize=8, frameon=False, ncols=2, loc="upper left")

    return draw
