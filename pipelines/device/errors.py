"""The shape of every error: what happened, what was expected, how to fix it, and in which stage.

The classes are drawn as a tree in `pipelines.errors`; this file stands alone so that the device folder can be
copied to a machine that has numpy and LiteRT and nothing else.
"""


class PipelineError(Exception):
    """Something the user can mend. Its text says what was received, what was expected and how to fix it."""

    stage = "pipeline"

    def __init__(self, received: str, *, expected: str, fix: str, stage: str | None = None):
        self.received, self.expected, self.fix = received, expected, fix
        self.stage = stage or type(self).stage
        super().__init__(f"[{self.stage}] {received}\n  expected: {expected}\n  fix: {fix}")


class DeviceError(PipelineError):
    """A raw row, or a bundle, that the device runner cannot answer for."""

    stage = "device"
