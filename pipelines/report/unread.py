"""What of the columns a model does not read."""

from collections.abc import Mapping

import numpy as np

from ..device.primitives import DatePart
from ..device.signature import Signature
from ..device.visible import shorten


def unread_years(x: Mapping[str, np.ndarray], signature: Signature) -> list[str]:
    """Returns a sentence for each date of several years of which a model reads no year.

    Args:
        x: The columns of all rows, by name.
        signature: Of the model.
    """
    if signature.frame is not None:
        return []
    parts: dict[str, list[str]] = {}
    for primitive in signature.primitives:
        if isinstance(primitive, DatePart):
            parts.setdefault(primitive.column, []).append(primitive.part)
    sentences = []
    for name, read in parts.items():
        first, last = _years(x[name])
        if first < last and "year" not in read:
            sentences.append(_sentence(name, first, last, read))
    return sentences


def _years(times):
    """Returns the first and the last year of dates; 0 and 0 of none."""
    known = times[~np.isnat(times)]
    if not len(known):
        return 0, 0
    years = known.astype("datetime64[Y]").astype(int) + 1970
    return int(years.min()), int(years.max())


def _sentence(name, first, last, parts):
    with_year = (*parts, "year")
    read = ", ".join(part.replace("_", " ") for part in parts)
    return (
        f"Of {shorten(name)} ({first} to {last}) the model reads {read}, not the year: "
        f"EncodeDate(parts={with_year}) in `prepare` reads it too"
    )
