"""Pictures for the report of anomalies: scores over time, their histogram, ROC curves, and the
most anomalous windows.
"""

import numpy as np

from ..device.runner import LiteRT, Runner
from ..report.figures import BLUE, GREY, ORANGE, drawable, picture
from ..verify.ladder import answer_all

NUM_ODDEST = 3
APART = 4.0


def draw_anomalies(recipe, splits, shipped, evaluation) -> list[tuple[str, str]]:
    """(title, base64 PNG) of the int8 form: its scores of test windows over time with the
    threshold, the histogram of scores by part, ROC curves with those of plain rules where labels
    are known, and the three most anomalous windows, apart in time and none of them a copy with a
    fault, against what the model gives back.
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
    drawn = [
        (
            "scores over time",
            picture(
                _over_time(time, answers.scores, test.y, threshold, real), width=10.6, height=3.8
            ),
        ),
        ("histogram of scores", picture(_histogram(scores, threshold))),
    ]
    known = ~np.isnan(test.y)
    if 0 < (test.y == 1).sum() < known.sum():
        if num_faulty:
            kinds = faults.kinds(num_faulty)
        else:
            kinds = np.array([])
        drawn.append(("ROC curves", picture(_roc(test, answers.scores, kinds), height=4.8)))
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
    """int64: the highest scores, no two of windows that overlap."""
    chosen = []
    for row in np.argsort(-scores, kind="stable"):
        if all(
            abs(time[row] - time[other]) >= np.timedelta64(int(seconds), "s") for other in chosen
        ):
            chosen.append(row)
        if len(chosen) == NUM_ODDEST:
            break
    return np.array(chosen, np.int64)


def _over_time(time, scores, y, threshold, real):
    def draw(axes):
        order = np.argsort(time[:real], kind="stable")
        axes.plot(
            time[:real][order], scores[:real][order], ".", markersize=4, color=BLUE, label="window"
        )
        axes.axhline(threshold, color=GREY, linestyle="--", label="threshold")
        flagged = np.flatnonzero(scores[:real] >= threshold)
        axes.plot(time[flagged], scores[flagged], "o", color=ORANGE, markersize=5, label="flagged")
        labelled = np.flatnonzero(y[:real] == 1)
        if len(labelled):
            axes.plot(
                time[labelled],
                scores[labelled],
                "x",
                color="black",
                markersize=5,
                label="labelled an anomaly",
            )
        if real < len(time):
            axes.plot(
                time[real:], scores[real:], "+", color=GREY, markersize=4, label="copy with a fault"
            )
        # A window far out must not flatten the others.
        top = max(np.quantile(scores, 0.995), threshold) * 1.25
        beyond = scores > top
        if beyond.any():
            axes.plot(
                time[beyond],
                np.full(beyond.sum(), top * 0.985),
                "^",
                color="black",
                markersize=4,
                label=f"beyond: up to {scores.max():.3g}",
            )
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
    def draw(axes):
        together = np.concatenate(list(scores.values()))
        top = max(np.quantile(together, 0.995), threshold) * 1.1
        bins = np.linspace(0, top, 50)
        for (part, values), colour in zip(
            scores.items(), (GREY, BLUE, ORANGE, "black"), strict=False
        ):
            axes.hist(
                np.minimum(values, top),
                bins,
                weights=np.full(len(values), 1 / max(len(values), 1)),
                histtype="step",
                color=colour,
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
    def draw(axes):
        from sklearn.metrics import RocCurveDisplay

        known = ~np.isnan(test.y)
        shown = [("this model, int8", scores, known, BLUE, 2.0)]
        shown += [
            (name, values, known, colour, 1.0)
            for (name, values), colour in zip(
                (test.baselines or {}).items(), (GREY, ORANGE), strict=False
            )
        ]
        first = len(test) - len(kinds)
        for style, kind in zip(
            (":", "--", "-.", (0, (1, 3))), dict.fromkeys(kinds.tolist()), strict=False
        ):
            of_kind = known & (
                (np.arange(len(test)) < first) | np.r_[np.zeros(first, bool), kinds == kind]
            )
            shown.append((f"this model, {kind}", scores, of_kind, style, 1.2))
        for name, values, rows, look, width in shown:
            if name.startswith("this model, ") and "int8" not in name:
                style = {"linestyle": look, "color": BLUE}
            else:
                style = {"color": look}
            RocCurveDisplay.from_predictions(
                (test.y[rows] == 1).astype(int),
                values[rows],
                ax=axes,
                name=name[:36],
                curve_kwargs={**style, "linewidth": width},
            )
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
    """Series side by side, each at its own height: what went in, and what came back."""

    def draw(axes):
        steps = np.arange(len(given)) - len(given) + 1
        for place, _ in enumerate(names):
            height = -APART * place
            axes.axhline(height, color=GREY, linewidth=0.4)
            axes.plot(
                steps, given[:, place] + height, color=BLUE, label="series" if not place else None
            )
            axes.plot(
                steps,
                back[:, place] + height,
                color=ORANGE,
                linestyle="--",
                label="given back" if not place else None,
            )
        off = np.abs(given - back).mean(axis=0)
        axes.set_yticks(
            [-APART * place for place in range(len(names))],
            [f"{drawable(name, 18)}\n{off[place]:.2f} off" for place, name in enumerate(names)],
            fontsize=8,
        )
        axes.set(xlabel=f"steps; one row is {APART:g} standard deviations", title=title)
        axes.title.set_fontsize(9)
        axes.legend(fontsize=8, frameon=False, ncols=2, loc="upper left")

    return draw
