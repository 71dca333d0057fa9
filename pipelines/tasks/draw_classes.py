"""Pictures of classes: the confusion matrix, curves of ranks, and calibration."""

import numpy as np

from ..report.figures import BLUE, GREY, ORANGE, drawable

MAX_CURVES = 10


def confusion_matrix(y: np.ndarray, chosen: np.ndarray, labels: tuple[str, ...]):
    """Counts, coloured by the share of the true class."""

    def draw(axes):
        from sklearn.metrics import ConfusionMatrixDisplay
        from sklearn.metrics import confusion_matrix as count

        counts = count(y, chosen, labels=np.arange(len(labels)))
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        shown = ConfusionMatrixDisplay(shares, display_labels=list(map(drawable, labels)))
        shown.plot(
            ax=axes,
            cmap="Blues",
            colorbar=False,
            include_values=False,
            im_kw={"vmin": 0, "vmax": 1},
        )
        for (row, column), value in np.ndenumerate(counts):
            axes.text(
                column,
                row,
                f"{value:,}",
                ha="center",
                va="center",
                fontsize=9 if len(labels) < 8 else 7,
                color="white" if shares[row, column] > 0.5 else "black",
            )
        axes.set(title="Confusion matrix (colour: share of the true class)")
        if len(labels) > 2:
            axes.tick_params(axis="x", rotation=60, labelsize=8)
            axes.tick_params(axis="y", labelsize=8)

    return draw


def curves(
    y: np.ndarray,
    scores: np.ndarray,
    labels: tuple[str, ...],
    *,
    kind: str,
    mark: tuple[float, float] | None,
):
    """ROC ("roc") or precision-recall ("precision_recall") curves, one a class; `mark`: the point
    of the chosen decision.
    """

    def draw(axes):
        from sklearn.metrics import PrecisionRecallDisplay, RocCurveDisplay

        if kind == "roc":
            display = RocCurveDisplay
        else:
            display = PrecisionRecallDisplay
        if len(labels) == 2:
            classes = [1]
        else:
            classes = [each for each in range(len(labels)) if (y == each).any()][:MAX_CURVES]
        for each in classes:
            display.from_predictions(
                (y == each).astype(int), scores[:, each], ax=axes, name=drawable(labels[each])
            )
        if mark:
            axes.plot(*mark, "o", color=ORANGE, markersize=9, label="chosen threshold", zorder=5)
        if kind == "roc":
            axes.plot([0, 1], [0, 1], color=GREY, linestyle=":")
        axes.set(
            title="ROC" if kind == "roc" else "Precision and recall",
            xlim=(-0.01, 1.01),
            ylim=(-0.01, 1.02),
        )
        axes.set(
            xlabel="false positive rate" if kind == "roc" else "recall",
            ylabel="true positive rate (recall)" if kind == "roc" else "precision",
        )
        if len(classes) > 3:
            axes.get_legend().remove()
            axes.figure.legend(fontsize=7, frameon=False, loc="outside right center")
        else:
            axes.legend(fontsize=8, frameon=False)

    return draw


def calibration(y: np.ndarray, scores: np.ndarray, labels: tuple[str, ...]):
    """Predicted probability against the observed share, in ten bins of equal count."""

    def draw(axes):
        from sklearn.calibration import calibration_curve

        if len(labels) == 2:
            truth = y
            said = scores[:, 1]
            what = labels[1]
        else:
            truth = scores.argmax(axis=1) == y
            said = scores.max(axis=1)
            what = "the most probable class"
        observed, predicted = calibration_curve(truth, said, n_bins=10, strategy="quantile")
        axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", label="perfect")
        axes.plot(predicted, observed, "o-", color=BLUE, label="int8, test rows")
        top = max(predicted.max(), observed.max()) * 1.1
        axes.set(
            xlabel=f"predicted probability of {drawable(what, 30)}",
            ylabel="observed share",
            title="Calibration",
            xlim=(0, min(top, 1)),
            ylim=(0, min(top, 1)),
        )
        axes.legend(fontsize=8, frameon=False)

    return draw
