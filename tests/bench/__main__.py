"""`python -m tests.bench [SECTION ...]`: all sections, or some, each in a process of its own, to
`saved_models/bench.json` and `bench.png`. Nothing here gates.
"""

import argparse
import importlib
import subprocess
import sys
import time

from .pairs import record

SECTIONS = (
    "reading",
    "preparing",
    "balancing",
    "feeding",
    "training",
    "streaming",
    "answering",
    "processes",
)


def main() -> None:
    """Measures and records."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("sections", nargs="*", choices=(*SECTIONS, []), default=[])
    sections = parser.parse_args().sections
    if len(sections) == 1:
        (section,) = sections
        record(section, importlib.import_module(f"tests.bench.{section}").bench())
        return
    for section in sections or SECTIONS:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "tests.bench", section], check=True)
        print(f"-- {section}: {time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
