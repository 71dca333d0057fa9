"""Pictures for the report of a model of a table."""

import numpy as np

from ..device.primitives import missing_mask
from ..report.figures import picture
from ..report.pictures import missing_values

MAX_ROWS = 400


def draw_missing(splits) -> list[tuple[str, str]]:
    """Returns title and base64 PNG of what is missing where in the training rows."""
    train = splits.train
    places = np.linspace(0, len(train) - 1, MAX_ROWS)
    chosen = np.unique(places.astype(int))
    shares = {}
    masks = []
    for name, x in train.x.items():
        is_missing = missing_mask(x)
        shares[name] = float(is_missing.mean())
        masks.append(is_missing[chosen])
    drawing = missing_values(shares, np.stack(masks, axis=1))
    width = max(5.2, 0.3 * len(shares))
    return [("missing values", picture(drawing, width=width))]
