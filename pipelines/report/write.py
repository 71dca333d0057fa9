"""report.json, report.html and the model card from one dictionary of facts."""

import base64
import json
import math
import platform
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..device.visible import visible
from ..engine.environment import installed_version
from ..tasks import TASKS
from .markdown import code, plain, prose
from .numbers import metric_of, number
from .peers import peer_headings, peer_lines, peer_note

PACKAGES = (
    "tensorflow",
    "keras",
    "ai-edge-litert",
    "tflite-micro",
    "numpy",
    "pandas",
    "scikit-learn",
    "imbalanced-learn",
)
# Rows of the same content in two parts of a split.
DUPLICATES = {
    "test_in_train": "test rows are also training rows",
    "valid_in_train": "validation rows are also training rows",
    "test_in_valid": "test rows are also validation rows",
}


def versions() -> dict[str, str]:
    """Returns the versions of Python and of the packages that make a model."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        found[package] = installed_version(package) or "not installed"
    return found


def to_plain(values: object) -> object:
    """Returns values for JSON: NaN and infinity, which JSON lacks, become None."""
    if isinstance(values, dict):
        return {key: to_plain(value) for key, value in values.items()}
    if isinstance(values, (list, tuple)):
        return [to_plain(value) for value in values]
    if isinstance(values, float) and not math.isfinite(values):
        return None
    return values


def page(report: dict, pictures: list[tuple[str, str]], recipe_json: object) -> str:
    """Returns the self-contained report.html: no script, no address outside the page; every name is
    escaped, and nothing in one hides or reorders letters.

    Args:
        report: The content of report.json.
        pictures: (title, PNG as base64 text) of each.
        recipe_json: The recipe as JSON values.
    """
    source = Path(__file__).parent / "page.html"
    template = environment().from_string(source.read_text(encoding="utf-8"))
    task = TASKS[report["target"]["task"]]
    return template.render(
        **({"tried": []} | report | _peer_parts(report)),
        pictures=[(*each, _is_wide(each[1])) for each in pictures],
        number=number,
        duplicate_words=DUPLICATES,
        ladder_lines=ladder_lines(report),
        ladder_headings=LADDER_HEADINGS,
        task=task,
        shown_metrics=task.shown_metrics,
        agreement_unit=task.agreement_unit.replace("rows", "test rows"),
        metrics=list(report["ladder"][0]["scores"]),
        metric_words=partial(metric_of, report),
        decision_text=decision_text(report),
        recipe_text=json.dumps(recipe_json, indent=1, ensure_ascii=False),
    )


def environment():
    """Returns what templates of pages are made in: every text is escaped and shown as it is."""
    import jinja2

    return jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, finalize=_shown)


def _peer_parts(report):
    """Returns what the page needs for the table of peers; bundles of earlier versions have none."""
    if not report.get("peers"):
        return {"peers": None}
    return {
        "peer_headings": peer_headings(report),
        "peer_lines": peer_lines(report),
        "peer_note": peer_note(report),
    }


def _shown(value):
    # What is escaped already is of another type.
    if type(value) is str:
        return visible(value, keep="\n")
    return value


def _is_wide(content):
    """Tests whether a PNG as base64 text is more than twice as wide as high: its size stands in the
    first bytes.
    """
    first_bytes = base64.b64decode(content[:32])
    width, height = struct.unpack(">II", first_bytes[16:24])
    return width > 2 * height


LADDER_HEADINGS = ("agreement", "largest difference", "bytes", "arena", "ms", "ms p95")


def ladder_cells(rung: dict, num_rows: int) -> tuple[str, tuple[str, ...]]:
    """Returns a rung as it is shown.

    Args:
        rung: Of the ladder.
        num_rows: The number of test rows.

    Returns:
        Its name, with the rows that it answered if these are fewer than `num_rows`, and its cells
        under LADDER_HEADINGS.
    """
    name = rung["form"]
    if 0 < rung["num_rows"] < num_rows:
        name += f" ({rung['num_rows']:,} rows)"
    arena = ""
    if rung["arena_bytes"]:
        arena = f"{rung['arena_bytes']:,}"
    cells = (
        number(rung["agreement"]),
        number(rung["largest_difference"], 3),
        f"{rung['size_bytes']:,}",
        arena,
        number(rung["latency_ms"], 3),
        number(rung["latency_ms_p95"], 3),
    )
    return name, cells


@dataclass(frozen=True)
class LadderLine:
    """A line of the ladder as it is shown.

    Attributes:
        form: The name of the rung, or of Keras on the same rows.
        scores: Metric → score.
        intervals: Metric → [low, high].
        cells: Under LADDER_HEADINGS.
        is_rung: Whether it is a rung; if not, the scores of Keras on the rows that a rung answered
            a part of, for comparison.
    """

    form: str
    scores: dict[str, float | None]
    intervals: dict[str, list[float]]
    cells: tuple[str, ...]
    is_rung: bool


def ladder_lines(report: dict) -> list[LadderLine]:
    """Returns every rung; before the first of those that answered the same part of the rows, Keras
    on these: scores of other rows are not to be compared.
    """
    lines = []
    num_rows = report["rows"]["test"]
    rows_before = num_rows
    for rung in report["ladder"]:
        reference = rung.get("reference")
        if reference and rung["num_rows"] != rows_before:
            lines.append(_reference_line(rung["num_rows"], reference))
        if rung["num_rows"]:
            rows_before = rung["num_rows"]
        form, cells = ladder_cells(rung, num_rows)
        lines.append(
            LadderLine(
                form,
                rung["scores"],
                rung["intervals"],
                cells,
                is_rung=True,
            )
        )
    return lines


def _reference_line(num_rows, scores):
    """Returns the line of Keras on a part of the rows."""
    form = f"keras, the same {num_rows:,} rows"
    empty = ("",) * len(LADDER_HEADINGS)
    return LadderLine(form, scores, {}, empty, is_rung=False)


def ladder_table(report: dict, shown: tuple[str, ...]) -> list[str]:
    """Returns the ladder as lines of Markdown, and notes on its rungs.

    Args:
        report: The content of report.json.
        shown: The metrics that have a column.
    """
    metrics = [plain(metric_of(report, metric)) for metric in shown]
    headings = ["form", *metrics, *LADDER_HEADINGS]
    lines = [_table_line(headings), "|---" * len(headings) + "|"]
    for line in ladder_lines(report):
        scores = [number(line.scores.get(metric)) for metric in shown]
        lines.append(_table_line([line.form, *scores, *line.cells]))
    lines.append("")
    for rung in report["ladder"]:
        if rung["note"]:
            lines.append(f"- {rung['form']}: {plain(rung['note'])}.")
    return lines


def _table_line(cells):
    return f"| {' | '.join(cells)} |"


def decision_text(report: dict, *, name: Callable[[str], str] = repr) -> str:
    """Returns a sentence on how labels are chosen.

    Args:
        report: The content of report.json.
        name: Writes a label.
    """
    task = TASKS[report["target"]["task"]]
    return task.decision_text(report, name)


def card(report: dict) -> str:
    """Returns the model card (README.md of a bundle; Mitchell et al. 2019,
    https://arxiv.org/abs/1810.03993).
    """
    lines = [
        *_card_head(report),
        "",
        decision_text(report, name=code),
        "",
        "## Use",
        "",
        *_card_use(report),
        "## Limits",
        "",
        "Trained on the rows of one source and judged on others of the same source: rows from "
        "elsewhere or from "
        "later may differ. Scores of small classes rest on few rows; the report has the intervals.",
        "",
        _card_versions(report["versions"]),
    ]
    return "\n".join(lines) + "\n"


def _card_head(report):
    """Returns what the model predicts, the cautions and the scores."""
    target = report["target"]
    labels = ""
    if target["labels"]:
        labels = ": " + ", ".join(map(code, target["labels"]))
    num_rows = report["rows"]["test"]
    return [
        f"# {report['name']}",
        "",
        prose(report["about"]),
        "",
        f"Predicts {code(target['name'])} ({target['task']}{labels}).",
        "",
        *caution_lines(report),
        "## Scores",
        "",
        f"{num_rows:,} raw test rows that no stage had seen; split "
        f"{code(report['split'])}, seed {report['seed']}.",
        "",
        *ladder_table(report, TASKS[target["task"]].shown_metrics),
        *_peer_section(report),
    ]


def _peer_section(report):
    """Returns the table of peers as a section of Markdown; nothing if there is none."""
    peers = report.get("peers")
    if not peers:
        return []
    headings = ["", *peer_headings(report)]
    lines = ["", "## Plain peers", "", *_peer_words(peers)]
    lines += [_table_line(headings), "|---" * len(headings) + "|"]
    for line in peer_lines(report):
        lines.append(_table_line([plain(line.name), *line.cells]))
    return [*lines, "", plain(peer_note(report), most=None)]


def _peer_words(peers):
    if not peers["sentence"]:
        return []
    sentence = plain(f"{peers['sentence']}.", most=None)
    if not peers["advice"]:
        return [sentence, ""]
    return [f"{sentence} What to try: {prose(peers['advice'])}.", ""]


def _card_use(report):
    """Returns how the model is called in Python, and in C where the bundle holds C."""
    lines = list(use_lines(report))
    forms = {rung["form"] for rung in report["ladder"]}
    if "stream_int8" in forms:
        lines += [
            "Step by step, in Python: `Stream.load(folder).push(row)` of `pipelines.device`. "
            "Elsewhere: the states that `model_stream_int8.tflite` gives go back in at the "
            "next step, zero points at first.",
            "",
        ]
    # The C runtime has its rung even if no compiler could run it.
    if "c_int8" in forms:
        lines += [
            "In C, the model too and without a runtime: `gcc -std=c99 -O2 c/*.c -lm`. C writes no "
            "notes, but "
            "`c/signature.h` has the range that each number had in training.",
            "",
        ]
    lines += ["Rules for unusual cells stand in `signature.json`.", ""]
    return lines


def _card_versions(found):
    """Returns a sentence with the packages that made the model, package → version."""
    names = ", ".join(f"{name} {version}" for name, version in found.items())
    return f"Made with {names}."


def caution_lines(report: dict) -> list[str]:
    """Returns the cautions of a report as a section of Markdown; nothing if there are none."""
    cautions = report.get("cautions") or []
    if not cautions:
        return []
    points = [f"- {plain(caution, most=None)}." for caution in cautions]
    return ["## Cautions", "", *points, ""]


def use_lines(report: dict) -> list[str]:
    """Returns how the bundle is used, as lines of Markdown."""
    lines = []
    for paragraph in report["use"]:
        lines += [paragraph, ""]
    return lines
