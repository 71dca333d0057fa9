"""Specs as JSON values, as a bundle keeps them, and as settings of the command line."""

import ast
import difflib
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass, replace
from shlex import quote
from typing import Any

from .errors import RecipeError
from .spec import Spec, knobs_of


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
        spec,
        {name: from_json(value, specs) for name, value in values.items() if name != "spec"},
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
    return _replace(
        spec,
        path.strip().split("."),
        _parse(text.strip(), specs),
        what,
        path.strip(),
    )


def written(spec: Spec) -> str:
    """Returns a spec as a person writes it for `override`: with the knobs that are turned."""
    turned = []
    for knob in knobs_of(type(spec)):
        value = vars(spec)[knob.name]
        if value != knob.default:
            turned.append(f"{knob.name}={value!r}")
    return f"{type(spec).__name__}({', '.join(turned)})"


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
    if rest:
        new = _replace(now, rest, value, what, whole)
    else:
        one_or_several = _takes_one_or_several(spec, name)
        new = _same_kind(now, value, whole, one_or_several=one_or_several)
    return replace(spec, **{name: new})


def _takes_one_or_several(spec, name):
    """Whether a knob is a text or several, such as the target of a table."""
    arguments = typing.get_args(typing.get_type_hints(type(spec))[name])
    return str in arguments and any(typing.get_origin(each) is tuple for each in arguments)


def _same_kind(now, value, knob, *, one_or_several=False):
    if isinstance(now, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if one_or_several:
        kinds = (str, tuple)
        if isinstance(now, kinds) and isinstance(value, kinds):
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
