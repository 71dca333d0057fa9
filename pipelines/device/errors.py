"""The shape of every error: what happened, what was expected, how to fix it, and in which stage.

The classes are drawn as a tree in `pipelines.errors`; this file stands alone so that the device
folder can be copied to a machine that has numpy and LiteRT and nothing else.
"""

from .visible import visible


class PipelineError(Exception):
    """Something the user can fix. Its text states what was received, what was expected and how to
    fix it; whatever of it comes from data steers no terminal.
    """

    stage = "pipeline"

    def __init__(self, received: str, *, expected: str, fix: str, stage: str | None = None):
        self.received, self.expected, self.fix = received, expected, fix
        self.stage = stage or type(self).stage
        text = f"[{self.stage}] {received}\n  expected: {expected}\n  fix: {fix}"
        super().__init__(visible(text, keep="\n"))


class DeviceError(PipelineError):
    """A raw row, or a bundle, that the device runner cannot answer for."""

    stage = "device"
