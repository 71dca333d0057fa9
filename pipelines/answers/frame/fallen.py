"""Answers that fall where a rule lets them only rise."""

import numpy as np

from ...rows.parts import HeldOut
from ...steps import to_ports
from .rows import NetRows, probabilities

COLUMN = "Debt"
STEP = 1000.0
ROUNDING = 1e-6


def with_more_debt(rows: NetRows) -> HeldOut:
    """Returns the test rows with a higher debt each, as nets take them.

    Args:
        rows: of a recipe with that column.
    """
    raw = rows.raw.test
    columns = dict(raw.x)
    columns[COLUMN] = columns[COLUMN] + STEP
    return to_ports(
        rows.signature,
        raw.with_columns(columns),
    )


def share_fallen(model, rows: NetRows, more: HeldOut) -> float:
    """Returns the share of test rows whose second class is less probable with a higher debt.

    Args:
        model: a trained keras.Model.
        rows: that it learned from.
        more: the test rows with a higher debt.
    """
    before = probabilities(model, rows.test)
    after = probabilities(model, more)
    risen = after[:, 1] - before[:, 1]
    return float(np.mean(risen < -ROUNDING))
