"""The description in a TFLite file: of which bundle it is, and what it predicts."""

from importlib.metadata import PackageNotFoundError, version

from ..device.cells import shorten
from ..device.signature import Signature
from .pack_file import with_description

MAX_LABELS = 10


def described(tflite: dict[str, bytes], name: str, signature: Signature) -> dict[str, bytes]:
    """The TFLite files of a model by form, each with its description; what they compute stays."""
    text = describe(name, signature)
    return {form: with_description(content, text) for form, content in tflite.items()}


def describe(name: str, signature: Signature) -> str:
    """The description of a bundle's files: its name, the package that made it, the target, and its
    labels where these are few. No path, no time: the same bundle has the same description.
    """
    target = signature.target
    text = (
        f"{name[:100]}, made with pipelines {_version()}: {target.task} of {shorten(target.name)}"
    )
    if 0 < len(target.labels) <= MAX_LABELS:
        text += f" ({', '.join(map(shorten, target.labels))})"
    return text


def _version():
    try:
        return version("pipelines")
    except PackageNotFoundError:
        return "unknown"
