"""What a model takes and gives, and everything that stands between a raw row and its answer.

A Signature is plain numbers and words: `signature.json` holds nothing that could run.
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import get_type_hints

from .calibration import Calibration
from .cells import MISSING_WORDS, SERIES, Column
from .checksums import read_checked
from .errors import DeviceError
from .formats import FORMAT_VERSION, up_to_date, without_later_defaults
from .frame import Frame
from .ports import Port, Streaming
from .primitives import (
    PackingPrimitive,
    Primitive,
    SeasonMean,
    primitive_from_json,
    primitive_to_json,
)
from .rules import RULES
from .signature_checks import check_signature
from .target import Target
from .tasks import task_of
from .typed import load_json, read_value

MAX_JSON_BYTES = 2**26
# What reading damaged or altered values raises.
_FAULTS = (KeyError, TypeError, ValueError, AttributeError, RecursionError, IndexError)


@dataclass(frozen=True)
class Signature:
    """Describes a model from its raw columns to its answer.

    Attributes:
        columns: The raw columns, in the order of the training table.
        target: What is predicted.
        primitives: What turns raw columns into the inputs, in order.
        inputs: The inputs of the model.
        output: Its output.
        missing_words: Cells that are read as missing.
        decisions: By form ("float32", "int8"), what is added to the outputs before they become an
            answer. To logits: one number for two classes (positive where the sum is ≥ 0), one a
            class for more. To a forecast with quantiles: so that its interval covers what it
            states. To the score of a window, which is the mean absolute difference of the window
            and what the model gives back: an anomaly where the sum is ≥ 0. Of prototypes nothing
            is added: they are the mean embedding of each label, label after label.
        calibrations: By form too, how logits become probabilities.
        frame: How windows are cut; None for a model of plain rows.
        stream: The form that takes one new step a call, if the bundle has one.
        ranges: By name of a numeric column or a series, the least and the largest value that
            training rows had. They change no answer (see `notes`).
        sets: By form, of classes with sets, how far behind the largest shifted logit that of each
            label may lie to be in the set of a row (see `class_sets`).
        adaptive: By form, of classes whose sets are adaptive, what makes log-odds of a distance
            between logits. `sets` then holds, of each label, the largest sum of probabilities.
        margins: By form, of real numbers with intervals, how far the value of a row may lie from
            the one that is answered, in the target's unit.
        answer_rules: That answers keep (see `logic`).
    """

    columns: tuple[Column, ...]
    target: Target
    primitives: tuple[Primitive, ...]
    inputs: tuple[Port, ...]
    output: Port
    missing_words: tuple[str, ...] = MISSING_WORDS
    decisions: dict[str, tuple[float, ...]] = field(default_factory=dict)
    calibrations: dict[str, Calibration] = field(default_factory=dict)
    frame: Frame | None = None
    stream: Streaming | None = None
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    sets: dict[str, tuple[float, ...]] = field(default_factory=dict)
    adaptive: dict[str, float] = field(default_factory=dict)
    margins: dict[str, float] = field(default_factory=dict)
    answer_rules: tuple[str, ...] = ()

    def offsets(self, form: str) -> tuple[float, ...]:
        """Returns the decision of a form, zeros if it has none.

        The uint8 file is the int8 file with another input, so that it decides alike.
        """
        none = (0.0,) * self.num_decisions()
        return self.decisions.get(_computing_form(form), none)

    def calibration(self, form: str) -> Calibration:
        """Returns the calibration of a form; of uint8 that of int8."""
        return self.calibrations.get(_computing_form(form), Calibration())

    def reach(self, form: str) -> tuple[float, ...]:
        """Returns how far behind each label may lie in a form; () if there are no sets."""
        return self.sets.get(_computing_form(form), ())

    def margin(self, form: str) -> float | None:
        """Returns how far the value may lie from the answer in a form; None without intervals."""
        return self.margins.get(_computing_form(form))

    def likeness(self, form: str) -> float | None:
        """Returns what makes log-odds of distances of logits; None if sets are not adaptive."""
        return self.adaptive.get(_computing_form(form))

    def num_decisions(self) -> int:
        """Returns how many numbers the decision of a form has."""
        return task_of(self.target).num_decisions(self)

    def windows(self) -> Frame:
        """Returns how windows were cut. Raises ValueError for a model of plain rows."""
        if self.frame is None:
            raise ValueError("a model of plain rows has no windows")
        return self.frame

    def past_series(self) -> list[Column]:
        """Returns the series, but those whose values are known beforehand."""
        known: tuple[str, ...] = ()
        if self.frame is not None:
            known = self.frame.known
        series = []
        for column in self.columns:
            if column.kind == SERIES and column.name not in known:
                series.append(column)
        return series

    def missing(self) -> frozenset[str]:
        """Returns the cells that are read as missing."""
        return frozenset(self.missing_words)

    def base_port(self) -> Port:
        """Returns the input that a model of anomalies gives back."""
        ports = {port.name: port for port in self.inputs}
        return ports[self.target.base]

    def base_steps(self) -> int:
        """Returns how many steps the base of a forecast has; 0 where it is one number a row."""
        for primitive in self.primitives:
            if isinstance(primitive, SeasonMean) and primitive.into == self.target.base:
                return primitive.horizon
        return 0

    def to_json(self) -> dict:
        """Returns plain JSON values, of which from_json makes the same signature."""
        values = asdict(self)
        primitives = map(primitive_to_json, self.primitives)
        values["primitives"] = list(primitives)
        values["answer_rules"] = list(self.answer_rules)
        values = without_later_defaults(values)
        return {"format_version": FORMAT_VERSION, "rules": RULES, **values}

    @classmethod
    def from_json(cls, values: dict) -> "Signature":
        """Reads the values of `to_json`.

        Args:
            values: Plain JSON values, of this version or an earlier one.

        Raises:
            DeviceError: For a signature with other rules for invalid cells.
            TypeError: For a field of another type.
            ValueError: For parts that are missing, unknown or do not fit together.
        """
        values = up_to_date(values, RULES)
        if values["rules"] != RULES:
            raise DeviceError(
                "a signature with other rules for invalid cells",
                expected="the rules of this version: the runner keeps to them",
                fix="make the bundle again with this version",
            )
        hints = get_type_hints(cls)
        del hints["primitives"]  # read by their own names
        if values.keys() != {"format_version", "rules", "primitives", *hints}:
            raise ValueError(f"its parts are {', '.join(values)}")
        primitives = map(primitive_from_json, values["primitives"])
        parts = {"primitives": tuple(primitives)}
        for name, hint in hints.items():
            parts[name] = read_value(hint, values[name], name)
        signature = cls(**parts)
        signature.check()
        return signature

    def check(self) -> None:
        """Checks that the parts fit together.

        Every name must be made before it is read, and every number be one that can be computed
        with.

        Raises:
            ValueError: If they do not.
        """
        check_signature(self)


def made_from(primitives: tuple[Primitive, ...], names: tuple[str, ...]) -> frozenset[str]:
    """Returns the columns, and what primitives that take one column make of them."""
    found = set(names)
    for primitive in primitives:
        if isinstance(primitive, PackingPrimitive):
            continue
        if found.issuperset(primitive.reads()):
            found.update(primitive.makes())
    return frozenset(found)


def read_signature(folder: Path) -> Signature:
    """Reads the signature of a bundle.

    Args:
        folder: The bundle's folder, which holds signature.json.

    Raises:
        DeviceError: If there is none, or it is damaged or was altered.
    """
    path = Path(folder) / "signature.json"
    content = read_checked(folder, "signature.json", most=MAX_JSON_BYTES)
    try:
        values = load_json(content)
        signature = Signature.from_json(values)
        _check_forms(signature)
        return signature
    except _FAULTS as error:
        raise DeviceError(
            f"{str(path)!r} is damaged: {type(error).__name__}: {error}",
            expected="the signature.json that was written with the bundle",
            fix="copy the bundle again, or make it again",
        ) from error


def _check_forms(signature):
    """Raises ValueError for a classifier that does not decide in both forms."""
    forms = set(signature.decisions)
    if signature.target.labels and forms != {"float32", "int8"}:
        raise ValueError(f"decisions of {sorted(forms)}")


def _computing_form(form):
    """Returns the form whose numbers a form computes with."""
    if form == "uint8":
        return "int8"
    return form
