"""Anomalies on the device: how far a window is from what the model gives back."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..answers import Answers
from .base import DeviceTask

if TYPE_CHECKING:
    from ..primitives import Columns
    from ..signature import Signature


class DeviceAnomaly(DeviceTask):
    """Normal or an anomaly, by the mean difference of what went in and what came back."""

    name = "anomaly"

    def answer(
        self,
        signature: Signature,
        raw: np.ndarray,
        *,
        form: str,
        prepared: Columns | None = None,
    ) -> Answers:
        """Returns labels, and scores float64 [rows], the larger the more anomalous."""
        if prepared is None:
            raise ValueError("anomalies are found by what went in: it is not given")
        target = signature.target
        given = prepared[target.base]
        if form == "int8":
            port = signature.base_port()
            given = port.dequantize(port.quantize(given))
        back = signature.output.to_float(raw)
        scores = _mean_difference(given, back)
        (offset,) = signature.offsets(form)
        is_anomaly = scores + np.float32(offset) >= 0
        names = np.asarray(target.labels, object)
        labels = names[is_anomaly.astype(np.int64)]
        return Answers(labels, scores.astype(np.float64), raw)

    def scores_shape(self, signature: Signature) -> tuple[int, ...]:
        """Returns (): one score a window."""
        return ()

    def fits_labels(self, signature: Signature) -> bool:
        """Returns whether there are two labels, whatever the outputs give back."""
        return len(signature.target.labels) == 2

    def num_decisions(self, signature: Signature) -> int:
        """Returns 1: what is added to the score."""
        return 1

    def check(self, signature: Signature) -> None:
        """Raises ValueError if the outputs are not as many as the input that is given back."""
        base = signature.target.base
        num_outputs = math.prod(signature.output.shape)
        sizes = {}
        for port in signature.inputs:
            sizes[port.name] = math.prod(port.shape)
        if sizes.get(base) != num_outputs:
            raise ValueError(f"{num_outputs} outputs to give back {base!r} of {sizes}")

    def headings(self, signature: Signature) -> list[str]:
        """Returns "label" and "score"."""
        return ["label", "score"]


def _mean_difference(given, back):
    """Returns the mean difference of what went in and what came back, float32 [rows].

    It is summed one by one, as in C.
    """
    flat = given.reshape(back.shape)
    differences = np.abs(flat - back)
    sums = np.add.accumulate(differences, axis=1)
    num_values = np.float32(back.shape[1])
    share = np.float32(1) / num_values
    return sums[:, -1] * share
