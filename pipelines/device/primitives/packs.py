"""What packs finished columns, and pictures, into a port of the model."""

import math
from dataclasses import dataclass

import numpy as np

from .primitive import Flow, PackingPrimitive


@dataclass(frozen=True)
class Pack(PackingPrimitive):
    """Packs columns of one unit side by side into the port `into`.

    float32 [rows] or [rows, width] → float32 [rows, sum of widths]; int32 [rows] → int32 [rows,
    columns]. Tokens, int32 [rows, window], and a picture, uint8 [rows, height, width, channels],
    are packed alone and stay as they are.
    """

    def pack(self, parts: list[np.ndarray]) -> np.ndarray:
        first = parts[0]
        if first.ndim == 4:
            return first
        tables = []
        for part in parts:
            if part.ndim == 1:
                part = part[:, None]
            tables.append(part)
        return np.concatenate(tables, axis=1)

    def flow_of(self, parts: list[Flow]) -> Flow:
        first = parts[0]
        if len(parts) == 1 and _stays_as_it_is(first):
            return first
        width = 0
        num_ids = 0
        for flow in parts:
            if flow.dtype != first.dtype or not _is_packable(flow):
                raise ValueError(f"columns {parts} packed into {self.into!r}")
            width += math.prod(flow.shape)
            num_ids = max(num_ids, flow.num_ids)
        return Flow(first.dtype, (width,), num_ids)


def _stays_as_it_is(flow):
    """Returns whether a column is a picture or tokens, which are packed alone."""
    if flow.dtype not in ("uint8", "int32"):
        return False
    return len(flow.shape) > 0


def _is_packable(flow):
    """Returns whether a column is one number, one id or a row of numbers."""
    num_axes = len(flow.shape)
    if flow.dtype == "int32":
        return num_axes == 0
    return flow.dtype == "float32" and num_axes <= 1
