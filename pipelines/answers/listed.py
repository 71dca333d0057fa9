"""Every answer that there is, in the order of the questions."""

from ..errors import RecipeError
from .backpropagation import Backpropagation
from .building_blocks import BuildingBlocks
from .evaluation import Evaluation
from .frame import Answer
from .initialization import Initialization
from .momentum import Momentum
from .non_linearity import NonLinearity
from .precision_recall import PrecisionRecall
from .roc_curve import RocCurve
from .vanishing_gradients import VanishingGradients

ANSWERS: tuple[Answer, ...] = (
    BuildingBlocks(),
    Backpropagation(),
    VanishingGradients(),
    Momentum(),
    Initialization(),
    Evaluation(),
    PrecisionRecall(),
    RocCurve(),
    NonLinearity(),
)


def answer_to(word: str) -> Answer:
    """Returns the answer to the question of a number.

    Args:
        word: the number, as it is typed.

    Raises:
        RecipeError: there is none.
    """
    numbers = [str(answer.number) for answer in ANSWERS]
    if word not in numbers:
        raise RecipeError(
            f"question {word!r}",
            expected=f"one that has an answer: {', '.join(numbers)}; or all",
            fix="python -m pipelines answer lists the questions",
        )
    return ANSWERS[numbers.index(word)]
