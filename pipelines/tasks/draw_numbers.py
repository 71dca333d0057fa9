"""Pictures of real numbers: predicted against true, and residuals."""

import numpy as np

from ..report.figures import BLUE, GREY, drawable


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
