"""What a net that all steps ahead share reads of the past: the window of the target, cut at
seasons.
"""

from ..device.primitives import PackSteps
from ..tasks.seasons import MOST_AVERAGED, usual_seasons
from .blocks import BY_STEP, past_ports

NUM_LAGS = 2  # seasons back, of the shorter one
MOST_TILED = 8  # TFLM's CONCATENATION takes ten inputs


class StepPast:
    """The target's window, cut at seasons.

    Cuts are flat, [rows, steps * channels]: of one channel the converter stops at sums of cuts
    [rows, steps, 1].

    Attributes:
        net: Its knobs.
        horizon: How many steps are ahead.
        num_steps: Of the window.
        num_channels: 1, the target's values; 2 with the marks of its gaps.
        short: The shortest season that the window holds, 0 for none.
        long: The longest one.
    """

    def __init__(self, net, x, blocks, name):
        import keras

        self.net = net
        self.blocks = blocks
        self.name = name
        self.horizon = blocks.horizon()
        self.num_steps = x.shape[1]
        target = self._target(x)
        self.num_channels = target.shape[2]
        flatten = keras.layers.Flatten(name=f"{name}_target_flat")
        self._flat = flatten(target)
        self.short, self.long = self._seasons()

    def _target(self, x):
        signature = self.blocks.signature
        target = signature.target.name
        names = _channel_names(signature)
        parts = []
        for wanted in (target, f"{target} is missing"):
            if wanted not in names:
                continue
            place = names.index(wanted)
            parts.append(x[:, :, place : place + 1])
        if not parts:
            return x
        return self.blocks.joined(parts, f"{self.name}_target")

    def _seasons(self):
        frame = self.blocks.signature.windows()
        seasons = list(usual_seasons(frame))
        if self.net.season:
            seasons.append(self.net.season)
        seasons.sort()
        held = list(filter(self._holds, seasons))
        if not held:
            return 0, 0
        return held[0], held[-1]

    def _holds(self, season):
        if season > self.num_steps:
            return False
        return self.horizon <= MOST_TILED * season

    def _cut(self, start, num_steps):
        """Returns steps of the window, flat."""
        first = start * self.num_channels
        num_values = num_steps * self.num_channels
        last = first + num_values
        return self._flat[:, first:last]

    def _season_before(self, season, number, name):
        """Returns the steps a number of seasons before those ahead, flat; of a horizon beyond a
        season the same ones again and again.
        """
        start = self.num_steps - number * season
        num_steps = min(season, self.horizon)
        block = self._cut(start, num_steps)
        num_blocks = -(-self.horizon // season)
        if num_blocks == 1:
            return block
        blocks = [block] * num_blocks
        tiled = self.blocks.joined(blocks, f"{self.name}_{name}{number}")
        last = self.horizon * self.num_channels
        return tiled[:, :last]

    def _seasons_before(self, season, most, name):
        """Returns the steps one season before those ahead, two, and so on up to `most`."""
        return [self._season_before(season, number, name) for number in range(1, most + 1)]

    def ahead(self):
        """Returns what is read of each step ahead, [rows, horizon, channels], or None."""
        parts = []
        cuts = self._lags() + self._means()
        for place, cut in enumerate(cuts):
            steps = self._by_step(cut, f"{self.name}_read{place}")
            parts.append(steps)
        parts += _known_ahead(self.blocks)
        if not parts:
            return None
        return self.blocks.joined(parts, f"{self.name}_known")

    def _lags(self):
        """Returns what lies one season before and two, of the short one."""
        if not self.short:
            return []
        num_held = self.num_steps // self.short
        num_lags = min(NUM_LAGS, num_held)
        return self._seasons_before(self.short, num_lags, "short")

    def _means(self):
        """Returns the mean over long seasons, if it is not read already."""
        if not self.long:
            return []
        num_held = self.num_steps // self.long
        num_averaged = min(MOST_AVERAGED, num_held)
        if num_averaged == 1 and self.long == self.short:
            return []
        seasons = self._seasons_before(self.long, num_averaged, "long")
        mean = self._average(seasons, f"{self.name}_long_mean")
        return [mean]

    def _average(self, parts, name):
        """Returns the mean of flat cuts. It is pooled: a sum of int8 values would be rounded to a
        scale of all of them, the pool's mean is rounded once.
        """
        import keras

        if len(parts) == 1:
            return parts[0]
        (width,) = parts[0].shape[1:]
        stack = keras.layers.Reshape((len(parts), width), name=f"{name}_parts")
        pool = keras.layers.AveragePooling1D(len(parts), name=name)
        flatten = keras.layers.Flatten(name=f"{name}_flat")
        return flatten(pool(stack(self.blocks.joined(parts, name))))

    def _by_step(self, cut, name):
        import keras

        shape = (self.horizon, self.num_channels)
        reshape = keras.layers.Reshape(shape, name=name)
        return reshape(cut)

    def num_recent(self):
        """Returns how many newest steps are read."""
        return min(self.net.recent, self.num_steps)

    def recent(self):
        """Returns the newest steps, flat."""
        num_recent = self.num_recent()
        start = self.num_steps - num_recent
        return self._cut(start, num_recent)

    def recent_anomaly(self, recent):
        """Returns the newest steps less their mean over seasons; as they are, if the window holds
        none before them.
        """
        import keras

        num_recent = self.num_recent()
        first = self.num_steps - num_recent
        if not self.long or first < self.long:
            return recent
        num_held = first // self.long
        num_averaged = min(MOST_AVERAGED, num_held)
        seasons = []
        for number in range(1, num_averaged + 1):
            start = first - number * self.long
            season = self._cut(start, num_recent)
            seasons.append(season)
        mean = self._average(seasons, f"{self.name}_recent_mean")
        subtract = keras.layers.Subtract(name=f"{self.name}_recent_anomaly")
        return subtract([recent, mean])


def _channel_names(signature):
    """Returns the columns of the joined past ports, in order."""
    columns_of = {}
    for primitive in signature.primitives:
        if isinstance(primitive, PackSteps):
            columns_of[primitive.into] = primitive.columns
    names = []
    for port in past_ports(signature):
        columns = columns_of[port.name]
        names += columns
    return names


def _known_ahead(blocks):
    """Returns the inputs of what is known beforehand, each [rows, horizon, channels]."""
    past = past_ports(blocks.signature)
    known = []
    for port in blocks.signature.inputs:
        if port.unit in BY_STEP and port not in past:
            value = blocks.inputs[port.name]
            known.append(value)
    return known
