"""`--search`: what a person writes for a knob, as a dimension of the space.

training.optimizer.learning_rate=0.0003..0.01:log
build.dropout
balance=None|SmoteNC()|WeightByClass()
"""

import re
from collections.abc import Sequence

from ...errors import RecipeError
from ...recipe import Recipe
from ...spec import Knob, knobs_of
from .space import Choice, Dimension, Range, Space, holder_of, is_number, value_of

_NUMBER = r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)"
_RANGE = re.compile(rf"\s*{_NUMBER}\s*\.\.\s*{_NUMBER}\s*(:log)?\s*")
_WHOLE = re.compile(r"[-+]?\d+")
# Limits farther apart than so are those of what is possible, not of what is worth a trial.
_MOST_SPREAD = 1e5
_LOG_SPREAD = 1e3


def parse_search(texts: Sequence[str], recipe: Recipe) -> Space:
    """Returns the space of `--search` options.

    Args:
        texts: "knob=LOW..HIGH", "knob=LOW..HIGH:log", "knob=A|B|C", or "knob" for its own limits.
        recipe: whose knobs they are.

    Raises:
        RecipeError: there is no such knob, a value is not allowed, or a knob stands there twice.
    """
    found: dict[str, Dimension] = {}
    for text in texts:
        dimension = _parse_one(text, recipe)
        if dimension.knob in found:
            raise RecipeError(
                f"--search {dimension.knob} twice",
                expected="each knob once",
                fix="leave one of them out",
            )
        dimension.check(recipe)
        found[dimension.knob] = dimension
    return tuple(found.values())


def _parse_one(text, recipe):
    knob, is_given, values = text.partition("=")
    knob = knob.strip()
    if not is_given:
        return _by_limits(knob, recipe)
    match = _RANGE.fullmatch(values)
    if match is None:
        return Choice(knob, _split(values))
    low, high, log = match.groups()
    now = value_of(recipe, knob)
    is_whole = _WHOLE.fullmatch(low) and _WHOLE.fullmatch(high) and not isinstance(now, float)
    if is_whole:
        return Range(knob, int(low), int(high), bool(log), True)
    return Range(knob, float(low), float(high), bool(log))


def _split(text: str) -> tuple[str, ...]:
    """Returns the texts between bars that stand in no bracket and no quotation."""
    parts = [""]
    depth = 0
    quote = ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        if letter == "|" and not quote and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return tuple(part.strip() for part in parts)


def _by_limits(knob, recipe):
    """The whole range that a knob allows."""
    holder = holder_of(recipe, knob)
    name = knob.rpartition(".")[2]
    known = next(each for each in knobs_of(type(holder)) if each.name == name)
    now = vars(holder)[name]
    if isinstance(now, bool):
        return Choice(knob, ("True", "False"))
    if not is_number(now) or known.low is None:
        raise RecipeError(
            f"--search {knob}, which is {now!r}",
            expected="a knob with limits, or values: it has no limits of its own",
            fix=f"--search '{knob}=A|B'",
        )
    if _spread(known) > _MOST_SPREAD:
        raise RecipeError(
            f"--search {knob}, which may be {known.low:,} to {known.high:,}",
            expected="a range that is worth its trials",
            fix=f"--search {knob}={_quarter(now)}..{now * 4}:log",
        )
    is_log = known.low > 0 and _spread(known) >= _LOG_SPREAD
    return Range(knob, known.low, known.high, is_log, isinstance(now, int))


def _quarter(now):
    if isinstance(now, int):
        return max(now // 4, 1)
    return now / 4


def _spread(known: Knob) -> float:
    """Returns how many times the least value the largest is, 0 of a range from 0 to 1."""
    if known.low:
        return abs(known.high / known.low)
    if known.high <= 1:
        return 0.0
    return known.high
