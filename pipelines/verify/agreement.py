"""The gate of labels: a form that answers many rows otherwise than the Keras model is another
model, whatever its score is.
"""

from math import sqrt

from ..device.target import Target
from ..tasks import task_of
from .ladder import Rung


def labels_apart(rungs: list[Rung], min_agreement: float, target: Target) -> str:
    """ "" where every rung gives at least that share of rows the label that Keras gives, else which
    does not, in words.

    Two standard errors of a share of so many rows are granted. Values without labels are left to
    the deciding metric: their agreement has no natural bound, since it counts values within a
    distance.
    """
    if not (target.labels or task_of(target).spells):
        return ""
    for rung in rungs:
        if rung.agreement is None or rung.num_rows == 0:
            continue
        granted = 2 * sqrt(min_agreement * (1 - min_agreement) / rung.num_rows)
        counted = task_of(target).agreement_unit.replace("rows", f"{rung.num_rows:,} rows")
        if not rung.agreement + granted >= min_agreement:  # NaN too
            return (
                f"{rung.form} gives the label of keras to {rung.agreement:.4f} of {counted}, "
                f"at least {min_agreement:g} are wanted "
                "(judge.min_agreement): it answers as another model does"
            )
    return ""
