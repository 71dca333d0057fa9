"""More than two classes on the device: an output a class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .classes import DeviceClasses

if TYPE_CHECKING:
    from ..signature import Signature


class DeviceMulticlass(DeviceClasses):
    """One of several labels, the largest of the shifted logits."""

    name = "multiclass"

    def fits_labels(self, signature: Signature) -> bool:
        """Returns whether there is a label for each output."""
        return len(signature.target.labels) == signature.output.shape[0]
