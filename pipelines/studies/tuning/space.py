"""The space that a study searches: knobs of a recipe, each with a range or with choices."""

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from typing import Any

from ... import catalog
from ...errors import RecipeError
from ...recipe import Recipe
from ...spec import check_knobs

# A number, or a choice as a person writes it for --set.
Value = int | float | str
Params = Mapping[str, Value]
# Longer values are shown by what they differ in.
_SHORT_LETTERS = 16


@dataclass(frozen=True)
class Dimension(ABC):
    """One knob that a study turns.

    Attributes:
        knob: its path in the recipe, such as "build.dropout".
    """

    knob: str

    @abstractmethod
    def ends(self) -> tuple[Value, ...]:
        """Returns values that are allowed only if all are."""

    @abstractmethod
    def value_in(self, recipe: Recipe) -> Value | None:
        """Returns the value that a recipe has, or None if it is not among those searched."""

    def labels(self) -> dict[Value, str]:
        """Returns the values that are shown in other words → these."""
        return {}

    def turn(self, recipe: Recipe, value: Value) -> Recipe:
        """Returns the recipe with this knob turned. Raises RecipeError as --set does."""
        return catalog.override(recipe, f"{self.knob}={value}")

    def check(self, recipe: Recipe) -> None:
        """Raises RecipeError if the recipe has no such knob, or if a value is not allowed."""
        for value in self.ends():
            check_knobs(self.turn(recipe, value))


@dataclass(frozen=True)
class Range(Dimension):
    """Numbers between two ends, which are among them.

    Attributes:
        knob: its path in the recipe.
        low: the least.
        high: the largest.
        is_log: whether a tenth as much is as far as ten times as much.
        is_whole: whether they are whole numbers.
    """

    low: float
    high: float
    is_log: bool = False
    is_whole: bool = False

    def ends(self) -> tuple[Value, ...]:
        """Returns both ends."""
        return self.low, self.high

    def value_in(self, recipe: Recipe) -> Value | None:
        """Returns the number that a recipe has if it lies in the range."""
        now = value_of(recipe, self.knob)
        if isinstance(now, tuple) and len(now) == 1:
            now = now[0]
        if not is_number(now):
            return None
        if self.low <= now <= self.high:
            return now
        return None

    def check(self, recipe: Recipe) -> None:
        """Raises RecipeError for a range without numbers, and as `Dimension.check` does."""
        super().check(recipe)
        if self.low >= self.high:
            raise _bad_range(self, "the lower end first, then a larger one")
        if self.is_log and self.low <= 0:
            raise _bad_range(self, "ends above 0, of which there are logarithms")

    def __str__(self) -> str:
        words = f"{self.knob}={self.low!r}..{self.high!r}"
        if self.is_log:
            return f"{words}:log"
        return words


@dataclass(frozen=True)
class Choice(Dimension):
    """Values without an order, each as a person writes it for --set.

    Attributes:
        knob: its path in the recipe.
        values: texts such as "SmoteNC()".
    """

    values: tuple[str, ...]

    def ends(self) -> tuple[Value, ...]:
        """Returns all of them."""
        return self.values

    def value_in(self, recipe: Recipe) -> Value | None:
        """Returns the text of the value that a recipe has."""
        for value in self.values:
            if self.turn(recipe, value) == recipe:
                return value
        return None

    def check(self, recipe: Recipe) -> None:
        """Raises RecipeError for less than two values, and as `Dimension.check` does."""
        super().check(recipe)
        if len(set(self.values)) < 2 or len(set(self.values)) < len(self.values):
            raise RecipeError(
                f"--search {str(self)!r}",
                expected="two or more values that differ",
                fix=f"--search '{self.knob}=A|B', or one value for all trials: "
                f"--set '{self.knob}={self.values[0]}'",
            )

    def labels(self) -> dict[Value, str]:
        """Returns each value → as little of it as the others do not have."""
        if all(len(value) <= _SHORT_LETTERS for value in self.values):
            return {value: value for value in self.values}
        first = _same_start(self.values, " (,")
        last = _same_start([value[first:][::-1] for value in self.values], " ),")
        labels: dict[Value, str] = {}
        for value in self.values:
            labels[value] = value[first : len(value) - last] or "default"
        return labels

    def __str__(self) -> str:
        return f"{self.knob}={'|'.join(self.values)}"


Space = tuple[Dimension, ...]


def _same_start(texts: Sequence[str], ends: str) -> int:
    """Returns how many letters texts have in common, up to the last one that ends a word."""
    same = os.path.commonprefix(list(texts))
    return max(same.rfind(end) for end in ends) + 1


def _bad_range(dimension, expected):
    return RecipeError(
        f"--search {str(dimension)!r}",
        expected=expected,
        fix=f"--search {dimension.knob}=0.001..0.1:log",
    )


def is_number(value: object) -> bool:
    """Tests whether a value of a knob is a number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def value_of(recipe: Recipe, knob: str) -> Any:
    """Returns the value of a knob by its path.

    Raises:
        RecipeError: the recipe has no such knob; the words are those of --set.
    """
    return vars(holder_of(recipe, knob))[knob.rpartition(".")[2]]


def has_knob(recipe: Recipe, knob: str) -> bool:
    """Tests whether a recipe has a knob of that path."""
    return _find_holder(recipe, knob) is not None


def holder_of(recipe: Recipe, knob: str) -> Any:
    """Returns the spec that a knob belongs to. Raises RecipeError as `value_of` does."""
    holder = _find_holder(recipe, knob)
    if holder is None:
        catalog.override(recipe, f"{knob}=0")  # raises
    return holder


def _find_holder(recipe, knob):
    holder: Any = recipe
    *path, last = knob.split(".")
    for name in path:
        holder = vars(holder).get(name)
        if not is_dataclass(holder):
            return None
    if last not in vars(holder):
        return None
    return holder


def turn_all(recipe: Recipe, space: Sequence[Dimension], params: Params) -> Recipe:
    """Returns the recipe with the knobs of a trial turned, a slot before the knobs below it.

    Raises:
        RecipeError: a slot holds something that has no such knob.
    """
    for dimension in sorted(space, key=lambda each: each.knob.count(".")):
        recipe = dimension.turn(recipe, params[dimension.knob])
    return recipe


def params_of(recipe: Recipe, space: Sequence[Dimension]) -> dict[str, Value] | None:
    """Returns the values that a recipe has, or None if one of them is not searched."""
    found = {}
    for dimension in space:
        value = dimension.value_in(recipe)
        if value is None:
            return None
        found[dimension.knob] = value
    return found
