"""The content of a .keras file, looked through before Keras loads it: a small file can ask for any
amount of memory.

The file is a zip file of a configuration in JSON and weights in HDF5. Keras builds the layers of
the configuration, with all their weights, before it compares them with the weights in the file.
"""

import io
import math
import tempfile
import zipfile
from pathlib import Path

from ..device.typed import load_json
from ..sources.limits import UnpackedTooLarge, check_members, read_member

MAX_KERAS_BYTES = 2**31
MAX_CONFIG_BYTES = 8 * 2**20  # the largest of keras.applications has 1.2 MB
MAX_NAME = 1024
_CONFIG = "config.json"
_WEIGHTS = ("model.weights.h5", "model.weights.npz")


def read_config(content: bytes) -> object:
    """The configuration in a .keras file's content. Raises ValueError where the file is no such zip
    file, holds members that a .keras file has not, or unpacks to more than MAX_KERAS_BYTES.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            check_members(archive, MAX_KERAS_BYTES)
            names = set(archive.namelist())
            others = [
                name
                for name in names - {_CONFIG, "metadata.json", *_WEIGHTS}
                if not name.startswith("assets/")
            ]
            if others or _CONFIG not in names:
                raise ValueError(
                    f"it holds {', '.join(sorted(names)[:8])}, not config.json and model.weights.h5"
                )
            return load_json(read_member(archive, _CONFIG, MAX_CONFIG_BYTES))
    except (
        zipfile.BadZipFile,
        RecursionError,
        NotImplementedError,
        EOFError,
        OSError,
        RuntimeError,
    ) as error:
        raise ValueError(f"no .keras file: {type(error).__name__}: {error}") from error


def load_keras(content: bytes):
    """The keras.Model of a .keras file's content, uncompiled; no code in it is run. Raises
    ValueError where it asks for more weights than the file holds, OSError without a temporary
    folder, and whatever else Keras raises.
    """
    import keras

    _check_weights(read_config(content), content)
    with tempfile.TemporaryDirectory(prefix="keras_") as folder:
        path = Path(folder) / "model.keras"
        path.write_bytes(content)
        return keras.saving.load_model(path, compile=False, safe_mode=True)


def _check_weights(config, content):
    """Builds the model once without memory: in a graph, every variable has a shape alone."""
    import keras
    import tensorflow as tf

    if not isinstance(config, dict):
        raise ValueError(f"its configuration is a {type(config).__name__}")
    _check_names(config)
    config = {
        **config,
        "compile_config": None,
    }  # as load_model without compile: an optimizer has variables of its own
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        weights = [name for name in _WEIGHTS if name in archive.namelist()]
        if not weights:
            raise ValueError(f"it holds no {' or '.join(_WEIGHTS)}")
        stored = sum(archive.getinfo(name).file_size for name in weights)
    with tf.Graph().as_default(), keras.StatelessScope():
        model = keras.saving.deserialize_keras_object(config, safe_mode=True)
    if not isinstance(model, keras.Model):
        raise ValueError(f"its configuration is of a {type(model).__name__}, not of a model")
    wanted = sum(math.prod(variable.shape) for variable in model.variables)
    if wanted > stored:  # one byte is the least that a weight takes
        raise UnpackedTooLarge(
            f"its layers have {wanted:,} weights, the file holds {stored:,} bytes of them"
        )


def _check_names(config):
    """TensorFlow logs names of any length, and looks for each among the others."""
    if isinstance(config, dict):
        inner = config.values()
    elif isinstance(config, list):
        inner = config
    else:
        inner = ()
    if (
        isinstance(config, dict)
        and isinstance(config.get("name"), str)
        and len(config["name"]) > MAX_NAME
    ):
        raise ValueError(f"a name of {len(config['name']):,} characters, at most {MAX_NAME:,}")
    for each in inner:
        _check_names(each)
