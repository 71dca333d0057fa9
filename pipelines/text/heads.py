"""A net for texts whose last layer is fitted once more, on rows that were balanced by their
features.
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from ..balance import Smote
from ..device.signature import Signature
from ..errors import RecipeError
from ..rows.parts import HeldOut, TrainSet
from ..rows.sketch import DataSketch
from ..slots import Balancer, Network
from ..spec import knob
from ..training.heads import Head, fit_head
from .networks import TextCnn, TextNet

FEATURE_BATCH = 1024


@dataclass(frozen=True)
class BalancedHead(Network):
    """A net trained on the rows as they are; then its last layer alone on their features, which a
    balancer has redrawn (Kang et al. 2020, https://arxiv.org/abs/1910.09217).

    The one place where SMOTE suits texts: between two ids of tokens there is nothing. The report
    shows the net as it was for comparison.

    Attributes:
        net: The net for texts.
        balancer: What redraws the features, such as Smote().
        epochs: Of the last layer.
        learning_rate: Of the last layer.
    """

    refits: ClassVar[bool] = True
    net: TextNet = TextCnn()
    balancer: Any = Smote()
    epochs: int = knob(20, 1, 10_000)
    learning_rate: float = knob(1e-3, 1e-9, 10)

    def check(self) -> None:
        """Raises RecipeError where the net cannot be built."""
        if not isinstance(self.net, TextNet):
            raise RecipeError(
                f"build.net={self.net!r}",
                expected="a net for texts",
                fix="--set 'build.net=TextCnn()'",
            )
        if not isinstance(self.balancer, Balancer):
            raise RecipeError(
                f"build.balancer={self.balancer!r}",
                expected="a balancer from pipelines.balance",
                fix="--set 'build.balancer=Smote()', or --set 'build=TextCnn()'",
            )
        self.net.check()

    def suits(self, sketch: DataSketch) -> str:
        """Returns why the net cannot read the columns, or its features have no classes, or ""."""
        reason = self.net.suits(sketch)
        if reason or sketch.may_have_classes():
            return reason
        return self.balancer.suits(replace(sketch, kinds=frozenset()))

    def tiny(self) -> "BalancedHead":
        """The same kind of net, small enough for a test."""
        return replace(self, net=self.net.tiny(), epochs=2)

    def plain(self) -> TextNet:
        """The net without what was balanced."""
        return self.net

    def build(self, signature: Signature, *, seed: int = 0, synchronized: bool = False):
        """As the net's own `build`."""
        return self.net.build(signature, seed=seed, synchronized=synchronized)

    def refit(
        self,
        model,
        train_set: TrainSet,
        valid: HeldOut,
        *,
        signature: Signature,
        training,
        deciding: str,
    ) -> None:
        """Fits the layer "logits" of a trained model once more. Raises LeakError for rows that were
        balanced before.
        """
        import keras

        features = keras.Model(model.inputs, model.get_layer("logits").input)

        def featured(rows):
            x = {port.name: rows.x[port.name] for port in signature.inputs}
            return rows.with_columns(
                {"features": features.predict(x, batch_size=FEATURE_BATCH, verbose=0)}
            )

        weights = fit_head(
            Head(dropout=0.0),
            featured(train_set),
            featured(valid),
            balancer=self.balancer,
            signature=signature,
            deciding=deciding,
            training=training.at(epochs=self.epochs, learning_rate=self.learning_rate),
        )
        model.get_layer("logits").set_weights(weights)
