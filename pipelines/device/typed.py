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
MAX_SHOWN = 60  # characters of a value in an error
# Types of fields → the types that JSON has for them.
_SCALARS = {
    float: (float, int),
    int: (int,),
    str: (str,),
    bool: (bool,),
}
_LARGEST = {float: MAX_FLOAT, int: MAX_INT}


def load_json(content: bytes) -> object:
    """Reads JSON without NaN, infinity and repeated keys. Raises ValueError for anything else."""
    return json.loads(content, parse_constant=_refuse, object_pairs_hook=_once)


def _refuse(word):
    raise ValueError(f"{word} is no number")


def _once(pairs):
    values = dict(pairs)
    if len(values) < len(pairs):
        some_keys = list(values)[:20]
        raise ValueError(f"a key stands twice among {some_keys}")
    return values


def read_typed(kind: type, values: object) -> object:
    """Reads a dataclass of plain JSON values.

    Args:
        kind: The dataclass. Its fields are numbers that float32 holds, whole numbers that 64 bits
            hold, text, lists, and other dataclasses.
        values: Its fields by name.

    Raises:
        TypeError: For other fields or types.
        ValueError: For numbers that do not fit.
    """
    hints = _hints(kind)
    has_fields = isinstance(values, dict) and values.keys() == hints.keys()
    if not has_fields:
        text = str(values)
        raise TypeError(f"{kind.__name__} has the fields {list(hints)}, got {text[:MAX_SHOWN]!r}")
    arguments = {}
    for name, hint in hints.items():
        arguments[name] = read_value(hint, values[name], name)
    return kind(**arguments)


@cache
def _hints(kind):
    """Returns the annotations of a dataclass by field."""
    all_hints = typing.get_type_hints(kind)
    hints = {}
    for field in fields(kind):
        hints[field.name] = all_hints[field.name]
    return hints


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
    if isinstance(hint, type) and is_dataclass(hint):
        return read_typed(hint, value)
    origin = typing.get_origin(hint)
    if origin is tuple and isinstance(value, list):
        return _read_tuple(hint, value, name)
    if origin is dict and isinstance(value, dict):
        return _read_dict(hint, value, name)
    if origin in (typing.Union, types.UnionType):
        return _read_union(hint, value, name)
    raise _other_type(hint, value, name)


def _read_dict(hint, values, name):
    """Reads the values of an object, which are all of one type."""
    _, item_hint = typing.get_args(hint)
    items = {}
    for key, item in values.items():
        items[key] = read_value(item_hint, item, name)
    return items


def _other_type(hint, value, name):
    """Returns the error of a value that is not of its annotation."""
    text = str(value)
    return TypeError(f"{name} is {text[:MAX_SHOWN]!r}, not {hint}")


def _read_tuple(hint, values, name):
    """Reads a list as a tuple of one type or of a type for each place."""
    item_hints = typing.get_args(hint)
    if item_hints[-1] is Ellipsis:
        return _read_items(item_hints[0], values, name)
    if len(item_hints) != len(values):
        raise _other_type(hint, values, name)
    items = []
    for item_hint, item in zip(item_hints, values, strict=True):
        items.append(read_value(item_hint, item, name))
    return tuple(items)


def _read_items(hint, values, name):
    """Reads a list whose items are of one annotated type as a tuple."""
    if hint in _SCALARS:  # many at once: vocabularies are long
        _check_scalars(hint, values, name)
        return tuple(values)
    return tuple(read_value(hint, item, name) for item in values)


def _read_union(hint, value, name):
    """Reads a value of the first type of a union that fits."""
    kinds = typing.get_args(hint)
    if value is None and types.NoneType in kinds:
        return None
    for kind in kinds:
        is_scalar = type(value) in _SCALARS.get(kind, ())
        if is_scalar or is_dataclass(kind):
            return read_value(kind, value, name)
    raise _other_type(hint, value, name)


def _check_scalars(hint, values, name):
    """Raises an error for values that are not all of a scalar type, or do not fit."""
    # Types, not values, are compared: there are few of them in a long list.
    for kind in dict.fromkeys(map(type, values)):
        if kind not in _SCALARS[hint]:
            raise TypeError(f"{name} holds a {kind.__name__}, not {hint.__name__}s alone")
    most = _LARGEST.get(hint)
    if most is None:
        return
    # NaN compares as false, so that it does not fit either.
    if not all(-most <= value <= most for value in values):
        raise ValueError(f"{name} holds a number that does not fit")
