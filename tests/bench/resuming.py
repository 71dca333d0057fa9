"""`make bench`: what keeping stages costs a run, and what a finished run takes when it is started
again. Pairs of whole processes, in turn; nothing here gates.

    python -m tests.bench_resume [RECIPE] [PAIRS]
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# The run of a recipe; "off" takes the cache away, as if no stage could be kept.
RUN = """
import sys
from contextlib import nullcontext
from pathlib import Path
from pipelines import catalog
from pipelines.engine import making
from pipelines.run import run
name, cache, folder = sys.argv[1:]
if cache == "off":
    making.caching = lambda *given: nullcontext()
run(catalog.RECIPES[name], folder=Path(folder))
"""


def run_seconds(name, cache, folder):
    """Seconds of a process that runs a recipe."""
    start = time.perf_counter()
    command = [sys.executable, "-c", RUN, name, cache, folder]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def bytes_of(folder):
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())


def bench(name, pairs):
    kept, not_kept, again = [], [], []
    for _ in range(pairs):
        with tempfile.TemporaryDirectory() as folder:
            not_kept.append(run_seconds(name, "off", folder))
        with tempfile.TemporaryDirectory() as folder:
            kept.append(run_seconds(name, "on", folder))
            again.append(run_seconds(name, "on", folder))
            num_bytes = bytes_of(Path(folder) / ".cache")
    ratios = [one / other for one, other in zip(kept, not_kept, strict=True)]
    shown = ", ".join(f"{ratio - 1:+.1%}" for ratio in ratios)
    print(f"{name}: {statistics.median(not_kept):.1f} s without the cache, ", end="")
    print(f"{statistics.median(kept):.1f} s with it; pair by pair {shown} (aim 3 %)")
    print(f"{name} again: {statistics.median(again):.1f} s (aim 6 s)")
    print(f"{name}: .cache {num_bytes / 1e6:.1f} MB (aim 50 MB)")


if __name__ == "__main__":
    given = sys.argv[1:]
    bench(given[0] if given else "birds_mlp", int(given[1]) if len(given) > 1 else 3)
