"""Pictures of several labels a row: a curve a label, which labels stand together, and how well
probabilities are calibrated.
"""

import numpy as np

from ..report.figures import BLUE, GREY, Picture, drawable
from .draw_classes import MAX_CURVES

MAX_CELLS = 25


def label_pictures(
    y: np.ndarray, chosen: np.ndarray, scores: np.ndarray, labels: tuple[str, ...]
) -> list[Picture]:
    """Returns the pictures of test rows.

    Args:
        y: int64 [rows, labels], of test rows.
        chosen: bool [rows, labels], the answers.
        scores: float64 [rows, labels], probabilities.
        labels: their names.
    """
    common = np.sort(np.argsort(-y.sum(axis=0), kind="stable")[:MAX_CURVES])
    seen = [place for place in common if 0 < y[:, place].sum() < len(y)]
    shown = np.sort(np.argsort(-y.sum(axis=0), kind="stable")[:MAX_CELLS])
    size = max(3.8, 0.42 * len(shown) + 2)
    width = 5.2
    if len(seen) > 3:
        width = 7.4
    names = tuple(labels[place] for place in shown)
    curves = label_curves(y, chosen, scores, labels, seen)
    together = standing_together(y[:, shown], chosen[:, shown], names)
    return [
        Picture("precision-recall curves", curves, width),
        Picture("labels that stand together", together, 2 * size, size),
        Picture("calibration", label_calibration(y, scores)),
    ]


def label_curves(y, chosen, scores, labels, places):
    """Precision and recall of each label at every threshold; a dot where it was chosen."""

    def draw_on(axes):
        from sklearn.metrics import PrecisionRecallDisplay

        for place in places:
            truth = y[:, place]
            shown = PrecisionRecallDisplay.from_predictions(
                truth, scores[:, place], ax=axes, name=drawable(labels[place], 24)
            )
            given = chosen[:, place]
            hits = (truth == 1) & given
            if given.any():
                point = (hits.sum() / truth.sum(), hits.sum() / given.sum())
                axes.plot(
                    *point,
                    "o",
                    color=shown.line_.get_color(),
                    markersize=7,
                    zorder=5,
                )
        axes.set(
            title="Precision and recall, label by label (dots: chosen thresholds)",
            xlim=(-0.01, 1.01),
            ylim=(-0.01, 1.02),
            xlabel="recall",
            ylabel="precision",
        )
        axes.title.set_fontsize(9)
        if len(places) > 3:
            axes.get_legend().remove()
            axes.figure.legend(fontsize=7, frameon=False, loc="outside right center")
        elif places:
            axes.legend(fontsize=8, frameon=False)

    return draw_on


def standing_together(y, chosen, labels):
    """Of the rows with a label (line), the share that has another one (column): in truth, and in
    the answers.
    """

    def draw_on(axes):
        axes.axis("off")
        for place, (has, title) in enumerate(((y, "test rows"), (chosen, "answers, int8"))):
            inner = axes.inset_axes([0.52 * place + 0.09, 0.22, 0.36, 0.68])
            counts = has.T.astype(np.int64) @ has
            shares = counts / np.maximum(np.diag(counts)[:, None], 1)
            inner.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
            names = [drawable(label, 16) for label in labels]
            inner.set_xticks(
                range(len(labels)),
                names,
                rotation=60,
                ha="right",
                fontsize=7,
            )
            inner.set_yticks(range(len(labels)), names, fontsize=7)
            inner.set_title(title, fontsize=9)
            if len(labels) > 10:
                continue
            for (row, column), share in np.ndenumerate(shares):
                color = "white" if share > 0.5 else "black"
                inner.text(
                    column, row, f"{share:.0%}", ha="center", va="center", fontsize=7, color=color
                )
        axes.set_title(
            "Of the rows with a label (line), the share with another one",
            fontsize=9,
        )

    return draw_on


def label_calibration(y, scores):
    """Predicted probability against the observed share, of all labels together, in ten bins of
    equal count.
    """

    def draw_on(axes):
        from sklearn.calibration import calibration_curve

        observed, predicted = calibration_curve(
            y.ravel(), scores.ravel(), n_bins=10, strategy="quantile"
        )
        top = min(max(predicted.max(), observed.max()) * 1.1, 1)
        axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", label="perfect")
        axes.plot(
            predicted,
            observed,
            "o-",
            color=BLUE,
            label="int8, test rows, all labels",
        )
        axes.set(
            xlabel="predicted probability of a label",
            ylabel="observed share",
            title="Calibration",
            xlim=(0, top),
            ylim=(0, top),
        )
        axes.legend(fontsize=8, frameon=False)

    return draw_on
