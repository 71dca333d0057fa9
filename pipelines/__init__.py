"""From a messy data set to an int8 model that was run on its device, leak-free by construction.

    from pipelines import run, tabular
    bundle = run(tabular.BIRDS)

Importing this loads neither TensorFlow nor pandas: each name is fetched when it is first used.
"""

import importlib

_WHERE = {"run": ".run", "learn": ".run", "judge": ".run", "split": ".split", "train": ".train", "Bundle":
          ".export.bundle", "Recipe": ".recipe", "Dataset": ".rows", "TrainSet": ".rows", "HeldOut": ".rows",
          "Splits": ".rows", "Runner": ".device"}
_ROOMS = ("tabular", "steps", "balance", "device", "catalog", "errors")

__all__ = [*_WHERE, *_ROOMS]


def __getattr__(name: str):
    if name in _WHERE:
        return getattr(importlib.import_module(_WHERE[name], __name__), name)
    if name in _ROOMS:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
