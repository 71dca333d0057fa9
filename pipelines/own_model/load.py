"""A user's Keras model and rows from their files, without running code of a file."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..device.regular import read_regular
from ..errors import ExportError
from ..sources.array_files import read_arrays
from ..training.keras_zip import MAX_KERAS_BYTES, load_keras, read_config
from .refusals import refuse


def load_model(model: object):
    """Returns a keras.Model and the facts of its source; no code of a file is run.

    Args:
        model: a keras.Model, or the path of a .keras file.

    Raises:
        ExportError: it is neither.
    """
    import keras

    if isinstance(model, keras.Model):
        return model, {"name": f"the model {model.name!r}", "sha256": ""}
    path = Path(str(model))
    try:
        content = read_regular(path, MAX_KERAS_BYTES)
        _refuse_code(read_config(content), path)
        loaded = load_keras(content)
    except ExportError:
        raise
    except FileNotFoundError:
        raise ExportError(
            f"no file {str(path)!r}", expected="a .keras file", fix="correct the path"
        ) from None
    # Keras raises nothing narrower: whatever it is, the file is not a model.
    except Exception as error:
        if isinstance(error, OSError):
            reason = error.strerror
        else:
            reason = f"{type(error).__name__}: {str(error)[:300]}"
        raise ExportError(
            f"{str(path)!r} cannot be loaded as a Keras model: {reason}",
            expected="a .keras file of built-in layers, saved by Keras 3",
            fix="model.save('model.keras')",
        ) from error
    return loaded, {"name": path.name, "sha256": hashlib.sha256(content).hexdigest()}


def _refuse_code(config, path):
    """Raises ExportError, naming the layer, where a model's configuration asks for code that is not
    Keras' own.
    """
    inner = ()
    if isinstance(config, Mapping):
        _refuse_foreign(config, path)
        inner = config.values()
    elif isinstance(config, list):
        inner = config
    for each in inner:
        _refuse_code(each, path)


def _refuse_foreign(config, path):
    """Raises ExportError where an object of a configuration is code of the user's."""
    kind = config.get("class_name")
    module = config.get("module")
    inner = config.get("config")
    name = "?"
    if isinstance(inner, Mapping):
        name = inner.get("name", "?")
    if kind in ("Lambda", "__lambda__"):
        refuse(
            f"{path.name!r} holds a Lambda layer ({name!r})",
            expected="built-in layers: a Lambda layer is code, and no code is loaded",
            fix="write it with built-in layers or keras.ops",
        )
    if kind == "function" and module == "builtins" and isinstance(inner, str):
        refuse(
            f"{path.name!r} holds the custom function {inner!r}",
            expected="built-in layers and activations: no code is loaded",
            fix="write it with built-in layers or keras.ops",
        )
    foreign = isinstance(module, str) and not re.match(r"(keras|builtins)(\.|$)", module)
    # A class of the user's, registered or not, has no module in the file, or its own.
    registered = module is None and config.get("registered_name")
    if kind and (foreign or registered):
        refuse(
            f"{path.name!r} holds the custom {kind} {name!r}",
            expected="built-in layers: no code is loaded",
            fix="write it with built-in layers",
        )


def load_rows(rows: object) -> Mapping[str, np.ndarray] | np.ndarray:
    """Returns the arrays of an .npy or .npz file; arrays as they are.

    Raises:
        ExportError: the file cannot be read, or holds pickled objects: reading one runs code.
    """
    if not isinstance(rows, (str, Path)):
        return rows
    try:
        return read_arrays(Path(rows))
    except (OSError, ValueError) as error:
        reason = error
        if isinstance(error, OSError):
            reason = error.strerror or error
        raise ExportError(
            f"the rows {str(rows)!r} cannot be read: {reason}",
            expected="an .npy or .npz file of numbers",
            fix="np.save('rows.npy', rows)",
        ) from error
