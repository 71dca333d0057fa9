"""What a user copies to a device: raw rows in, answers out, with numpy and LiteRT only.

Public names: Runner, Stream, Answers, Signature, Port, Target, Column, DeviceError, check_bundle.
"""

from .answers import Answers
from .cells import Column
from .checksums import check_bundle
from .errors import DeviceError
from .ports import Port
from .runner import Runner
from .signature import Signature
from .stream import Stream
from .target import Target

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
