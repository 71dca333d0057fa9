"""What is predicted, in plain numbers and words."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Target:
    """What is predicted.

    A forecast has outputs step after step, of each step one value or one a quantile. Each step has
    an affine map of its own, because steps far ahead vary more.

    Attributes:
        name: Of the column.
        task: The name of a task.
        labels: In the order of the outputs.
        offset: Of real numbers, one or several: value = output * factor + offset, in the target's
            own unit.
        factor: Of the same map.
        quantiles: Of a forecast, the levels, rising.
        step_offsets: Of a forecast, the offset of each step.
        step_factors: Of a forecast, the factor of each step.
        base: Of a forecast in the row's own scale, the column of the prepared row that is added:
            value * spread + base. Of anomalies, the input that the outputs give back, [steps,
            channels] as it lies in memory.
        spread: Of the same forecast, the column that is multiplied by.
        mase_scale: What the mean absolute error is divided by for MASE: the seasonal naive's error
            on the steps before the test (Hyndman and Koehler 2006,
            https://doi.org/10.1016/j.ijforecast.2006.03.001); 0.0 if there is none.
        separator: Of several labels a row, what the labels of an answer are joined with; no label
            contains it.
        embedding: Of prototypes, how many numbers the embedding of a row has; 0 of other tasks.
        characters: Of texts that are spelled, the characters, in the order of the outputs.
        positions: Of the same texts, how many characters they have at most; 0 of other tasks.
        beam: Of texts that are spelled a character a call, how many beginnings the search keeps; 0
            where all characters are answered at once, and of other tasks.
    """

    name: str
    task: str
    labels: tuple[str, ...] = ()
    offset: float = 0.0
    factor: float = 1.0
    quantiles: tuple[float, ...] = ()
    step_offsets: tuple[float, ...] = ()
    step_factors: tuple[float, ...] = ()
    base: str = ""
    spread: str = ""
    mase_scale: float = 0.0
    separator: str = ""
    embedding: int = 0
    characters: str = ""
    positions: int = 0
    beam: int = 0

    def middle(self) -> int:
        """Returns the place of the quantile nearest to the median.

        It is what a forecast gives if it may give one value.
        """
        if not self.quantiles:
            return 0
        levels = np.asarray(self.quantiles)
        distances = np.abs(levels - 0.5)
        return int(distances.argmin())
