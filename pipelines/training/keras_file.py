"""The Keras model of a bundle, as the content of a .keras file and back."""

import io
import json
import tempfile
import zipfile
from pathlib import Path

from ..device.checksums import read_checked
from ..errors import BundleError, DeviceError
from ..sources.tensorflow import load_tensorflow
from .keras_zip import MAX_KERAS_BYTES, load_keras

_SHARED = "shared_object_id"


def keras_bytes(model) -> bytes:
    """Returns the content of a .keras file, the same for the same model.

    Keras writes the time, and the addresses of shared objects in memory, into it.
    """
    with tempfile.TemporaryDirectory(prefix="keras_") as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in sorted(archive.namelist())}
    members["config.json"] = json.dumps(with_plain_ids(json.loads(members["config.json"]))).encode()
    metadata = json.loads(members["metadata.json"])
    metadata.pop("date_saved", None)
    members["metadata.json"] = json.dumps(metadata).encode()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)  # of 1980, as every file is
    return file.getvalue()


def with_plain_ids(config: object) -> object:
    """Returns the configuration of a model with its shared objects numbered from 0 on.

    Args:
        config: as Keras serializes it, values of JSON.
    """
    return _plain_ids(config, {})


def _plain_ids(config, numbers):
    if isinstance(config, list):
        return [_plain_ids(each, numbers) for each in config]
    if not isinstance(config, dict):
        return config
    is_policy = config.get("class_name") == "DTypePolicy"
    plain = {}
    for name, value in config.items():
        if name == _SHARED and isinstance(value, int):
            if is_policy:
                continue  # a value: layers that are loaded no longer share it
            plain[name] = numbers.setdefault(value, len(numbers))
        else:
            plain[name] = _plain_ids(value, numbers)
    return plain


def keras_from_bytes(content: bytes):
    """Returns the keras.Model of the content of a .keras file; nothing that it holds is run."""
    load_tensorflow()
    from . import fake_quantize  # noqa: F401  its layers may be in the model

    return load_keras(content)


def read_keras(folder: str | Path):
    """The keras.Model of a bundle; nothing that the file holds is run. Raises BundleError where it
    is missing, damaged, altered or of another version.
    """
    path = Path(folder) / "model.keras"
    try:
        return keras_from_bytes(read_checked(folder, path.name, most=MAX_KERAS_BYTES))
    except (
        Exception
    ) as error:  # Keras and h5py raise nothing narrower: whatever it is, the file is not a model
        if isinstance(error, DeviceError):
            reason = error.received
        else:
            reason = f"{type(error).__name__}: {str(error)[:200]}"
        raise BundleError(
            f"{str(path)!r} is not a model that can be read: {reason}",
            expected="a whole bundle that this version wrote",
            fix="make the bundle again, or name another",
        ) from error
