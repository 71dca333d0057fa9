"""Whether int8 keeps what Keras has on validation rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..device.runner import LiteRT, Runner
from ..errors import VerifyError
from ..tasks import task_of
from ..tasks.metrics import loss_of
from ..training.trained import TrainedModel
from .assess import answers_of
from .ladder import answer_all

if TYPE_CHECKING:
    from ..recipe import Recipe
    from ..targets.export import ShippedModel


def check_kept(recipe: Recipe, first: TrainedModel, shipped: ShippedModel) -> None:
    """Asks the gate of int8 on validation rows, before a second training learns from them: a recipe
    that loses there gives way to another one without a look at the test rows.

    A loss that is noise passes: of few rows one is more than the tolerance.

    Args:
        recipe: with its deciding metric.
        first: the Keras model that did not learn from the validation rows, compressed.
        shipped: what came of it.

    Raises:
        VerifyError: int8 loses more than the tolerance, and more than noise.
    """
    rows = first.inputs.valid_rows
    target = shipped.signature.target
    task = task_of(target)
    metric = recipe.judge.deciding
    int8 = Runner(shipped.signature, LiteRT(shipped.tflite["int8"]), form="int8")
    after = answer_all(int8, rows)
    old = {metric: first.validation_score}
    new = task.score(rows.y, after, target)
    lost = loss_of(metric, old, new)
    if not lost > recipe.judge.tolerance:
        return
    before = answers_of(first, rows)
    margin = task.margin(rows.y, before, after, target, metric=metric, seed=recipe.training.seed)
    if not margin.interval or margin.interval[0] <= 0:
        return
    raise VerifyError(
        f"keras → litert_int8 lost {lost:.4f} of {metric} on {len(rows):,} validation rows "
        f"({old[metric]:.4f} → {new[metric]:.4f})",
        expected=f"at most {recipe.judge.tolerance} lost (judge.tolerance)",
        fix="--set 'shipping.compress=(QuantizeAware(),)' trains the last epochs with rounding",
    )
