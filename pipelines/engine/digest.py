"""Anything that decides a result, as a sha256: two values have one digest only if they are equal.

A digest depends on content alone. It is the same on another machine, in another process and after
another order of a dict's keys; no address, time or path is in it.
"""

import dataclasses
import hashlib
import json
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..device.regular import open_regular
from ..rows.columns import StoredColumn
from ..rows.stream import RowStream
from ..spec import Spec


class NotHashableError(TypeError):
    """A value has no digest: it may change without any sign of it."""


def digest(*values: object) -> str:
    """Returns the sha256 of values, 64 hexadecimal digits.

    Args:
        values: None, bool, int, float, str, bytes, NumPy arrays and scalars, tuples, lists, dicts
            and dataclasses of these; of a spec the files that it names count by their content.

    Raises:
        NotHashableError: a value is of another kind.
    """
    hasher = hashlib.sha256()
    for value in values:
        _add(hasher, value, {})
    return hasher.hexdigest()


def file_digest(path: str | Path) -> str:
    """Returns the sha256 of a regular file's content, 64 hexadecimal digits."""
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _add(hasher, value, files):
    """Adds a value with its type and its length, so that no two values run together.

    Args:
        hasher: of hashlib.
        value: what is added.
        files: text → sha256 of the file that a spec around the value names by it.
    """
    for kind, add in _KINDS:
        if isinstance(value, kind):
            add(hasher, value, files)
            return
    if type(value).__module__.partition(".")[0] == "pandas" and type(value).__name__ == "DataFrame":
        _add_frame(hasher, value, files)
        return
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        _add_dataclass(hasher, value, files)
        return
    raise NotHashableError(f"a {type(value).__name__}")


def _tag(hasher, name, size=0):
    hasher.update(f"{name}:{size};".encode())


def _add_none(hasher, value, files):
    _tag(hasher, "none")


def _add_bool(hasher, value, files):
    _tag(hasher, "bool", int(value))


def _add_int(hasher, value, files):
    _tag(hasher, "int", int(value))


def _add_float(hasher, value, files):
    _tag(hasher, "float")
    hasher.update(struct.pack("<d", value))


def _add_bytes(hasher, value, files):
    _tag(hasher, "bytes", len(value))
    hasher.update(value)


def _add_text(hasher, value, files):
    if value in files:
        _tag(hasher, "file")
        hasher.update(files[value].encode())
        return
    content = value.encode("utf-8", "surrogatepass")
    _tag(hasher, "text", len(content))
    hasher.update(content)


def _add_many(hasher, value, files):
    _tag(hasher, "many", len(value))
    for each in value:
        _add(hasher, each, files)


def _add_set(hasher, value, files):
    _tag(hasher, "set", len(value))
    for each in sorted(digest(each) for each in value):
        hasher.update(each.encode())


def _add_dict(hasher, value, files):
    _tag(hasher, "dict", len(value))
    pairs = sorted(value.items(), key=lambda pair: digest(pair[0]))
    for name, each in pairs:
        _add(hasher, name, files)
        _add(hasher, each, files)


def _add_stored(hasher, value, files):
    _tag(hasher, "stored")
    _add(hasher, value.shape, files)
    _add_array(hasher, value.row_digests(), files)


def _add_stream(hasher, value, files):
    _tag(hasher, "stream")
    _add_text(hasher, value.digest(), {})


def _add_array(hasher, value, files):
    _tag(hasher, "array", value.ndim)
    _add(hasher, tuple(value.shape), files)
    if value.dtype.hasobject:
        _add_cells(hasher, value.ravel().tolist(), files)
        return
    _add_text(hasher, value.dtype.str, {})
    hasher.update(np.ascontiguousarray(value).view(np.uint8).data)


def _add_cells(hasher, cells, files):
    """Adds the cells of an object array: of texts and numbers at once, of others one by one."""
    try:
        content = json.dumps(cells, ensure_ascii=True)
    except (TypeError, ValueError):
        _add_many(hasher, cells, files)
        return
    _tag(hasher, "cells", len(content))
    hasher.update(content.encode())


def _add_scalar(hasher, value, files):
    _add_array(hasher, np.asarray(value), files)


def _add_dataclass(hasher, value, files):
    """Adds the class and every field that counts when two are compared."""
    if isinstance(value, Spec):
        named = value.files_read()
        files = files | {text: file_digest(path) for text, path in named.items()}
    _tag(hasher, type(value).__qualname__)
    for field in dataclasses.fields(value):
        _add_text(hasher, field.name, {})
        _add(hasher, vars(value)[field.name], files)


def _add_frame(hasher, value, files):
    """Adds a table of pandas: names, kinds and cells of its columns."""
    from pandas.util import hash_pandas_object

    _tag(hasher, "frame", len(value))
    for name, column in value.items():
        _add(hasher, name, {})
        _add_text(hasher, str(column.dtype), {})
        try:
            _add_array(hasher, hash_pandas_object(column, index=False).to_numpy(), {})
        except TypeError:  # lists and arrays in cells
            _add_many(hasher, column.tolist(), files)


_Add = Callable[[object, object, dict[str, str]], None]
# The first that fits: a bool is an int too, and a NumPy float64 a float.
_KINDS: tuple[tuple[type | tuple[type, ...], _Add], ...] = (
    (type(None), _add_none),
    (np.generic, _add_scalar),
    (bool, _add_bool),
    (int, _add_int),
    (float, _add_float),
    (bytes, _add_bytes),
    (str, _add_text),
    ((tuple, list), _add_many),
    ((set, frozenset), _add_set),
    (dict, _add_dict),
    (StoredColumn, _add_stored),
    (RowStream, _add_stream),
    (np.ndarray, _add_array),
)
