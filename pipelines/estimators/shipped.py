"""What a fit has shipped, as an estimator holds it: the files of a bundle."""

import shutil
import tempfile
import threading
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..bundle.folder import Bundle, write_bundle
from ..device.answers import Answers
from ..device.primitives import Columns
from ..device.runner import Runner

NAME = "model"


class ShippedFiles:
    """The files of a bundle in memory, with the device runner of its int8 file.

    It is pickled and copied as its files alone: nothing in them is a pickle, and what is on disk
    belongs to one process.

    Attributes:
        files: Name → content.
    """

    def __init__(self, files: Mapping[str, bytes]):
        self.files = dict(files)
        self._bundle: Bundle | None = None
        self._runner: Runner | None = None
        # LiteRT holds one row at a time.
        self._lock = threading.RLock()

    def __getstate__(self) -> dict[str, Any]:
        return {"files": self.files}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["files"])

    def bundle(self) -> Bundle:
        """Returns the bundle in a temporary folder, which goes with this object."""
        with self._lock:
            if self._bundle is None:
                folder = tempfile.mkdtemp(prefix="pipelines_estimator_")
                weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
                self._bundle = self.write(Path(folder) / NAME)
            return self._bundle

    def write(self, folder: Path) -> Bundle:
        """Writes the bundle, all of it or nothing.

        Raises:
            BundleError: The folder holds something else, or cannot be written.
        """
        folder.parent.mkdir(parents=True, exist_ok=True)
        return Bundle(write_bundle(folder, self.files))

    def runner(self) -> Runner:
        """Returns the device runner of model_int8.tflite."""
        with self._lock:
            if self._runner is None:
                with tempfile.TemporaryDirectory(prefix="pipelines_estimator_") as folder:
                    self._runner = self.write(Path(folder) / NAME).runner()
            return self._runner

    def answer(self, rows: Mapping) -> Answers:
        """Answers raw columns with model_int8.tflite.

        Raises:
            DeviceError: A cell cannot be read.
        """
        with self._lock:
            return self.runner().predict(rows)

    def answer_columns(self, columns: Columns) -> Answers:
        """Answers typed columns with model_int8.tflite."""
        with self._lock:
            return self.runner().predict_columns(columns)
