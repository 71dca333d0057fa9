"""The knobs of a spec: their types are their annotations, their limits stand beside their
defaults.
"""

import dataclasses
import math
import types
import typing

from .errors import RecipeError


def knob(default: object, low: float, high: float):
    """A dataclass field with a default and the limits that `check_knobs` holds it to, both
    allowed.
    """
    return dataclasses.field(default=default, metadata={"low": low, "high": high})


def check_knobs(spec: object, path: str = "") -> None:
    """Raises RecipeError where a knob of a spec, or of one inside it, has another type than its
    annotation says or lies outside its limits.
    """
    hints = typing.get_type_hints(type(spec))
    for field in dataclasses.fields(spec):
        value = getattr(spec, field.name)
        name = f"{path}{field.name}"
        if not _suits(value, hints[field.name]):
            raise RecipeError(
                f"{name}={value!r}",
                expected=_in_words(hints[field.name]),
                fix=f"--set {name}={field.default!r}"
                if field.default is not dataclasses.MISSING
                else f"give {name} a value of that kind",
            )
        if field.metadata and not all(
            field.metadata["low"] <= each <= field.metadata["high"]
            for each in (value if isinstance(value, tuple) else (value,))
        ):
            raise RecipeError(
                f"{name}={value!r}",
                expected=f"{field.metadata['low']} to {field.metadata['high']}",
                fix=f"--set {name}={field.default!r}",
            )
        for inner in value if isinstance(value, tuple) else (value,):
            if dataclasses.is_dataclass(inner):
                check_knobs(inner, f"{name}.")


def _suits(value, hint):
    origin = typing.get_origin(hint)
    arguments = typing.get_args(hint)
    if hint is typing.Any:
        return True
    if origin in (typing.Union, types.UnionType):
        return any(_suits(value, each) for each in arguments)
    if origin is tuple:
        return isinstance(value, tuple) and all(_suits(each, arguments[0]) for each in value)
    if origin is not None:  # a mapping of texts
        return isinstance(value, origin) and all(
            isinstance(each, str) for pair in value.items() for each in pair
        )
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if hint is float:
        return (
            isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        )
    return isinstance(value, hint)


def _in_words(hint):
    if typing.get_origin(hint):
        return str(hint).replace("typing.", "")
    return f"a value of type {hint.__name__}"
