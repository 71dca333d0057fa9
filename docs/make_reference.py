"""Writes docs/reference/: one page a slot, made from the specs. `make docs` runs it."""

import importlib
import inspect
import re
import sys
from collections.abc import Iterable
from dataclasses import MISSING, is_dataclass
from pathlib import Path

from pipelines import catalog, slots
from pipelines.spec import Knob, knobs_of

FOLDER = Path(__file__).parent / "reference"
_SOURCE = re.compile(r"https?://[^\s)]+[^\s).,;]")
_NOTE = "<!-- Made by `make docs` from the specs. Do not edit. -->"
_OTHERS = "parts of other specs"
# Slots whose members stand on the page of another.
_ON_THE_PAGE_OF = {"RowFilter": "Step"}
_WHERE = {
    "Loader": "load",
    "Split": "split",
    "Frame": "frame",
    "Step": "prepare and encode",
    "Balancer": "balance",
    "Generator": "balance.by",
    "Augmentation": "augment",
    "Teacher": "teacher",
    "Network": "build",
    "Compression": "shipping.compress",
    "Target": "shipping.targets",
    "Loss": "training.loss",
    "Optimizer": "training.optimizer",
    "Clipping": "training.clip",
    "Averaging": "training.average",
    "Schedule": "training.schedule",
}


def members() -> dict[str, list[type]]:
    """Returns slot → its specs in the order of the catalogue; "" holds those of no slot."""
    found: dict[str, list[type]] = {each.__name__: [] for each in slots.CONTRACTS}
    found[""] = []
    for spec in catalog.SPECS:
        slot = next((each.__name__ for each in slots.CONTRACTS if issubclass(spec, each)), "")
        found[_ON_THE_PAGE_OF.get(slot, slot)].append(spec)
    return {slot: specs for slot, specs in found.items() if specs}


def pages() -> dict[str, str]:
    """Returns file name → content of the whole reference."""
    content = {}
    index = [_NOTE, "# Reference", "", "Every spec that a recipe can hold, one page a slot.", ""]
    index += ["| slot | knob of the recipe | specs |", "|---|---|---|"]
    for slot, specs in members().items():
        name = slot.lower() or "recipe"
        content[f"{name}.md"] = page(slot, specs)
        where = f"`{_WHERE[slot]}`" if slot in _WHERE else ""
        names = ", ".join(f"`{spec.__name__}`" for spec in specs)
        index.append(f"| [{slot or _OTHERS}]({name}.md) | {where} | {names} |")
    content["README.md"] = "\n".join(index) + "\n"
    return content


def page(slot: str, specs: list[type]) -> str:
    """Returns the page of a slot."""
    lines = [_NOTE]
    if slot:
        contract = vars(slots)[slot]
        lines += [f"# {slot}", "", _description(contract), ""]
        lines.append(f"The contract is `pipelines.slots.{slot}`.")
    else:
        lines += ["# Recipe", "", "The recipe itself, and what stands inside other specs."]
    for spec in specs:
        lines += ["", *_section(spec)]
    return "\n".join(lines) + "\n"


def _section(spec: type) -> list[str]:
    lines = [f"## `{spec.__name__}`", "", _description(spec), ""]
    room = _public_room(spec)
    if room:
        lines += [f"`from {room} import {spec.__name__}`", ""]
    knobs = knobs_of(spec)
    if knobs:
        lines += _table(knobs)
    else:
        lines.append("It has no knobs.")
    sources = list(dict.fromkeys(_SOURCE.findall(_text(spec))))
    if sources:
        lines += ["", "Source: " + ", ".join(f"<{source}>" for source in sources)]
    return lines


def _table(knobs: tuple[Knob, ...]) -> list[str]:
    """Returns the lines of a table of knobs, without columns that would be empty."""
    columns = {
        "knob": [f"`{knob.name}`" for knob in knobs],
        "type": [f"`{_type(knob)}`" for knob in knobs],
        "default": [_default(knob.default) for knob in knobs],
        "limits": [_limits(knob) for knob in knobs],
        "unit": [knob.unit for knob in knobs],
        "meaning": [knob.meaning for knob in knobs],
    }
    filled = {name: cells for name, cells in columns.items() if any(cells)}
    lines = [_line(filled), _line(["---"] * len(filled))]
    for cells in zip(*filled.values(), strict=True):
        lines.append(_line(cells))
    return lines


def _line(cells: Iterable[str]) -> str:
    escaped = [" ".join(cell.split()).replace("|", "\\|") for cell in cells]
    return f"| {' | '.join(escaped)} |"


def _type(knob: Knob) -> str:
    return re.sub(r"\b(?:\w+\.)+(\w+)", r"\1", knob.type)


def _default(value: object) -> str:
    if value is MISSING:
        return "must be given"
    if is_dataclass(value) and value == type(value)():
        return f"`{type(value).__name__}()`"
    return f"`{value!r}`"


def _limits(knob: Knob) -> str:
    if knob.low is None:
        return ""
    return f"{knob.low:,} to {knob.high:,}"


def _text(spec: type) -> str:
    return inspect.getdoc(spec) or ""


def _description(spec: type) -> str:
    """Returns the docstring up to its sections, a paragraph a line."""
    text = _text(spec)
    for section in ("Attributes:", "Example:", "Examples:", "Args:"):
        text = text.split(f"\n{section}\n")[0]
    paragraphs = [" ".join(each.split()) for each in text.split("\n\n")]
    return "\n\n".join(each for each in paragraphs if each)


def _public_room(spec: type) -> str:
    """Returns the room that lists the spec among its public names, or its own module."""
    room = ".".join(spec.__module__.split(".")[:2])
    module = importlib.import_module(room)
    if spec.__name__ in vars(module).get("__all__", ()):
        return room
    return spec.__module__


def main() -> int:
    """Writes the pages that changed and removes those of slots that are gone."""
    FOLDER.mkdir(exist_ok=True)
    wanted = pages()
    for path in FOLDER.glob("*.md"):
        if path.name not in wanted:
            path.unlink()
    for name, content in wanted.items():
        (FOLDER / name).write_text(content)
    print(f"{len(wanted)} pages in {FOLDER}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
