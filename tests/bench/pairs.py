"""Pairs of measurements to one JSON and one picture: `saved_models/bench.json` and `bench.png`.

A pair is two ways to do the same, measured in turns in one run, so that the ratio means something
on a machine that does other things as well. Each benchmark records a section; the others stay.
"""

import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from pipelines.engine.machine import peak_mib

FOLDER = Path("saved_models")
REPEATS = 3
CPU = "CPU seconds"
MEMORY = "MiB"


@dataclass(frozen=True)
class Pair:
    """Two ways, each measured several times.

    Attributes:
        name: What was done.
        unit: Of the figures; the smaller is the better.
        ours: The figures of this package.
        other: The figures of the other way, in the same order.
        other_name: The other way.
    """

    name: str
    unit: str
    ours: Sequence[float]
    other: Sequence[float]
    other_name: str

    def ratios(self) -> list[float]:
        """Returns ours as a multiple of the other, of each turn."""
        return [one / two for one, two in zip(self.ours, self.other, strict=True)]

    def in_words(self) -> str:
        """Returns the medians, and the median and the range of the ratios."""
        ratios = self.ratios()
        ours = statistics.median(self.ours)
        other = statistics.median(self.other)
        return (
            f"{self.name}: {ours:.4g} {self.unit}, {self.other_name} {other:.4g}; "
            f"{statistics.median(ratios):.2f} [{min(ratios):.2f}, {max(ratios):.2f}] times as much"
        )


Measure = Callable[[], dict[str, float]]


def in_turns(ways: Mapping[str, Measure], repeats: int = REPEATS) -> dict:
    """Measures ways in turns.

    Args:
        ways: Name → function that returns figure → value.
        repeats: How often.

    Returns:
        Figure → way → values.
    """
    found: dict[str, dict[str, list[float]]] = {}
    for _ in range(repeats):
        for name, measure in ways.items():
            for figure, value in measure().items():
                found.setdefault(figure, {}).setdefault(name, []).append(value)
    return found


def pairs_of(what: str, ways: Mapping[str, Measure], repeats: int = REPEATS) -> list[Pair]:
    """Measures ways in turns, the first of which is ours.

    Returns:
        A pair for every figure and every other way.
    """
    ours, *others = ways
    pairs = []
    for unit, values in in_turns(ways, repeats).items():
        for other in others:
            pairs.append(Pair(what, unit, values[ours], values[other], other))
    return pairs


def timed(call: Callable[[], Any]) -> Measure:
    """Returns a function that measures the CPU seconds of a call, of all its threads. What a first
    call sets up is not measured.
    """
    call()

    def measure():
        start = time.process_time()
        call()
        return {CPU: time.process_time() - start}

    return measure


def in_own_process(call: Callable, *given: Any) -> Measure:
    """Returns a function that measures the CPU seconds and the most memory of a call in a new
    process, of which the call's module is imported before.
    """

    return lambda: from_own_process(_measured, call, *given)


def from_own_process(call: Callable, *given: Any) -> Any:
    """Returns what a call returns in a new process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(call, *given).result()


def _measured(call, *given):
    start = time.process_time()
    call(*given)
    return {CPU: time.process_time() - start, MEMORY: peak_mib()}


def record(section: str, pairs: Sequence[Pair], folder: Path = FOLDER) -> None:
    """Prints pairs, and writes them and those of other sections."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "bench.json"
    sections = {}
    if path.is_file():
        sections = json.loads(path.read_text())
    sections[section] = [{**asdict(pair), "ratios": pair.ratios()} for pair in pairs]
    path.write_text(json.dumps(sections, indent=1) + "\n")
    for pair in pairs:
        print(pair.in_words(), flush=True)
    _draw(sections, folder / "bench.png")


def _draw(sections, path):
    """Draws the ratio of every pair, with its range over the turns."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    pairs = [each for section in sections.values() for each in section]
    figure = Figure(figsize=(11, 1.2 + 0.3 * len(pairs)), layout="constrained")
    axes = figure.subplots()
    for place, pair in enumerate(pairs):
        ratios = pair["ratios"]
        median = statistics.median(ratios)
        axes.plot([min(ratios), max(ratios)], [place, place], color="tab:blue", linewidth=2)
        axes.plot(median, place, "o", color="tab:blue")
        axes.annotate(f"{median:.2f}", (median, place), (6, 4), textcoords="offset points")
    names = [f"{pair['name']} ({pair['unit']}) against {pair['other_name']}" for pair in pairs]
    axes.set_yticks(range(len(pairs)), names)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.margins(x=0.1, y=0.02)
    axes.axvline(1.0, color="grey", linewidth=1)
    axes.set_xlabel("ours as a multiple of the other: left of 1 is better")
    figure.savefig(path, dpi=120)
