"""What a model takes and gives, and everything that stands between a raw row and its answer.

A Signature is plain numbers and words: `signature.json` holds nothing that could run.
"""

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import get_type_hints

import numpy as np

from .calendar import Calendar, has_step, step_dates, step_numbers
from .cells import KINDS, MISSING_WORDS, PICTURE, SERIES, TEXT, Column
from .checksums import read_checked
from .errors import DeviceError
from .flow import MAX_SIDE, MAX_VALUES, Flow, check_format, follow
from .formats import FORMAT_VERSION, up_to_date
from .primitives import PACKS, Primitive, made_by, primitive_from_json, primitive_to_json
from .sixteen_bits import MAX_WHITE
from .typed import load_json, read_value

TASKS = ("binary", "multiclass", "regression", "forecast", "anomaly")
MAX_COPIES = 64
MAX_STEP_SECONDS = 10 * 366 * 86_400
MAX_JSON_BYTES = 2**26
RULES = {
    "missing value": "filled by the fitted steps, as in training",
    "unknown category": "goes to the bucket of rare and unknown categories",
    "column missing from the row": "refused",
    "column the model does not know": "ignored",
    "text where a number, a date or a truth value belongs": "refused",
    "infinite number": "refused",
    "number outside the range seen in training": "cut to the nearest value that the int8 input "
    "can hold",
    "number that is outside that range by more than it is wide": "answered, with a note",
    "every cell missing, no known token, a picture of one colour": "answered, with a note",
    "picture of another size": (
        "stretched to the model's size, antialiased bilinear, as in training"
    ),
    "transparent picture": "laid over white",
    "16-bit picture": "white, as the column has it, becomes 255, and what is above is refused; "
    "without one white is 65,535, and a picture that stays below 16,384 is refused",
    "animation": "its first frame",
    "series shorter than the window": "missing steps before its first",
    "series longer than the window": "its last steps, as many as the window has",
    "state of the streaming form": "zeros (int8: the zero point) at first and after a reset, "
    "then what came out",
    "step left out of a stream": "a missing one; a window of them or more resets the state",
    "step of a stream that is not later than the one before": "refused",
    "missing or empty text": "no token: padding alone",
    "text longer than the window": "its first tokens, as many as the window has",
    "text of more than 1,000,000 characters": "refused",
    "number that is no id of the model": "refused",
    "null character, half of a surrogate pair in a text": "read as a space, as U+FFFD",
    "24:00 in a date": "00:00 of the next day",
    "first line of a CSV file such as sep=;": "names the separator, and is no header",
}


@dataclass(frozen=True)
class Port:
    """One tensor: its name, shape without the rows axis, dtype of the float form, and unit in
    words.

    The int8 form holds round(x / scale) + zero_point; `scale` is 0.0 where the tensor is not
    quantized. A port of ids holds 0 to num_ids - 1. An int8 output may hold `num_copies` of each
    value, rounded at staggered places, whose sum is finer than one int8 can be (see
    `convert.lower`). The quantized files compute with x * factor + offset, of which their own scale
    and zero point speak: so a picture is quantized as it stands, byte for byte less 128 (scale 1,
    zero point -128), whatever its net does to pixels first.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    unit: str
    scale: float = 0.0
    zero_point: int = 0
    num_ids: int = 0
    num_copies: int = 1
    factor: float = 1.0
    offset: float = 0.0

    @property
    def is_picture(self) -> bool:
        """Whether the port holds pixels 0..255 [height, width, channels]."""
        return len(self.shape) == 3

    def quantize(self, x: np.ndarray) -> np.ndarray:
        """float32 → int8, halves rounded up; the C code does the same in the same order. Ids pass
        unchanged.
        """
        if self.scale == 0.0:
            return x.astype(self.dtype)
        if x.dtype == np.uint8:
            return (x ^ np.uint8(128)).view(np.int8)  # p - 128
        with np.errstate(over="ignore"):  # infinity is cut to the last step, in C too
            steps = np.floor(x / np.float32(self.scale) + np.float32(0.5)) + np.float32(
                self.zero_point
            )
        return np.clip(steps, -128, 127).astype(np.int8)

    def dequantize(self, q: np.ndarray) -> np.ndarray:
        """int8 [rows, num_copies * width] → float32 [rows, width] in the port's unit. The sum is of
        whole numbers, so that C gives the same.
        """
        copies = q.reshape(len(q), self.num_copies, *self.shape).sum(axis=1, dtype=np.int32)
        return (copies - self.num_copies * self.zero_point).astype(np.float32) * self.step()

    def to_float(self, raw: np.ndarray) -> np.ndarray:
        """A model's raw output, float32 or int8, as float32 in the port's unit."""
        if raw.dtype == np.int8:
            return self.dequantize(raw)
        return raw.astype(np.float32)

    def in_file(self) -> tuple[float, int]:
        """(scale, zero point) that the int8 file itself holds."""
        if self.scale == 0.0:
            return 0.0, 0
        scale = self.scale * self.factor
        return scale, self.zero_point - round(self.offset / scale)

    def step(self) -> np.float32:
        """The smallest difference that the dequantized port can show, in its unit."""
        return np.float32(self.scale / self.num_copies)


@dataclass(frozen=True)
class Target:
    """What is predicted: its name, the task, the labels in the order of the outputs, and for real
    numbers, one or several, the affine map from the model's output to the target's own unit (value
    = output * factor + offset).

    A forecast has outputs step after step, of each step one value or one a quantile of `quantiles`,
    each step with its own affine map (`step_offsets`, `step_factors`), because steps far ahead vary
    more; where `base` and `spread` name columns of the prepared row, values are in the row's own
    scale: value * spread + base. `mase_scale`: what the mean absolute error is divided by for MASE,
    the seasonal naive's error on the steps before the test (Hyndman and Koehler 2006,
    https://doi.org/10.1016/j.ijforecast.2006.03.001); 0.0 where there is none. Of anomalies `base`
    is the input that the outputs give back, [steps, channels] as it lies in memory.
    """

    name: str
    task: str
    labels: tuple[str, ...] = ()
    offset: float = 0.0
    factor: float = 1.0
    quantiles: tuple[float, ...] = ()
    step_offsets: tuple[float, ...] = ()
    step_factors: tuple[float, ...] = ()
    base: str = ""
    spread: str = ""
    mase_scale: float = 0.0

    def middle(self) -> int:
        """The place of the quantile nearest to the median: what a forecast gives if it may give one
        thing.
        """
        if self.quantiles:
            return int(np.argmin(np.abs(np.asarray(self.quantiles) - 0.5)))
        return 0


@dataclass(frozen=True)
class Frame:
    """How a row's series were cut: the column of time, the seconds of a step, and the steps that
    are forecast, of which the row's time is the first (0: none, and the row's time is its newest
    step). `series`: the column that separates many series, or "". `known`: the series whose
    values are known beforehand, of the steps that are forecast. `format`: how times are written
    (see `Column`). `calendar`: where the steps lie in time; of months and weekdays `step_seconds`
    is a mean, by which nothing is counted.
    """

    time: str
    step_seconds: float
    horizon: int
    series: str = ""
    known: tuple[str, ...] = ()
    format: str = "ISO8601"
    calendar: Calendar = Calendar()

    def numbers(self, times: np.ndarray) -> np.ndarray:
        """int64 [rows]: the numbers of the steps that time stamps (datetime64 [rows]) lie in."""
        return step_numbers(times, self.step_seconds, self.calendar)

    def dates(self, numbers: np.ndarray) -> np.ndarray:
        """datetime64[s], like `numbers`: the dates of steps."""
        return step_dates(numbers, self.step_seconds, self.calendar)

    def has_step(self, times: np.ndarray) -> np.ndarray:
        """bool [rows]: whether there is a step on the day of each time stamp."""
        return has_step(times, self.calendar)

    def ahead(self, time: np.datetime64) -> np.ndarray:
        """datetime64[s] [horizon]: the dates of the steps that are forecast, of which `time` is the
        first.
        """
        return self.dates(self.numbers(np.array([time])) + np.arange(self.horizon))


@dataclass(frozen=True)
class Streaming:
    """The form that takes one new step a call (`model_stream_int8.tflite`,
    `model_stream_float32.tflite`). `inputs`: the ports, those of past steps with their newest step
    alone, [1, channels]. `states` [steps, width]: inputs and outputs of the same name, scale and
    zero point; kept from call to call until a reset, which sets them to zeros (int8: the zero
    point). `output`: as of the form for windows, in its own scale. `num_steps`: as many the net
    looks back on, so many calls after a reset is its answer that of the form for windows.
    """

    inputs: tuple[Port, ...]
    states: tuple[Port, ...]
    output: Port
    num_steps: int


@dataclass(frozen=True)
class Calibration:
    """How logits of classes become probabilities that are met as often as they say: logits * factor
    + offset, then sigmoid or softmax. Where there is a table, of two classes, the probability is
    `shares` at `logits`, both rising, linearly in between and the nearer end outside.
    """

    factor: float = 1.0
    offset: float = 0.0
    logits: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()


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
        if self.target.task == "anomaly":
            return 1
        return self.output.shape[0]

    def base_port(self) -> Port:
        """The input that a model of anomalies gives back."""
        return next(port for port in self.inputs if port.name == self.target.base)

    def to_json(self) -> dict:
        """Plain JSON values; from_json gives the same signature of them, or refuses."""
        values = asdict(self)
        values["primitives"] = [primitive_to_json(primitive) for primitive in self.primitives]
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
        kinds = {column.kind for column in self.columns}
        if self.target.task not in TASKS or not kinds <= {*KINDS, TEXT, PICTURE, SERIES}:
            raise ValueError(f"task {self.target.task!r} or a column's kind is unknown")
        for column in self.columns:
            is_rgb_or_grey = (
                len(column.shape) == 3 and _is_shape(column.shape) and column.shape[2] in (1, 3)
            )
            if column.kind == PICTURE and not is_rgb_or_grey:
                raise ValueError(f"column {column.name!r}: pictures of shape {column.shape}")
            if not 0 <= column.white <= MAX_WHITE:
                raise ValueError(f"column {column.name!r}: white at {column.white}")
            if column.kind == SERIES and not (len(column.shape) == 1 and _is_shape(column.shape)):
                raise ValueError(f"column {column.name!r}: a series of shape {column.shape}")
        pictures = {column.name: column.shape for column in self.columns if column.kind == PICTURE}
        packed = {
            primitive.into: primitive.columns
            for primitive in self.primitives
            if isinstance(primitive, PACKS)
        }
        if any(
            pictures.get(packed.get(port.name, ("",))[0]) not in (None, port.shape)
            for port in self.inputs
        ):
            raise ValueError("a picture and its input differ in shape")
        if not all(isinstance(word, str) for word in self.missing_words):
            raise ValueError("missing_words are not words")
        names = {column.name for column in self.columns}
        if len(names) < len(self.columns):
            raise ValueError("two columns have one name")
        for primitive in self.primitives:
            if hasattr(primitive, "check"):
                primitive.check()
            read = set(primitive.columns if isinstance(primitive, PACKS) else (primitive.column,))
            if not read <= names:
                raise ValueError(
                    f"{type(primitive).__name__} reads {sorted(read - names)}, which nothing makes"
                )
            names |= set(made_by(primitive))
        own = {name for name in (self.target.base, self.target.spread) if name}
        lost = ({port.name for port in self.inputs} | own) - names
        if lost or not self.inputs:
            raise ValueError(f"the inputs {sorted(lost)} are made by nothing")
        for port in (*self.inputs, self.output, *self._stream_ports()):
            known = (
                port.dtype in ("float32", "int32")
                and -128 <= port.zero_point <= 127
                and port.num_ids >= 0
            )
            finite = (
                (port.scale == 0 or 1e-20 < port.scale < 1e20)
                and 1e-6 < port.factor < 1e6
                and abs(port.offset) < 1e6
            )
            if not (
                known and finite and _is_shape(port.shape) and 1 <= port.num_copies <= MAX_COPIES
            ):
                raise ValueError(
                    f"port {port.name!r}: {port.dtype}, scale {port.scale}, zero point "
                    f"{port.zero_point}, shape {port.shape}, {port.num_copies} times"
                )
            if port.is_picture and port.scale and (port.scale, port.zero_point) != (1.0, -128):
                raise ValueError(
                    f"port {port.name!r} of pixels: scale {port.scale}, zero point "
                    f"{port.zero_point}"
                )
        num_labels = {"binary": 2, "anomaly": 2, "multiclass": self.output.shape[0]}.get(
            self.target.task, 0
        )
        is_odd = self.target.task == "binary" and self.output.shape != (1,)
        if len(self.target.labels) != num_labels or len(self.output.shape) != 1 or is_odd:
            raise ValueError(
                f"{len(self.target.labels)} labels for outputs {self.output.shape}, "
                f"{self.target.task}"
            )
        if not self.decisions.keys() <= {"float32", "int8"} or any(
            len(offsets) != self.num_decisions() or not all(map(math.isfinite, offsets))
            for offsets in self.decisions.values()
        ):
            raise ValueError(f"decisions {self.decisions}")
        if not all(
            _is_calibration(each, self.output.shape[0]) for each in self.calibrations.values()
        ):
            raise ValueError(f"calibrations {self.calibrations}")
        if len(set(self.target.labels)) < len(self.target.labels):
            raise ValueError(f"a label stands twice among {self.target.labels}")
        self._check_flow()
        self._check_ranges()
        if self.target.task == "forecast":
            self._check_forecast()
        given_back = [
            math.prod(port.shape) for port in self.inputs if port.name == self.target.base
        ]
        if self.target.task == "anomaly" and [math.prod(self.output.shape)] != given_back:
            raise ValueError(
                f"outputs {self.output.shape} to give back {self.target.base!r} of "
                f"{given_back} values"
            )
        if self.stream is not None:
            self._check_stream()

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
        if self.target.task == "forecast":
            own = [self.target.base, self.target.spread]
        else:
            own = []
        if any(flows[name] != Flow("float32") for name in own if name):
            raise ValueError(f"a row's own scale by {own}")
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

    def _check_forecast(self):
        target = self.target
        frame = self.frame
        if frame:
            outputs = frame.horizon * max(len(target.quantiles), 1)
        else:
            outputs = 0
        if outputs < 1 or self.output.shape != (outputs,) or not frame.step_seconds > 0:
            raise ValueError(f"a forecast of {frame} with outputs {self.output.shape}")
        scales = (*target.step_offsets, *target.step_factors)
        if len(scales) != 2 * frame.horizon or not all(map(math.isfinite, scales)):
            raise ValueError(f"{len(scales)} numbers for the scales of {frame.horizon} steps")
        if list(target.quantiles) != sorted(set(target.quantiles)) or not all(
            0 < q < 1 for q in target.quantiles
        ):
            raise ValueError(f"quantiles {target.quantiles}")


def made_from(primitives: tuple[Primitive, ...], names: tuple[str, ...]) -> frozenset[str]:
    """The columns, and what primitives that take one column make of them."""
    found = set(names)
    for primitive in primitives:
        if not isinstance(primitive, PACKS) and primitive.column in found:
            found.update(made_by(primitive))
    return frozenset(found)


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


def _is_calibration(each, num_outputs):
    """Whether it has finite numbers, a factor that keeps the order, and no table but a rising one
    of one output.
    """
    numbers = (each.factor, each.offset, *each.logits, *each.shares)
    rising = all(list(table) == sorted(table) for table in (each.logits, each.shares))
    return (
        all(map(math.isfinite, numbers))
        and each.factor > 0
        and len(each.logits) == len(each.shares)
        and rising
        and all(0 <= share <= 1 for share in each.shares)
        and (not each.logits or num_outputs == 1)
    )


def _is_shape(shape):
    return (
        len(shape) in (1, 2, 3)
        and all(type(size) is int and 0 < size <= MAX_SIDE for size in shape)
        and math.prod(shape) <= MAX_VALUES
    )


def positive_or_largest(logits: np.ndarray, offsets: tuple[float, ...]) -> np.ndarray:
    """Class index int64 [rows] of logits float32 [rows, outputs] once the decision's offsets are
    added.
    """
    shifted = logits + np.asarray(offsets, np.float32)
    if shifted.shape[1] == 1:
        return (shifted[:, 0] >= 0).astype(np.int64)
    return shifted.argmax(axis=1)


def probabilities(logits: np.ndarray, calibration: Calibration = Calibration()) -> np.ndarray:
    """float64 [rows, classes] of logits [rows, 1] (sigmoid; classes no, yes) or [rows, classes]
    (softmax).
    """
    if calibration.logits:
        positive = np.interp(
            logits[:, 0].astype(np.float64), calibration.logits, calibration.shares
        )
        return np.stack([1 - positive, positive], axis=1)
    logits = logits.astype(np.float64) * calibration.factor + calibration.offset
    if logits.shape[1] == 1:
        logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)
