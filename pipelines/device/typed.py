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
MAX_INT = 2**63 - 1
_SCALARS = {float: (float, int), int: (int,), str: (str,), bool: (bool,)}


def load_json(content: bytes) -> object:
    """Reads JSON without NaN, infinity and repeated keys. Raises ValueError for anything else."""
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
    fields_of = f"{kind.__name__} has the fields {list(hints)}, got "
    if not isinstance(values, dict):
        raise TypeError(fields_of + type(values).__name__)
    if values.keys() != hints.keys():
        raise TypeError(fields_of + str(list(values)))
    arguments = {}
    for name, hint in hints.items():
        arguments[name] = read_value(hint, values[name], name)
    return kind(**arguments)


@cache
def _hints(kind):
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def read_value(hint: object, value: object, name: str) -> object:
    """Reads one value of an annotated type.

    Args:
        hint: The annotation.
        value: The plain JSON value.
        name: The field's name, for the error.

    Raises:
        TypeError: For a value of another type.
        ValueError: For a number that does not fit.
    """
    if hint in _SCALARS:
        _check_scalars(hint, (value,), name)
        return value
    origin = typing.get_origin(hint)
    inner = typing.get_args(hint)
    if origin is tuple and isinstance(value, list):
        if len(inner) == 2 and inner[1] is Ellipsis:
            return _read_items(inner[0], value, name)
        if len(inner) == len(value):
            items = zip(inner, value, strict=True)
            return tuple(read_value(each, item, name) for each, item in items)
    elif origin is dict and isinstance(value, dict):
        return {key: read_value(inner[1], each, name) for key, each in value.items()}
    elif origin in (typing.Union, types.UnionType):
        if value is None and types.NoneType in inner:
            return None
        for each in inner:
            is_scalar = type(value) in _SCALARS.get(each, ())
            if is_scalar or is_dataclass(each):
                return read_value(each, value, name)
    elif isinstance(hint, type) and is_dataclass(hint):
        return read_typed(hint, value)
    raise TypeError(f"{name} is {str(value)[:60]!r}, not {hint}")


def _read_items(hint, values, name):
    """Reads a list whose items are of one annotated type as a tuple."""
    if hint in _SCALARS:  # many at once: vocabularies are long
        _check_scalars(hint, values, name)
        return tuple(values)
    return tuple(read_value(hint, each, name) for each in values)


def _check_scalars(hint, values, name):
    kinds = set(map(type, values))
    others = kinds - set(_SCALARS[hint])
    if others:
        names = sorted(each.__name__ for each in others)
        raise TypeError(f"{name} holds a {names[0]}, not {hint.__name__}s alone")
    if hint is float:
        most = MAX_FLOAT
    elif hint is int:
        most = MAX_INT
    else:
        return
    # NaN compares as false, so that it does not fit either.
    if any(not -most <= value <= most for value in values):
        raise ValueError(f"{name} holds a number that does not fit")
