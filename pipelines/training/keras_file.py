"""The Keras model of a bundle, as the content of a .keras file and back."""

import tempfile
from pathlib import Path

from ..device.checksums import read_checked
from ..errors import BundleError, DeviceError
from ..sources.tensorflow import load_tensorflow
from .keras_zip import MAX_KERAS_BYTES, load_keras


def keras_bytes(model) -> bytes:
    """The content of a .keras file."""
    with tempfile.TemporaryDirectory(prefix="keras_") as folder:
        model.save(Path(folder) / "model.keras")
        return (Path(folder) / "model.keras").read_bytes()


def read_keras(folder: str | Path):
    """The keras.Model of a bundle; nothing that the file holds is run. Raises BundleError where it
    is not there, damaged, altered or of another version.
    """
    load_tensorflow()
    from . import fake_quantize  # noqa: F401  its layers may be in the model

    path = Path(folder) / "model.keras"
    try:
        return load_keras(read_checked(folder, path.name, most=MAX_KERAS_BYTES))
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
