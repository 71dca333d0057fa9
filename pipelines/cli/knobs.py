"""`knobs`: every spec that a slot can hold, with its knobs."""

import inspect
import re
import textwrap
from dataclasses import MISSING, dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import RecipeError

if TYPE_CHECKING:
    from ..spec import Knob

_WIDTH = 100
_SOURCE = re.compile(r"https?://[^\s)]+[^\s).,;:]")
_SENTENCE_END = re.compile(r"(?<!\bal)\.\s")
# (Bai et al. 2018, https://...)
_REFERENCE = re.compile(r"\s*\((?:[^()]*\b(?:18|19|20)\d\d\b|https?:)[^()]*\)")
_MOST_SHOWN = 60
# Specs that stand in a recipe and are no member of a slot.
PARTS = "part"
# Slot → where it stands in a recipe.
_PLACES = {
    "loader": "load=...",
    "split": "split=...",
    "frame": "frame=...",
    "step": "prepare=(...,), encode=(...,)",
    "rowfilter": "prepare=(...,)",
    "balancer": "balance=...",
    "generator": "balance.by=...",
    "augmentation": "augment=(...,)",
    "teacher": "teacher=...",
    "network": "build=...",
    "loss": "training.loss=...",
    "optimizer": "training.optimizer=...",
    "clipping": "training.clip=...",
    "averaging": "training.average=...",
    "schedule": "training.schedule=...",
    "compression": "shipping.compress=(...,)",
    "target": "shipping.targets=(...,), or --runs-on",
    PARTS: "recipe and what it holds",
}
_OTHER_NAMES = {
    "load": "loader",
    "steps": "step",
    "prepare": "step",
    "encode": "step",
    "balance": "balancer",
    "augment": "augmentation",
    "build": "network",
    "net": "network",
    "compress": "compression",
    "clip": "clipping",
    "average": "averaging",
    "targets": "target",
    "runtime": "target",
    "runs-on": "target",
    "judge": "Judge",
    "training": "Training",
    "shipping": "Shipping",
    "recipe": "Recipe",
}


@dataclass(frozen=True, kw_only=True)
class KnobsOptions:
    """Options of `knobs`."""

    word: Annotated[
        str,
        typer.Argument(metavar="[SLOT or SPEC]", help="A slot (network) or a spec (Tcn)."),
    ] = ""


def print_knobs(options: KnobsOptions) -> None:
    """List what a recipe can hold, and its knobs.

    Without a name: the slots and their specs. With one: each knob's type, default, limits and
    unit, and the source of the method.
    """
    slots = _specs_by_slot()
    if options.word:
        for spec in _find(options.word, slots):
            print(_in_full(spec))
    else:
        _print_overview(slots)


def _specs_by_slot() -> dict[str, list[type]]:
    """Slot → the specs of the catalogue that it can hold, in the order of `pipelines.slots`."""
    from .. import catalog
    from ..slots import CONTRACTS

    found: dict[str, list[type]] = {each.__name__.lower(): [] for each in CONTRACTS}
    found[PARTS] = []
    for spec in catalog.SPECS:
        slot = next((each for each in CONTRACTS if issubclass(spec, each)), None)
        if slot is None:
            found[PARTS].append(spec)
        else:
            found[slot.__name__.lower()].append(spec)
    return {slot: specs for slot, specs in found.items() if specs}


def _print_overview(slots: dict[str, list[type]]) -> None:
    for slot, specs in slots.items():
        print(f"{slot}  ({_PLACES.get(slot, slot)})")
        for spec in specs:
            print(_cut(f"  {spec.__name__:22} {_first_sentence(spec)}"))
        print()
    print("Knobs of a slot or a spec: python -m pipelines knobs NAME")


def _find(word: str, slots: dict[str, list[type]]) -> list[type]:
    """The specs of a slot, or the one of that name. Raises RecipeError for an unknown word."""
    specs = {spec.__name__: spec for each in slots.values() for spec in each}
    names = {name.lower(): name for name in (*specs, *slots)}
    names |= {other: name for other, name in _OTHER_NAMES.items() if name in (*specs, *slots)}
    name = names.get(word.lower(), "")
    if name in slots:
        return slots[name]
    if name:
        return [specs[name]]
    close = get_close_matches(word.lower(), names, n=1, cutoff=0.5)
    if close:
        fix = f"did you mean {names[close[0]]}?"
    else:
        fix = "python -m pipelines knobs lists them all"
    raise RecipeError(
        f"no slot or spec is called {word!r}",
        expected=f"a slot ({', '.join(slots)}) or a spec in one",
        fix=fix,
    )


def _description(spec):
    """The docstring without its `Attributes`, in one line a paragraph."""
    text, _, _ = (inspect.getdoc(spec) or "").partition("Attributes:\n")
    paragraphs = (" ".join(each.split()) for each in text.split("\n\n"))
    return [each for each in paragraphs if each]


def _first_sentence(spec):
    paragraphs = _description(spec)
    if not paragraphs:
        return ""
    plain = _REFERENCE.sub("", paragraphs[0])
    return _SENTENCE_END.split(plain, maxsplit=1)[0].rstrip(".;:")


def _cut(line):
    """The line, cut after a word where it is longer than the window."""
    if len(line) <= _WIDTH:
        return line
    return line[: _WIDTH - 4].rsplit(" ", 1)[0] + " ..."


def _in_full(spec: type) -> str:
    """A spec with its knobs, as text."""
    from ..spec import knobs_of

    lines = [spec.__name__]
    for paragraph in _description(spec):
        lines += _wrapped(paragraph, "  ")
    knobs = knobs_of(spec)
    if knobs:
        lines += ["", "  knobs:"]
    for knob in knobs:
        lines.append(f"    {knob.name}: {_limits(knob)}")
        lines += _wrapped(knob.meaning, "        ")
    lines += [f"  source: {source}" for source in _sources(spec)]
    return "\n".join(lines) + "\n"


def _wrapped(text, indent):
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _limits(knob: "Knob") -> str:
    """Type, default, limits and unit of a knob."""
    parts = [knob.type]
    if knob.default is MISSING:
        parts.append("must be given")
    else:
        parts.append(f"default {textwrap.shorten(repr(knob.default), _MOST_SHOWN)}")
    if knob.low is not None:
        parts.append(f"{knob.low:,} to {knob.high:,}")
    if knob.unit:
        parts.append(knob.unit)
    return "; ".join(parts)


def _sources(spec):
    """The addresses that a docstring names, each once."""
    return list(dict.fromkeys(_SOURCE.findall(inspect.getdoc(spec) or "")))
