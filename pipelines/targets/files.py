"""The files of a bundle that the model and its targets decide."""

from ..slots import Target
from ..training.keras_file import keras_bytes
from .exported_model import ExportedModel


def files_for(exported: ExportedModel, targets: tuple[Target, ...]) -> dict[str, bytes | str]:
    """Returns name → content of the model's own files, and of those of every target."""
    files = {"model.keras": keras_bytes(exported.model)}
    for form, content in exported.tflite.items():
        if not form.startswith("web_"):  # the page has that one in it
            files[f"model_{form}.tflite"] = content
    for target in targets:
        files |= target.files(exported)
    return files
