"""Faults put into copies of real windows, so that a detector can be judged where nobody labelled
anything.
"""

from dataclasses import dataclass

import numpy as np

from ..spec import Spec, knob

FAULTS = ("stuck", "spikes", "drift", "scale")


@dataclass(frozen=True)
class InjectFaults(Spec):
    """Copies of a `share` of the test windows, evenly drawn, each with one fault in one of its
    series, kind after kind:

    stuck: from a step of the first half on the value of that step stays; spikes: one to three steps
    are off by 4 to 8 standard deviations; drift: an error that grows to 2 or 3 of them at the
    newest step; scale: the distance from the training mean is 1.5 to 2.5 times itself. `strength`
    multiplies spikes and drifts. Mean and standard deviation are those of training windows.
    """

    share: float = knob(0.25, 0.001, 1)
    strength: float = knob(1.0, 0.01, 100)
    seed: int = knob(0, 0, 2**31 - 1)

    def places(self, num_rows: int) -> np.ndarray:
        """int64: which windows are copied, in order."""
        return np.unique(
            np.linspace(0, num_rows - 1, max(round(num_rows * self.share), 1)).astype(np.int64)
        )

    def kinds(self, num_copies: int) -> np.ndarray:
        """Text [copies]: the kind of fault in each copy, in order."""
        return np.resize(np.array(FAULTS), num_copies)

    def spoil(
        self, windows: dict[str, np.ndarray], means: dict[str, float], spreads: dict[str, float]
    ) -> dict[str, np.ndarray]:
        """Series float32 [copies, steps] by name → the same with one fault a row; missing steps
        stay missing, and a series that is all the same in a row, in which a stuck sensor would be
        no fault, is left alone.
        """
        random = np.random.default_rng(self.seed)
        names = [name for name in windows if spreads[name] > 0]
        spoiled = {name: x.copy() for name, x in windows.items()}
        num_copies = len(next(iter(windows.values())))
        for row, kind in enumerate(self.kinds(num_copies)):
            known = [windows[name][row][~np.isnan(windows[name][row])] for name in names]
            changing = [
                name for name, x in zip(names, known, strict=True) if len(x) and np.any(x != x[0])
            ]
            if changing:
                name = changing[random.integers(len(changing))]
                self._spoil(spoiled[name][row], kind, means[name], spreads[name], random)
        return spoiled

    def _spoil(self, x, kind, mean, spread, random):
        """Changes one series in place."""
        size = len(x)
        sign = random.choice([-1.0, 1.0])
        if kind == "stuck":
            from_step = min(
                int(np.flatnonzero(~np.isnan(x))[0]) + random.integers(size // 2 + 1), size - 1
            )
            seen = x[: from_step + 1]
            x[from_step:] = np.where(np.isnan(x[from_step:]), np.nan, seen[~np.isnan(seen)][-1])
        elif kind == "spikes":
            steps = random.choice(size, min(random.integers(1, 4), size), replace=False)
            x[steps] += sign * spread * self.strength * random.uniform(4, 8, len(steps))
        elif kind == "drift":
            x += (
                sign * spread * self.strength * random.uniform(2, 3) * np.arange(1, size + 1) / size
            )
        else:
            x[:] = mean + (x - mean) * random.uniform(1.5, 2.5)
