"""The space that is searched if none is given: few knobs a network, those that matter most.

Which they are: the learning rate first of all (Bengio 2012, https://arxiv.org/abs/1206.5533), then
weight decay, dropout and width (Gorishniy et al. 2021, https://arxiv.org/abs/2106.11959, and Yu and
Zhu 2020, https://arxiv.org/abs/2003.05689); of tables the bins of numbers. About six dimensions are
what thirty trials can tell apart. Every dimension holds the recipe's own value, so that the first
trial can be the recipe itself.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any

from ... import tabular, text, timeseries, vision
from ...balance import WeightByClass
from ...errors import RecipeError
from ...recipe import Recipe
from ...settings import written
from ...slots import Network, Step
from ...spec import Spec, knobs_of
from ...steps import EncodeBins, TokenizeWords
from ...tasks import task_of
from .space import Choice, Dimension, Range, Space, has_knob, holder_of, value_of


class UsualDimension(ABC):
    """A dimension that depends on the recipe's own value."""

    @abstractmethod
    def of(self, recipe: Recipe) -> Dimension | None:
        """Returns the dimension, or None if the recipe has no such knob."""


@dataclass(frozen=True)
class Around(UsualDimension):
    """The recipe's own number, divided and multiplied, by the logarithm.

    Attributes:
        knob: its path.
        down: what the least is a part of.
        up: how often the largest holds the own.
    """

    knob: str
    down: float = 8.0
    up: float = 4.0

    def of(self, recipe: Recipe) -> Dimension | None:
        if not has_knob(recipe, self.knob):
            return None
        now = value_of(recipe, self.knob)
        low, high = _limits(recipe, self.knob)
        return Range(self.knob, max(now / self.down, low), min(now * self.up, high), is_log=True)


@dataclass(frozen=True)
class Between(UsualDimension):
    """Numbers between two ends, or farther if the recipe's own lies outside.

    Attributes:
        knob: its path.
        low: the least.
        high: the largest.
        is_log: whether by the logarithm.
    """

    knob: str
    low: float
    high: float
    is_log: bool = False

    def of(self, recipe: Recipe) -> Dimension | None:
        if not has_knob(recipe, self.knob):
            return None
        now = value_of(recipe, self.knob)
        if self.is_log and now <= 0:  # it is switched off, on purpose
            return None
        low = min(self.low, now)
        high = max(self.high, now)
        return Range(self.knob, low, high, self.is_log, isinstance(now, int))


@dataclass(frozen=True)
class Scaled(UsualDimension):
    """The recipe's own whole number, or each of several, times some factors.

    Attributes:
        knob: its path.
        factors: 1 is the recipe's own.
    """

    knob: str
    factors: tuple[float, ...] = (0.5, 1.0, 2.0)

    def of(self, recipe: Recipe) -> Dimension | None:
        if not has_knob(recipe, self.knob):
            return None
        return _choice(self.knob, self.values_of(recipe))

    def values_of(self, recipe: Recipe) -> list[str]:
        """Returns the knob times each factor, within its limits, as a person writes it."""
        now = value_of(recipe, self.knob)
        low, high = _limits(recipe, self.knob)
        values = []
        for factor in self.factors:
            if isinstance(now, tuple):
                value: Any = tuple(_between(round(each * factor), low, high) for each in now)
            else:
                value = _between(round(now * factor), low, high)
            values.append(str(value))
        return values


@dataclass(frozen=True)
class StepKnob(UsualDimension):
    """A knob of one kind of step among `encode`, the recipe's own value first.

    Attributes:
        step: the kind of step.
        knob: its name there.
        values: that are tried.
    """

    step: type[Step]
    knob: str
    values: tuple[float, ...]

    def of(self, recipe: Recipe) -> Dimension | None:
        words = [_in_words(recipe.encode)]
        for value in self.values:
            words.append(_in_words(tuple(self._turned(step, value) for step in recipe.encode)))
        return _choice("encode", words)

    def _turned(self, step, value):
        if isinstance(step, self.step):
            return replace(step, **{self.knob: value})
        return step


@dataclass(frozen=True)
class Balance(UsualDimension):
    """Weights of rare classes: none, half as strong, all the way."""

    def of(self, recipe: Recipe) -> Dimension | None:
        if recipe.build.balancer is not None or not _has_classes(recipe):
            return None
        if "balance" in recipe.build.leaves_empty:
            return None
        values = [None, WeightByClass(strength=0.5), WeightByClass()]
        return _choice("balance", [_in_words(each) for each in (recipe.balance, *values)])


RATE = Around("training.optimizer.learning_rate")
DECAY = Between("training.optimizer.weight_decay", 1e-4, 0.1, is_log=True)
DROPOUT = Between("build.dropout", 0.0, 0.6)
LITTLE_DROPOUT = Between("build.dropout", 0.0, 0.4)
WIDTH = Scaled("build.width")
WIDTHS = Scaled("build.widths")
# A picture's layers cost four times the multiplications at twice the width.
PICTURE_WIDTHS = Scaled("build.widths", (0.75, 1.0, 1.5))
BALANCE = Balance()
BINS = StepKnob(EncodeBins, "num_bins", (16, 32, 64))

_LEARNED = (RATE, DECAY)
_PICTURES = (*_LEARNED, DROPOUT, BALANCE)
_TEXTS = (*_LEARNED, DROPOUT, Between("build.token_dropout", 0.0, 0.5), BALANCE)
_EMBEDDED = (*_TEXTS, Scaled("build.embedding_width"))
_SERIES = (*_LEARNED, LITTLE_DROPOUT)
_WHOLE_SERIES = (*_SERIES, BALANCE)
_DEPTH = Between("build.depth", 2, 6)

USUAL: dict[type[Network], tuple[UsualDimension, ...]] = {
    tabular.Mlp: (*_LEARNED, DROPOUT, WIDTHS, BINS, BALANCE),
    vision.Cnn: (*_PICTURES, PICTURE_WIDTHS),
    vision.ResNet8: (*_PICTURES, WIDTH),
    vision.DsCnn: (*_PICTURES, Scaled("build.width", (0.75, 1.0, 1.5)), _DEPTH),
    vision.MobileNetV1: (*_PICTURES, Between("build.alpha", 0.1, 0.5)),
    vision.EfficientNetLite0: _PICTURES,
    vision.Vit: (*_PICTURES, _DEPTH),
    vision.Transfer: (*_LEARNED, Between("build.head.dropout", 0.0, 0.6), BALANCE),
    text.AveragedEmbeddings: _EMBEDDED,
    text.TextCnn: (*_EMBEDDED, WIDTH),
    text.Lstm: (*_EMBEDDED, WIDTHS),
    text.Gru: (*_EMBEDDED, WIDTHS),
    text.SimpleRnn: (*_EMBEDDED, WIDTHS),
    text.TokenTable: (
        StepKnob(TokenizeWords, "min_count", (1, 2, 3, 5)),
        Between("build.smoothing", 0.1, 10.0, is_log=True),
    ),
    text.TransformerEncoder: (*_TEXTS, _DEPTH),
    timeseries.NLinear: (RATE, DECAY, Between("build.regularizer", 1e-6, 1e-2, is_log=True)),
    timeseries.DLinear: (RATE, DECAY, Scaled("build.kernel")),
    timeseries.SeriesMlp: (*_SERIES, WIDTHS),
    timeseries.NBeats: (*_SERIES, WIDTH, Between("build.num_blocks", 1, 6)),
    timeseries.Tcn: (*_SERIES, WIDTH, _DEPTH),
    timeseries.SeriesLstm: (*_SERIES, WIDTHS),
    timeseries.SeriesGru: (*_SERIES, WIDTHS),
    timeseries.SeriesRnn: (*_SERIES, WIDTHS),
    timeseries.EncoderDecoder: (*_SERIES, WIDTH),
    timeseries.PatchTransformer: (*_SERIES, _DEPTH),
    timeseries.SeriesFcn: (*_WHOLE_SERIES, WIDTHS),
    timeseries.SeriesResNet: (*_WHOLE_SERIES, WIDTHS),
    timeseries.InceptionTime: (*_WHOLE_SERIES, WIDTH, _DEPTH),
    timeseries.MiniRocket: (Scaled("build.num_features"),),
    timeseries.LstmFcn: (*_WHOLE_SERIES, WIDTHS, Scaled("build.units")),
    timeseries.Autoencoder: (*_SERIES, Scaled("build.code"), WIDTHS),
    timeseries.ConvAutoencoder: (*_SERIES, Scaled("build.code"), WIDTHS),
    timeseries.LinearAutoencoder: (RATE, DECAY, Scaled("build.code")),
}
# Of a network that has no line of its own, and learns.
OTHERS = (
    *_LEARNED,
    DROPOUT,
    Between("build.of.dropout", 0.0, 0.6),
    Between("build.net.dropout", 0.0, 0.6),
    BALANCE,
)


def usual_space(recipe: Recipe) -> Space:
    """Returns what is searched of a recipe if its user asks for nothing else.

    Raises:
        RecipeError: nothing of its network is known that would be worth a search.
    """
    usual = USUAL.get(type(recipe.build))
    if usual is None and not recipe.build.solves:
        usual = OTHERS
    if usual is None:
        raise RecipeError(
            f"no space is known for {type(recipe.build).__name__}",
            expected="a network that is trained in epochs, or a space",
            fix="--search 'KNOB=A|B'; `knobs network` lists the knobs",
        )
    found = [each.of(recipe) for each in usual]
    return tuple(each for each in found if each is not None)


def _choice(knob: str, values: list[str]) -> Choice | None:
    """Returns the choice among values that differ, or None if there is but one."""
    distinct = tuple(dict.fromkeys(values))
    if len(distinct) < 2:
        return None
    return Choice(knob, distinct)


def _in_words(value: object) -> str:
    """Returns a spec, or several, as a person writes them for --set."""
    if isinstance(value, Spec):
        return written(value)
    if isinstance(value, tuple):
        words = "".join(f"{_in_words(each)}, " for each in value)
        return f"({words.rstrip()})"
    return repr(value)


def _has_classes(recipe):
    """Whether each row has one class; the source is read if nothing else shows it."""
    known = {task.has_classes for task in recipe.load.sketch().tasks}
    if len(known) == 1:
        return known.pop()
    dataset, _ = recipe.load.read()
    return task_of(dataset.schema.target).has_classes


def _limits(recipe, knob):
    holder = holder_of(recipe, knob)
    known = next(each for each in knobs_of(type(holder)) if each.name == knob.rpartition(".")[2])
    return known.low, known.high


def _between(value, low, high):
    return max(low, min(value, high))
