"""Whether an optional package can be used: one that is there may not fit the versions of others."""

import importlib


def import_fault(package: str, *, of: str = "") -> str:
    """Imports an optional package, and returns what stands against it, or "".

    Args:
        package: Its name, or a module of it.
        of: What pip installs to have it.
    """
    try:
        importlib.import_module(package)
    except ModuleNotFoundError as error:
        name = package.partition(".")[0]
        if error.name == name:
            return f"the package {name} is missing: pip install '{of or name}'"
        return f"{package} cannot be imported: {error}"
    except ImportError as error:
        return f"{package} cannot be imported: {error}"
    return ""
