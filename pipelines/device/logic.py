"""Rules over the columns of a row and its answer, written as plain expressions:

    status == 'hurricane' implies wind >= 64
    not (rain and clear) or height is missing

Names are columns, the target, or labels of several; `column('Body Mass (g)')` is one of any name.
A rule is parsed to comparisons, `and`, `or`, `not`, `in`, `is missing`, `is present` and one
`implies`; nothing of it is ever run as code. A comparison with a missing cell does not hold.
"""

import ast
import operator
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from .cells import shorten
from .errors import DeviceError

MAX_RULE = 1000  # characters
MAX_WHOLE = 2**53
Values = Mapping[str, object]
_IMPLIES = re.compile(r"\s+implies\s+")
_ORDERS = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_EXAMPLE = "a rule such as: status == 'hurricane' implies wind >= 64"


@dataclass(frozen=True)
class Rule:
    """One rule, parsed.

    Attributes:
        text: As it was written.
        premise: What must hold for the conclusion to be asked for; None if it always is.
        conclusion: What must hold then.
    """

    text: str
    premise: ast.expr | None
    conclusion: ast.expr

    @classmethod
    def parse(cls, text: str) -> "Rule":
        """Reads a rule. Raises DeviceError for anything but comparisons and their connectives."""
        if not isinstance(text, str) or len(text) > MAX_RULE:
            raise _invalid(text, f"it is no text of at most {MAX_RULE:,} characters")
        parts = _IMPLIES.split(text)
        if len(parts) > 2:
            raise _invalid(text, "more than one 'implies'")
        parsed = []
        for part in parts:
            try:
                with warnings.catch_warnings(action="ignore"):  # of what is refused below
                    parsed.append(ast.parse(part.strip(), mode="eval").body)
            except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
                raise _invalid(text, f"{shorten(part)} is no expression") from error
        try:
            for each in parsed:
                _check_condition(each, text)
        except RecursionError as error:
            raise _invalid(text, "it is nested too deeply") from error
        if len(parsed) == 1:
            return cls(
                text,
                None,
                parsed[0],
            )
        return cls(
            text,
            parsed[0],
            parsed[1],
        )

    def names(self) -> tuple[str, ...]:
        """Returns the names that the rule reads, each once."""
        found = list(_names(self.conclusion))
        if self.premise is not None:
            found = [*_names(self.premise), *found]
        return tuple(dict.fromkeys(found))

    def holds(self, values: Values, num_rows: int) -> np.ndarray:
        """Returns for which rows the rule holds, bool [rows].

        Args:
            values: By name an array [rows], or one value for all rows.
            num_rows: How many rows there are.
        """
        concluded = condition(
            self.conclusion,
            values,
            num_rows,
        )
        if self.premise is None:
            return concluded
        return concluded | ~condition(
            self.premise,
            values,
            num_rows,
        )


def condition(node: ast.expr, values: Values, num_rows: int) -> np.ndarray:
    """Returns for which rows an expression of a rule holds, bool [rows].

    Args:
        node: Of a `Rule`.
        values: By name, as of `Rule.holds`.
        num_rows: How many rows there are.
    """
    if isinstance(node, ast.BoolOp):
        parts = [
            condition(
                each,
                values,
                num_rows,
            )
            for each in node.values
        ]
        if isinstance(node.op, ast.And):
            return np.logical_and.reduce(parts)
        return np.logical_or.reduce(parts)
    if isinstance(node, ast.UnaryOp):
        return ~condition(
            node.operand,
            values,
            num_rows,
        )
    if isinstance(node, ast.Compare):
        return _compared(
            node,
            values,
            num_rows,
        )
    return _truths(
        operand(
            node,
            values,
            num_rows,
        )
    )


def operand(node: ast.expr, values: Values, num_rows: int) -> np.ndarray:
    """Returns the values that one side of a comparison has, [rows]."""
    name = name_of(node)
    value = constant_of(node)
    if name:
        value = values[name]
    if isinstance(value, np.ndarray) and value.shape == (num_rows,):
        return value
    dtype = None
    if value is None or isinstance(value, str):
        dtype = object
    return np.full(
        num_rows,
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


def name_of(node: ast.expr) -> str:
    """Returns the name that an operand reads, or ""."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Call):
        return node.args[0].value
    return ""


def constant_of(node: ast.expr) -> object:
    """Returns the number or the text that an operand is, or None."""
    if isinstance(node, ast.UnaryOp):
        return -node.operand.value
    if isinstance(node, ast.Constant):
        return node.value
    return None


def _compared(node, values, num_rows):
    """Returns for which rows every comparison of a chain holds."""
    held = np.ones(num_rows, bool)
    left = operand(
        node.left,
        values,
        num_rows,
    )
    for order, right_node in zip(
        node.ops,
        node.comparators,
        strict=True,
    ):
        if isinstance(order, ast.Is):
            is_there = _is_present(left)
            held &= is_there == (right_node.id == "present")
            continue
        if isinstance(order, (ast.In, ast.NotIn)):
            found = np.zeros(num_rows, bool)
            for each in right_node.elts:
                found |= _ordered(
                    operator.eq,
                    left,
                    operand(
                        each,
                        values,
                        num_rows,
                    ),
                )
            if isinstance(order, ast.NotIn):
                found = ~found & _is_present(left)
            held &= found
            continue
        right = operand(
            right_node,
            values,
            num_rows,
        )
        held &= _ordered(
            _ORDERS[type(order)],
            left,
            right,
        )
        left = right
    return held


def _ordered(order, left, right):
    """Returns where an order holds between two columns; nowhere if either is missing."""
    there = _is_present(left) & _is_present(right)
    held = np.zeros(len(left), bool)
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
    held[there] = order(left[there], right[there])
    return held


def _is_present(column):
    """Returns which cells of a column are not missing."""
    if column.dtype == object:
        return np.array([cell is not None for cell in column], bool)
    if column.dtype.kind == "f":
        return ~np.isnan(column)
    return np.ones(len(column), bool)


# Reading ------------------------------------------------------------------------------------------


def _check_condition(node, text):
    """Raises DeviceError for an expression that is no condition."""
    if isinstance(node, ast.BoolOp):
        for each in node.values:
            _check_condition(each, text)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        _check_condition(node.operand, text)
    elif isinstance(node, ast.Compare):
        _check_comparison(node, text)
    elif not _is_name(node):
        raise _invalid(text, f"{shorten(ast.unparse(node))} is no condition")


def _check_comparison(node, text):
    """Raises DeviceError for a comparison of anything but names, numbers and texts."""
    sides = [node.left]
    if len(node.ops) > 1 and any(
        isinstance(each, (ast.Is, ast.In, ast.NotIn)) for each in node.ops
    ):
        raise _invalid(text, "'is' or 'in' within a chain of comparisons")
    for order, right in zip(
        node.ops,
        node.comparators,
        strict=True,
    ):
        if isinstance(order, ast.Is):
            if not isinstance(right, ast.Name) or right.id not in ("present", "missing"):
                raise _invalid(text, "'is' stands before 'present' or 'missing'")
        elif isinstance(order, (ast.In, ast.NotIn)):
            if not isinstance(right, (ast.Tuple, ast.List)) or not right.elts:
                raise _invalid(text, "'in' stands before values in parentheses: ('a', 'b')")
            sides += right.elts
        elif type(order) in _ORDERS:
            sides.append(right)
        else:
            raise _invalid(text, f"a comparison by {type(order).__name__}")
    for side in sides:
        if not (_is_name(side) or _is_constant(side)):
            raise _invalid(text, f"{shorten(ast.unparse(side))} is no column, number or text")


def _is_name(node):
    """Returns whether an operand is a name, or column('a name')."""
    if isinstance(node, ast.Name):
        return True
    is_call = isinstance(node, ast.Call) and not node.keywords and len(node.args) == 1
    if not is_call or not isinstance(node.func, ast.Name) or node.func.id != "column":
        return False
    argument = node.args[0]
    return isinstance(argument, ast.Constant) and isinstance(argument.value, str)


def _is_constant(node):
    """Returns whether an operand is a text, or a number with at most one minus."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return _is_number(node.operand)
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return is_text or _is_number(node)


def _is_number(node):
    """Returns whether an operand is a number that float64 holds exactly, or a fraction."""
    if not isinstance(node, ast.Constant):
        return False
    value = node.value
    return type(value) is float or (type(value) is int and value <= MAX_WHOLE)


def _names(node) -> Iterator[str]:
    """Yields the names of an expression, in their order."""
    if name_of(node):
        yield name_of(node)
        return
    for child in ast.iter_child_nodes(node):
        is_word = isinstance(child, ast.Name) and child.id in ("present", "missing")
        if not is_word:
            yield from _names(child)


def _invalid(text, reason):
    """Returns the error of a rule that cannot be read."""
    return DeviceError(
        f"the rule {shorten(str(text), 120)}: {reason}",
        expected="comparisons of columns, numbers and texts; and, or, not, in, is missing, is "
        "present, one implies",
        fix=_EXAMPLE,
    )
