"""JSON values to dataclasses by their annotations: exactly the fields, each of exactly its type.
Standard library only.

A value that is nearly right (true for 1, "3" for 3, a field too many) would be read as something
that the file does not say; so it is refused.
"""

import json
import types
import typing
from dataclasses import fields, is_dataclass
from functools import cache

MAX_FLOAT = 3.4028234663852886e38  # of float32, in which nearly everything here is computed
_SCALARS = {float: (float, int), int: (int,), str: (str,), bool: (bool,)}


def load_json(content: bytes) -> object:
    """JSON without NaN, infinity and keys that stand twice. Raises ValueError for anything else."""
    return json.loads(content, parse_constant=_refuse, object_pairs_hook=_once)


def _refuse(word):
    raise ValueError(f"{word} is no number")


def _once(pairs):
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(f"a key stands twice among {list(found)[:20]}")
    return found


def read_typed(kind: type, values: object) -> object:
    """A dataclass of plain JSON values: numbers that float32 holds, whole numbers that 64 bits
    hold, text, lists, and other dataclasses. Raises TypeError for other fields or types, ValueError
    for numbers that do not fit.
    """
    hints = _hints(kind)
    if not isinstance(values, dict) or values.keys() != hints.keys():
        raise TypeError(
            f"{kind.__name__} has the fields {list(hints)}, got "
            f"{list(values) if isinstance(values, dict) else type(values).__name__}"
        )
    return kind(**{name: read_value(hint, values[name], name) for name, hint in hints.items()})


@cache
def _hints(kind):
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def read_value(hint: object, value: object, name: str) -> object:
    """One value of an annotated type; `name` is for the error."""
    if hint in _SCALARS:
        _check_scalars(hint, (value,), name)
        return value
    origin = typing.get_origin(hint)
    inner = typing.get_args(hint)
    if origin is tuple and isinstance(value, list):
        if len(inner) == 2 and inner[1] is Ellipsis:
            if inner[0] in _SCALARS:  # many at once: vocabularies are long
                _check_scalars(inner[0], value, name)
                return tuple(value)
            return tuple(read_value(inner[0], each, name) for each in value)
        if len(inner) == len(value):
            return tuple(
                read_value(each, item, name) for each, item in zip(inner, value, strict=True)
            )
    elif origin is dict and isinstance(value, dict):
        return {key: read_value(inner[1], each, name) for key, each in value.items()}
    elif origin in (typing.Union, types.UnionType):
        if value is None and types.NoneType in inner:
            return None
        for each in inner:
            if is_dataclass(each) or type(value) in _SCALARS.get(each, ()):
                return read_value(each, value, name)
    elif isinstance(hint, type) and is_dataclass(hint):
        return read_typed(hint, value)
    raise TypeError(f"{name} is {str(value)[:60]!r}, not {hint}")


def _check_scalars(hint, values, name):
    others = set(map(type, values)) - set(_SCALARS[hint])
    if others:
        first = sorted(each.__name__ for each in others)[0]
        raise TypeError(f"{name} holds a {first}, not {hint.__name__}s alone")
    most = {float: MAX_FLOAT, int: 2**63 - 1}.get(hint)
    if most is not None and any(not -most <= value <= most for value in values):
        raise ValueError(f"{name} holds a number that does not fit")
