"""The error of a model that must not ship."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..device.signature import Signature
from ..errors import VerifyError
from ..tasks import task_of

if TYPE_CHECKING:
    from ..recipe import Recipe


def verify_error(recipe: Recipe, failed: str, signature: Signature, folder: Path) -> VerifyError:
    """Returns the error of an evaluation that failed.

    Args:
        recipe: that the model was made with.
        failed: what the test rows showed, in words.
        signature: of the model.
        folder: of the bundle that is kept.
    """
    labels_wanted = ""
    if signature.target.labels or task_of(signature.target).spells:
        labels_wanted = f"the label of Keras for {recipe.judge.min_agreement:g} of the rows, "
    return VerifyError(
        failed,
        expected=f"at most {recipe.judge.tolerance} lost from Keras to "
        f"the last rung, {labels_wanted}and budgets kept",
        fix=f"see {folder / 'report.html'}; {_advice(signature)}",
    )


def _advice(signature):
    """What to try if too much is lost on the way to the last rung: numbers that are predicted have
    no class, and only columns of numbers can be binned.
    """
    has_numbers = any(column.kind == "numeric" for column in signature.columns)
    bins = ""
    if has_numbers and signature.frame is None:
        bins = ", encode numbers with EncodeBins()"
    what = "rows"
    if signature.frame is not None:
        what = "windows"
    few = task_of(signature.target).few_rows(what)
    return f"train longer{bins}, or, where {few} make the metric jump, --set judge.tolerance=0.03"
