"""Pictures that are shifted, and what a net makes of it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...rows.parts import HeldOut
from .rows import logits


def shifted(rows: HeldOut, pixels: int) -> HeldOut:
    """Returns the same pictures, moved to the right, black where they came from.

    Args:
        rows: pictures uint8 [rows, height, width, channels] as the one column.
        pixels: how far.
    """
    [(name, pictures)] = rows.x.items()
    moved = np.zeros_like(pictures)
    moved[:, :, pixels:] = pictures[:, :, : pictures.shape[2] - pixels]
    return replace(rows, x={name: moved})


def under_shifts(model, rows: HeldOut, shifts: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Returns accuracy and the share of answers that stay as they were, float64 [shifts] each.

    Args:
        model: trained on pictures of classes.
        rows: to judge on.
        shifts: in pixels; the first is where answers are compared with.
    """
    answers = np.array([logits(model, shifted(rows, each)).argmax(axis=1) for each in shifts])
    return np.mean(answers == rows.y, axis=1), np.mean(answers == answers[0], axis=1)
