"""Pictures for the report of a model of a table."""

import numpy as np

from ..device.primitives import missing_mask
from ..report.figures import picture
from ..report.pictures import missing_values

MAX_ROWS = 400


def draw_missing(splits) -> list[tuple[str, str]]:
    """(title, base64 PNG) of what is missing where in the training rows."""
    masks = {name: missing_mask(x) for name, x in splits.train.x.items()}
    shares = {name: float(mask.mean()) for name, mask in masks.items()}
    places = np.unique(np.linspace(0, len(splits.train) - 1, MAX_ROWS).astype(int))
    some = np.stack([mask[places] for mask in masks.values()], axis=1)
    width = max(5.2, 0.3 * len(shares))
    return [("missing values", picture(missing_values(shares, some), width=width))]
