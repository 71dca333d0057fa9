"""The generated C, compiled by the machine's own compiler and called row by row; TFLM runs the
model between its two halves, or LiteRT where TFLM is not installed.
"""

import ctypes
import shutil
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...device.primitives import num_draws, run_primitives
from ...device.runner import answer
from ...device.signature import Signature
from ...errors import VerifyError
from ...tasks import task_of
from .c_files import pooled_signature
from .names import identifier

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


def _compiled(files, num_columns):
    """Returns prepare.c as a library. Raises VerifyError if it cannot be compiled."""
    # The statements of all columns stand in one function. Optimizing it takes more than twice as
    # long for twice as many: minutes for ten thousand.
    effort = "-O1"
    if num_columns > MANY_COLUMNS:
        effort = "-O0"
    with tempfile.TemporaryDirectory(prefix="c_") as folder:
        for name in ("signature.h", "prepare.c"):
            (Path(folder) / name).write_text(files[name], encoding="utf-8")
        library = str(Path(folder) / "prepare.so")
        options = ["-std=c99", effort, "-shared", "-fPIC", "-o", library]
        command = [compiler(), *options, "prepare.c", "-lm"]
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
        return ctypes.CDLL(library)


class CCode:
    """prepare.c around an interpreter of the int8 file: raw rows to answers, whose labels and
    values are C's; of classes, the scores are computed from the model's output as in Python. A
    Runtime of the ladder.
    """

    def __init__(self, files: dict[str, str], signature: Signature, interpreter):
        """`files`: name → text of `c_files`. Raises VerifyError where they cannot be compiled."""
        self.signature, self._interpreter = signature, interpreter
        self._library = _compiled(files, len(signature.columns))
        self._row = _structure(
            [
                (identifier(place, column.name), _TYPES[column.kind])
                for place, column in enumerate(signature.columns)
            ]
        )
        if task_of(signature.target).keeps_own_scale:
            base = ctypes.c_float
            if signature.base_steps():
                base = ctypes.c_float * signature.base_steps()
            own = [("base", base), ("spread", ctypes.c_float)]
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

    def predict_columns(self, columns):
        primitives = self.signature.primitives
        draws = num_draws(primitives)
        outputs = []
        for draw in range(draws):
            if draws > 1:
                ctypes.c_int32.in_dll(self._library, "signature_draw").value = draw
            prepared, kept = self._prepare(columns)
            outputs.append(self._interpreter.run(prepared))
        raw = np.concatenate(outputs, axis=1)
        values = run_primitives(primitives, columns)
        signature = pooled_signature(self.signature)
        answers = self._answers(answer(signature, raw, form="int8", prepared=values), kept)
        if draws == 1:
            return answers
        return replace(answers, raw=signature.output.dequantize(raw))

    def one_row_ms(self, columns, num_rows):
        times = []
        for row in range(num_rows):
            one = {name: x[row : row + 1] for name, x in columns.items()}
            start = time.perf_counter()
            self._interpreter.run(self._prepare(one)[0])
            times.append((time.perf_counter() - start) * 1000)
        return np.array(times) * num_draws(self.signature.primitives)

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

    def _answers(self, answers, kept):
        """The answers with C's own labels or values."""
        outputs = np.ascontiguousarray(answers.raw)
        calls = [
            (output.ctypes.data_as(ctypes.POINTER(ctypes.c_int8)), inputs)
            for output, inputs in zip(outputs, kept, strict=True)
        ]
        task = task_of(self.signature.target)
        return task.c_answers(self._library, self.signature, answers, calls)


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
