"""What lies in a folder of bundles, besides the stages that are kept there."""

from pathlib import Path


def left_in(folder: Path) -> list[str]:
    """Returns the names in a folder in order, without the cache of finished stages."""
    return sorted(path.name for path in folder.iterdir() if path.name != ".cache")
