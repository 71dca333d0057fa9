"""One small net that all steps ahead share: it reads, for each of them, the past at the same time
of the day and the week.
"""

from dataclasses import dataclass, replace

import numpy as np

from ..device.primitives import PackSteps
from ..device.signature import Signature
from ..rows.sketch import DataSketch
from ..spec import Refusal, knob
from ..tasks.seasons import usual_seasons
from .blocks import BY_STEP, past_ports
from .networks import SeriesNet, tiny_widths
from .step_calendar import calendar_port, turned_width, turning_weights

NUM_LAGS = 2  # seasons back, of the shorter one
MOST_AVERAGED = 4  # of the longer one
MOST_TILED = 8  # TFLM's CONCATENATION takes ten inputs
CALENDAR = "calendar_ahead"


@dataclass(frozen=True)
class StepNet(SeriesNet):
    """The same small net for every step ahead. It reads the target one and two days before that
    step, its mean at that time of the week over up to four weeks, the calendar of the step, what is
    known of it beforehand, and a context: the newest steps less their own mean over weeks, and the
    newest values of the other columns. A linear map stands next to it (a local net shared by all
    horizons under a global context: MQ-RNN, Wen et al. 2017, https://arxiv.org/abs/1711.11053).

    Days and weeks are the usual seasons of the frame; one that the window does not hold is left
    out, so that a window of four weeks reads most. With EncodeDate(), FlagGaps(),
    FillGaps(how="season", season=0), ScaleByItself(level=True) and ScaleSeries().

    Attributes:
        widths: Of the layers that all steps ahead share.
        context: Width of the layer over the newest steps.
        recent: How many newest steps the context reads.
        season: Steps of a season that is read as well as the usual ones; 0: these alone.
    """

    dropout: float = knob(0.0, 0, 0.95)
    widths: tuple[int, ...] = knob((64, 64), 1, 4096)
    context: int = knob(32, 1, 4096)
    recent: int = knob(24, 1, 10_000, unit="steps")
    season: int = knob(0, 0, 100_000, unit="steps")
    activation: str = "relu"

    def suits(self, sketch: DataSketch) -> str:
        """Returns why there are no columns to read or no steps to forecast, or ""."""
        if sketch.may_be(lambda task: task.looks_ahead):
            return super().suits(sketch)
        return Refusal(
            "StepNet without steps to forecast",
            expected="a forecast",
            fix="--set 'build=SeriesMlp()'",
        )

    def tiny(self) -> "StepNet":
        widths = tiny_widths(self.widths)
        return replace(
            self,
            widths=widths,
            context=8,
        )

    def build(self, signature: Signature, *, seed: int = 0, synchronized: bool = False):
        """Builds the net, uncompiled; see `SeriesNet.build`."""
        model = super().build(signature, seed=seed, synchronized=synchronized)
        for place in range(self.num_members):
            turn = model.get_layer(f"member{place}_{CALENDAR}")
            num_read = turn.input.shape[1]
            weights = turning_weights(signature, num_read)
            turn.set_weights(weights)
            head = model.get_layer(f"member{place}_logits")
            num_features = head.input.shape[1]
            weights = _first_head(signature, num_features)
            head.set_weights(weights)
        return model

    def _features(self, x, blocks, name):
        import keras

        past = _Past(
            self,
            x,
            blocks,
            name,
        )
        recent = past.recent()
        newest = blocks.newest(x, f"{name}_past")
        hidden = self._context(past, recent, newest, blocks, name)
        ahead = past.ahead()
        shared = []
        if ahead is not None:
            read_ahead = blocks.dense(
                ahead,
                self.widths[0],
                name=f"{name}_ahead",
            )
            shared.append(read_ahead)
        calendar = _calendar(newest, blocks, name)
        read_calendar = blocks.dense(
            calendar,
            self.widths[0],
            name=f"{name}_calendar_in",
        )
        shared.append(read_calendar)
        shared.append(hidden)
        add = keras.layers.Add(name=f"{name}_shared")
        x = add(shared)
        x = blocks.activate(x, f"{name}_shared0")
        deeper_widths = self.widths[1:]
        for depth, width in enumerate(deeper_widths, start=1):
            layer = f"{name}_shared{depth}"
            x = blocks.dense(x, width, name=layer)
            x = blocks.activate(x, layer)
        answers = self._answers(x, ahead, blocks, name)
        flatten = keras.layers.Flatten(name=f"{name}_answers_flat")
        flat_answers = flatten(answers)
        return blocks.joined([flat_answers, recent], name)

    def _answers(self, x, ahead, blocks, name):
        """Returns what each step ahead comes to, [rows, horizon, quantiles]: of its hidden values
        and, by a linear map, of what is read of it.
        """
        import keras

        num_quantiles = _num_quantiles(blocks.signature)
        answers = blocks.dense(x, num_quantiles, name=f"{name}_answers")
        if ahead is None:
            return answers
        # A sum rather than one layer of both: side by side they would share an int8 scale.
        linear = blocks.dense(ahead, num_quantiles, name=f"{name}_linear")
        add = keras.layers.Add(name=f"{name}_with_linear")
        return add([answers, linear])

    def _context(self, past, recent, newest, blocks, name):
        """Returns what all steps ahead share, [rows, 1, width]."""
        import keras

        layer = f"{name}_context"
        width = self.widths[0]
        anomaly = past.recent_anomaly(recent)
        parts = [anomaly, newest]
        parts += blocks.other_inputs(blocks.inputs)
        x = blocks.joined(parts, layer)
        x = blocks.dense(x, self.context, name=layer)
        x = blocks.activate(x, layer)
        x = blocks.dense(
            x,
            width,
            name=f"{layer}_out",
        )
        reshape = keras.layers.Reshape((1, width), name=f"{layer}_step")
        return reshape(x)


class _Past:
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
        lags = []
        for number in range(1, num_lags + 1):
            lag = self._season_before(
                self.short,
                number,
                "short",
            )
            lags.append(lag)
        return lags

    def _means(self):
        """Returns the mean over long seasons, if it is not read already."""
        if not self.long:
            return []
        num_held = self.num_steps // self.long
        num_averaged = min(MOST_AVERAGED, num_held)
        if num_averaged == 1 and self.long == self.short:
            return []
        seasons = []
        for number in range(1, num_averaged + 1):
            season = self._season_before(
                self.long,
                number,
                "long",
            )
            seasons.append(season)
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


def _calendar(newest, blocks, name):
    """Returns the calendar of each step ahead, [rows, horizon, width]."""
    import keras

    layers = keras.layers
    horizon = blocks.horizon()
    width = turned_width(blocks.signature)
    port = calendar_port(blocks.signature)
    # Without a calendar the layer names the steps alone: its kernel is 0.
    read = newest
    if port is not None:
        read = blocks.inputs[port.name]
    layer = f"{name}_{CALENDAR}"
    turn = layers.Dense(
        horizon * width,
        trainable=False,
        name=layer,
    )
    turned = turn(read)
    reshape = layers.Reshape(
        (horizon, width),
        name=f"{layer}_steps",
    )
    return reshape(turned)


def _num_quantiles(signature):
    return max(len(signature.target.quantiles), 1)


def _first_head(signature, num_features):
    """Returns the head that training starts from: each answer of the shared net, in the unit of the
    series, in the unit of its step, which grows with the distance.
    """
    (num_outputs,) = signature.output.shape
    num_quantiles = _num_quantiles(signature)
    factors = np.array(signature.target.step_factors)
    gains = factors.mean() / factors
    gains_of_outputs = np.repeat(gains, num_quantiles)
    kernel = np.zeros((num_features, num_outputs), np.float32)
    answers = kernel[:num_outputs]
    np.fill_diagonal(answers, gains_of_outputs)
    bias = np.zeros(num_outputs, np.float32)
    return [kernel, bias]
