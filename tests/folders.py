"""What lies in a folder of bundles, besides the stages that are kept there, and in a report besides
the times."""

from pathlib import Path

# What the clock decides, and is different each time.
TIMES = ("seconds", "fit_seconds", "latency_ms", "latency_ms_p95")


def left_in(folder: Path) -> list[str]:
    """Returns the names in a folder in order, without the cache of finished stages."""
    return sorted(path.name for path in folder.iterdir() if path.name != ".cache")


def without_times(values: object) -> object:
    """Returns values of a report without those that the clock decides."""
    if isinstance(values, dict):
        return {name: without_times(each) for name, each in values.items() if name not in TIMES}
    if isinstance(values, list):
        return [without_times(each) for each in values]
    return values
