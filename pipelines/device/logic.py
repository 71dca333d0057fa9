"""Rules over the columns of a row and its answer, written as plain expressions:

    status == 'hurricane' implies wind >= 64
    not (rain and clear) or height is missing

Names are columns, the target, or labels of several; `column('Body Mass (g)')` is one of any name.
A rule is parsed to comparisons, `and`, `or`, `not`, `in`, `is missing`, `is present` and one
`implies`; nothing of it is ever run as code. A comparison with a missing cell does not hold.
"""

import ast
import math
import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from .cells import BOOLEAN, CATEGORICAL, NUMERIC, Column, shorten
from .errors import DeviceError
from .rule_rows import RuleRows, Values
from .rule_tree import (
    All,
    Among,
    Compared,
    Condition,
    Name,
    Not,
    Operand,
    Present,
    Some,
    Truth,
    Value,
    names_in,
)

MAX_RULE = 1000  # characters
_KINDS = (NUMERIC, CATEGORICAL, BOOLEAN)
MAX_WHOLE = 2**53
_IMPLIES = re.compile(r"\s+implies\s+")
_ORDERS = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
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
    premise: Condition | None
    conclusion: Condition

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
                    parsed.append(
                        ast.parse(
                            part.strip(),
                            mode="eval",
                        ).body
                    )
            except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
                raise _invalid(text, f"{shorten(part)} is no expression") from error
        try:
            for each in parsed:
                _check_condition(each, text)
            conditions = [_condition(each) for each in parsed]
        except RecursionError as error:
            raise _invalid(text, "it is nested too deeply") from error
        if len(conditions) == 1:
            return cls(
                text,
                None,
                conditions[0],
            )
        return cls(
            text,
            conditions[0],
            conditions[1],
        )

    def tree(self) -> Condition:
        """Returns what must hold, as one condition."""
        if self.premise is None:
            return self.conclusion
        return Some((Not(self.premise), self.conclusion))

    def names(self) -> tuple[str, ...]:
        """Returns the names that the rule reads, each once."""
        return tuple(dict.fromkeys(names_in(self.tree())))

    def holds(self, values: Values, num_rows: int) -> np.ndarray:
        """Returns for which rows the rule holds, bool [rows].

        Args:
            values: By name an array [rows], or one value for all rows.
            num_rows: How many rows there are.
        """
        return RuleRows(values, num_rows).holding(self.tree())


def refuse_unread(rules: Iterable[Rule], answers: Iterable[str], columns: Sequence[Column]) -> None:
    """Raises DeviceError for a rule that reads what rows do not have.

    Args:
        rules: As they were parsed.
        answers: The names of the target and of labels.
        columns: That rows have; numbers, categories and truths can be read.
    """
    names = {column.name for column in columns if column.kind in _KINDS}
    names.update(answers)
    for rule in rules:
        for name in rule.names():
            if name not in names:
                raise DeviceError(
                    f"the rule {rule.text!r} reads {name!r}",
                    expected=", ".join(sorted(names)),
                    fix="name a column of numbers, categories or truths, or the target; "
                    "column('a name') has any letters",
                )


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
    if type(value) is float:
        return math.isfinite(value)
    return type(value) is int and value <= MAX_WHOLE


def _condition(node) -> Condition:
    """Returns the tree of an expression that was checked."""
    if isinstance(node, ast.BoolOp):
        parts = tuple(_condition(each) for each in node.values)
        if isinstance(node.op, ast.And):
            return All(parts)
        return Some(parts)
    if isinstance(node, ast.UnaryOp):
        return Not(_condition(node.operand))
    if isinstance(node, ast.Compare):
        return _comparison(node)
    return Truth(_name(node))


def _comparison(node) -> Condition:
    """Returns the tree of a comparison, or of a chain of them."""
    left = _operand(node.left)
    chain: list[Condition] = []
    for order, right in zip(
        node.ops,
        node.comparators,
        strict=True,
    ):
        if isinstance(order, ast.Is):
            return Present(left, right.id == "present")
        if isinstance(order, (ast.In, ast.NotIn)):
            others = tuple(_operand(each) for each in right.elts)
            return Among(
                left,
                others,
                isinstance(order, ast.In),
            )
        other = _operand(right)
        chain.append(
            Compared(
                _ORDERS[type(order)],
                left,
                other,
            )
        )
        left = other
    if len(chain) == 1:
        return chain[0]
    return All(tuple(chain))


def _operand(node) -> Operand:
    """Returns one side of a comparison."""
    if _is_name(node):
        return _name(node)
    if isinstance(node, ast.UnaryOp):
        return Value(-node.operand.value)
    return Value(node.value)


def _name(node) -> Name:
    """Returns the name that an operand reads."""
    if isinstance(node, ast.Name):
        return Name(node.id)
    return Name(node.args[0].value)


def _invalid(text, reason):
    """Returns the error of a rule that cannot be read."""
    return DeviceError(
        f"the rule {shorten(str(text), 120)}: {reason}",
        expected="comparisons of columns, numbers and texts; and, or, not, in, is missing, is "
        "present, one implies",
        fix=_EXAMPLE,
    )
