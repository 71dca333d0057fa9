"""What a slot of a recipe holds: frozen dataclasses whose fields are knobs, each with its type, its
limits, its unit and its meaning.
"""

import dataclasses
import inspect
import math
import re
import types
import typing
from abc import ABC
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .errors import RecipeError

if typing.TYPE_CHECKING:
    from .rows.sketch import DataSketch

# Of recipes, and so of the folders of bundles.
NAME_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_LINE_OF_A_FIELD = re.compile(r"^    (\w+): (.*)$")


class Refusal(str):
    """Why a spec does not suit: a text with what would, and how to get there.

    Attributes:
        expected: What would suit.
        fix: The setting that helps.
    """

    expected: str
    fix: str

    def __new__(cls, received: str, *, expected: str, fix: str):
        made = super().__new__(cls, received)
        made.expected = expected
        made.fix = fix
        return made


class Spec(ABC):  # noqa: B024  its members are abstract by their slot
    """The base of everything that a recipe holds: a frozen dataclass, and hooks with defaults.

    Attributes:
        MOVED: Knobs that stood here once → the setting that does the same now, with {} for the
            value, for the error that names it.
    """

    MOVED: typing.ClassVar[Mapping[str, str]] = types.MappingProxyType({})

    def check(self) -> None:
        """Raises RecipeError if the knobs do not go together."""

    def tiny(self) -> typing.Self:
        """Returns the same, quick enough for a test."""
        return self

    def files_read(self) -> dict[str, str]:
        """Returns each text of a knob that names a file → the path of the file.

        What the spec makes depends on the file's content, not on its path: so does a key of the
        cache.
        """
        return {}

    def suits(self, sketch: "DataSketch") -> str:
        """Returns why the spec cannot work on such data, or ""; a `Refusal` gives the way out too.

        Args:
            sketch: What is known of the data where the spec stands in the recipe: before a row is
                read what the specs before it leave possible, afterwards what is there.
        """
        return ""

    def refuses_stream(self) -> str:
        """Returns why the spec cannot work on rows that are read part by part, of which a sample
        stands in memory, or "".
        """
        return ""


def needs_all_rows(spec: Spec, fix: str) -> Refusal:
    """Returns why a spec cannot work on rows that are read part by part.

    Args:
        spec: That needs them all at once.
        fix: What to set instead.
    """
    return Refusal(
        f"{spec!r} on rows that are streamed",
        expected="what works on some rows at a time (docs/your-own-data/past-memory.md)",
        fix=f"{fix}, or --set load.memory.way=whole if the rows fit into memory",
    )


@dataclass(frozen=True)
class Knob:
    """What is known of one knob of a spec class.

    Attributes:
        name: Of the field.
        type: Its annotation, in words.
        default: Its value if none is given; `dataclasses.MISSING` if one must be.
        low: Least value allowed, or None.
        high: Largest value allowed, or None.
        unit: What a number of it is measured in, or "".
        meaning: What it does, from the `Attributes` of the class.
    """

    name: str
    type: str
    default: object
    low: float | None = None
    high: float | None = None
    unit: str = ""
    meaning: str = ""


def knob(default: object, low: float, high: float, *, unit: str = "", meaning: str = ""):
    """Makes a dataclass field with limits.

    Args:
        default: The value if none is given.
        low: Least value allowed; of a tuple, of each of its values.
        high: Largest value allowed.
        unit: What the number is measured in.
        meaning: What the knob does, if the docstring of its class does not say so.
    """
    metadata = {"low": low, "high": high, "unit": unit, "meaning": meaning}
    return dataclasses.field(default=default, metadata=metadata)


def knobs_of(spec: type) -> tuple[Knob, ...]:
    """Returns the knobs of a spec class in their order."""
    hints = typing.get_type_hints(spec)
    meanings = _meanings(spec)
    found = []
    for field in dataclasses.fields(spec):
        default = field.default
        if field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        found.append(
            Knob(
                name=field.name,
                type=_in_words(hints[field.name]).removeprefix("a value of type "),
                default=default,
                low=field.metadata.get("low"),
                high=field.metadata.get("high"),
                unit=field.metadata.get("unit", ""),
                meaning=field.metadata.get("meaning", "") or meanings.get(field.name, ""),
            )
        )
    return tuple(found)


def _meanings(spec):
    """Field → its line in the `Attributes` of the class, or of the nearest base that has one."""
    found: dict[str, str] = {}
    for each in reversed(spec.__mro__):
        found |= dict(_attribute_lines(each.__doc__ or ""))
    return found


def _attribute_lines(docstring: str) -> Iterator[tuple[str, str]]:
    """Pairs of name and text from the section `Attributes:` of a docstring in Google's style."""
    _, _, section = inspect.cleandoc(docstring).partition("Attributes:\n")
    name = ""
    words: list[str] = []
    for line in section.splitlines():
        if line and not line.startswith("    "):
            break
        found = _LINE_OF_A_FIELD.match(line)
        if found is None:
            words.append(line.strip())
            continue
        if name:
            yield name, " ".join(words).strip()
        name = found[1]
        words = [found[2]]
    if name:
        yield name, " ".join(words).strip()


def check_knobs(spec: typing.Any, path: str = "") -> None:
    """Raises RecipeError where a knob of a spec, or of one inside it, has another type than its
    annotation or lies outside its limits.
    """
    hints = typing.get_type_hints(type(spec))
    for field in dataclasses.fields(spec):
        value = vars(spec)[field.name]
        name = f"{path}{field.name}"
        if not _has_type(value, hints[field.name]):
            raise RecipeError(
                f"{name}={value!r}",
                expected=_in_words(hints[field.name]),
                fix=f"--set {name}={field.default!r}"
                if field.default is not dataclasses.MISSING
                else f"give {name} a value of that kind",
            )
        if "low" in field.metadata and not all(
            field.metadata["low"] <= each <= field.metadata["high"]
            for each in (value if isinstance(value, tuple) else (value,))
        ):
            raise RecipeError(
                f"{name}={value!r}",
                expected=f"{field.metadata['low']} to {field.metadata['high']}",
                fix=f"--set {name}={field.default!r}",
            )
        for inner in value if isinstance(value, tuple) else (value,):
            if dataclasses.is_dataclass(inner):
                check_knobs(inner, f"{name}.")


def _has_type(value, hint):
    origin = typing.get_origin(hint)
    arguments = typing.get_args(hint)
    if hint is typing.Any:
        return True
    if origin in (typing.Union, types.UnionType):
        return any(_has_type(value, each) for each in arguments)
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        return all(_has_type(each, arguments[0]) for each in value)
    if origin is not None:  # a mapping of texts
        return isinstance(value, origin) and all(
            isinstance(each, str) for pair in value.items() for each in pair
        )
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if hint is float:
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return is_number and math.isfinite(value)
    return isinstance(value, hint)


def _in_words(hint):
    if typing.get_origin(hint):
        return str(hint).replace("typing.", "")
    return f"a value of type {hint.__name__}"
