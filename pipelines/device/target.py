"""What is predicted, in plain numbers and words."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Target:
    """What is predicted: its name, the task, the labels in the order of the outputs, and for real
    numbers, one or several, the affine map from the model's output to the target's own unit (value
    = output * factor + offset).

    A forecast has outputs step after step, of each step one value or one a quantile of `quantiles`,
    each step with its own affine map (`step_offsets`, `step_factors`), because steps far ahead vary
    more; where `base` and `spread` name columns of the prepared row, values are in the row's own
    scale: value * spread + base. `mase_scale`: what the mean absolute error is divided by for MASE,
    the seasonal naive's error on the steps before the test (Hyndman and Koehler 2006,
    https://doi.org/10.1016/j.ijforecast.2006.03.001); 0.0 where there is none. Of anomalies `base`
    is the input that the outputs give back, [steps, channels] as it lies in memory. `separator`:
    of several labels a row, what the labels of an answer are joined with; it stands in none of
    them.
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

    def middle(self) -> int:
        """The place of the quantile nearest to the median: what a forecast gives if it may give one
        value.
        """
        if self.quantiles:
            return int(np.argmin(np.abs(np.asarray(self.quantiles) - 0.5)))
        return 0
