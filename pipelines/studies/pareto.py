"""Points of score against bytes and milliseconds: the Pareto front, the choice for a budget, and
how they are shown.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import compress

from ..errors import RecipeError
from ..report.figures import BLUE, GREY, ORANGE, drawable, picture
from ..slots import Target
from ..targets.budgets import Cost
from ..tasks.metrics import SMALLER_IS_BETTER, loss_of

# Scores of single trainings that differ by less say nothing.
TIE = 0.01
_MOST_LETTERS = 60


@dataclass(frozen=True)
class Point:
    """What a way came to.

    Attributes:
        name: of the way.
        score: the deciding metric on validation rows.
        size_bytes: of the file.
        gzip_bytes: of the file after gzip.
        latency_ms: the median of a row under LiteRT.
        arena_bytes: TFLM's arena.
        on_front: whether nothing is better in score, bytes and milliseconds at once.
        chosen: whether it ships.
    """

    name: str
    score: float
    size_bytes: int
    gzip_bytes: int
    latency_ms: float
    arena_bytes: int | None
    on_front: bool = False
    chosen: bool = False


def _sign(metric):
    if metric in SMALLER_IS_BETTER:
        return -1
    return 1


def with_front(points: dict, metric: str) -> dict:
    """Returns way → point with `on_front` set."""
    marked = {}
    for way, point in points.items():
        beaten = any(_beats(other, point, metric) for other in points.values())
        marked[way] = replace(point, on_front=not beaten)
    return marked


def _beats(one, other, metric):
    """Returns whether a point is nowhere worse than another, and better somewhere."""
    sign = _sign(metric)
    pairs = (
        (sign * one.score, sign * other.score),
        (-one.size_bytes, -other.size_bytes),
        (-one.latency_ms, -other.latency_ms),
    )
    nowhere_worse = all(a >= b for a, b in pairs)
    return nowhere_worse and any(a > b for a, b in pairs)


def choose(points: dict, budget: Target, metric: str):
    """Chooses the way to ship: int8, within the budget, and the smallest of those whose score ties
    with the best of them.

    Raises:
        RecipeError: no way keeps the budget.
    """
    int8 = {way: point for way, point in points.items() if way.form == "int8"}
    kept = {}
    for way, point in int8.items():
        cost = Cost(point.size_bytes, point.arena_bytes, point.latency_ms)
        if not budget.broken_budget(cost):
            kept[way] = point
    if not kept:
        least = min(int8.values(), key=lambda each: each.size_bytes)
        raise RecipeError(
            f"no way to make the model small keeps {budget!r}; the smallest, {least.name}, has "
            f"{least.size_bytes:,} bytes and {least.latency_ms:.3g} ms",
            expected="a budget that one of them keeps",
            fix="raise the budget, or train a smaller net (its knobs: --set build...)",
        )
    best = max(kept.values(), key=lambda point: _sign(metric) * point.score)
    ties = {}
    for way, point in kept.items():
        loss = loss_of(metric, {metric: best.score}, {metric: point.score})
        if loss <= TIE:
            ties[way] = point
    return min(ties, key=lambda way: ties[way].size_bytes)


def lines_of(points: Iterable[Point]) -> list[tuple[str, ...]]:
    """Returns the lines of the table, a point each."""
    lines = []
    for point in points:
        arena = ""
        if point.arena_bytes:
            arena = f"{point.arena_bytes:,}"
        line = (
            point.name,
            f"{point.score:.4f}",
            f"{point.size_bytes:,}",
            f"{point.gzip_bytes:,}",
            f"{point.latency_ms:.3f}",
            arena,
            _rank(point),
        )
        lines.append(line)
    return lines


def _rank(point):
    if point.chosen:
        return "ships"
    if point.on_front:
        return "front"
    return ""


def draw_points(points: Iterable[Point], words: str) -> tuple[tuple[str, str], ...]:
    """Draws score against bytes, and against milliseconds: (title, base64 PNG).

    Args:
        points: what is drawn.
        words: the metric as a reader sees it.
    """
    name = drawable(words, _MOST_LETTERS)
    points = list(points)
    sizes = [point.size_bytes for point in points]
    latencies = [point.latency_ms for point in points]
    return (
        _draw_costs(points, sizes, name, "bytes"),
        _draw_costs(points, latencies, name, "milliseconds a row, LiteRT"),
    )


_COLOURS = {"ships": ORANGE, "front": BLUE, "": GREY}


def _draw_costs(points, costs, name, axis):
    """Returns a title, and the base64 PNG of the score of each point against its cost."""

    def draw(axes):
        for number, (point, cost) in enumerate(zip(points, costs, strict=True), 1):
            _draw_point(axes, number, point, cost)
        on_front = [point.on_front for point in points]
        scores = [point.score for point in points]
        front = sorted(compress(zip(costs, scores, strict=True), on_front))
        axes.plot(
            *zip(*front, strict=True),
            color=BLUE,
            linewidth=0.8,
            alpha=0.5,
            zorder=0,
        )
        axes.set_xscale("log")
        axes.margins(x=0.1, y=0.1)
        axes.set(
            xlabel=axis,
            ylabel=f"{name}, validation rows",
            title=f"{name} against {axis}",
        )
        axes.figure.legend(loc="outside right center", fontsize=8, frameon=False)

    return f"{name} against {axis}", picture(draw, width=11, height=4.6)


def _draw_point(axes, number, point, cost):
    rank = _rank(point)
    colour = _COLOURS[rank]
    label = f"{number}  {point.name}"
    if rank:
        label += f" ({rank})"
    markersize = 6
    if point.chosen:
        markersize = 9
    axes.plot(
        cost,
        point.score,
        "o",
        color=colour,
        markersize=markersize,
        label=label,
    )
    axes.annotate(
        str(number),
        (cost, point.score),
        fontsize=8,
        xytext=(5, 4),
        color=colour,
        textcoords="offset points",
    )
