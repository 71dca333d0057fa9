"""Faults put into copies of real windows, so that a detector can be judged on unlabelled data."""

from dataclasses import dataclass

import numpy as np

from ..spec import Spec, knob

FAULTS = ("stuck", "spikes", "drift", "scale")
_SIGNS = (-1.0, 1.0)


@dataclass(frozen=True)
class InjectFaults(Spec):
    """Copies a share of the test windows, evenly drawn, and puts one fault into one series of each.

    The kinds follow each other. stuck: from a step of the first half on, the value of that step
    stays. spikes: one to three steps are off by 4 to 8 standard deviations. drift: an error that
    grows to 2 or 3 standard deviations at the newest step. scale: the distance from the mean is 1.5
    to 2.5 times itself. Mean and standard deviation are those of training windows.

    Attributes:
        share: How many copies are made, as a share of the test windows.
        strength: Factor of spikes and drifts.
        seed: Of what is drawn.
    """

    share: float = knob(0.25, 0.001, 1)
    strength: float = knob(1.0, 0.01, 100)
    seed: int = knob(0, 0, 2**31 - 1)

    def places(self, num_rows: int) -> np.ndarray:
        """Returns which windows are copied, in order, int64."""
        num_copies = max(round(num_rows * self.share), 1)
        last = num_rows - 1
        places = np.linspace(0, last, num_copies)
        whole_places = places.astype(np.int64)
        return np.unique(whole_places)

    def kinds(self, num_copies: int) -> np.ndarray:
        """Returns the kind of fault in each copy, in order, text [copies]."""
        kinds = np.array(FAULTS)
        return np.resize(kinds, num_copies)

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
            windows: Series by name, float32 [copies, steps].
            means: The mean of each series in training windows, in its unit.
            spreads: The standard deviation of each series in training windows, in its unit.

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
            sign = random.choice(_SIGNS)  # drawn for every kind, so that all draw alike
            unit = sign * spreads[name] * self.strength
            if kind == "stuck":
                _hold(x, random)
            elif kind == "spikes":
                _add_spikes(x, unit, random)
            elif kind == "drift":
                _add_drift(x, unit, random)
            else:
                _scale(x, means[name], random)
        return spoiled


def _changes(x):
    is_known = ~np.isnan(x)
    known = x[is_known]
    if not len(known):
        return False
    is_different = known != known[0]
    return bool(is_different.any())


def _hold(x, random):
    """Holds the value of a step of the first half until the end, in place."""
    size = len(x)
    is_known = ~np.isnan(x)
    first_known = int(is_known.argmax())
    num_later = random.integers(size // 2 + 1)
    from_step = min(first_known + num_later, size - 1)
    seen = x[: from_step + 1]
    is_seen = is_known[: from_step + 1]
    known = seen[is_seen]
    held = known[-1]
    later = x[from_step:]
    later[is_known[from_step:]] = held


def _add_spikes(x, unit, random):
    """Puts one to three steps off, in place."""
    size = len(x)
    num_spikes = min(random.integers(1, 4), size)
    steps = random.choice(size, num_spikes, replace=False)
    heights = random.uniform(4, 8, num_spikes)
    x[steps] += unit * heights


def _add_drift(x, unit, random):
    """Adds an error that grows until the newest step, in place."""
    size = len(x)
    height = unit * random.uniform(2, 3)
    steps = np.arange(1, size + 1)
    x += height * steps / size


def _scale(x, mean, random):
    """Multiplies the distance from the mean, in place."""
    factor = random.uniform(1.5, 2.5)
    distance = x - mean
    x[:] = mean + distance * factor
