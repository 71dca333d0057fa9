"""Hand-made features of pictures, with a plain model on them."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...peers.pictures import PicturePeer

FIELDS = 4  # of a picture, across and down
DIRECTIONS = 8


@dataclass(frozen=True)
class EdgePeer(PicturePeer):
    """Logistic regression on how much edge of each direction each field of a picture has (after
    Dalal and Triggs 2005, https://doi.org/10.1109/CVPR.2005.177).
    """

    name: ClassVar[str] = "linear model of edges"

    def row_seconds(self, train):
        """Returns the seconds for a row, measured."""
        return 1e-3

    def reader(self):
        """Returns pixels → sums of edges by field and direction."""
        return _edges


def _edges(pixels):
    """float64 [rows, fields, fields, directions flat] of pixels [rows, height, width, 1]."""
    values = pixels[..., 0].astype(np.float64)
    down, across = np.gradient(values, axis=(1, 2))
    size = np.hypot(down, across)
    turn = np.arctan2(down, across) / np.pi + 1
    direction = (turn / 2 * DIRECTIONS).astype(int)
    one_hot = np.eye(DIRECTIONS)[direction % DIRECTIONS]
    split = size[..., None] * one_hot
    rows, height, width, _ = split.shape
    fields = split.reshape(
        rows,
        FIELDS,
        height // FIELDS,
        FIELDS,
        width // FIELDS,
        DIRECTIONS,
    )
    sums = np.sqrt(fields.sum(axis=(2, 4)))
    flat = sums.reshape(rows, -1)
    length = np.linalg.norm(
        flat,
        axis=1,
        keepdims=True,
    )
    return flat / np.maximum(length, 1e-9)
