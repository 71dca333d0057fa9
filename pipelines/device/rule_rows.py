"""Rules on rows: for which of them a condition holds."""

import operator
from collections.abc import Mapping

import numpy as np

from .rule_tree import All, Among, Compared, Condition, Name, Not, Operand, Present, Some, Truth

Values = Mapping[str, object]
_ORDERS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


class RuleRows:
    """Rows that rules are asked about.

    Args:
        values: By name an array [rows], or one value for all rows.
        num_rows: How many rows there are.
    """

    def __init__(self, values: Values, num_rows: int):
        self._values = values
        self._num_rows = num_rows

    def holding(self, node: Condition) -> np.ndarray:
        """Returns for which rows a condition holds, bool [rows]."""
        if isinstance(node, All):
            return np.logical_and.reduce([self.holding(each) for each in node.of])
        if isinstance(node, Some):
            return np.logical_or.reduce([self.holding(each) for each in node.of])
        if isinstance(node, Not):
            return ~self.holding(node.of)
        if isinstance(node, Truth):
            return _truths(self.column(node.name))
        if isinstance(node, Present):
            return _is_present(self.column(node.operand)) == node.is_present
        if isinstance(node, Compared):
            order = _ORDERS[node.order]
            return _ordered(
                order,
                self.column(node.left),
                self.column(node.right),
            )
        return self._among(node)

    def _among(self, node: Among) -> np.ndarray:
        """Returns for which rows an operand is one of several, or none of them."""
        column = self.column(node.operand)
        found = np.zeros(self._num_rows, bool)
        for each in node.others:
            found |= _ordered(
                operator.eq,
                column,
                self.column(each),
            )
        if node.is_in:
            return found
        return ~found & _is_present(column)

    def column(self, operand: Operand) -> np.ndarray:
        """Returns the values of an operand, [rows]."""
        if isinstance(operand, Name):
            value = self._values[operand.name]
        else:
            value = operand.value
        if isinstance(value, np.ndarray) and value.shape == (self._num_rows,):
            return value
        dtype = None
        if value is None or isinstance(value, str):
            dtype = object
        return np.full(
            self._num_rows,
            value,
            dtype,
        )


def _truths(column):
    """Returns which cells of a column are true; a missing one is not."""
    if column.dtype == bool:
        return column
    if column.dtype == object:
        return np.array([cell == "true" for cell in column], bool)
    return _is_present(column) & (column != 0)


def _ordered(order, left, right):
    """Returns where an order holds between two columns; nowhere if either is missing."""
    there = _is_present(left) & _is_present(right)
    held = np.zeros(
        len(left),
        bool,
    )
    if left.dtype == object or right.dtype == object:
        is_same = order in (operator.eq, operator.ne)
        for row in np.flatnonzero(there):
            one = left[row]
            other = right[row]
            if is_same or type(one) is type(other):
                held[row] = order(one, other)
        return held
    if np.float32 in (left.dtype, right.dtype):  # as cells are kept
        left = left.astype(np.float32)
        right = right.astype(np.float32)
    held[there] = order(
        left[there],
        right[there],
    )
    return held


def _is_present(column):
    """Returns which cells of a column are not missing."""
    if column.dtype == object:
        return np.array([cell is not None for cell in column], bool)
    if column.dtype.kind == "f":
        return ~np.isnan(column)
    return np.ones(
        len(column),
        bool,
    )
