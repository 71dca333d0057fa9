"""What all ensembles share: members that learn one after the other, and one model of them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from ...device.signature import Signature
from ...errors import RecipeError
from ...rows.parts import HeldOut
from ...rows.sketch import DataSketch
from ...settings import written
from ...slots import Layers, Network
from ..feed import TrainFeed
from ..layers import built_with_layers
from ..members import average_members
from ..training import Training
from .composite import put_member, side_by_side
from .member_training import FittedMember, MemberTraining, fitted_member, member_seed


@dataclass(frozen=True)
class Ensemble(Network):
    """Several nets that are trained one after the other, and ship as one model.

    The heads of all members become one dense layer over all their features, with what each member
    counts in its weights: one rounding in int8, as of a single net (see `training.members`).

    Attributes:
        of: The net of every member; or several, which take turns.
        refused_slots: Slots of a recipe that alter what the members need as it is.
    """

    of: Network | tuple[Network, ...]

    fits_members: ClassVar[bool] = True
    refused_slots: ClassVar[tuple[str, ...]] = ()

    @property
    def kinds(self) -> tuple[Network, ...]:
        """The nets that take turns."""
        if isinstance(self.of, tuple):
            return self.of
        return (self.of,)

    @property
    @abstractmethod
    def size(self) -> int:
        """How many members there are."""

    @property
    def members(self) -> tuple[Network, ...]:
        """The net of each member."""
        return tuple(self.kinds[place % len(self.kinds)] for place in range(self.size))

    @property
    def leaves_empty(self) -> tuple[str, ...]:
        """The slots of a recipe that must be empty."""
        if any(each.solves for each in self.kinds):
            return ("teacher", "augment", *self.refused_slots)
        return self.refused_slots

    @property
    def gives_back(self) -> bool:
        """Whether the members give their input back."""
        return any(each.gives_back for each in self.kinds)

    @property
    def needs_unlabelled(self) -> bool:
        """Whether a member learns from rows without a label too."""
        return any(each.needs_unlabelled for each in self.kinds)

    @property
    def staggers_outputs(self) -> bool:
        """Whether one int8 is too coarse for an output of a member."""
        return any(each.staggers_outputs for each in self.kinds)

    @property
    def balancer(self) -> Any:
        """What redraws rows by the features of the first kind, or None."""
        return self.kinds[0].balancer

    def has_known_operators(self) -> bool:
        """Returns whether tests run such members on every runtime of int8."""
        return all(each.has_known_operators() for each in self.kinds)

    def plain(self) -> Ensemble:
        """Returns the ensemble of nets with nothing of their own balanced."""
        return self._of_each(lambda kind: kind.plain())

    def tiny(self) -> Ensemble:
        """Returns the same kind of ensemble, of small nets."""
        return self._of_each(lambda kind: kind.tiny())

    def single(self) -> Network:
        """Returns a net of the first kind alone."""
        return self.kinds[0]

    def _of_each(self, change):
        kinds = tuple(change(kind) for kind in self.kinds)
        if not isinstance(self.of, tuple):
            return replace(self, of=kinds[0])
        return replace(self, of=kinds)

    def check(self) -> None:
        """Raises RecipeError for nets that cannot be members."""
        name = type(self).__name__
        if not self.kinds:
            raise RecipeError(
                f"{name} of no net",
                expected="one net, or several",
                fix=f"--set 'build={name}(of=Mlp())'",
            )
        if self.layers != Layers():
            raise RecipeError(
                f"build.layers={self.layers!r} for {name}, which has no layer of its own",
                expected="choices of layers in its nets",
                fix="--set 'build.layers=Layers()', and build.of.layers instead",
            )
        for kind in self.kinds:
            kind.check()
            kind.layers.check()
            reason = self.refuses(kind)
            if reason:
                raise RecipeError(
                    f"{name} of {written(kind)}: {reason}",
                    expected="a net that learns from training rows alone, whole inputs to outputs",
                    fix=f"another net in --set 'build={name}(of=...)'",
                )

    def refuses(self, kind: Network) -> str:
        """Returns why a net cannot be a member, or ""."""
        if kind.decides_by_folds:
            return "it decides by folds of its own"
        if kind.stream:
            return "it ships in a form that takes one step at a time"
        if kind.rounds_inputs:
            return "it rounds its inputs on a grid of its own, and an int8 input has one"
        return ""

    def suits(self, sketch: DataSketch) -> str:
        """Returns why a member cannot learn the task, or ""."""
        reasons = [kind.suits(sketch) for kind in self.kinds]
        return next(filter(None, reasons), "")

    def build(
        self,
        signature: Signature,
        *,
        seed: int = 0,
        synchronized: bool = False,
    ):
        """Builds all members next to each other, uncompiled; see `Network.build`."""
        models = []
        for place, member in enumerate(self.members):
            built = built_with_layers(
                member,
                signature,
                seed=member_seed(seed, place),
                synchronized=synchronized,
            )
            models.append(average_members(built))
        return side_by_side(models, signature)

    @abstractmethod
    def fit_each(self, work: MemberTraining) -> list[FittedMember]:
        """Trains every member, in their order."""

    def fit_members(
        self,
        feed: TrainFeed,
        valid: HeldOut,
        *,
        signature: Signature,
        training: Training,
        deciding: str,
        callbacks: Sequence = (),
    ) -> tuple[Any, dict[str, list[float]], dict[str, Any] | None]:
        """Trains the members; see `Network.fit_members`."""
        work = MemberTraining(
            feed,
            valid,
            signature,
            training,
            deciding,
            callbacks,
        )
        fitted = self.fit_each(work)
        strategy = training.new_strategy()
        with strategy.scope():
            synchronized = strategy.num_replicas_in_sync > 1
            whole = self.build(
                signature,
                seed=training.seed,
                synchronized=synchronized,
            )
        for place, member in enumerate(fitted):
            # Heads are averaged: what counts as much as the others has the factor 1.
            put_member(whole, place, member.weights, factor=member.share * len(fitted))
        shown = typical_member(fitted)
        return whole, shown.history, shown.watched


def typical_member(fitted: Sequence[FittedMember]) -> FittedMember:
    """Returns the member that was trained neither longest nor shortest."""
    by_length = sorted(fitted, key=lambda member: len(member.history.get("loss", ())))
    return by_length[len(by_length) // 2]


@dataclass(frozen=True)
class Averaged(Ensemble):
    """Members of which none knows the others, and of which each counts the same.

    Attributes:
        num_members: How many there are.
    """

    num_members: int

    @property
    def size(self) -> int:
        """How many members there are."""
        return self.num_members

    def tiny(self) -> Ensemble:
        """Returns two members of small nets, or one of each kind."""
        few = max(min(self.num_members, 2), len(self.kinds))
        return replace(super().tiny(), num_members=few)

    @abstractmethod
    def feed_of(
        self,
        work: MemberTraining,
        place: int,
    ) -> TrainFeed:
        """Returns what a member learns from."""

    def fit_each(self, work: MemberTraining) -> list[FittedMember]:
        """Trains every member on its own feed."""
        fitted = []
        for place, member in enumerate(self.members):
            result = work.fit(member, place, feed=self.feed_of(work, place))
            fitted.append(fitted_member(result, 1 / self.size))
        return fitted
