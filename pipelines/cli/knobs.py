"""`knobs`: every spec that a slot can hold, with its knobs."""

import inspect
import re
import textwrap
import typing
from dataclasses import MISSING, Field, dataclass, fields
from difflib import get_close_matches
from typing import Annotated

import typer

from ..errors import RecipeError

_WIDTH = 100
_SOURCE = re.compile(r"https?://[^\s)]+[^\s).,;]")


@dataclass(frozen=True, kw_only=True)
class KnobsOptions:
    """Options of `knobs`."""

    spec: Annotated[
        str, typer.Argument(metavar="[SLOT or SPEC]", help="A slot (network) or a spec (Tcn).")
    ] = ""


def print_knobs(options: KnobsOptions) -> None:
    """List what a recipe can hold, and its knobs.

    Without a name: the slots and their specs. With one: each knob's type, default, limits and
    unit, and the source of the method.
    """
    slots = _slots()
    if not options.spec:
        for slot, specs in slots.items():
            print(f"{slot}")
            for spec in specs:
                print(f"  {spec.__name__:20} {_first_sentence(spec)}")
        print("\nKnobs of one of them: python -m pipelines knobs NAME")
        return
    for spec in _named(options.spec, slots):
        print(_in_full(spec))


def _slots() -> dict[str, list[type]]:
    """Slot → the specs that it can hold, in the order of the catalogue."""
    from .. import catalog

    slots: dict[str, list[type]] = {}
    for spec in catalog.SPECS:
        slots.setdefault(_slot_of(spec), []).append(spec)
    return slots


# Where the specs of a slot stand: the first that is part of the name of a spec's module.
_PLACES = {
    ".recipe": "recipe",
    ".rows.split": "split",
    ".timeseries.windows": "frame",
    ".timeseries.segments": "frame",
    ".timeseries.faults": "frame",
    ".load": "load",
    ".sources.table": "load",
    ".steps.": "step",
    ".balance.": "balance",
    ".teacher": "teacher",
    ".augment": "augment",
    ".training.": "training",
    ".shipping": "shipping",
    ".convert.": "shipping",
    ".compress.": "compress",
    ".targets.": "runtime",
}


def _slot_of(spec):
    module = spec.__module__
    for place, slot in _PLACES.items():
        if place in module:
            return slot
    return "network"


def _named(name: str, slots: dict[str, list[type]]) -> list[type]:
    """The specs of a slot, or the one of that name. Raises RecipeError for an unknown word."""
    if name in slots:
        return slots[name]
    specs = {spec.__name__: spec for each in slots.values() for spec in each}
    lower = {each.lower(): each for each in (*slots, *specs)}
    word = lower.get(name.lower(), "")
    if word in slots:
        return slots[word]
    if word:
        return [specs[word]]
    close = get_close_matches(name.lower(), lower, n=1, cutoff=0.5)
    if close:
        fix = f"did you mean {lower[close[0]]}?"
    else:
        fix = "python -m pipelines knobs lists them all"
    raise RecipeError(
        f"no slot or spec is called {name!r}",
        expected=f"a slot ({', '.join(slots)}) or a spec in one",
        fix=fix,
    )


def _first_sentence(spec):
    text = _words(spec)
    return re.split(r"(?<=[.;:])\s", text, maxsplit=1)[0].rstrip(";:")


def _words(spec):
    """The docstring in one line."""
    return " ".join((inspect.getdoc(spec) or "").split())


def _in_full(spec: type) -> str:
    """A spec with its knobs, as text."""
    lines = [f"{spec.__name__}"]
    lines += textwrap.wrap(_words(spec), _WIDTH, initial_indent="  ", subsequent_indent="  ")
    hints = typing.get_type_hints(spec)
    for field in fields(spec):
        lines.append(f"  {field.name:18} {_knob_words(field, hints[field.name])}")
    for source in _SOURCE.findall(_words(spec)):
        lines.append(f"  source: {source}")
    return "\n".join(lines) + "\n"


def _knob_words(field: Field, hint: object) -> str:
    """Type, default, limits, unit and meaning of a knob."""
    parts = [_type_words(hint), _default_words(field)]
    if "low" in field.metadata:
        parts.append(f"{field.metadata['low']} to {field.metadata['high']}")
    parts += [field.metadata[key] for key in ("unit", "meaning") if field.metadata.get(key)]
    return "; ".join(parts)


def _type_words(hint):
    words = re.sub(r"<class '([^']*)'>", r"\1", str(hint)) if isinstance(hint, type) else str(hint)
    words = re.sub(r"[\w.]+\.(\w+)", r"\1", words)
    return words.replace("NoneType", "None")


def _default_words(field: Field) -> str:
    if field.default is not MISSING:
        return f"default {field.default!r}"
    if field.default_factory is not MISSING:
        return f"default {field.default_factory()!r}"
    return "must be given"
