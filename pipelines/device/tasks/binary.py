"""Two classes on the device: one output, the log-odds of the second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .classes import DeviceClasses

if TYPE_CHECKING:
    from ..signature import Signature


class DeviceBinary(DeviceClasses):
    """One of two labels, by the sign of one shifted logit."""

    name = "binary"

    def fits_labels(self, signature: Signature) -> bool:
        """Returns whether there are two labels and one output."""
        has_two_labels = len(signature.target.labels) == 2
        return has_two_labels and signature.output.shape == (1,)
