"""Runs every named recipe in its `tiny()` form and records what it makes, to the bit.

    python -m tests.byte_check record before.json
    python -m tests.byte_check compare before.json [NAME ...]

One record is true for one machine and one set of versions. Record before a change that must not
alter what the package computes, compare after it: `compare` prints every file whose content differs
and ends with 1.
"""

import argparse
import hashlib
import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from pipelines import catalog
from pipelines.recipe import tiny
from pipelines.run import run

# The whole of Fashion-MNIST is a package of Debian; the bundled part of it stands in.
STAND_INS = {
    "fashion_100kb": "data/fashion_mnist_8k.npz",
    "fashion_30kb": "data/fashion_mnist_8k.npz",
}
HASHED = ("model_int8.tflite", "model_float32.tflite", "prepare.c")
# The parts of report.json that a model decides; others hold times, versions and words.
REPORTED = ("scores", "decisions", "thresholds", "baselines", "margin", "per_class", "history")


def record_recipe(name: str, folder: Path) -> dict[str, object]:
    """Runs a named recipe in its tiny form and returns file → sha256, or content of JSON."""
    recipe = tiny(catalog.RECIPES[name])
    if name in STAND_INS:
        recipe = replace(recipe, load=replace(recipe.load, source=STAND_INS[name]))
    # Two epochs make a poor model: what is checked here are its bytes, not its gate.
    recipe = replace(recipe, judge=replace(recipe.judge, tolerance=1.0, min_agreement=0.0))
    return read_record(run(recipe, folder=folder).folder)


def read_record(bundle: Path) -> dict[str, object]:
    """Returns file → sha256, or content of JSON, of a bundle's folder."""
    found: dict[str, object] = {}
    for path in sorted(bundle.rglob("*")):
        if path.name in HASHED:
            found[str(path.relative_to(bundle))] = hashlib.sha256(path.read_bytes()).hexdigest()
    for content in ("signature.json", "golden.json"):
        found[content] = json.loads((bundle / content).read_text())
    report = json.loads((bundle / "report.json").read_text())
    found["report.json"] = {part: report[part] for part in REPORTED}
    return found


def _differences(before, after, path=""):
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(set(before) | set(after)):
            yield from _differences(before.get(key), after.get(key), f"{path}/{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _differences(one, other, f"{path}[{place}]")
    elif before != after and not (before != before and after != after):
        yield f"{path}: {str(before)[:80]} → {str(after)[:80]}"


def main() -> int:
    """Records or compares, as the command line asks."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("action", choices=("record", "compare"))
    parser.add_argument("file", type=Path)
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    if given.file.exists():
        known = json.loads(given.file.read_text())
    else:
        known = {}
    num_different = 0
    for name in given.names or list(catalog.RECIPES):
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            found = json.loads(json.dumps(record_recipe(name, Path(folder))))
        seconds = time.perf_counter() - start
        if given.action == "record":
            known[name] = found
            given.file.write_text(json.dumps(known, indent=1))
            print(f"{name}: recorded in {seconds:.0f} s", file=sys.stderr)
            continue
        differences = list(_differences(known[name], found))
        num_different += bool(differences)
        print(f"{name}: {len(differences)} differences in {seconds:.0f} s", file=sys.stderr)
        print("\n".join(differences[:20]))
    return int(num_different > 0)


if __name__ == "__main__":
    sys.exit(main())
