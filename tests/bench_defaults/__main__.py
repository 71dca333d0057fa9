"""`make bench-defaults`: one command with no knob turned on sets that nobody tuned it for, and the
best plain peer on the same test rows. Long: minutes a set.

    python -m tests.bench_defaults [--folder FOLDER] [NAME ...]
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

from tests.bench_defaults.sets import PACKAGES, SETS, BenchSet

MOST_SECONDS = 3600


def install(folder: Path) -> Path:
    """Returns the folder of the packages, which are put there if it is missing."""
    packages = folder / "packages"
    if not packages.exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        subprocess.run([*command, "--target", str(packages), *PACKAGES], check=True)
    return packages


def run_set(each: BenchSet, packages: Path, folder: Path) -> dict:
    """Runs the command of a set, and returns what its report states, or why there is none."""
    words = each.words(packages, folder)
    start = time.perf_counter()
    command = [sys.executable, "-m", "pipelines", *words, "--name", each.name]
    command += ["--folder", str(folder / "models"), "--runs-on", "litert"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=MOST_SECONDS)
    seconds = time.perf_counter() - start
    (folder / f"{each.name}.log").write_text(done.stdout + done.stderr)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("[")]
        return {"set": each.name, "error": (lines or ["no message"])[-1], "seconds": seconds}
    report = json.loads((folder / "models" / each.name / "report.json").read_text())
    return {"set": each.name, "seconds": seconds, **_facts(report)}


def _facts(report):
    peers = report["peers"] or {}
    int8 = next(rung for rung in report["ladder"] if rung["form"] == "litert_int8")
    best = next((line for line in peers.get("lines", []) if not line["ships"]), None)
    metric = peers.get("metric", report["judge"]["deciding"])
    return {
        "metric": metric,
        "ours": int8["scores"].get(metric),
        "bytes": int8["size_bytes"],
        "recipe": report["tried"][0]["words"] if report["tried"] else "",
        "peer": best and best["name"],
        "theirs": best and best["scores"][metric],
        "margin": best and best["margin"],
        "verdict": peers.get("verdict", ""),
        "num_rows": int8["num_rows"],
    }


def line_of(found: dict) -> str:
    """Returns a line of the table, in Markdown."""
    if "error" in found:
        return f"| {found['set']} | {found['error']} | | | | | | {found['seconds']:.0f} |"
    low, high = found["margin"]["interval"]
    return (
        f"| {found['set']} | {found['metric']} | {found['ours']:.4g} | {found['theirs']:.4g} "
        f"({found['peer']}) | {found['margin']['value']:+.3g} [{low:+.3g}, {high:+.3g}] | "
        f"{found['verdict']} | {found['bytes']:,} ({found['recipe']}) | {found['seconds']:.0f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, default=Path("build/bench_defaults"))
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    packages = install(given.folder)
    results = given.folder / "results.json"
    all_found = {}
    if results.exists():
        all_found = json.loads(results.read_text())
    print("| set | metric | ours, int8 | best plain peer | ours better by | | bytes | s |")
    print("|---|---|---|---|---|---|---|---|")
    for each in SETS:
        if given.names and each.name not in given.names:
            continue
        found = run_set(each, packages, given.folder)
        all_found[each.name] = found
        print(line_of(found), flush=True)
        results.write_text(json.dumps(all_found, indent=1))
    verdicts = [found.get("verdict", "error") for found in all_found.values()]
    counts = {word: verdicts.count(word) for word in ("ahead", "tied", "behind", "error")}
    print(", ".join(f"{word} {count}" for word, count in counts.items()))


if __name__ == "__main__":
    main()
