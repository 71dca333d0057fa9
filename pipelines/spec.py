"""What a slot of a recipe holds: frozen dataclasses whose fields are knobs, each with its type, its
limits, its unit and its meaning.
"""

import ast
import dataclasses
import difflib
import inspect
import math
import re
import types
import typing
from abc import ABC
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from shlex import quote
from typing import Any

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
        MOVED: Knobs that stood here once → the setting that says the same now, with {} for the
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


def check_knobs(spec: object, path: str = "") -> None:
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
        return isinstance(value, tuple) and all(_has_type(each, arguments[0]) for each in value)
    if origin is not None:  # a mapping of texts
        return isinstance(value, origin) and all(
            isinstance(each, str) for pair in value.items() for each in pair
        )
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if hint is float:
        return (
            isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        )
    return isinstance(value, hint)


def _in_words(hint):
    if typing.get_origin(hint):
        return str(hint).replace("typing.", "")
    return f"a value of type {hint.__name__}"


def to_json(spec: object) -> object:
    """A recipe or any spec in it as plain JSON values: {"spec": its class, field: value, ...}."""
    if is_dataclass(spec):
        return {
            "spec": type(spec).__name__,
            **{each.name: to_json(vars(spec)[each.name]) for each in fields(spec)},
        }
    if isinstance(spec, Mapping):
        return {"spec": "dict", "items": [[key, to_json(value)] for key, value in spec.items()]}
    if isinstance(spec, (tuple, list)):
        return [to_json(item) for item in spec]
    return spec


def from_json(values: object, specs: Sequence[type]) -> Any:
    """The inverse of `to_json`, for the spec classes given; nothing else can come of it. Raises
    RecipeError.
    """
    if isinstance(values, list):
        return tuple(from_json(item, specs) for item in values)
    if not isinstance(values, dict):
        return values
    kind = values.get("spec")
    if kind == "dict":
        return {str(key): from_json(value, specs) for key, value in values.get("items", [])}
    spec = _spec_class(str(kind), specs)
    known = {each.name for each in fields(spec)}
    unknown = set(values) - known - {"spec"}
    if unknown:
        raise RecipeError(
            f"{kind} with {', '.join(sorted(unknown))}",
            expected=", ".join(sorted(known)),
            fix="make the recipe again with this version",
        )
    return _make(
        spec, {name: from_json(value, specs) for name, value in values.items() if name != "spec"}
    )


def override(spec: Any, setting: str, specs: Sequence[type], *, what: str) -> Any:
    """Returns a spec with one knob turned.

    Args:
        spec: Such as a recipe.
        setting: "training.epochs=3", "balance=Smote(k_neighbors=3)", "split.seed=1". Values are
            Python literals or specs; a bare word is text.
        specs: The classes that may be named.
        what: What the spec is, for errors.

    Raises:
        RecipeError: There is no such knob, or the value is of another kind; it names the knobs.
    """
    path, separator, text = setting.partition("=")
    if not separator:
        raise RecipeError(
            f"the setting {setting!r}", expected="knob=value", fix="--set training.epochs=3"
        )
    return _replace(spec, path.strip().split("."), _parse(text.strip(), specs), what, path.strip())


def _replace(spec, path, value, what, whole):
    name = path[0]
    rest = path[1:]
    if is_dataclass(spec):
        names = [each.name for each in fields(spec)]
    else:
        names = []
    if name not in names:
        before = whole[: len(whole) - len(".".join(path))]
        knobs = [before + each for each in names]
        close = difflib.get_close_matches(before + name, knobs, n=1)
        if isinstance(spec, Spec) and name in spec.MOVED:
            setting = before + spec.MOVED[name].format(value)
            raise RecipeError(
                f"{what} has no knob {whole!r} any more",
                expected=", ".join(knobs),
                fix=f"--set {quote(setting)}",
            )
        raise RecipeError(
            f"{what} has no knob {whole!r}",
            expected=", ".join(knobs) or f"nothing below {before.rstrip('.')!r}",
            fix=f"did you mean {close[0]}?" if close else "name one of these",
        )
    now = vars(spec)[name]
    return replace(
        spec,
        **{
            name: _replace(now, rest, value, what, whole)
            if rest
            else _same_kind(now, value, whole, one_or_several=_takes_one_or_several(spec, name))
        },
    )


def _takes_one_or_several(spec, name):
    """Whether a knob is a text or several, such as the target of a table."""
    arguments = typing.get_args(typing.get_type_hints(type(spec))[name])
    return str in arguments and any(typing.get_origin(each) is tuple for each in arguments)


def _same_kind(now, value, knob, *, one_or_several=False):
    if isinstance(now, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(now, (str, tuple)) and one_or_several and isinstance(value, (str, tuple)):
        return value
    if isinstance(now, tuple) and not isinstance(value, tuple):
        value = (value,)
    if isinstance(now, str) and not isinstance(value, str):
        value = str(value)
    if is_dataclass(now) and isinstance(value, str):
        raise RecipeError(
            f"{knob}={value!r}",
            expected=f"a spec, such as {now!r}",
            fix=f"--set '{knob}={value.title()}()', if that is one; or --set '{knob}={now!r}'",
        )
    plain = (bool, int, float, str, tuple, Mapping)
    if isinstance(now, plain) and (
        not isinstance(value, plain)
        or isinstance(now, bool) != isinstance(value, bool)
        or not isinstance(value, Mapping if isinstance(now, Mapping) else type(now))
    ):
        raise RecipeError(
            f"{knob}={value!r}",
            expected=f"a {type(now).__name__}, as {now!r}",
            fix=f"--set {knob}={now!r}",
        )
    return value


def _parse(text, specs):
    try:
        return _value(ast.parse(text, mode="eval").body, specs)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return text


def _value(node, specs):
    """A literal, a spec call such as Smote(k_neighbors=3), or a tuple of these; nothing is
    evaluated.
    """
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.args:
        spec = _spec_class(node.func.id, specs)
        given = {each.arg: _value(each.value, specs) for each in node.keywords}
        known = [each.name for each in fields(spec)]
        unknown = [name for name in given if name not in known]
        if unknown:
            raise RecipeError(
                f"{spec.__name__} has no knob {unknown[0]!r}",
                expected=", ".join(known),
                fix="name one of these",
            )
        return _make(spec, given)
    if isinstance(node, (ast.Tuple, ast.List)):
        return tuple(_value(item, specs) for item in node.elts)
    if isinstance(node, ast.Name):
        if node.id[:1].isupper() and any(each.__name__ == node.id for each in specs):
            return _make(_spec_class(node.id, specs), {})
        raise ValueError(node.id)
    return ast.literal_eval(node)


def _make(spec, given):
    """The spec with the knobs given. Raises RecipeError where one without a default is not."""
    lacking = [
        each.name
        for each in fields(spec)
        if each.name not in given and each.default is MISSING and each.default_factory is MISSING
    ]
    if lacking:
        raise RecipeError(
            f"{spec.__name__} without {', '.join(lacking)}",
            expected=", ".join(lacking),
            fix=f"{spec.__name__}({lacking[0]}=...)",
        )
    return spec(**given)


def _spec_class(name, specs):
    for spec in specs:
        if spec.__name__ == name:
            return spec
    close = difflib.get_close_matches(name, [spec.__name__ for spec in specs], n=1)
    raise RecipeError(
        f"no spec is called {name!r}",
        expected=", ".join(spec.__name__ for spec in specs),
        fix=f"did you mean {close[0]}?" if close else "name one of these",
    )
