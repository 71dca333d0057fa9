"""The generated C, compiled by the machine's own compiler and called row by row."""

import ctypes
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ...device.ports import Port
from ...device.primitives import num_draws, run_primitives
from ...device.runner import answer
from ...device.signature import Signature
from ...errors import VerifyError
from ...tasks import task_of
from .c_files import pooled_signature
from .names import identifier
from .rules import ruled_answers

COMPILE_SECONDS = 120
# From so many columns on the C is compiled without optimization: its milliseconds are then above
# what a user gets.
MANY_COLUMNS = 1000
COMPILERS = ("gcc", "clang", "cc")
TYPES = {
    "numeric": ctypes.c_float,
    "date": ctypes.c_int64,
    "categorical": ctypes.c_char_p,
    "boolean": ctypes.c_char_p,
    "text": ctypes.c_char_p,
    "picture": ctypes.c_void_p,
    "series": ctypes.c_void_p,
}
_MISSING_DATE = -(2**63)
_INT8_POINTER = ctypes.POINTER(ctypes.c_int8)


def compiler() -> str:
    """The path of a C compiler, or ""."""
    return next(filter(None, map(shutil.which, COMPILERS)), "")


def _compiled(files, num_columns):
    """Returns prepare.c and model.c as a library. Raises VerifyError if they cannot be compiled."""
    # The statements of all columns stand in one function. Optimizing it takes more than twice as
    # long for twice as many: minutes for ten thousand.
    effort = "-O1"
    if num_columns > MANY_COLUMNS:
        effort = "-O0"
    efforts = {"prepare.c": effort, "model.c": "-O2"}
    return compiled_library(files, ("signature.h", "model.h"), efforts)


def compiled_library(
    files: Mapping[str, bytes | str], headers: Sequence[str], efforts: Mapping[str, str]
) -> ctypes.CDLL:
    """Compiles C as a library of this machine.

    Args:
        files: Name → text.
        headers: The names of those that are included.
        efforts: The names of those that are compiled → the option for how well.

    Raises:
        VerifyError: They cannot be compiled.
    """
    with tempfile.TemporaryDirectory(prefix="c_") as folder:
        for name in (*headers, *efforts):
            (Path(folder) / name).write_text(str(files[name]), encoding="utf-8")
        objects = []
        for name, effort in efforts.items():
            objects.append(f"{Path(name).stem}.o")
            _compile(folder, ["-c", effort, "-fPIC", name])
        _compile(folder, ["-shared", "-o", "library.so", *objects, "-lm"])
        return ctypes.CDLL(str(Path(folder) / "library.so"))


def _compile(folder, options):
    """Runs the compiler in a folder."""
    command = [compiler(), "-std=c99", *options]
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
            f"the C compiler refused {options[-1]}: {done.stderr.strip()[:300]}",
            expected="plain C99",
            fix="report this with the bundle's signature.json",
        )


class CCode:
    """prepare.c and model.c: raw rows to answers, all of it in C; of classes, the scores are
    computed from the model's output as in Python. A Runtime of the ladder.
    """

    def __init__(self, files: Mapping[str, bytes | str], signature: Signature):
        """Compiles the code.

        Args:
            files: Name → text, of the bundle's folder c/.
            signature: Of the model.

        Raises:
            VerifyError: It cannot be compiled.
        """
        self.signature = signature
        self._library = _compiled(files, len(signature.columns))
        self._row = structure(
            [
                (identifier(place, column.name), TYPES[column.kind])
                for place, column in enumerate(signature.columns)
            ]
        )
        self._inputs = structure(port_fields(signature.inputs) + _own_scale(signature))

    def predict_columns(self, columns):
        primitives = self.signature.primitives
        draws = num_draws(primitives)
        outputs = []
        for draw in range(draws):
            if draws > 1:
                ctypes.c_int32.in_dll(self._library, "signature_draw").value = draw
            rows = self._prepare(columns)
            outputs.append(self._run(rows))
        raw = np.concatenate(outputs, axis=1)
        values = {**run_primitives(primitives, columns), **self._filled(rows)}
        signature = pooled_signature(self.signature)
        answers = answer(signature, raw, form="int8", prepared=values)
        calls = []
        for output, inputs in zip(raw, rows, strict=True):
            calls.append((output.ctypes.data_as(_INT8_POINTER), inputs))
        answers = task_of(signature.target).c_answers(self._library, signature, answers, calls)
        answers = self._ruled(answers, columns, calls)
        if draws == 1:
            return answers
        return replace(answers, raw=signature.output.dequantize(raw))

    def one_row_ms(self, columns, num_rows):
        times = []
        for row in range(num_rows):
            one = {name: x[row : row + 1] for name, x in columns.items()}
            start = time.perf_counter()
            self._run(self._prepare(one))
            times.append((time.perf_counter() - start) * 1000)
        return np.array(times) * num_draws(self.signature.primitives)

    def _run(self, rows):
        """Returns what the model gives for prepared rows, int8 [rows, outputs]."""
        output = self.signature.output
        outputs = np.empty((len(rows), output.shape[0] * output.num_copies), np.int8)
        for inputs, into in zip(rows, outputs, strict=True):
            self._library.model_reset()
            self._call(ctypes.byref(inputs), into.ctypes.data_as(_INT8_POINTER))
        return outputs

    def _call(self, inputs, output):
        """Runs the model on a row, as often as its answer needs it."""
        library = self._library
        begin, _ = task_of(self.signature.target).c_loop(self.signature)
        if not begin:
            library.model_run(inputs, output)
            return
        library.signature_begin(inputs)
        is_asked = True
        while is_asked:
            library.model_run(inputs, output)
            is_asked = library.signature_next(inputs, output) != 0

    def _ruled(self, answers, columns, calls):
        """Returns the answers with the rules of the model kept by C."""
        if not self.signature.answer_rules:
            return answers
        rows = [self._raw_row(columns, place) for place in range(len(calls))]
        outputs = [output for output, _ in calls]
        pairs = list(zip(rows, outputs, strict=True))
        return ruled_answers(self._library, self.signature, answers, pairs)

    def _raw_row(self, columns, row):
        """Returns the structure of a raw row."""
        cells = []
        for column in self.signature.columns:
            cells.append(cell_in_c(columns[column.name][row], column.kind)[0])
        return self._row(*cells)

    def _filled(self, rows):
        """Returns the inputs that the search of each row filled."""
        own = task_of(self.signature.target).device.own_inputs(self.signature, len(rows))
        for name, x in own.items():
            offset = vars(self._inputs)[name].offset
            for row, inputs in enumerate(rows):
                x[row] = np.frombuffer(inputs, np.int32, x.shape[1], offset)
        return own

    def _prepare(self, columns):
        """Returns the structure of each row's inputs, as C fills it."""
        self._library.prepare_reset()
        kept = []
        for row in range(len(next(iter(columns.values())))):
            cells = [
                cell_in_c(columns[column.name][row], column.kind)
                for column in self.signature.columns
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
        return kept


def port_fields(ports: Iterable[Port]) -> list[tuple[str, Any]]:
    """Returns the fields of ports as `structure` takes them."""
    fields = []
    for port in ports:
        kind = ctypes.c_int32
        if port.dtype == "float32":
            kind = ctypes.c_int8
        fields.append((port.name, kind * int(np.prod(port.shape))))
    return fields


def _own_scale(signature):
    """Returns the fields of a row's own base and spread."""
    if not task_of(signature.target).keeps_own_scale:
        return []
    base = ctypes.c_float
    if signature.base_steps():
        base = ctypes.c_float * signature.base_steps()
    return [("base", base), ("spread", ctypes.c_float)]


def structure(fields: list[tuple[str, Any]]) -> type[ctypes.Structure]:
    """Returns the type of a C struct of (name, type) fields."""
    return type(
        "Structure",
        (ctypes.Structure,),
        {"_fields_": fields},
    )


def cell_in_c(value: Any, kind: str) -> tuple[Any, Any]:
    """Returns a typed cell as C takes it, and what must live as long as it does."""
    if kind == "numeric":
        return float(value), None
    if kind == "date":
        return (_MISSING_DATE if np.isnat(value) else int(value.astype("int64"))), None
    if kind in ("picture", "series"):
        array = np.ascontiguousarray(value)
        return array.ctypes.data, array
    return (None if value is None else value.encode("utf-8")), None
