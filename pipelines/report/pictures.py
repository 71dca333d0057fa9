"""Pictures of a run, drawn by matplotlib and scikit-learn, as PNG text for one
self-contained page.
"""

import base64
import io

import numpy as np

from .drawable import drawable

MAX_CURVES = 10
MAX_COLUMNS = 40
BLUE = "#2f6db3"
ORANGE = "#d9822b"
GREY = "#8a8f98"


def picture(draw, *, width: float = 5.2, height: float = 3.8) -> str:
    """`draw(axes)` on a fresh figure (inches) as base64 text of a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(
        figsize=(width, height), layout="constrained"
    )  # no pyplot: no global state, no window
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    draw(axes)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110, metadata={"Software": None})
    return base64.b64encode(content.getvalue()).decode("ascii")


def learning_curves(history: dict[str, list[float]], deciding: str):
    """Loss and the deciding metric by epoch."""

    def draw(axes):
        epochs = np.arange(1, len(history["loss"]) + 1)
        axes.plot(
            epochs, history["loss"], marker=".", color=GREY, label="training loss (with dropout)"
        )
        axes.plot(epochs, history["val_loss"], marker=".", color=BLUE, label="validation loss")
        axes.set(
            xlabel="epoch",
            ylabel="loss",
            title=f"Learning curves: loss and {deciding.replace('_', ' ')}",
        )
        other = axes.twinx()
        name = deciding.replace("_", " ")
        other.plot(
            epochs, history[f"val_{deciding}"], marker=".", color=ORANGE, label=f"validation {name}"
        )
        other.set_ylabel(name, color=ORANGE)
        lines = axes.get_lines() + other.get_lines()
        axes.legend(
            lines,
            [line.get_label() for line in lines],
            fontsize=8,
            frameon=False,
            ncols=3,
            loc="upper center",
            bbox_to_anchor=(0.5, -0.16),
            columnspacing=1,
            handlelength=1.2,
        )

    return draw


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


def missing_values(shares: dict[str, float], masks: np.ndarray):
    """What is missing where: rows top to bottom (at most 400, evenly drawn), columns side
    by side.
    """

    def draw(axes):
        names = list(shares)[:MAX_COLUMNS]
        axes.imshow(
            masks[:, : len(names)],
            aspect="auto",
            cmap="Greys",
            interpolation="nearest",
            vmin=0,
            vmax=1,
        )
        axes.set_xticks(
            range(len(names)),
            [f"{drawable(name, 22)}  {shares[name]:.0%}" for name in names],
            rotation=60,
            ha="right",
            fontsize=8,
        )
        axes.set(ylabel="rows", title="Missing values (black), training rows")
        axes.set_yticks([])

    return draw


def predicted_against_true(y: np.ndarray, values: np.ndarray, name: str):
    def draw(axes):
        low = min(y.min(), values.min())
        high = max(y.max(), values.max())
        axes.plot([low, high], [low, high], color=GREY, linestyle=":")
        axes.scatter(y, values, s=12, alpha=0.5, color=BLUE)
        axes.set(
            xlabel=f"true {drawable(name, 40)}",
            ylabel=f"predicted {drawable(name, 40)}",
            title="Predicted against true",
        )

    return draw


def residuals(y: np.ndarray, values: np.ndarray, name: str):
    def draw(axes):
        axes.axhline(0, color=GREY, linestyle=":")
        axes.scatter(values, values - y, s=12, alpha=0.5, color=BLUE)
        axes.set(
            xlabel=f"predicted {drawable(name, 40)}", ylabel="predicted - true", title="Residuals"
        )

    return draw
