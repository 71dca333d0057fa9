"""Rules for answers that are numbers: between which bounds each lies."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .answers import Answers
from .cells import Column
from .errors import DeviceError
from .logic import Rule, refuse_unread
from .rule_rows import RuleRows
from .rule_tree import All, Compared, Condition, Name, Operand, names_in
from .target import Target

_TURNED = {"<=": ">=", ">=": "<=", "==": "=="}
_EXAMPLE = "rules such as: price >= 0, or: area > 100 implies price >= rent"


@dataclass(frozen=True)
class Bound:
    """A bound of the answer.

    Attributes:
        order: "<=", ">=" or "==", of the answer to the operand.
        operand: A number or a column.
    """

    order: str
    operand: Operand


@dataclass(frozen=True)
class BoundBook:
    """Rules for the answers of one model that are numbers.

    Attributes:
        rules: As they were parsed.
        bounds: Of each rule, what its conclusion asks of the answer.
        target: What is predicted.
    """

    rules: tuple[Rule, ...]
    bounds: tuple[tuple[Bound, ...], ...]
    target: Target

    @classmethod
    def of(cls, texts: Sequence[str], target: Target, columns: Sequence[Column]) -> "BoundBook":
        """Reads rules for a target of numbers.

        Args:
            texts: The rules.
            target: One number a row.
            columns: That rows have.

        Raises:
            DeviceError: A rule cannot be read, reads what rows do not have, or bounds no answer.
        """
        rules = tuple(Rule.parse(text) for text in texts)
        refuse_unread(
            rules,
            (target.name,),
            columns,
        )
        bounds = tuple(_bounds_of(rule, target.name) for rule in rules)
        return cls(
            rules,
            bounds,
            target,
        )

    def columns(self) -> tuple[str, ...]:
        """Returns the columns that rules read, each once."""
        names = dict.fromkeys(name for rule in self.rules for name in rule.names())
        return tuple(name for name in names if name != self.target.name)

    def limits(self, columns: Mapping[str, np.ndarray], num_rows: int) -> np.ndarray:
        """Returns the least and the largest answer that each rule allows, float64
        [rows, rules, 2].

        Args:
            columns: Raw cells by column.
            num_rows: How many rows there are.
        """
        rows = RuleRows(columns, num_rows)
        limits = np.empty((num_rows, len(self.rules), 2))
        limits[:] = (-math.inf, math.inf)
        for number, rule in enumerate(self.rules):
            asked = np.ones(num_rows, bool)
            if rule.premise is not None:
                asked = rows.holding(rule.premise)
            for bound in self.bounds[number]:
                values = rows.column(bound.operand).astype(np.float64)
                is_bound = asked & ~np.isnan(values)
                of_rule = limits[is_bound, number]
                if bound.order in (">=", "=="):
                    of_rule[:, 0] = np.maximum(
                        of_rule[:, 0],
                        values[is_bound],
                    )
                if bound.order in ("<=", "=="):
                    of_rule[:, 1] = np.minimum(
                        of_rule[:, 1],
                        values[is_bound],
                    )
                limits[is_bound, number] = of_rule
        return limits

    def broken(self, columns: Mapping[str, np.ndarray], values: np.ndarray) -> np.ndarray:
        """Returns which rules numbers break, bool [rows, rules].

        Args:
            columns: Raw cells by column.
            values: float [rows], answers or the truth.
        """
        limits = self.limits(
            columns,
            len(values),
        )
        given = values[:, None]
        return (given < limits[:, :, 0]) | (given > limits[:, :, 1])

    def enforced(self, columns: Mapping[str, np.ndarray], answers: Answers) -> Answers:
        """Returns answers that break no rule: each cut to the nearest number that is allowed.

        A row for which the rules allow nothing keeps its answer.

        Args:
            columns: Raw cells by column.
            answers: Of the model.
        """
        values = answers.scores
        limits = self.limits(
            columns,
            len(values),
        )
        low = limits[:, :, 0].max(axis=1, initial=-math.inf)
        high = limits[:, :, 1].min(axis=1, initial=math.inf)
        is_open = low > high
        low[is_open] = -math.inf
        high[is_open] = math.inf
        bounds = answers.bounds
        if bounds is not None:
            bounds = np.clip(
                bounds,
                low[:, None],
                high[:, None],
            )
        return replace(
            answers,
            scores=np.clip(values, low, high),
            bounds=bounds,
        )


def _bounds_of(rule: Rule, target: str) -> tuple[Bound, ...]:
    """Returns what a rule asks of the answer. Raises DeviceError if it asks something else."""
    if rule.premise is not None and target in names_in(rule.premise):
        raise _no_bound(rule, f"{target!r} before 'implies'")
    parts: tuple[Condition, ...] = (rule.conclusion,)
    if isinstance(rule.conclusion, All):
        parts = rule.conclusion.of
    bounds = []
    for part in parts:
        if not isinstance(part, Compared):
            raise _no_bound(rule, "a conclusion that is no comparison")
        bounds.append(
            _bound(
                rule,
                part,
                Name(target),
            )
        )
    return tuple(bounds)


def _bound(rule, part, target):
    """Returns the bound of a comparison, of which the target is one side."""
    is_left = part.left == target
    other = part.left
    if is_left:
        other = part.right
    if not is_left and part.right != target:
        raise _no_bound(rule, f"a comparison without {target.name!r}")
    if other == target or part.order not in _TURNED:
        raise _no_bound(rule, f"the order {part.order!r}")
    if not isinstance(other, Name) and isinstance(other.value, str):
        raise _no_bound(rule, "a text as a bound")
    order = part.order
    if not is_left:
        order = _TURNED[order]
    return Bound(order, other)


def _no_bound(rule, what):
    return DeviceError(
        f"the rule {rule.text!r} for a number: {what}",
        expected="a conclusion of <=, >= or ==, between the target and a number or a column",
        fix=_EXAMPLE,
    )
