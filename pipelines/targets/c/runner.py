"""The generated C, compiled by the machine's own compiler and called row by row; TFLM runs the
model between its two halves, or LiteRT where TFLM is not installed.
"""

import ctypes
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from ...device.answers import Answers
from ...device.primitives import run_primitives
from ...device.runner import answer
from ...device.signature import Signature
from ...device.tasks.multilabel import join_labels
from ...errors import VerifyError
from .prepare import identifier

COMPILE_SECONDS = 120
# From so many columns on the C is compiled without optimization: its milliseconds are then above
# what a user gets.
MANY_COLUMNS = 1000
COMPILERS = ("gcc", "clang", "cc")
_TYPES = {
    "numeric": ctypes.c_float,
    "date": ctypes.c_int64,
    "categorical": ctypes.c_char_p,
    "boolean": ctypes.c_char_p,
    "text": ctypes.c_char_p,
    "picture": ctypes.c_void_p,
    "series": ctypes.c_void_p,
}
_MISSING_DATE = -(2**63)


def compiler() -> str:
    """The path of a C compiler, or ""."""
    return next(filter(None, map(shutil.which, COMPILERS)), "")


class CCode:
    """prepare.c around an interpreter of the int8 file: raw rows to answers, whose labels and
    values are C's; of classes, the scores are computed from the model's output as in Python. A
    Runtime of the ladder.
    """

    def __init__(self, files: dict[str, str], signature: Signature, interpreter):
        """`files`: name → text of `c_files`. Raises VerifyError where they cannot be compiled."""
        self.signature, self._interpreter = signature, interpreter
        with tempfile.TemporaryDirectory(prefix="c_") as folder:
            for name in ("signature.h", "prepare.c"):
                (Path(folder) / name).write_text(files[name], encoding="utf-8")
            library = Path(folder) / "prepare.so"
            # The statements of all columns stand in one function. Optimizing it takes more than
            # twice as long for twice as many: minutes for ten thousand.
            if len(signature.columns) > MANY_COLUMNS:
                effort = "-O0"
            else:
                effort = "-O1"
            command = [
                compiler(),
                "-std=c99",
                effort,
                "-shared",
                "-fPIC",
                "-o",
                str(library),
                "prepare.c",
                "-lm",
            ]
            try:
                done = subprocess.run(
                    command, cwd=folder, capture_output=True, text=True, timeout=COMPILE_SECONDS
                )
            except subprocess.TimeoutExpired as error:
                raise VerifyError(
                    f"the C compiler was still at work after {COMPILE_SECONDS} s",
                    expected="seconds",
                    fix="make the tables of the signature smaller",
                ) from error
            if done.returncode:
                raise VerifyError(
                    f"the C compiler refused prepare.c: {done.stderr.strip()[:300]}",
                    expected="plain C99",
                    fix="report this with the bundle's signature.json",
                )
            self._library = ctypes.CDLL(str(library))
        self._row = _structure(
            [
                (identifier(place, column.name), _TYPES[column.kind])
                for place, column in enumerate(signature.columns)
            ]
        )
        if signature.target.task == "forecast":
            own = [("base", ctypes.c_float), ("spread", ctypes.c_float)]
        else:
            own = []
        self._inputs = _structure(
            [
                (
                    port.name,
                    (ctypes.c_int8 if port.dtype == "float32" else ctypes.c_int32)
                    * int(np.prod(port.shape)),
                )
                for port in signature.inputs
            ]
            + own
        )
        for name in ("signature_value", "signature_score"):
            if hasattr(self._library, name):
                getattr(self._library, name).restype = ctypes.c_float

    def predict_columns(self, columns):
        prepared, kept = self._prepare(columns)
        raw = self._interpreter.run(prepared)
        values = run_primitives(self.signature.primitives, columns)
        return self._said(answer(self.signature, raw, form="int8", prepared=values), kept)

    def one_row_ms(self, columns, num_rows):
        times = []
        for row in range(num_rows):
            one = {name: x[row : row + 1] for name, x in columns.items()}
            start = time.perf_counter()
            self._interpreter.run(self._prepare(one)[0])
            times.append((time.perf_counter() - start) * 1000)
        return np.array(times)

    def _prepare(self, columns):
        """Port → array [rows, ...] as C fills it, and the structure of each row."""
        self._library.prepare_reset()
        kept = []
        for row in range(len(next(iter(columns.values())))):
            cells = [
                _cell(columns[column.name][row], column.kind) for column in self.signature.columns
            ]
            inputs = self._inputs()
            wrong = self._library.prepare(
                ctypes.byref(self._row(*(cell for cell, _ in cells))), ctypes.byref(inputs)
            )
            if wrong:
                raise VerifyError(
                    f"C refuses column {self.signature.columns[wrong - 1].name!r} of row {row}",
                    expected="rows that Python takes too",
                    fix="report this with the row",
                )
            kept.append(inputs)
        return {
            port.name: np.stack(
                [
                    np.ctypeslib.as_array(getattr(each, port.name)).reshape(port.shape)
                    for each in kept
                ]
            )
            for port in self.signature.inputs
        }, kept

    def _said(self, answers, kept):
        """The answers with C's own labels or values."""
        target = self.signature.target
        outputs = np.ascontiguousarray(answers.raw)
        pointers = [each.ctypes.data_as(ctypes.POINTER(ctypes.c_int8)) for each in outputs]
        if target.task == "regression":
            return Answers(None, self._values(pointers, answers.scores.shape), answers.raw)
        if target.task == "multilabel":
            has = self._labels(pointers, len(target.labels))
            return Answers(join_labels(has, target), answers.scores, answers.raw)
        if target.task == "forecast":
            return self._forecasts(answers, pointers, kept)
        if target.task == "anomaly":
            also = [(ctypes.byref(each),) for each in kept]
        else:
            also = [()] * len(kept)
        places = [
            self._library.signature_label(each, *more)
            for each, more in zip(pointers, also, strict=True)
        ]
        scores = answers.scores
        if target.task == "anomaly":
            scores = np.array(
                [
                    self._library.signature_score(each, *more)
                    for each, more in zip(pointers, also, strict=True)
                ],
                np.float64,
            )
        return Answers(np.asarray(target.labels, object)[places], scores, answers.raw)

    def _labels(self, pointers, num_labels):
        """bool [rows, labels]: which labels C gives."""
        has = np.zeros((len(pointers), num_labels), np.uint8)
        for pointer, row in zip(pointers, has, strict=True):
            labels = row.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
            self._library.signature_labels(pointer, labels)
        return has.astype(bool)

    def _values(self, pointers, shape):
        if len(shape) == 1:
            return np.array([self._library.signature_value(each) for each in pointers], np.float64)
        values = np.empty(shape, np.float32)
        for pointer, row in zip(pointers, values, strict=True):
            self._library.signature_values(
                pointer, row.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
            )
        return values.astype(np.float64)

    def _forecasts(self, answers, pointers, kept):
        if answers.quantiles is None:
            shape = answers.scores.shape[1:]
        else:
            shape = answers.quantiles.shape[1:]
        values = np.empty((len(kept), *shape))
        for each, inputs, pointer in zip(values, kept, pointers, strict=True):
            self._library.signature_forecast(
                pointer, ctypes.byref(inputs), each.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
            )
        if answers.quantiles is None:
            return Answers(None, values, answers.raw)
        return Answers(None, values[:, :, self.signature.target.middle()], answers.raw, values)


def _structure(fields):
    return type("Structure", (ctypes.Structure,), {"_fields_": fields})


def _cell(value, kind):
    """A typed cell as C takes it, and what must live as long as it does."""
    if kind == "numeric":
        return float(value), None
    if kind == "date":
        return (_MISSING_DATE if np.isnat(value) else int(value.astype("int64"))), None
    if kind in ("picture", "series"):
        array = np.ascontiguousarray(value)
        return array.ctypes.data, array
    return (None if value is None else value.encode("utf-8")), None
