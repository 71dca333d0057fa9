"""The table of peers: in report.json, and as cells for the terminal, the page and the card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..tasks import TASKS, task_of
from ..tasks.metrics import direction, is_smaller_better
from .numbers import by_how_much, lead_within, metric_of, number, signed, size_of

if TYPE_CHECKING:
    from ..recipe import Recipe
    from ..rows.parts import HeldOut
    from ..verify.evaluation import Evaluation

OURS = "this model, int8"
AHEAD, TIED, BEHIND = "ahead", "tied", "behind"
MOST_METRICS = 3
# Test rows, of two classes those of the rarer one: fewer state nothing of a difference.
FEWEST_ROWS = 5


def peer_facts(
    recipe: Recipe,
    evaluation: Evaluation,
    *,
    test: HeldOut,
    num_learned: int,
) -> dict | None:
    """Returns the table of peers for report.json; None if there is none.

    Args:
        recipe: of the run.
        evaluation: with the table.
        test: test rows.
        num_learned: rows that what ships learned from.
    """
    table = evaluation.peers
    if table is None or not table.scores:
        return None
    int8 = next(rung for rung in evaluation.rungs if rung.form == "litert_int8")
    rarest = _rows_of_rarest(test)
    are_few = rarest < FEWEST_ROWS
    lines = [_line_of_peer(each, are_few=are_few) for each in table.scores]
    place = _place_of_ours(table, int8.scores[table.metric])
    lines.insert(place, _line_of_ours(int8))
    found = {
        "metric": table.metric,
        "lines": lines,
        "left_out": dict(table.left_out),
        "rows": table.num_rows,
    }
    if are_few:
        return found | _no_verdict(table, rarest, test)
    return found | _verdict(recipe, table, test, num_learned)


def _rows_of_rarest(test):
    """Returns the rows of the rarer one of two classes; of other targets those of all."""
    target = test.schema.target
    # Labels of anomalies may be unknown.
    if not task_of(target).has_classes or len(target.labels) != 2:
        return len(test)
    counts = np.bincount(test.y, minlength=2)
    return int(counts.min())


def _no_verdict(table, num_rows, test):
    """Returns why nothing is concluded: an interval over so few rows states nothing."""
    best = table.scores[0]
    why = f"a class has {num_rows:,} of the test rows"
    if num_rows == len(test):
        why = f"{num_rows:,} in the test part are too few"
    return {
        "best": best.name,
        "verdict": "",
        "sentence": f"Not compared with the best plain peer, {best.name}: {why}",
        "advice": "",
    }


def _line_of_ours(rung):
    return {
        "name": OURS,
        "ships": True,
        "scores": rung.scores,
        "margin": None,
        "rows": None,
        "seconds": None,
        "on_device": True,
    }


def _line_of_peer(peer, *, are_few):
    interval = peer.margin.interval
    if are_few:
        interval = []
    return {
        "name": peer.name,
        "ships": False,
        "scores": peer.scores,
        "margin": {"value": peer.margin.value, "interval": interval},
        "rows": peer.num_rows,
        "seconds": peer.fit_seconds,
        "on_device": False,
    }


def _place_of_ours(table, score):
    """Returns before how many peers what ships stands: the table is sorted by its metric."""
    sign = direction(table.metric)
    num_better = 0
    for peer in table.scores:
        other = peer.scores[table.metric]
        num_better += sign * other > sign * score
    return num_better


def _advice(recipe, best, num_learned, *, is_streamed):
    """Returns what to try: where a recipe was chosen among others, what these did not turn; where
    the peer learned from more rows, these rows, unless rows that are streamed leave no second
    training.
    """
    if recipe.tried:
        return (
            "a search of the knobs by inner folds: "
            f"python -m pipelines tune saved_models/{recipe.name}"
        )
    has_more = best.num_rows > num_learned and not recipe.build.decides_by_folds
    if is_streamed or not has_more:
        return best.advice
    more = "to learn from the validation rows too, as this peer did: --set training.refit=True"
    return f"{more}; or {best.advice}" if best.advice else more


def _verdict(recipe, table, test, num_learned):
    """Returns which peer is best, whether what ships is ahead of it, and both in a sentence."""
    best = table.scores[0]
    interval = best.margin.interval
    if not interval:
        return {"best": best.name, "verdict": "", "sentence": "", "advice": ""}
    low, high = interval
    verdict = TIED
    advice = ""
    if low > 0:
        verdict = AHEAD
    elif high < 0:
        verdict = BEHIND
        advice = _advice(recipe, best, num_learned, is_streamed=test.schema.is_streamed)
    return {
        "best": best.name,
        "verdict": verdict,
        "sentence": _sentence(recipe, table, verdict, test),
        "advice": advice,
    }


def _sentence(recipe, table, verdict, test):
    best = table.scores[0]
    target = test.schema.target
    metric = task_of(target).metric_words(table.metric, target.name)
    if is_smaller_better(table.metric):
        metric = f"{metric} (smaller is better)"
    value = best.margin.value
    low, high = best.margin.interval
    how = (
        f"95 % interval, paired bootstrap over {len(test):,} test rows; split {recipe.split!r}, "
        f"seed {recipe.training.seed}"
    )
    if verdict == TIED:
        return (
            f"Tied with the best plain peer, {best.name}: {by_how_much(value)} in {metric}, "
            f"{lead_within(low, high)} ({how})"
        )
    if verdict == AHEAD:
        ours = f"Ahead of the best plain peer, {best.name}, by {size_of(value)}"
        return f"{ours} [{size_of(low)}, {size_of(high)}] in {metric} ({how})"
    ours = f"Behind the best plain peer, {best.name}, by {size_of(value)}"
    return f"{ours} [{size_of(high)}, {size_of(low)}] in {metric} ({how})"


@dataclass(frozen=True)
class PeerLine:
    """A line of the table as it is shown.

    Attributes:
        name: of the peer.
        cells: under `peer_headings`.
        ships: whether it is the model of this run.
    """

    name: str
    cells: tuple[str, ...]
    ships: bool


def peer_metrics(report: dict) -> list[str]:
    """Returns the metrics that have a column: the one that they are compared by, and the first
    others of the task.
    """
    metrics = [report["peers"]["metric"]]
    task = TASKS[report["target"]["task"]]
    for metric in task.shown_metrics:
        if metric not in metrics and _is_known(report, metric):
            metrics.append(metric)
    return metrics[:MOST_METRICS]


def _is_known(report, metric):
    """Tests whether a peer has a score; NaN stands as None in a report."""
    for line in report["peers"]["lines"]:
        score = line["scores"].get(metric)
        if score is not None and not line["ships"]:
            return True
    return False


def peer_headings(report: dict, *, most: int = MOST_METRICS) -> list[str]:
    """Returns the headings of the table, that of the names apart; `most` metrics have a column."""
    metrics = [metric_of(report, metric) for metric in peer_metrics(report)]
    return [*metrics[:most], "ours better by [95 %]", "rows", "s to fit", "on a device"]


def peer_lines(report: dict, *, most: int = MOST_METRICS) -> list[PeerLine]:
    """Returns the lines of the table, the best first; `most` metrics have a column."""
    metrics = peer_metrics(report)[:most]
    peers = report["peers"]
    num_rows = peers["rows"]
    return [_shown(line, metrics, num_rows) for line in peers["lines"]]


def _shown(line, metrics, num_rows):
    cells = [number(line["scores"][metric]) for metric in metrics]
    if line["ships"]:
        cells += ["", "", "", "yes"]
    else:
        cells.append(_margin_cell(line["margin"]))
        cells += _fit_cells(line, num_rows)
        cells.append("no")
    return PeerLine(line["name"], tuple(cells), line["ships"])


def _margin_cell(margin):
    value = margin["value"]
    if value is None or not margin["interval"]:
        return number(None)
    low, high = margin["interval"]
    return f"{signed(value)} [{signed(low)}, {signed(high)}]"


def _fit_cells(line, num_rows):
    """Returns the rows that a peer learned from, where they are a sample with the word, and the
    seconds.
    """
    learned = line["rows"]
    if not learned:
        return "none", ""
    rows = f"{learned:,}"
    if learned < num_rows:
        rows += " (sample)"
    seconds = f"{line['seconds']:.1f}"
    return rows, seconds


def peer_note(report: dict) -> str:
    """Returns how the peers were fitted, in a sentence or two."""
    peers = report["peers"]
    note = (
        f"Peers learn from the same raw training rows and from the validation rows too "
        f"({peers['rows']:,} together), as none is needed to stop them by"
    )
    if report["target"]["labels"] and report["judge"]["threshold"] != "none":
        note += "; their threshold is chosen on validation rows, by a fit that had none of these"
    note += ". Positive differences: ours is better."
    for name, reason in peers["left_out"].items():
        note += f" Left out: {name} ({reason})."
    return note
