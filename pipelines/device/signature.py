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
        """Returns the decision of a form, zeros if it has none.

        The uint8 file is the int8 file with another input, so that it decides alike.
        """
        none = (0.0,) * self.num_decisions()
        return self.decisions.get(_computing_form(form), none)

    def calibration(self, form: str) -> Calibration:
        """Returns the calibration of a form; of uint8 that of int8."""
        return self.calibrations.get(_computing_form(form), Calibration())

    def num_decisions(self) -> int:
        """Returns how many numbers the decision of a form has."""
        return task_of(self.target).num_decisions(self)

    def windows(self) -> Frame:
        """Returns how windows were cut. Raises ValueError for a model of plain rows."""
        if self.frame is None:
            raise ValueError("a model of plain rows has no windows")
        return self.frame

    def base_port(self) -> Port:
        """Returns the input that a model of anomalies gives back."""
        return next(port for port in self.inputs if port.name == self.target.base)

    def to_json(self) -> dict:
        """Returns plain JSON values, of which from_json makes the same signature."""
        values = asdict(self)
        values["primitives"] = [primitive_to_json(primitive) for primitive in self.primitives]
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
        primitives = tuple(map(primitive_from_json, values["primitives"]))
        parts = {name: read_value(hint, values[name], name) for name, hint in hints.items()}
        signature = cls(primitives=primitives, **parts)
        signature.check()
        return signature

    def check(self) -> None:
        """Checks that the parts fit together.

        Every name must be made before it is read, and every number be one that can be computed
        with.

        Raises:
            ValueError: If they do not.
        """
        self._check_columns()
        self._check_names()
        ports = (*self.inputs, self.output, *self._stream_ports())
        for port in ports:
            _check_port(port)
        self._check_decisions()
        self._check_flow()
        self._check_ranges()
        task_of(self.target).check(self)
        if self.stream is not None:
            self._check_stream()

    def _check_columns(self):
        """Checks that every column has a kind and a shape that cells can be read to."""
        kinds = {column.kind for column in self.columns}
        known_kinds = {*KINDS, TEXT, PICTURE, SERIES}
        if self.target.task not in TASKS or not kinds <= known_kinds:
            raise ValueError(f"task {self.target.task!r} or a column's kind is unknown")
        for column in self.columns:
            _check_column(column)
        self._check_pictures()
        if not all(isinstance(word, str) for word in self.missing_words):
            raise ValueError("missing_words are not words")

    def _check_pictures(self):
        """Checks that a picture has the shape of the input that it is packed into."""
        pictures = {}
        for column in self.columns:
            if column.kind == PICTURE:
                pictures[column.name] = column.shape
        packed = {}
        for primitive in self.primitives:
            if isinstance(primitive, PackingPrimitive):
                packed[primitive.into] = primitive.columns
        for port in self.inputs:
            first = packed.get(port.name, ("",))[0]
            shape = pictures.get(first, port.shape)
            if shape != port.shape:
                raise ValueError("a picture and its input differ in shape")

    def _check_names(self):
        """Checks that every name is made before it is read."""
        names = {column.name for column in self.columns}
        if len(names) < len(self.columns):
            raise ValueError("two columns have one name")
        for primitive in self.primitives:
            primitive.check()
            unknown = set(primitive.reads()) - names
            if unknown:
                kind = type(primitive).__name__
                raise ValueError(f"{kind} reads {sorted(unknown)}, which nothing makes")
            names |= set(primitive.makes())
        needed = {port.name for port in self.inputs}
        needed |= {self.target.base, self.target.spread} - {""}
        lost = needed - names
        if lost or not self.inputs:
            raise ValueError(f"the inputs {sorted(lost)} are made by nothing")

    def _check_decisions(self):
        """Checks that labels, offsets and calibrations are as many as the outputs need."""
        labels = self.target.labels
        shape = self.output.shape
        fits_labels = task_of(self.target).fits_labels(self)
        if not fits_labels or len(shape) != 1:
            raise ValueError(f"{len(labels)} labels for outputs {shape}, {self.target.task}")
        if not self.decisions.keys() <= {"float32", "int8"}:
            raise ValueError(f"decisions {self.decisions}")
        for offsets in self.decisions.values():
            are_finite = all(map(math.isfinite, offsets))
            if len(offsets) != self.num_decisions() or not are_finite:
                raise ValueError(f"decisions {self.decisions}")
        for calibration in self.calibrations.values():
            if not is_calibration(calibration, shape[0]):
                raise ValueError(f"calibrations {self.calibrations}")
        if len(set(labels)) < len(labels):
            raise ValueError(f"a label stands twice among {labels}")

    def _check_flow(self):
        """Checks that every input is made in its shape and type, and a frame has usable steps."""
        flows = follow(self.columns, self.primitives)
        names = {port.name for port in self.inputs}
        if len(names) < len(self.inputs):
            raise ValueError("two inputs have one name")
        for port in self.inputs:
            _check_made(port, flows[port.name])
        own = task_of(self.target).row_scale(self.target)
        number = Flow("float32")
        if any(flows[name] != number for name in own):
            raise ValueError(f"a row's own scale by {list(own)}")
        if self.frame is not None:
            _check_frame(self.frame)

    def _check_ranges(self):
        numbers = set()
        for column in self.columns:
            if column.kind in ("numeric", SERIES):
                numbers.add(column.name)
        for name, (low, high) in self.ranges.items():
            is_range = -math.inf < low < high < math.inf
            if name not in numbers or not is_range:
                raise ValueError(f"the range {low} to {high} of {name!r}")

    def _stream_ports(self):
        if self.stream is None:
            return ()
        return (*self.stream.inputs, *self.stream.states, self.stream.output)

    def _check_stream(self):
        stream = self.stream
        windows = {port.name: port.shape for port in self.inputs}
        lengths = [shape[0] for shape in windows.values() if len(shape) == 2]
        longest = max(lengths, default=0)
        states = {port.name for port in stream.states}
        fits = (
            self.frame
            and _takes_one_step(stream.inputs, windows)
            and stream.output.shape == self.output.shape
            and 1 <= stream.num_steps <= longest
            and len(states) == len(stream.states) > 0
            and not states & {*windows, "output"}
        )
        if not fits:
            raise ValueError(f"a stream of {stream} for inputs {windows}")


def made_from(primitives: tuple[Primitive, ...], names: tuple[str, ...]) -> frozenset[str]:
    """Returns the columns, and what primitives that take one column make of them."""
    found = set(names)
    for primitive in primitives:
        is_pack = isinstance(primitive, PackingPrimitive)
        if not is_pack and found.issuperset(primitive.reads()):
            found.update(primitive.makes())
    return frozenset(found)


def _computing_form(form):
    """Returns the form whose numbers a form computes with."""
    if form == "uint8":
        return "int8"
    return form


def _takes_one_step(ports, windows):
    """Returns whether each port takes the window of its name, or one step of it."""
    names = {port.name for port in ports}
    if names != set(windows):
        return False
    for port in ports:
        whole = windows[port.name]
        one_step = (1, *whole[1:])
        if port.shape not in (whole, one_step):
            return False
    return True


def _check_made(port, flow):
    """Raises ValueError for an input that is made in another shape or type."""
    dtype = flow.dtype
    if dtype == "uint8":
        dtype = "float32"
    is_alike = dtype == port.dtype and flow.shape == port.shape
    has_more_ids = flow.num_ids > port.num_ids > 0
    if not is_alike or has_more_ids:
        raise ValueError(
            f"the input {port.name!r} is {port.dtype} {list(port.shape)} of {port.num_ids} "
            f"ids, made is {flow.dtype} {list(flow.shape)} of {flow.num_ids}"
        )


def _check_frame(frame):
    """Raises ValueError for times that cannot be known."""
    check_format(frame.format)
    has_step = 1 <= frame.step_seconds <= MAX_STEP_SECONDS
    has_horizon = 0 <= frame.horizon <= MAX_SIDE
    if not (has_step and has_horizon):
        raise ValueError(f"{frame.horizon} steps of {frame.step_seconds} s")
    frame.calendar.check(frame.step_seconds)


def _check_column(column):
    """Raises ValueError for a shape or a white that no cell can be read to."""
    shape = column.shape
    has_shape = is_shape(shape)
    is_rgb_or_grey = len(shape) == 3 and has_shape and shape[2] in (1, 3)
    if column.kind == PICTURE and not is_rgb_or_grey:
        raise ValueError(f"column {column.name!r}: pictures of shape {shape}")
    if not 0 <= column.white <= MAX_WHITE:
        raise ValueError(f"column {column.name!r}: white at {column.white}")
    is_series = len(shape) == 1 and has_shape
    if column.kind == SERIES and not is_series:
        raise ValueError(f"column {column.name!r}: a series of shape {shape}")


def _check_port(port):
    """Raises ValueError for a port whose numbers cannot be computed with."""
    is_known = (
        port.dtype in ("float32", "int32")
        and -128 <= port.zero_point <= 127
        and port.num_ids >= 0
        and is_shape(port.shape)
        and 1 <= port.num_copies <= MAX_COPIES
    )
    has_scale = port.scale == 0 or 1e-20 < port.scale < 1e20
    has_factor = 1e-6 < port.factor < 1e6
    has_offset = abs(port.offset) < 1e6
    is_finite = has_scale and has_factor and has_offset
    if not (is_known and is_finite):
        raise ValueError(
            f"port {port.name!r}: {port.dtype}, scale {port.scale}, zero point "
            f"{port.zero_point}, shape {port.shape}, {port.num_copies} times"
        )
    quantizing = (port.scale, port.zero_point)
    if port.is_picture and port.scale and quantizing != (1.0, -128):
        raise ValueError(
            f"port {port.name!r} of pixels: scale {port.scale}, zero point {port.zero_point}"
        )


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
        forms = set(signature.decisions)
        if signature.target.labels and forms != {"float32", "int8"}:
            raise ValueError(f"decisions of {sorted(forms)}")
        return signature
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, IndexError) as error:
        raise DeviceError(
            f"{str(path)!r} is damaged: {type(error).__name__}: {error}",
            expected="the signature.json that was written with the bundle",
            fix="copy the bundle again, or make it again",
        ) from error
