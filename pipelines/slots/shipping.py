"""The contracts of what ships: compressions, and targets, which are runtimes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ..spec import Spec, knob

if TYPE_CHECKING:
    from ..compress.tuning import Tuning
    from ..device.answers import Answers
    from ..device.signature import Signature
    from ..rows.parts import HeldOut
    from ..targets.budgets import Cost
    from ..targets.exported_model import ExportedModel
    from ..verify.ladder import Rung


class Compression(Spec):
    """Makes a trained model smaller. The contract of `Shipping.compress`.

    Attributes:
        shrinks_untrained: Whether it makes a net of any weights smaller, so that budgets are
            checked with it before training.
        float32_only: Whether it gains nothing in an int8 file.
    """

    shrinks_untrained: ClassVar[bool] = False
    float32_only: ClassVar[bool] = False

    @abstractmethod
    def compress(self, model: Any, tuning: Tuning) -> Any:
        """Returns a keras.Model that is smaller or ready to be; the given one stays as it is.

        Raises:
            RecipeError: Nothing in the model can be compressed in this way.
        """


@dataclass(frozen=True)
class Target(Spec):
    """A runtime: what a bundle holds for it, whether a net can run there, what that costs.

    Attributes:
        form: The rung of the ladder that the budgets are held against.
        converts: The forms of the TFLite file that it needs in addition to the usual ones.
        kernels: What runs its files in addition to LiteRT's fastest kernels (`convert.kernels`).
        asks_net: Whether `refusal` or a missing package can refuse a net before it is trained.
        max_bytes: The most bytes that the file may have; 0: no budget.
        max_ms: The most milliseconds a row may take, median, on this machine; 0: no budget.
        required: Whether a net that cannot run there is refused; if not, the report gives the
            reason.

    Budgets are checked with the untrained net before an epoch is spent, and with the bundle at the
    end.
    """

    form: ClassVar[str]
    converts: ClassVar[tuple[str, ...]] = ()
    kernels: ClassVar[tuple[Any, ...]] = ()
    asks_net: ClassVar[bool] = False
    max_bytes: int = knob(0, 0, 2**40)
    max_ms: float = knob(0.0, 0, 1e9)
    required: bool = True

    @classmethod
    def word(cls) -> str:
        """Returns its name on the command line."""
        return cls.__name__.removeprefix("Target").lower()

    def max_memory_bytes(self) -> int:
        """Returns the most bytes of memory that it may take while it runs; 0: no budget."""
        return 0

    def has_budget(self) -> bool:
        """Tests whether a cost could be over its budget."""
        return bool(self.max_bytes or self.max_ms or self.max_memory_bytes())

    def limits(self, cost: Cost) -> list[tuple[float | None, float, str]]:
        """Returns (what it takes, the most that it may take or 0, the unit) of each budget."""
        return [
            (cost.size_bytes, self.max_bytes, "bytes"),
            (cost.arena_bytes, self.max_memory_bytes(), "bytes of memory"),
            (cost.latency_ms, self.max_ms, "ms a row"),
        ]

    def broken_budget(self, cost: Cost) -> str:
        """Returns which budget a cost is over, in words, or ""."""
        for value, most, unit in self.limits(cost):
            if most and value is not None and not value <= most:  # a budget of NaN too
                name = type(self).__name__
                return f"{name}: {value:,.10g} {unit} where the budget is {most:,.10g}"
        return ""

    def refusal(self, signature: Signature, model) -> str:
        """Returns why a Keras model cannot run there, or ""; asked before it is trained.

        A target that overrides this sets `asks_net`.
        """
        return ""

    def files(self, exported: ExportedModel) -> dict[str, bytes | str]:
        """Returns name → content of what the bundle holds for it, without the TFLite files."""
        return {}

    @abstractmethod
    def cost(self, exported: ExportedModel) -> Cost:
        """Measures what the form takes, on training rows.

        Args:
            exported: What ships, or the untrained net: no file of this target is written then.
        """

    @abstractmethod
    def climb(
        self, exported: ExportedModel, test: HeldOut, answers: dict[str, Answers]
    ) -> list[Rung]:
        """Runs its forms on raw test rows.

        Args:
            exported: What ships, with the files of this target.
            test: Raw test rows.
            answers: Form → answers, with those of "keras". The answers of this target are added.

        Returns:
            Its rungs of the ladder; `verify.ladder.unscored` makes one of a form that is not run.
        """

    def climb_stream(
        self, exported: ExportedModel, test: HeldOut, answers: dict[str, Answers]
    ) -> Iterable[Rung]:
        """Runs its streaming forms, if the model has them; asked after every target has climbed.

        Args:
            exported: What ships; `exported.signature.stream` is not None.
            test: Raw test rows.
            answers: Form → answers of the forms for whole windows.

        Returns:
            Its rungs of the streaming forms; none by default.
        """
        return ()
