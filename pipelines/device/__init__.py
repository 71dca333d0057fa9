"""What a user copies to a device: raw rows in, answers out, with numpy and LiteRT only.

Public names: Runner, Stream, Answers, Signature, Port, Target, Column, DeviceError, check_bundle.
"""

from .cells import Column
from .checksums import check_bundle
from .errors import DeviceError
from .runner import Answers, Runner
from .signature import Port, Signature, Target
from .stream import Stream

__all__ = [
    "Runner",
    "Stream",
    "Answers",
    "Signature",
    "Port",
    "Target",
    "Column",
    "DeviceError",
    "check_bundle",
]
