"""What the test rows showed of the model that ships, and of the one it is compared with."""

from dataclasses import dataclass, field

from ..device.runner import Answers
from ..tasks.evaluate import Margin
from .ladder import Rung


@dataclass(frozen=True)
class Comparison:
    """How the comparison model did on test rows.

    Attributes:
        words: what is different about it.
        num_rows: the number of rows that it was trained on.
        scores: metric → score.
        margin: by how much the model that ships is ahead of it.
    """

    words: str
    num_rows: int
    scores: dict[str, float]
    margin: Margin


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What the test rows showed.

    Attributes:
        rungs: a line for each form of the model on each runtime.
        answers: form → its answers; those of the comparison model under "comparison".
        failed: why the model must not ship, in words, or "".
        comparison: of the comparison model, if there is one.
        baselines: name of a plain rule → its scores.
    """

    rungs: list[Rung]
    answers: dict[str, Answers]
    failed: str = ""
    comparison: Comparison | None = None
    baselines: dict[str, dict[str, float]] = field(default_factory=dict)
