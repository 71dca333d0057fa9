"""What watching a training recorded, and the faults that it shows: each with its layer, what was
seen and what to try.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

# Gradients of one layer are that many times larger than those of another one in the same net: depth
# alone multiplies them (Glorot and Bengio 2010, https://proceedings.mlr.press/v9/glorot10a.html).
MOST_TIMES = 1e4
# A step as large as the weights themselves; a thousandth is usual.
MOST_UPDATE = 1.0
# Of a layer's units, that answer zero to every row; or of its values, in the flat ends.
MOST_DEAD = 0.9
MOST_SATURATED = 0.5

VANISHING = "vanishing gradient"
EXPLODING = "exploding gradient"
LARGE_STEP = "step too large"
DEAD = "dead layer"
SATURATED = "saturated layer"

_TRY = {
    VANISHING: "an initializer that keeps the spread (--set build.layers.initializer=HeNormal for "
    "ReLU, GlorotUniform else), another activation (build.layers.activation=relu), normalization "
    "or skip connections (build.normalization=True, build.residual=True), fewer layers",
    EXPLODING: "an initializer that keeps the spread (--set build.layers.initializer=HeNormal for "
    "ReLU, GlorotUniform else), normalization (build.normalization=True), clipping "
    "(--set 'training.clip=ClipByGlobalNorm()')",
    LARGE_STEP: "a lower rate (`find-rate` suggests one; --set training.optimizer.learning_rate="
    "...), clipping (--set 'training.clip=ClipByGlobalNorm()'), a warm-up (--set "
    "'training.schedule=Cosine(warmup_epochs=1)')",
    DEAD: "a lower rate, an activation with a slope below zero (--set "
    "build.layers.activation=leaky_relu), normalization in front of it (build.normalization=True), "
    "--set build.layers.initializer=HeNormal",
    SATURATED: "an initializer of a smaller spread (--set build.layers.initializer=GlorotUniform), "
    "normalization in front of it (build.normalization=True), ReLU "
    "(--set build.layers.activation=relu), a lower rate",
}


@dataclass(frozen=True)
class Fault:
    """What ails a layer.

    Attributes:
        kind: One of the constants of this module.
        layer: Its name.
        seen: What was measured, and after which epoch.
    """

    kind: str
    layer: str
    seen: str

    @property
    def advice(self) -> str:
        """What to try."""
        return _TRY[self.kind]

    @property
    def words(self) -> str:
        """All of it in a sentence without its full stop."""
        return f"{self.kind}, {self.layer}: {self.seen}. Try {self.advice}"


@dataclass
class WatchRecord:
    """What was measured of each layer, before the first epoch and after later ones.

    Attributes:
        layers: Names of the layers with a kernel or a table, inputs first.
        hidden: Names of the layers with an activation that can die or saturate, inputs first.
        epochs: After how many epochs each line was measured; 0 is before training.
        gradients: Euclidean norms of the loss' gradients, [lines, layers].
        weights: Euclidean norms of the weights, [lines, layers].
        updates: Norm of the first step of the epoch / norm of the weights, [lines, layers]; NaN
            before the first.
        dead: Share of units that answer zero to all rows, [lines, hidden]; NaN for an activation
            that cannot die.
        saturated: Share of values in the flat ends, [lines, hidden]; NaN where there are none.
        num_rows: Training rows that gradients and activations were measured on.
    """

    layers: list[str]
    hidden: list[str]
    epochs: list[int] = field(default_factory=list)
    gradients: list[list[float]] = field(default_factory=list)
    weights: list[list[float]] = field(default_factory=list)
    updates: list[list[float]] = field(default_factory=list)
    dead: list[list[float]] = field(default_factory=list)
    saturated: list[list[float]] = field(default_factory=list)
    num_rows: int = 0

    def faults(self) -> list[Fault]:
        """Returns the faults that the last measurements show, the worst layer of each kind."""
        found: Iterable[Fault | None] = (
            self._large_step(),
            self._dead(),
            self._saturated(),
            self._unequal(),
        )
        return [each for each in found if each is not None]

    def largest_update(self) -> tuple[str, float] | None:
        """Returns the layer whose last measured step was largest beyond its weights, and the share;
        None if no step was measured.
        """
        for line in reversed(self.updates):
            place, share = _worst([line])
            if math.isfinite(share):
                return self.layers[place], share
        return None

    def to_json(self) -> dict[str, Any]:
        """Returns all of it as values of JSON, faults in words included."""
        return {**vars(self), "faults": [each.words for each in self.faults()]}

    def _large_step(self):
        """The largest step of all that were measured: later weights are as large as it."""
        worst = 0.0
        where = ("", 0)
        for epoch, line in zip(
            self.epochs,
            self.updates,
            strict=True,
        ):
            place, share = _worst([line])
            if share > worst:
                worst = share
                where = (self.layers[place], epoch)
        if worst < MOST_UPDATE:
            return None
        layer, epoch = where
        seen = f"one step changed its weights by {worst:.2g} times their own norm in epoch {epoch}"
        return Fault(
            LARGE_STEP,
            layer,
            seen,
        )

    def _dead(self):
        place, share = _worst(self.dead)
        if not share >= MOST_DEAD:
            return None
        when = _after(self.epochs[-1])
        seen = (
            f"{share:.0%} of its units answer zero to all of {self.num_rows} training rows {when}"
        )
        return Fault(
            DEAD,
            self.hidden[place],
            seen,
        )

    def _saturated(self):
        place, share = _worst(self.saturated)
        if not share >= MOST_SATURATED:
            return None
        when = _after(self.epochs[-1])
        seen = f"{share:.0%} of its values lie where the activation is flat {when}"
        return Fault(
            SATURATED,
            self.hidden[place],
            seen,
        )

    def _unequal(self):
        """Gradients that shrink or grow from layer to layer, in the last two measurements: the
        first one alone may be that of a last layer that starts at zero.
        """
        if len(self.gradients) < 2 or _kills_all(self.dead[-1]):
            return None
        line = self.gradients[-1]
        largest = _largest(line)
        smallest = _largest([-each for each in line])
        if smallest is None or largest is None:
            return None
        for each in self.gradients[-2:]:
            if not each[largest] > MOST_TIMES * each[smallest]:
                return None
        if smallest < largest:
            return Fault(
                VANISHING,
                self.layers[smallest],
                self._next_to(smallest, largest),
            )
        return Fault(
            EXPLODING,
            self.layers[largest],
            self._next_to(largest, smallest),
        )

    def _next_to(self, place, other):
        """The last gradients of two layers, in words."""
        line = self.gradients[-1]
        name = self.layers[other]
        when = _after(self.epochs[-1])
        return f"its gradient has norm {line[place]:.1e}, that of {name} {line[other]:.1e} {when}"


def record_of(values: dict[str, Any] | None) -> WatchRecord | None:
    """Returns the record of what `vars` of one gave; None of None."""
    if values is None:
        return None
    return WatchRecord(**values)


def _after(epoch):
    if epoch == 0:
        return "before training"
    return f"after epoch {epoch}"


def _kills_all(line):
    """Whether a layer lets nothing through: gradients below it are zero for that reason."""
    return any(share == 1 for share in line)


def _worst(lines) -> tuple[int, float]:
    """The place and the value of the largest number of the last line; 0 and NaN if there is
    none.
    """
    if not lines:
        return 0, math.nan
    line = lines[-1]
    place = _largest(line)
    if place is None:
        return 0, math.nan
    return place, line[place]


def _largest(line: Sequence[float]) -> int | None:
    """The place of the largest number; None if there is none."""
    known = [place for place, value in enumerate(line) if math.isfinite(value)]
    if not known:
        return None
    return max(known, key=lambda place: line[place])
