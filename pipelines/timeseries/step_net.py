"""One small net that all steps ahead share: it reads, for each of them, the past at the same time
of the day and the week.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ..device.signature import Signature
from ..rows.sketch import DataSketch
from ..spec import Refusal, knob
from .networks import SeriesNet, tiny_widths
from .step_calendar import calendar_port, turned_width, turning_weights
from .step_past import StepPast

CALENDAR = "calendar_ahead"
NUM_ANSWERS = 2  # a step and quantile has, each rounded on its own in int8; the head averages


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

    # One step of an int8 output would be as large as most errors at quiet hours.
    staggers_outputs: ClassVar[bool] = True
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
        turn = model.get_layer(CALENDAR)
        num_read = turn.input.shape[1]
        weights = turning_weights(signature, num_read)
        turn.set_weights(weights)
        for place in range(self.num_members):
            linear = model.get_layer(f"member{place}_recent_linear")
            nothing = [np.zeros_like(weight) for weight in linear.get_weights()]
            linear.set_weights(nothing)
            head = model.get_layer(f"member{place}_logits")
            num_features = head.input.shape[1]
            weights = _first_head(signature, num_features)
            head.set_weights(weights)
        return model

    def _features(self, x, blocks, name):
        import keras

        past = StepPast(
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
        calendar = blocks.once(CALENDAR, lambda: _calendar(newest, blocks))
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
        linear_answers = self._linear_answers(recent, blocks, name)
        return blocks.joined([flat_answers, linear_answers], name)

    def _member(self, features, blocks, name):
        # The context has read what else there is: next to answers it would share their scale.
        return features

    def _linear_answers(self, recent, blocks, name):
        """Returns a linear map of the newest steps, [rows, horizon * quantiles]."""
        num_outputs = blocks.horizon() * _num_quantiles(blocks.signature)
        return blocks.dense(
            recent,
            num_outputs,
            name=f"{name}_recent_linear",
        )

    def _answers(self, x, ahead, blocks, name):
        """Returns what each step ahead comes to, [rows, horizon, quantiles * NUM_ANSWERS]: of its
        hidden values and, by a linear map, of what is read of it.
        """
        import keras

        num_answers = NUM_ANSWERS * _num_quantiles(blocks.signature)
        answers = blocks.dense(x, num_answers, name=f"{name}_answers")
        if ahead is None:
            return answers
        # A sum rather than one layer of both: side by side they would share an int8 scale.
        linear = blocks.dense(ahead, num_answers, name=f"{name}_linear")
        add = keras.layers.Add(name=f"{name}_with_linear")
        return add([answers, linear])

    def _context(self, past, recent, newest, blocks, name):
        """Returns what all steps ahead share, [rows, 1, width]."""
        import keras

        layer = f"{name}_context"
        width = self.widths[0]
        anomaly = past.recent_anomaly(recent)
        parts = [anomaly, newest]
        parts += blocks.other_inputs()
        x = self._sum_of_maps(parts, blocks, layer)
        x = blocks.activate(x, layer)
        x = blocks.dense(
            x,
            width,
            name=f"{layer}_out",
        )
        reshape = keras.layers.Reshape((1, width), name=f"{layer}_step")
        return reshape(x)

    def _sum_of_maps(self, parts, blocks, name):
        """Returns the sum of a linear map of each part, [rows, context]. One map of all of them
        together would give them one int8 scale: that of outliers to the hour of the day.
        """
        import keras

        maps = []
        for place, part in enumerate(parts):
            layer = f"{name}_map{place}"
            mapped = blocks.dense(part, self.context, name=layer)
            maps.append(mapped)
        add = keras.layers.Add(name=name)
        return add(maps)


def _calendar(newest, blocks):
    """Returns the calendar of each step ahead, [rows, horizon, width], which all members read."""
    import keras

    layers = keras.layers
    horizon = blocks.horizon()
    width = turned_width(blocks.signature)
    port = calendar_port(blocks.signature)
    # Without a calendar the layer names the steps alone: its kernel is 0.
    read = newest
    if port is not None:
        read = blocks.inputs[port.name]
    turn = layers.Dense(
        horizon * width,
        trainable=False,
        name=CALENDAR,
    )
    turned = turn(read)
    reshape = layers.Reshape(
        (horizon, width),
        name=f"{CALENDAR}_steps",
    )
    return reshape(turned)


def _num_quantiles(signature):
    return max(len(signature.target.quantiles), 1)


def _first_head(signature, num_features):
    """Returns the head that training starts from: the mean of a step's answers, which are in the
    unit of the series, and a linear map of the newest steps, in the unit of the step, which grows
    with the distance.
    """
    (num_outputs,) = signature.output.shape
    num_quantiles = _num_quantiles(signature)
    factors = np.array(signature.target.step_factors)
    gains = factors.mean() / factors
    gains_of_outputs = np.repeat(gains, num_quantiles)
    own_answers = np.diag(gains_of_outputs / NUM_ANSWERS)
    kernel = np.zeros((num_features, num_outputs), np.float32)
    num_answers = NUM_ANSWERS * num_outputs
    kernel[:num_answers] = np.repeat(own_answers, NUM_ANSWERS, axis=0)
    kernel[num_answers:] = np.diag(gains_of_outputs)
    bias = np.zeros(num_outputs, np.float32)
    return [kernel, bias]
