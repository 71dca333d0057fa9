"""A bundle on a device: raw rows in, answers out. numpy and LiteRT only.

runner = Runner.load("saved_models/birds_mlp")
answers = runner.predict([{"height": "400", "speed": "", "species": "GULL", ...}])
answers.labels, answers.scores
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np

from .answers import Answers
from .cells import PICTURE, SERIES, BadCell, read_column, shorten
from .checksums import read_checked
from .errors import DeviceError
from .notes import row_notes
from .ports import Port
from .primitives import Columns, run_primitives
from .quiet import quiet
from .signature import Signature, read_signature
from .tasks import task_of

FORMS = ("float32", "int8", "uint8")


class Interpreter(Protocol):
    """A runtime that holds one model: arrays by port name, rows first, to the raw output [rows,
    outputs].
    """

    def run(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray: ...


class LiteRT:
    """A TFLite file under the LiteRT interpreter, one thread, one row a call. `kernels`, which
    round in ways of their own, layer by layer: "xnnpack", the fastest, which browsers and MediaPipe
    have too; "reference", the plain ones, which round as a microcontroller's do; "optimized", which
    have some operators that the plain ones lack.

    LiteRT looks through a file before it uses it, but not for all that can end the process or keep
    it for hours: of 10,000 altered files 3 did. So a bundle's file comes here by its checksum
    alone; whose makers are not trusted belongs into a process of its own.
    """

    def __init__(self, content: bytes, *, kernels: str = "xnnpack"):
        # Late: a machine that has another runtime can use everything else in this folder.
        from ai_edge_litert.interpreter import Interpreter as LiteRTInterpreter
        from ai_edge_litert.interpreter import OpResolverType

        resolver = {
            "xnnpack": OpResolverType.AUTO,
            "reference": OpResolverType.BUILTIN_REF,
            "optimized": OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        }[kernels]
        try:
            with quiet():  # XNNPACK announces itself
                self._interpreter = LiteRTInterpreter(
                    model_content=content, num_threads=1, experimental_op_resolver_type=resolver
                )
                self._interpreter.allocate_tensors()
            # A file that came through a saved model names the input tokens
            # "serving_default_tokens:0".
            self._inputs = {
                details["name"].removeprefix("serving_default_").removesuffix(":0"): details
                for details in self._interpreter.get_input_details()
            }
            self._output = self._interpreter.get_output_details()[0]
        except (ValueError, RuntimeError, IndexError) as error:
            raise DeviceError(
                f"LiteRT cannot load the model: {error}",
                expected="a TFLite file of a bundle",
                fix="copy the bundle again, or make it again",
            ) from error

    def run(self, inputs):
        interpreter = self._interpreter
        output = self._output["index"]
        pairs = [
            (self._inputs[name]["index"], array)
            for name, array in inputs.items()
            if name in self._inputs
        ]
        num_rows = len(next(iter(inputs.values())))
        with _told_of_faults():
            results = np.empty((num_rows, *self._output["shape"][1:]), self._output["dtype"])
            for row in range(num_rows):
                interpreter.reset_all_variables()  # a recurrent net forgets the row before
                for index, array in pairs:
                    interpreter.set_tensor(index, array[row : row + 1])
                interpreter.invoke()
                results[row] = interpreter.get_tensor(output)[0]
        return results

    def call(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """One row, all outputs by name: of files that give more than one. Nothing is kept from call
        to call.
        """
        with _told_of_faults():
            for name, array in inputs.items():
                self._interpreter.set_tensor(self._inputs[name]["index"], array)
            self._interpreter.invoke()
            return {
                name: self._interpreter.get_tensor(each["index"])
                for name, each in self._outputs.items()
            }

    @cached_property
    def _outputs(self):
        return self._interpreter.get_signature_runner().get_output_details()

    def port_names(self) -> list[str]:
        """The inputs in the order of the file."""
        return list(self._inputs)

    def output_names(self) -> list[str]:
        """The outputs in the order of the file."""
        names = {each["index"]: name for name, each in self._outputs.items()}
        return [names[each["index"]] for each in self._interpreter.get_output_details()]

    def inputs(self) -> dict[str, tuple[tuple[int, ...], str]]:
        """Name → (shape, dtype) of every input of the file."""
        return {
            name: (tuple(map(int, each["shape"])), np.dtype(each["dtype"]).name)
            for name, each in self._inputs.items()
        }

    def num_outputs(self) -> int:
        """Values that the file gives for a row."""
        return int(np.prod(self._output["shape"][1:]))

    def quantization(self) -> dict[str, tuple[float, int]]:
        """(scale, zero point) of every input by name, and of the output under "output"; (0.0, 0)
        where float.
        """
        return _scales({**self._inputs, "output": self._output})

    def output_quantization(self) -> dict[str, tuple[float, int]]:
        """(scale, zero point) of every output by name; (0.0, 0) where float."""
        return _scales(self._outputs)


@contextmanager
def _told_of_faults():
    try:
        yield
    except (ValueError, RuntimeError, IndexError) as error:
        raise DeviceError(
            f"LiteRT cannot run the model on the row: {error}",
            expected="a TFLite file of a bundle",
            fix="copy the bundle again, or make it again",
        ) from error


def _scales(details):
    return {
        name: (float(each["quantization"][0]), int(each["quantization"][1]))
        for name, each in details.items()
    }


class Runner:
    """A signature with an interpreter of one of its forms: "int8", "float32" or, for pictures,
    "uint8".
    """

    def __init__(self, signature: Signature, interpreter: Interpreter, *, form: str = "int8"):
        self.signature, self.interpreter, self.form = signature, interpreter, form

    @classmethod
    def load(cls, folder: str | Path, *, form: str = "int8") -> "Runner":
        """The runner of a bundle. Raises DeviceError where its signature or model is not what was
        written with it, or the form is unknown; of the other files none need be there but
        SHA256SUMS.
        """
        signature = read_signature(Path(folder))
        path = (
            Path(folder) / f"model_{form}.tflite"
        )  # only the two names in FORMS come to be opened
        if form in FORMS and not path.is_file():
            raise DeviceError(
                f"no {path.name} in {str(folder)!r}",
                expected="a bundle of a model of pictures" if form == "uint8" else "a whole bundle",
                fix="name another form"
                if form == "uint8"
                else "copy the bundle again, or make it again",
            )
        if form not in FORMS:
            raise DeviceError(
                f"form {form!r}", expected=" or ".join(FORMS), fix="name one of these"
            )
        interpreter = LiteRT(read_checked(folder, path.name))
        _check_fit(signature, interpreter, form)
        return cls(signature, interpreter, form=form)

    def read(
        self, rows: Mapping[str, Sequence] | Iterable[Mapping[str, object]]
    ) -> tuple[Columns, list[BadCell]]:
        """Raw columns by name, or raw rows, to typed columns and the cells that could not be read.

        Raises DeviceError where a column that the model knows is not there at all.
        """
        if hasattr(rows, "columns") and hasattr(
            rows, "to_dict"
        ):  # a DataFrame, without importing pandas
            rows = {str(name): rows[name].to_numpy() for name in rows.columns}
        if not isinstance(rows, Iterable) or isinstance(rows, (str, bytes)):
            raise DeviceError(
                f"rows of type {type(rows).__name__}",
                expected="a list of dicts, or a dict of lists",
                fix="predict([{'height': 400, ...}])",
            )
        if isinstance(rows, Mapping):
            raw = rows
        else:
            raw = self._to_columns(list(rows))
        absent = [column.name for column in self.signature.columns if column.name not in raw]
        if absent:
            raise DeviceError(
                f"rows without the column {', '.join(map(repr, absent))}; they have "
                f"{', '.join(shorten(name) for name in list(raw)[:20])}",
                expected=f"the {len(self.signature.columns)} columns of signature.json",
                fix="add the column; leave its cell empty where the value is not known",
            )
        self._check_shapes(raw)
        missing = frozenset(self.signature.missing_words)
        columns = {}
        bad = []
        for column in self.signature.columns:
            columns[column.name], problems = read_column(raw[column.name], column, missing)
            bad += [
                BadCell(each.row, each.value, f"column {column.name!r}: {each.reason}")
                for each in problems
            ]
        return columns, bad

    def _check_shapes(self, raw):
        lengths = {}
        for column in self.signature.columns:
            cells = raw[column.name]
            if (
                not isinstance(cells, (Sequence, np.ndarray))
                or isinstance(cells, (str, bytes))
                or (getattr(cells, "ndim", 1) != 1 and column.kind not in (PICTURE, SERIES))
            ):
                raise DeviceError(
                    f"column {shorten(column.name)} is a {type(cells).__name__}: {shorten(cells)}",
                    expected="columns as lists or one-dimensional arrays, or a list of rows",
                    fix="for one row: predict([row])",
                )
            lengths[column.name] = len(cells)
        if len(set(lengths.values())) > 1:
            raise DeviceError(
                f"columns of different lengths: {shorten(lengths, 200)}",
                expected="one cell a row in every column",
                fix="cut them to the same rows",
            )

    def _to_columns(self, rows):
        other = next((row for row in rows if not isinstance(row, Mapping)), None)
        if other is not None:
            raise DeviceError(
                f"a row of type {type(other).__name__}: {shorten(other)}",
                expected="rows as dicts from column to cell",
                fix="predict([{'height': 400, ...}])",
            )
        if not rows:
            return {column.name: [] for column in self.signature.columns}
        names = list(dict.fromkeys(name for row in rows for name in row))
        for place, row in enumerate(rows):
            absent = [column.name for column in self.signature.columns if column.name not in row]
            if absent:
                raise DeviceError(
                    f"row {place} misses the column {', '.join(map(repr, absent))}",
                    expected=f"the {len(self.signature.columns)} columns of signature.json",
                    fix="add the column; leave its cell empty where the value is not known",
                )
        return {name: [row.get(name) for row in rows] for name in names}

    def prepare(self, columns: Columns) -> dict[str, np.ndarray]:
        """Typed columns to the arrays of the model's inputs, quantized where the form is int8."""
        return self.quantize(run_primitives(self.signature.primitives, columns))

    def quantize(self, prepared: Columns) -> dict[str, np.ndarray]:
        """The arrays of the model's inputs among columns that every primitive has passed."""
        return {
            port.name: self._to_port(prepared[port.name], port) for port in self.signature.inputs
        }

    def _to_port(self, x, port: Port):
        if x.dtype == np.float32 and np.isnan(x).any():
            raise DeviceError(
                f"the input {port.name!r} has a missing value after every step",
                expected="steps that fill every column",
                fix="add an imputing step for the column to the recipe and make the bundle again",
            )
        if self.form == "int8":
            return port.quantize(x)
        if x.dtype == np.uint8 and self.form == "float32":
            return x.astype(np.float32)
        return x

    def predict(self, rows: Mapping[str, Sequence] | Iterable[Mapping[str, object]]) -> Answers:
        """Answers to raw columns or raw rows. Raises DeviceError, naming row and column, where a
        cell cannot be read: no answer is better than an answer to another question.
        """
        columns, bad = self.read(rows)
        if bad:
            first = bad[0]
            raise DeviceError(
                f"row {first.row}, {first.reason}: {first.value}"
                + (f" (and {len(bad) - 1} more cells)" if len(bad) > 1 else ""),
                expected="a value of the column's kind in signature.json, or an empty cell",
                fix="correct the cell, or leave it empty where the value is not known",
            )
        return self.predict_columns(columns)

    def predict_columns(self, columns: Columns) -> Answers:
        """Answers to columns that are typed already, as `read` gives them."""
        prepared = run_primitives(self.signature.primitives, columns)
        answers = answer(
            self.signature,
            self.interpreter.run(self.quantize(prepared)),
            form=self.form,
            prepared=prepared,
        )
        return replace(answers, notes=row_notes(self.signature, columns, prepared))


def _check_fit(signature, interpreter, form):
    """Raises DeviceError where the signature's inputs and scales are not those of the model next to
    it.
    """
    taken = {port.name: ((1, *port.shape), _dtype_in_file(port, form)) for port in signature.inputs}
    if taken != interpreter.inputs():
        raise DeviceError(
            f"model_{form}.tflite takes {interpreter.inputs()}",
            expected=str(taken),
            fix="copy the whole bundle again",
        )
    if form != "int8":
        if interpreter.num_outputs() != signature.output.shape[0]:
            raise DeviceError(
                f"model_{form}.tflite gives {interpreter.num_outputs()} values",
                expected=str(signature.output.shape[0]),
                fix="copy the whole bundle again",
            )
        return
    found = interpreter.quantization()
    stated = {port.name: port.in_file() for port in (*signature.inputs, signature.output)}
    fits = interpreter.num_outputs() == signature.output.shape[0] * signature.output.num_copies
    alike = stated.keys() == found.keys() and all(
        math.isclose(stated[name][0], found[name][0], rel_tol=1e-6)
        and stated[name][1] == found[name][1]
        for name in found
    )
    if not (alike and fits):
        raise DeviceError(
            "the signature and model_int8.tflite are not of one bundle: their scales or shapes "
            "differ",
            expected="files that were written together",
            fix="copy the whole bundle again",
        )


def _dtype_in_file(port, form):
    """What a form's file takes for a port: "uint8" is of pictures, next to which numbers stay
    float32.
    """
    if port.dtype != "float32" or (form == "uint8" and not port.is_picture):
        return port.dtype
    return form


def answer(
    signature: Signature, raw: np.ndarray, *, form: str, prepared: Columns | None = None
) -> Answers:
    """Turns a model's raw output into labels and scores.

    Args:
        signature: With the decision of the form.
        raw: float32 or int8 [rows, outputs], as the model gives it.
        form: Whose decision counts: "int8", "float32" or "uint8".
        prepared: The rows after every primitive, among which forecasts find the row's own scale,
            and anomalies what went in.
    """
    return task_of(signature.target).answer(signature, raw, form=form, prepared=prepared)
