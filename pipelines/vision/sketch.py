"""What the knobs of a loader of pictures show before a picture is read."""

from ..device.cells import PICTURE
from ..rows.sketch import DataSketch
from ..sources.target_column import tasks_of_kind


def sketch_pictures(spec, *, may_name_parts: bool) -> DataSketch:
    """Returns what the knobs of a loader of pictures alone show of them."""
    shape = ()
    if spec.height and spec.width and spec.channels:
        shape = (spec.height, spec.width, spec.channels)
    return DataSketch(
        tasks_of_kind("classes"),
        frozenset({PICTURE}),
        has_groups=spec.has_groups(),
        has_times=False,
        may_name_parts=may_name_parts,
        channels=spec.channels,
        shape=shape,
    )
