"""Arrays and the numbers between them as bytes and back; no pickle."""

import io
import json
from collections.abc import Sequence

import numpy as np

_TEXT = "values.json"


class NotStorableError(TypeError):
    """A value is no number, text or array, nor a list, tuple or dict of these."""


def to_bytes(value: object) -> bytes:
    """Returns a value as the content of an .npz file.

    Args:
        value: None, bool, int, float, str, arrays, and lists, tuples and dicts of these with texts
            as keys.

    Raises:
        NotStorableError: something in it is of another kind.
    """
    arrays: list[np.ndarray] = []
    plain = _to_plain(value, arrays)
    text = np.frombuffer(json.dumps(plain).encode(), np.uint8)
    file = io.BytesIO()
    named = {str(place): array for place, array in enumerate(arrays)}
    np.savez(file, **{_TEXT: text}, **named)
    return file.getvalue()


def from_bytes(content: bytes) -> object:
    """Returns the value that `to_bytes` was given.

    Raises:
        ValueError: the content is of something else.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            plain = json.loads(file[_TEXT].tobytes())
            return _from_plain(plain, file)
    except (OSError, KeyError, TypeError) as error:
        raise ValueError(f"no values and arrays: {error}") from error


def is_storable(value: object) -> bool:
    """Tests whether `to_bytes` takes a value."""
    try:
        _to_plain(value, [])
    except NotStorableError:
        return False
    return True


def _to_plain(value, arrays):
    """Returns a value of JSON, each list, tuple, dict and array under its kind."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, dict) and all(type(name) is str for name in value):
        return {"dict": {name: _to_plain(each, arrays) for name, each in value.items()}}
    if isinstance(value, (list, tuple)):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {kind: [_to_plain(each, arrays) for each in value]}
    array = _array(value)
    arrays.append(array)
    return {"array": len(arrays) - 1}


def _array(value):
    """Returns what an array, a NumPy scalar or a tensor holds.

    A variable is neither: whoever stores its content would read a tensor back.
    """
    is_tensor = type(value).__name__ == "EagerTensor"
    if not is_tensor and not isinstance(value, (np.ndarray, np.generic)):
        raise NotStorableError(f"a {type(value).__name__}")
    array = np.asarray(value)
    if array.dtype.hasobject:
        raise NotStorableError("an array of objects")
    return array


def _from_plain(plain, file):
    if not isinstance(plain, dict):
        return plain
    ((kind, held),) = plain.items()
    if kind == "array":
        return file[str(held)]
    if kind == "dict":
        return {name: _from_plain(each, file) for name, each in held.items()}
    values: Sequence = [_from_plain(each, file) for each in held]
    return tuple(values) if kind == "tuple" else values
