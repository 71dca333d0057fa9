"""A bundle on a device: raw rows in, answers out. numpy and LiteRT only.

runner = Runner.load("saved_models/birds_mlp")
answers = runner.predict([{"height": "400", "speed": "", "species": "GULL", ...}])
answers.labels, answers.scores
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np

from .answers import Answers, join_answers
from .cells import BadCell, read_column
from .checksums import read_checked
from .draws import pooled, spread
from .errors import DeviceError
from .litert import LiteRT
from .notes import row_notes
from .onehot_ports import OnehotPort, split_onehots
from .ports import Port
from .primitives import Columns, at_draw, num_draws, read_other_rows, run_primitives
from .prototypes import read_prototypes
from .raw_rows import RawRows, raw_columns
from .rule_book import RuleBook, read_rules
from .rule_bounds import BoundBook
from .signature import Signature, read_signature
from .tasks import task_of
from .visible import and_more

# Rows that are prepared and answered together, and up to twice as many.
PIECE_ROWS = 2048
FORMS = ("float32", "int8", "uint8")
_COPY_AGAIN = "copy the bundle again, or make it again"


class Interpreter(Protocol):
    """A runtime that holds one model."""

    def run(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Returns the raw output [rows, outputs] of arrays by port name, rows first."""
        ...


class Runner:
    """A signature with an interpreter of one of its forms.

    Attributes:
        signature: What stands between raw rows and answers.
        interpreter: The runtime that holds the model.
        form: "int8", "float32" or, for pictures, "uint8".
        rules: That answers keep, those of the signature if none are given; None for none.
    """

    def __init__(
        self,
        signature: Signature,
        interpreter: Interpreter,
        *,
        form: str = "int8",
        rules: RuleBook | BoundBook | None = None,
    ):
        self.rules = rules
        if rules is None and signature.answer_rules:
            self.rules = read_rules(signature.answer_rules, signature.target, signature.columns)
        self.signature = signature
        self.interpreter = interpreter
        self.form = form
        self._primitives = signature.primitives
        self._onehot_ports: list[OnehotPort] = []
        if form == "int8":
            self._primitives, self._onehot_ports = split_onehots(signature)

    @classmethod
    def load(
        cls,
        folder: str | Path,
        *,
        form: str = "int8",
        prototypes: str | Path = "",
        rules: Sequence[str] = (),
    ) -> "Runner":
        """Loads the runner of a bundle.

        Args:
            folder: The bundle's folder. Of its other files only SHA256SUMS must be there.
            form: "int8", "float32" or, for pictures, "uint8".
            prototypes: A file of new classes, that `adapt` wrote for this bundle; "" for none.
            rules: That answers keep besides those of the signature, see `logic`: where one would
                be broken, the most probable answer, or the nearest number, that breaks none is
                given.

        Raises:
            DeviceError: If the signature or the model is not what was written with the bundle, or
                the form is unknown, or the new classes are of another bundle, or a rule cannot be
                read.
        """
        folder = Path(folder)
        signature = read_signature(folder)
        if form not in FORMS:
            raise DeviceError(
                f"form {form!r}", expected=" or ".join(FORMS), fix="name one of these"
            )
        path = folder / f"model_{form}.tflite"
        if not path.is_file():
            _refuse_absent_form(path, form)
        content = read_checked(folder, path.name)
        interpreter = LiteRT(content)
        _check_fit(signature, interpreter, form)
        if prototypes:
            signature = read_prototypes(prototypes, folder).adapted(signature)
        book = None
        if rules:
            both = (*signature.answer_rules, *rules)
            book = read_rules(both, signature.target, signature.columns)
        return cls(signature, interpreter, form=form, rules=book)

    def read(self, rows: RawRows) -> tuple[Columns, list[BadCell]]:
        """Reads raw columns by name, or raw rows.

        Args:
            rows: Rows as dicts, columns as lists or arrays, or a DataFrame.

        Returns:
            Typed columns, and the cells that could not be read.

        Raises:
            DeviceError: If a column that the model knows is missing.
        """
        raw = raw_columns(rows, self.signature.columns)
        missing = self.signature.missing()
        columns = {}
        bad = []
        for column in self.signature.columns:
            cells = raw[column.name]
            columns[column.name], problems = read_column(cells, column, missing)
            for cell in problems:
                reason = f"column {column.name!r}: {cell.reason}"
                bad.append(replace(cell, reason=reason))
        return columns, bad

    def prepare(self, columns: Columns) -> dict[str, np.ndarray]:
        """Returns the inputs of the model from typed columns, quantized if the form is int8; those
        that a search fills as they are at first.
        """
        return self.quantize(self._packed(columns, self._primitives))

    def prepared(self, columns: Columns) -> Columns:
        """Returns typed columns after every primitive, with the inputs that a search fills."""
        prepared = run_primitives(self.signature.primitives, columns)
        return self._with_own(prepared)

    def _packed(self, columns, primitives):
        """Returns what `prepared` does, by some primitives; a port with one-hot columns as int8."""
        packed = run_primitives(primitives, columns)
        for each in self._onehot_ports:
            others = each.others(packed)
            if others is not None:
                refuse_missing({each.port.name: others}, each.port)
            packed[each.port.name] = each.packed(packed, others)
        return self._with_own(packed)

    def _with_own(self, prepared):
        num_rows = len(next(iter(prepared.values())))
        own = task_of(self.signature.target).own_inputs(self.signature, num_rows)
        return {**prepared, **own}

    def run(self, prepared: Columns) -> tuple[np.ndarray, Columns]:
        """Runs the model on rows, as often as their task asks it.

        Args:
            prepared: As `prepared` gives them.

        Returns:
            The raw output [rows, outputs], and the columns with what a search filled.
        """

        def model(of_call):
            return self.interpreter.run(self.quantize(of_call))

        return task_of(self.signature.target).run(self.signature, model, prepared)

    def quantize(self, prepared: Columns) -> dict[str, np.ndarray]:
        """Returns the inputs of the model among columns that every primitive has passed."""
        inputs = {}
        for port in self.signature.inputs:
            refuse_missing(prepared, port)
            x = prepared[port.name]
            inputs[port.name] = self._to_port(x, port)
        return inputs

    def _to_port(self, x, port):
        if x.dtype == np.int8:
            return x  # packed so
        if self.form == "int8":
            return port.quantize(x)
        if self.form == "float32" and x.dtype == np.uint8:
            return x.astype(np.float32)
        return x

    def predict(self, rows: RawRows) -> Answers:
        """Answers raw columns or raw rows.

        Args:
            rows: As `read` takes them.

        Raises:
            DeviceError: If a cell cannot be read; it names row and column. No answer is better
                than an answer to another question.
        """
        columns, bad = self.read(rows)
        if bad:
            _refuse_cells(bad)
        return self.predict_columns(columns)

    def predict_columns(self, columns: Columns) -> Answers:
        """Answers columns that are typed already, as `read` gives them."""
        parts = []
        for piece in self._pieces(columns):
            parts.append(self._answers_of(piece))
        return self.with_rules(columns, join_answers(parts))

    def with_rules(self, columns: Columns, answers: Answers) -> Answers:
        """Returns answers that keep the rules, if there are any."""
        if self.rules is None:
            return answers
        return self.rules.enforced(columns, answers)

    def _pieces(self, columns):
        """Yields typed columns, of many rows in pieces: what is made of a piece stays in the
        processor's caches, which takes half of the time.
        """
        first = next(iter(columns.values()))
        num_rows = len(first)
        num_pieces = num_rows // PIECE_ROWS
        if num_pieces < 2 or read_other_rows(self.signature.primitives):
            yield columns
            return
        ends = np.linspace(0, num_rows, num_pieces + 1).astype(np.int64).tolist()
        for start, end in pairwise(ends):
            yield {name: x[start:end] for name, x in columns.items()}

    def _answers_of(self, columns):
        """Returns what the model answers to typed columns."""
        primitives = self._primitives
        raw, prepared = self.run(self._packed(columns, primitives))
        raws = [raw]
        for draw in range(1, num_draws(primitives)):
            again = self._packed(columns, at_draw(primitives, draw))
            raws.append(self.run(again)[0])
        notes = row_notes(self.signature, columns, prepared)
        if len(raws) == 1:
            answers = answer(self.signature, raws[0], form=self.form, prepared=prepared)
            return replace(answers, notes=notes)
        output = self.signature.output
        raw = pooled(raws, output)
        answers = answer(self.signature, raw, form=self.form, prepared=prepared)
        return replace(answers, notes=notes, spread=spread(raws, output))


def refuse_missing(prepared: Columns, port: Port) -> None:
    """Raises DeviceError if a value of a port is missing after every primitive."""
    x = prepared[port.name]
    # The least of numbers with NaN among them is NaN.
    if x.dtype == np.float32 and x.size and np.isnan(x.min()):
        raise DeviceError(
            f"the input {port.name!r} has a missing value after every step",
            expected="steps that fill every column",
            fix="add an imputing step for the column to the recipe and make the bundle again",
        )


def _refuse_cells(bad):
    """Raises DeviceError for cells that cannot be read, of which it names the first."""
    first = bad[0]
    more = and_more(len(bad) - 1, "cell")
    raise DeviceError(
        f"row {first.row}, {first.reason}: {first.value}{more}",
        expected="a value of the column's kind in signature.json, or an empty cell",
        fix="correct the cell, or leave it empty where the value is not known",
    )


def _refuse_absent_form(path, form):
    """Raises DeviceError for a bundle that has no file of a form."""
    expected = "a whole bundle"
    fix = _COPY_AGAIN
    if form == "uint8":
        expected = "a bundle of a model of pictures"
        fix = "name another form"
    folder = str(path.parent)
    raise DeviceError(f"no {path.name} in {folder!r}", expected=expected, fix=fix)


def _check_fit(signature, interpreter, form):
    """Raises DeviceError for inputs and scales that are not those of the model in the same folder.

    Args:
        signature: Of the bundle.
        interpreter: A LiteRT that holds the model.
        form: Of the model.
    """
    file_name = f"model_{form}.tflite"
    expected_inputs = {}
    for port in signature.inputs:
        shape = (1, *port.shape)
        expected_inputs[port.name] = (shape, _dtype_in_file(port, form))
    if expected_inputs != interpreter.inputs():
        raise DeviceError(
            f"{file_name} takes {interpreter.inputs()}",
            expected=str(expected_inputs),
            fix="copy the whole bundle again",
        )
    num_outputs = signature.output.shape[0]
    if form == "int8":
        _check_scales(signature, interpreter)
        num_outputs *= signature.output.num_copies
    if num_outputs != interpreter.num_outputs():
        raise DeviceError(
            f"{file_name} gives {interpreter.num_outputs()} values",
            expected=str(num_outputs),
            fix="copy the whole bundle again",
        )


def _check_scales(signature, interpreter):
    """Raises DeviceError for a signature whose scales are not those of the int8 file."""
    stated = {}
    for port in (*signature.inputs, signature.output):
        stated[port.name] = port.in_file()
    found = interpreter.quantization()
    if not are_same_scales(stated, found):
        raise DeviceError(
            "the signature and model_int8.tflite are not of one bundle: their scales differ",
            expected="files that were written together",
            fix="copy the whole bundle again",
        )


def are_same_scales(
    stated: Mapping[str, tuple[float, int]], found: Mapping[str, tuple[float, int]]
) -> bool:
    """Returns whether two tables of (scale, zero point) by tensor agree.

    Scales may differ in what float32 rounds away.
    """
    if stated.keys() != found.keys():
        return False
    for name, (scale, zero_point) in found.items():
        stated_scale, stated_zero_point = stated[name]
        if stated_zero_point != zero_point:
            return False
        if not math.isclose(stated_scale, scale, rel_tol=1e-6):
            return False
    return True


def _dtype_in_file(port, form):
    """Returns the dtype of a port in the file of a form."""
    if port.dtype != "float32":
        return port.dtype
    # The uint8 form takes pictures as they are; numbers next to them stay float32.
    if form == "uint8" and not port.is_picture:
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
    return task_of(signature.target).answer(
        signature,
        raw,
        form=form,
        prepared=prepared,
    )
