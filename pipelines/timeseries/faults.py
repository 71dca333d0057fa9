"""Faults put into copies of real windows, so that a detector can be judged on unlabelled data."""

from dataclasses import dataclass

import numpy as np

from ..spec import Spec, knob

FAULTS = ("stuck", "spikes", "drift", "scale")


@dataclass(frozen=True)
class InjectFaults(Spec):
    """Copies a share of the test windows, evenly drawn, and puts one fault into one series of each.

    The kinds follow each other. stuck: from a step of the first half on, the value of that step
    stays. spikes: one to three steps are off by 4 to 8 standard deviations. drift: an error that
    grows to 2 or 3 standard deviations at the newest step. scale: the distance from the mean is 1.5
    to 2.5 times itself. Mean and standard deviation are those of training windows.

    Attributes:
        share: copies, as a share of the test windows.
        strength: factor of spikes and drifts.
        seed: of what is drawn.
    """

    share: float = knob(0.25, 0.001, 1)
    strength: float = knob(1.0, 0.01, 100)
    seed: int = knob(0, 0, 2**31 - 1)

    def places(self, num_rows: int) -> np.ndarray:
        """Returns which windows are copied, in order, int64."""
        num_copies = max(round(num_rows * self.share), 1)
        places = np.linspace(0, num_rows - 1, num_copies)
        return np.unique(places.astype(np.int64))

    def kinds(self, num_copies: int) -> np.ndarray:
        """Returns the kind of fault in each copy, in order, text [copies]."""
        return np.resize(np.array(FAULTS), num_copies)

    def spoil(
        self,
        windows: dict[str, np.ndarray],
        means: dict[str, float],
        spreads: dict[str, float],
    ) -> dict[str, np.ndarray]:
        """Puts one fault into each row of copied windows.

        Missing steps stay missing. A series that is all the same in a row, in which a stuck sensor
        would be no fault, is left alone.

        Args:
            windows: series by name, float32 [copies, steps].
            means: the mean of each series in training windows, in its unit.
            spreads: the standard deviation of each series in training windows.

        Returns:
            The same series with their faults, float32 [copies, steps] by name.
        """
        random = np.random.default_rng(self.seed)
        names = [name for name in windows if spreads[name] > 0]
        spoiled = {name: x.copy() for name, x in windows.items()}
        num_copies = len(next(iter(windows.values())))
        for row, kind in enumerate(self.kinds(num_copies)):
            changing = [name for name in names if _changes(windows[name][row])]
            if not changing:
                continue
            name = changing[random.integers(len(changing))]
            x = spoiled[name][row]
            if kind == "scale":
                x[:] = means[name] + (x - means[name]) * self._factor(random)
            else:
                self._spoil(x, kind, spreads[name], random)
        return spoiled

    def _factor(self, random):
        random.choice([-1.0, 1.0])  # as the other kinds draw a sign
        return random.uniform(1.5, 2.5)

    def _spoil(self, x, kind, spread, random):
        """Changes one series in place."""
        sign = random.choice([-1.0, 1.0])
        if kind == "stuck":
            _hold(x, random)
            return
        size = len(x)
        unit = sign * spread * self.strength
        if kind == "spikes":
            num_spikes = min(random.integers(1, 4), size)
            steps = random.choice(size, num_spikes, replace=False)
            x[steps] += unit * random.uniform(4, 8, num_spikes)
            return
        x += unit * random.uniform(2, 3) * np.arange(1, size + 1) / size


def _changes(x):
    known = x[~np.isnan(x)]
    return len(known) > 0 and bool(np.any(known != known[0]))


def _hold(x, random):
    """Holds the value of a step of the first half until the end."""
    size = len(x)
    first_known = int(np.flatnonzero(~np.isnan(x))[0])
    from_step = min(first_known + random.integers(size // 2 + 1), size - 1)
    seen = x[: from_step + 1]
    held = seen[~np.isnan(seen)][-1]
    later = x[from_step:]
    x[from_step:] = np.where(np.isnan(later), np.nan, held)
