"""What a model takes and gives, and everything that stands between a raw row and its answer.

A Signature is plain numbers and words: `signature.json` holds nothing that could run.
"""

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import get_type_hints

from .calibration import Calibration, is_calibration
from .cells import KINDS, MISSING_WORDS, PICTURE, SERIES, TEXT, Column
from .checksums import read_checked
from .errors import DeviceError
from .flow import MAX_SIDE, Flow, check_format, follow
from .formats import FORMAT_VERSION, up_to_date, without_later_defaults
from .frame import Frame
from .ports import Port, Streaming, is_shape
from .primitives import PackingPrimitive, Primitive, primitive_from_json, primitive_to_json
from .rules import RULES
from .sixteen_bits import MAX_WHITE
from .target import Target
from .tasks import TASKS, task_of
from .typed import load_json, read_value

MAX_COPIES = 64
MAX_STEP_SECONDS = 10 * 366 * 86_400
MAX_JSON_BYTES = 2**26


@dataclass(frozen=True)
class Signature:
    """From raw columns to labels. `decisions` holds, by form ("float32", "int8"), what is added to
    the logits before the label is taken: one number for two classes (positive where the sum is ≥
    0), one a class for more; to the outputs of a forecast with quantiles, so that its interval
    covers what it states; to the score of a window, the mean absolute difference of what it is and
    what the model gives back, which is an anomaly where the sum is ≥ 0. `calibrations`, by form
    too: how logits become probabilities. `stream`: where the bundle has a form that takes one new
    step a call. `ranges`: the least and the largest value that training rows had of a numeric
    column or a series; they change no answer (see `notes`).
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

    def offsets(self, form: str) -> tuple[float, ...]:
        """The decision of a form; the uint8 file is the int8 file with another input, so that it
        decides alike.
        """
        none = (0.0,) * self.num_decisions()
        return self.decisions.get("int8" if form == "uint8" else form, none)

    def calibration(self, form: str) -> Calibration:
        """The calibration of a form; of uint8 that of int8."""
        return self.calibrations.get("int8" if form == "uint8" else form, Calibration())

    def num_decisions(self) -> int:
        """How many numbers the decision of a form has."""
        return task_of(self.target).num_decisions(self)

    def windows(self) -> Frame:
        """Returns how windows were cut. Raises ValueError for a model of plain rows."""
        if self.frame is None:
            raise ValueError("a model of plain rows has no windows")
        return self.frame

    def base_port(self) -> Port:
        """The input that a model of anomalies gives back."""
        return next(port for port in self.inputs if port.name == self.target.base)

    def to_json(self) -> dict:
        """Plain JSON values; from_json gives the same signature of them, or refuses."""
        values = asdict(self)
        values["primitives"] = [primitive_to_json(primitive) for primitive in self.primitives]
        values = without_later_defaults(values)
        return {"format_version": FORMAT_VERSION, "rules": RULES, **values}

    @classmethod
    def from_json(cls, values: dict) -> "Signature":
        values = up_to_date(values, RULES)
        if values["rules"] != RULES:
            raise DeviceError(
                "a signature with other rules for invalid cells",
                expected="the rules of this version: the runner keeps to them",
                fix="make the bundle again with this version",
            )
        hints = {name: hint for name, hint in get_type_hints(cls).items() if name != "primitives"}
        if values.keys() != {"format_version", "rules", "primitives", *hints}:
            raise ValueError(f"its parts are {', '.join(values)}")
        signature = cls(
            primitives=tuple(map(primitive_from_json, values["primitives"])),
            **{name: read_value(hint, values[name], name) for name, hint in hints.items()},
        )
        signature.check()
        return signature

    def check(self) -> None:
        """Raises ValueError where the parts do not fit together: every name must be made before it
        is read, and every number be one that can be computed with.
        """
        self._check_columns()
        self._check_names()
        for port in (*self.inputs, self.output, *self._stream_ports()):
            _check_port(port)
        self._check_decisions()
        self._check_flow()
        self._check_ranges()
        task_of(self.target).check(self)
        if self.stream is not None:
            self._check_stream()

    def _check_columns(self):
        """Every column has a kind and a shape that cells can be read to."""
        kinds = {column.kind for column in self.columns}
        if self.target.task not in TASKS or not kinds <= {*KINDS, TEXT, PICTURE, SERIES}:
            raise ValueError(f"task {self.target.task!r} or a column's kind is unknown")
        for column in self.columns:
            _check_column(column)
        pictures = {column.name: column.shape for column in self.columns if column.kind == PICTURE}
        packed = {
            primitive.into: primitive.columns
            for primitive in self.primitives
            if isinstance(primitive, PackingPrimitive)
        }
        for port in self.inputs:
            first = packed.get(port.name, ("",))[0]
            if pictures.get(first) not in (None, port.shape):
                raise ValueError("a picture and its input differ in shape")
        if not all(isinstance(word, str) for word in self.missing_words):
            raise ValueError("missing_words are not words")

    def _check_names(self):
        """Every name is made before it is read."""
        names = {column.name for column in self.columns}
        if len(names) < len(self.columns):
            raise ValueError("two columns have one name")
        for primitive in self.primitives:
            primitive.check()
            read = set(primitive.reads())
            if not read <= names:
                raise ValueError(
                    f"{type(primitive).__name__} reads {sorted(read - names)}, which nothing makes"
                )
            names |= set(primitive.makes())
        own = {name for name in (self.target.base, self.target.spread) if name}
        lost = ({port.name for port in self.inputs} | own) - names
        if lost or not self.inputs:
            raise ValueError(f"the inputs {sorted(lost)} are made by nothing")

    def _check_decisions(self):
        """Labels, offsets and calibrations are as many as the outputs need."""
        if not task_of(self.target).fits_labels(self) or len(self.output.shape) != 1:
            raise ValueError(
                f"{len(self.target.labels)} labels for outputs {self.output.shape}, "
                f"{self.target.task}"
            )
        if not self.decisions.keys() <= {"float32", "int8"} or any(
            len(offsets) != self.num_decisions() or not all(map(math.isfinite, offsets))
            for offsets in self.decisions.values()
        ):
            raise ValueError(f"decisions {self.decisions}")
        num_outputs = self.output.shape[0]
        if not all(is_calibration(each, num_outputs) for each in self.calibrations.values()):
            raise ValueError(f"calibrations {self.calibrations}")
        if len(set(self.target.labels)) < len(self.target.labels):
            raise ValueError(f"a label stands twice among {self.target.labels}")

    def _check_flow(self):
        """Every input is made in its shape and type, and where rows have a time, times can
        be known.
        """
        flows = follow(self.columns, self.primitives)
        if len({port.name for port in self.inputs}) < len(self.inputs):
            raise ValueError("two inputs have one name")
        for port in self.inputs:
            flow = flows[port.name]
            if flow.dtype == "uint8":
                dtype = "float32"
            else:
                dtype = flow.dtype
            if (dtype, flow.shape) != (port.dtype, port.shape) or flow.num_ids > port.num_ids > 0:
                raise ValueError(
                    f"the input {port.name!r} is {port.dtype} {list(port.shape)} of {port.num_ids} "
                    f"ids, made is {flow.dtype} {list(flow.shape)} of {flow.num_ids}"
                )
        own = task_of(self.target).row_scale(self.target)
        if any(flows[name] != Flow("float32") for name in own):
            raise ValueError(f"a row's own scale by {list(own)}")
        if self.frame is not None:
            check_format(self.frame.format)
            if not (
                1 <= self.frame.step_seconds <= MAX_STEP_SECONDS
                and 0 <= self.frame.horizon <= MAX_SIDE
            ):
                raise ValueError(f"{self.frame.horizon} steps of {self.frame.step_seconds} s")
            self.frame.calendar.check(self.frame.step_seconds)

    def _check_ranges(self):
        numbers = {column.name for column in self.columns if column.kind in ("numeric", SERIES)}
        for name, (low, high) in self.ranges.items():
            if name not in numbers or not -math.inf < low < high < math.inf:
                raise ValueError(f"the range {low} to {high} of {name!r}")

    def _stream_ports(self):
        if self.stream is None:
            return ()
        return (*self.stream.inputs, *self.stream.states, self.stream.output)

    def _check_stream(self):
        stream = self.stream
        windows = {port.name: port.shape for port in self.inputs}
        fits = {port.name for port in stream.inputs} == set(windows) and all(
            port.shape in (windows[port.name], (1, *windows[port.name][1:]))
            for port in stream.inputs
        )
        longest = max((shape[0] for shape in windows.values() if len(shape) == 2), default=0)
        names = {port.name for port in stream.states}
        if not (
            fits
            and self.frame
            and stream.output.shape == self.output.shape
            and 1 <= stream.num_steps <= longest
            and len(names) == len(stream.states) > 0
            and not names & {*windows, "output"}
        ):
            raise ValueError(f"a stream of {stream} for inputs {windows}")


def made_from(primitives: tuple[Primitive, ...], names: tuple[str, ...]) -> frozenset[str]:
    """The columns, and what primitives that take one column make of them."""
    found = set(names)
    for primitive in primitives:
        is_pack = isinstance(primitive, PackingPrimitive)
        if not is_pack and found.issuperset(primitive.reads()):
            found.update(primitive.makes())
    return frozenset(found)


def _check_column(column):
    """Raises ValueError for a shape or a white that no cell can be read to."""
    has_shape = is_shape(column.shape)
    is_rgb_or_grey = len(column.shape) == 3 and has_shape and column.shape[2] in (1, 3)
    if column.kind == PICTURE and not is_rgb_or_grey:
        raise ValueError(f"column {column.name!r}: pictures of shape {column.shape}")
    if not 0 <= column.white <= MAX_WHITE:
        raise ValueError(f"column {column.name!r}: white at {column.white}")
    if column.kind == SERIES and not (len(column.shape) == 1 and has_shape):
        raise ValueError(f"column {column.name!r}: a series of shape {column.shape}")


def _check_port(port):
    """Raises ValueError for a port whose numbers cannot be computed with."""
    is_known = (
        port.dtype in ("float32", "int32")
        and -128 <= port.zero_point <= 127
        and port.num_ids >= 0
        and is_shape(port.shape)
        and 1 <= port.num_copies <= MAX_COPIES
    )
    is_finite = (
        (port.scale == 0 or 1e-20 < port.scale < 1e20)
        and 1e-6 < port.factor < 1e6
        and abs(port.offset) < 1e6
    )
    if not (is_known and is_finite):
        raise ValueError(
            f"port {port.name!r}: {port.dtype}, scale {port.scale}, zero point "
            f"{port.zero_point}, shape {port.shape}, {port.num_copies} times"
        )
    if port.is_picture and port.scale and (port.scale, port.zero_point) != (1.0, -128):
        raise ValueError(
            f"port {port.name!r} of pixels: scale {port.scale}, zero point {port.zero_point}"
        )


def read_signature(folder: Path) -> Signature:
    """The signature of a bundle. Raises DeviceError where there is none, or it is damaged or was
    altered.
    """
    path = Path(folder) / "signature.json"
    content = read_checked(folder, "signature.json", most=MAX_JSON_BYTES)
    try:
        signature = Signature.from_json(load_json(content))
        if signature.target.labels and set(signature.decisions) != {"float32", "int8"}:
            raise ValueError(f"decisions of {sorted(signature.decisions)}")
        return signature
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, IndexError) as error:
        raise DeviceError(
            f"{str(path)!r} is damaged: {type(error).__name__}: {error}",
            expected="the signature.json that was written with the bundle",
            fix="copy the bundle again, or make it again",
        ) from error
