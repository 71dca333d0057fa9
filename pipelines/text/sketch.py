"""What the knobs of loaders of texts show before a row is read."""

from ..device.cells import TEXT
from ..rows.sketch import DataSketch
from ..sources.target_column import tasks_of_kind


def sketch_texts(spec, target_kind: str, *, may_name_parts: bool) -> DataSketch:
    """Returns what the knobs of a loader of texts alone show of them."""
    return DataSketch(
        tasks_of_kind(target_kind),
        frozenset({TEXT}),
        has_groups=spec.has_groups(),
        has_times=False,
        may_name_parts=may_name_parts,
    )
