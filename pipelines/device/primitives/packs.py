"""What packs finished columns, and pictures, into a port of the model."""

import math
from dataclasses import dataclass

import numpy as np

from .primitive import Columns, Flow, Flows, PackingPrimitive


@dataclass(frozen=True)
class Pack(PackingPrimitive):
    """Columns of one unit side by side become the port `into`; every other use of them is over.

    float32 [rows] or [rows, width] → float32 [rows, sum of widths]; int32 [rows] → int32 [rows,
    columns]. Tokens, int32 [rows, window], and a picture, uint8 [rows, height, width, channels],
    are packed alone and stay as they are.
    """

    def run(self, columns: Columns) -> None:
        if columns[self.columns[0]].ndim == 4:
            columns[self.into] = columns[self.columns[0]]
            return
        parts = [
            columns[name] if columns[name].ndim == 2 else columns[name][:, None]
            for name in self.columns
        ]
        columns[self.into] = np.concatenate(parts, axis=1)

    def follow(self, flows: Flows) -> None:
        given = [flows[name] for name in self.columns]
        if not given:
            raise ValueError(f"nothing to pack into {self.into!r}")
        if len(given) == 1 and given[0].dtype in ("uint8", "int32") and given[0].shape:
            flows[self.into] = given[0]
            return
        alike = {(flow.dtype, len(flow.shape) if flow.dtype == "int32" else 0) for flow in given}
        if alike not in ({("float32", 0)}, {("int32", 0)}) or any(
            len(flow.shape) > 1 for flow in given
        ):
            raise ValueError(f"columns of {sorted(alike)} packed into {self.into!r}")
        flows[self.into] = Flow(
            given[0].dtype,
            (sum(math.prod(flow.shape) for flow in given),),
            max(flow.num_ids for flow in given),
        )
