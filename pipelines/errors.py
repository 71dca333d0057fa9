"""Errors, one class a stage.

PipelineError            what was received / expected: ... / fix: ..., with its stage
├── RecipeError          the intention is not possible; raised before a row is read
├── LoadError            the source cannot be read as honest rows
├── SplitError           the rows cannot be parted as asked
├── LeakError            rows that must not be learned from were handed to something that learns
├── FrameError           no windows can be cut as asked
├── StepError            a step does not suit its columns
├── BalanceError         a balancer does not suit its columns or counts
├── TrainError           training cannot start or went wrong
├── ExportError          the converter refused, or died, and where
├── VerifyError          a runtime does not answer as the model before it did
├── BundleError          a bundle cannot be written or read
├── EngineError          a task was lost with its worker, or no engine is there
├── EstimatorError       what scikit-learn handed over cannot be fitted or answered; a ValueError
└── DeviceError          a raw row that has no honest answer (lives in `pipelines.device`)
"""

from .device.errors import DeviceError, PipelineError

__all__ = [
    "PipelineError",
    "RecipeError",
    "LoadError",
    "SplitError",
    "LeakError",
    "FrameError",
    "StepError",
    "BalanceError",
    "TrainError",
    "ExportError",
    "VerifyError",
    "BundleError",
    "EngineError",
    "EstimatorError",
    "DeviceError",
]


class RecipeError(PipelineError):
    stage = "recipe"


class LoadError(PipelineError):
    stage = "load"


class SplitError(PipelineError):
    stage = "split"


class LeakError(PipelineError, TypeError):
    """A TypeError too: the wrong kind of rows was handed over."""

    stage = "leak"


class FrameError(PipelineError):
    stage = "frame"


class StepError(PipelineError):
    stage = "prepare"


class BalanceError(PipelineError):
    stage = "balance"


class TrainError(PipelineError):
    stage = "train"


class ExportError(PipelineError):
    stage = "export"


class VerifyError(PipelineError):
    stage = "verify"


class BundleError(PipelineError):
    stage = "bundle"


class EngineError(PipelineError):
    stage = "engine"


class EstimatorError(PipelineError, ValueError):
    """A ValueError too: scikit-learn expects one for whatever is wrong with what it hands over."""

    stage = "estimator"


def with_article(noun: str) -> str:
    """Returns a noun with "a" or "an", by its first letter."""
    if noun.startswith(tuple("aeiou")):
        return f"an {noun}"
    return f"a {noun}"
