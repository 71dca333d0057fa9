"""The shape of every error: what happened, what was expected, how to fix it, and in which stage.

The classes are drawn as a tree in `pipelines.errors`; this file stands alone so that the device
folder can be copied to a machine that has numpy and LiteRT and nothing else.
"""

from .visible import visible


class PipelineError(Exception):
    """Something the user can fix; whatever of its text comes from data steers no terminal.

    Attributes:
        received: What happened, with the value received.
        expected: What was expected instead.
        fix: How to fix it.
        stage: Where it happened.
    """

    stage = "pipeline"

    def __init__(self, received: str, *, expected: str, fix: str, stage: str | None = None):
        self.received = received
        self.expected = expected
        self.fix = fix
        self.stage = stage or type(self).stage
        text = f"[{self.stage}] {received}\n  expected: {expected}\n  fix: {fix}"
        super().__init__(visible(text, keep="\n"))


class DeviceError(PipelineError):
    """A raw row, or a bundle, that the device runner cannot answer for."""

    stage = "device"
