"""From a messy data set to an int8 model that was run on its device, leak-free by construction.

    from pipelines import run, tabular
    bundle = run(tabular.BIRDS)

Importing this loads neither TensorFlow nor pandas: each name is fetched when it is first used.
"""

import importlib
import os
import sys
import types

# Before TensorFlow starts, wherever it is started from: oneDNN orders its sums by machine and load,
# and one seed shall give one result; the level keeps start-up chatter away. Both can be set
# otherwise.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

_WHERE = {
    "run": ".run",
    "read": ".run",
    "split": ".run",
    "frame": ".run",
    "fit": ".run",
    "ship": ".run",
    "judge": ".run",
    "write": ".run",
    "train": ".training.fit",
    "Bundle": ".bundle.folder",
    "Recipe": ".recipe",
    "Dataset": ".rows.parts",
    "TrainSet": ".rows.parts",
    "HeldOut": ".rows.parts",
    "Splits": ".rows.parts",
    "Runner": ".device",
}
_ROOMS = (
    "tabular",
    "vision",
    "text",
    "timeseries",
    "steps",
    "balance",
    "compress",
    "device",
    "catalog",
    "errors",
    "estimators",
)

__all__ = [*_WHERE, *_ROOMS]


class _Package(types.ModuleType):
    """`pipelines.run` is the function, whichever way its module was imported first: Python binds a
    submodule to its package once it is loaded, and would hide the function of the same name behind
    the file it stands in.
    """

    def __setattr__(self, name, value):
        if name not in _WHERE or not isinstance(value, types.ModuleType):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str):
    if name in _WHERE:
        return getattr(importlib.import_module(_WHERE[name], __name__), name)
    if name in _ROOMS:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
