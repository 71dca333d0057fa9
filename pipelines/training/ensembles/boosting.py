"""Each net fits what the ones before it left."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from ...device.ports import Port
from ...device.signature import Signature
from ...slots import Network
from ...spec import knob
from ..feed import TrainFeed
from ..layers import built_with_layers
from .ensemble import Ensemble
from .member_training import FittedMember, MemberTraining, answers_to, fitted_member

BEFORE = "answers_before"


@dataclass(frozen=True)
class Boosting(Ensemble):
    """Nets whose answers are summed: each is trained by the task's own loss of the sum so far and
    itself. Of numbers it fits their residuals (Friedman 2001,
    https://doi.org/10.1214/aos/1013203451), of classes what is left of the logits; nets as weak
    learners: GrowNet, Badirli et al. 2020, https://arxiv.org/abs/2002.07971.

    A net starts from answers of zero, and stops when the metric of the sum gets no better on
    validation rows.

    Attributes:
        num_members: How many nets there are.
        shrinkage: What the answers of every net are multiplied by before the next one learns.
    """

    refused_slots: ClassVar[tuple[str, ...]] = ("augment",)
    num_members: int = knob(4, 1, 64)
    shrinkage: float = knob(0.5, 0.01, 1)

    @property
    def size(self) -> int:
        """How many members there are."""
        return self.num_members

    def tiny(self) -> "Boosting":
        """Returns two small nets."""
        return replace(super().tiny(), num_members=min(self.num_members, 2))

    def refuses(self, kind: Network) -> str:
        """Returns why a net cannot fit what is left, or ""."""
        if kind.gives_back:
            return "windows that are given back are no sum"
        if kind.solves or kind.fits_members:
            return "it is not trained by epochs of the loss"
        if kind.warms_up or kind.refits:
            return "it fits a part of itself without the others' answers"
        return super().refuses(kind)

    def fit_each(self, work: MemberTraining) -> list[FittedMember]:
        """Trains one net after the other on the sum of those before it."""
        shape = work.signature.output.shape
        before = np.zeros((len(work.rows), *shape), np.float32)
        before_valid = np.zeros((len(work.valid), *shape), np.float32)
        fitted = []
        for place, member in enumerate(self.members):
            stage = _after(
                work,
                before,
                before_valid,
            )
            result = stage.fit(_Residual(of=member), place)
            fitted.append(fitted_member(result, self.shrinkage))
            before += self.shrinkage * answers_to(result.model, stage.rows)
            before_valid += self.shrinkage * answers_to(result.model, stage.valid)
        return fitted


def _after(
    work,
    before,
    before_valid,
):
    """The training of the next net: rows know what the nets before it answer."""
    rows = work.rows.with_columns({**work.rows.x, BEFORE: before})
    valid = work.valid.with_columns({**work.valid.x, BEFORE: before_valid})
    port = Port(
        BEFORE,
        work.signature.output.shape,
        "float32",
        "answers",
    )
    signature = replace(work.signature, inputs=(*work.signature.inputs, port))
    feed = TrainFeed(rows, work.feed.soft_labels)
    return replace(
        work,
        feed=feed,
        valid=valid,
        signature=signature,
    )


@dataclass(frozen=True)
class _Residual(Network):
    """A net to whose answers those of the nets before it are added, in training alone.

    Attributes:
        of: The net.
    """

    of: Network

    def build(
        self,
        signature: Signature,
        *,
        seed: int = 0,
        synchronized: bool = False,
    ) -> Any:
        """Builds the net with one more input; see `Network.build`."""
        import keras

        port = signature.inputs[-1]
        own = replace(signature, inputs=signature.inputs[:-1])
        model = built_with_layers(
            self.of,
            own,
            seed=seed,
            synchronized=synchronized,
        )
        before = keras.Input(
            port.shape,
            name=port.name,
            dtype=port.dtype,
        )
        beyond = keras.layers.Reshape((1, *port.shape), name="before_stacked")(before)
        total = keras.layers.Add(name="total")([model.output, beyond])
        inputs = {**model.input, port.name: before}
        return keras.Model(
            inputs,
            total,
            name=model.name,
        )
