"""Whole processes, by the clock: start-up, what keeping stages costs a run, what a finished run
takes when it is started again, and the report's share.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from pipelines.device import Runner

from .answering import BUNDLE
from .pairs import Measure, Pair, pairs_of

NAME = "birds_mlp"
STARTS = 7
SECONDS = "seconds"
# The run of a recipe; "off" takes the cache away, as if no stage could be kept.
RUN = """
import sys
from contextlib import nullcontext
from pathlib import Path
from pipelines import catalog
from pipelines.engine import making
from pipelines.report.stage_log import logged_stages
from pipelines.run import run
name, cache, folder = sys.argv[1:]
if cache == "off":
    making.caching = lambda *given: nullcontext()
with logged_stages(f"{folder}/stages.jsonl"):
    run(catalog.RECIPES[name], folder=Path(folder))
"""
# What answers a row with no package of ours: LiteRT on a row that is prepared.
LITERT = """
import sys
import numpy as np
from ai_edge_litert.interpreter import Interpreter
interpreter = Interpreter(sys.argv[1])
interpreter.allocate_tensors()
for each in interpreter.get_input_details():
    interpreter.set_tensor(each["index"], np.zeros(each["shape"], each["dtype"]))
interpreter.invoke()
"""


def whole(*command: str, text: str = "") -> Measure:
    """Returns a function that measures a process of this Python."""

    def measure():
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, *command], input=text, capture_output=True, text=True, check=True
        )
        return {SECONDS: time.perf_counter() - start}

    return measure


def bench_starts() -> list[Pair]:
    """Returns the pairs of start-up, warm."""
    names = [column.name for column in Runner.load(BUNDLE).signature.columns]
    row = ",".join(names) + "\n" + "," * (len(names) - 1) + "\n"
    kinds = (
        ("import pipelines", whole("-c", "import pipelines"), "import pandas"),
        ("python -m pipelines --help", whole("-m", "pipelines", "--help"), "import pandas"),
    )
    pandas = whole("-c", "import pandas")
    pairs = []
    for name, ours, other in kinds:
        pairs += pairs_of(name, {"ours": ours, other: pandas}, STARTS)
    ways = {
        "ours": whole("-m", "pipelines.device", str(BUNDLE), text=row),
        "LiteRT alone": whole("-c", LITERT, str(BUNDLE / "model_int8.tflite")),
    }
    return [*pairs, *pairs_of("device runner, one row", ways, STARTS)]


def run_seconds(cache: str, folder: str) -> float:
    """Returns the seconds of a process that runs the recipe."""
    return whole("-c", RUN, NAME, cache, folder)()[SECONDS]


def bench_runs(repeats: int = 3) -> list[Pair]:
    """Returns the pairs of a run that keeps its stages, of a finished one, and of the report."""
    kept, not_kept, again, reported = [], [], [], []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            not_kept.append(run_seconds("off", folder))
        with tempfile.TemporaryDirectory() as folder:
            kept.append(run_seconds("on", folder))
            reported.append(report_seconds(Path(folder)))
            again.append(run_seconds("on", folder))
    without = [each - report for each, report in zip(kept, reported, strict=True)]
    return [
        pair("kept stages", kept, not_kept, "none kept"),
        pair("started again", again, kept, "the first time"),
        pair("with its report", kept, without, "without"),
    ]


def pair(name: str, ours: Sequence[float], other: Sequence[float], other_name: str) -> Pair:
    """Returns a pair of whole runs."""
    return Pair(f"run {NAME}, {name}", SECONDS, ours, other, other_name)


def report_seconds(folder: Path) -> float:
    """Returns what gathering, drawing and writing took."""
    lines = map(json.loads, (folder / "stages.jsonl").read_text().splitlines())
    (seconds,) = (line["seconds"] for line in lines if line["stage"] == "report")
    return seconds


def bench() -> list[Pair]:
    """Returns all of them."""
    return [*bench_starts(), *bench_runs()]
