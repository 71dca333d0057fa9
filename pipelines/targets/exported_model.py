"""A model as it was exported: what targets write files from, and run."""

from dataclasses import dataclass, field
from typing import Any

from ..device.signature import Signature
from ..rows.columns import read_rows
from ..rows.parts import TrainSet


@dataclass(frozen=True)
class ExportedModel:
    """What targets write files from and run.

    Attributes:
        name: The name of the bundle.
        signature: What the model takes and gives, with its decisions.
        model: The Keras model; it gives float32 [rows, outputs].
        tflite: Form → bytes of its TFLite file.
        calibration: The training rows as ports that the ranges of int8 were taken from.
        seed: Of everything that is drawn.
        raw: The same training rows as they were read.
        files: Name → content of the files of the bundle that are written so far.
    """

    name: str
    signature: Signature
    model: Any
    tflite: dict[str, bytes]
    calibration: TrainSet
    seed: int = 0
    raw: TrainSet | None = None
    files: dict[str, bytes | str] = field(default_factory=dict)

    def files_below(self, folder: str) -> dict[str, bytes | str]:
        """Returns the files of the bundle below a folder, by their names inside it."""
        prefix = f"{folder}/"
        inside = (name for name in self.files if name.startswith(prefix))
        return {name.removeprefix(prefix): self.files[name] for name in inside}

    def raw_rows(self, count: int) -> dict[str, Any]:
        """Returns column → array of the first `count` raw training rows, pictures decoded."""
        return {
            column.name: read_rows(self.raw.x[column.name], slice(0, count))
            for column in self.signature.columns
        }
