"""What a rule is once it is parsed: a tree of comparisons, for Python, C and the web page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

ORDERS = ("<", "<=", ">", ">=", "==", "!=")


@dataclass(frozen=True)
class Name:
    """A column, the target or a label."""

    name: str


@dataclass(frozen=True)
class Value:
    """A number or a text."""

    value: float | int | str


Operand = Name | Value


@dataclass(frozen=True)
class Compared:
    """An order of two operands; it holds nowhere where one is missing."""

    order: str
    left: Operand
    right: Operand


@dataclass(frozen=True)
class Among:
    """Whether an operand is one of several; of `is_in`=False, whether it is there and is none."""

    operand: Operand
    others: tuple[Operand, ...]
    is_in: bool


@dataclass(frozen=True)
class Present:
    """Whether an operand is not missing; of `is_present`=False, whether it is."""

    operand: Operand
    is_present: bool


@dataclass(frozen=True)
class Truth:
    """Whether a name is true."""

    name: Name


@dataclass(frozen=True)
class Not:
    """The opposite of a condition."""

    of: Condition


@dataclass(frozen=True)
class All:
    """Several conditions at once."""

    of: tuple[Condition, ...]


@dataclass(frozen=True)
class Some:
    """At least one of several conditions."""

    of: tuple[Condition, ...]


Condition = Compared | Among | Present | Truth | Not | All | Some


def children(node: Condition | Operand) -> tuple[Condition | Operand, ...]:
    """Returns what stands in a node, in the order of the text."""
    if isinstance(node, Compared):
        return (node.left, node.right)
    if isinstance(node, Among):
        return (node.operand, *node.others)
    if isinstance(node, Present):
        return (node.operand,)
    if isinstance(node, Truth):
        return (node.name,)
    if isinstance(node, Not):
        return (node.of,)
    if isinstance(node, (All, Some)):
        return node.of
    return ()


def names_in(node: Condition | Operand) -> Iterator[str]:
    """Yields the names of a tree, in the order of the text."""
    if isinstance(node, Name):
        yield node.name
    for child in children(node):
        yield from names_in(child)


def to_lists(node: Condition | Operand) -> list:
    """Returns a tree as nested lists of JSON, each with the name of its kind in front."""
    if isinstance(node, Name):
        return ["name", node.name]
    if isinstance(node, Value):
        return ["value", node.value]
    inner = [to_lists(child) for child in children(node)]
    if isinstance(node, Compared):
        return ["compared", node.order, *inner]
    if isinstance(node, Among):
        return ["among", node.is_in, *inner]
    if isinstance(node, Present):
        return ["present", node.is_present, *inner]
    return [type(node).__name__.lower(), *inner]
