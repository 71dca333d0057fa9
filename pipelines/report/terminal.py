"""What a person sees while a recipe runs: stages on standard error, tables on standard output."""

import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

from ..device.cells import KINDS
from ..device.visible import visible
from ..tasks import TASKS
from .write import DUPLICATES, LADDER_HEADINGS, ladder_lines, number

SLOW_STAGES = {
    "export": "a child process converts to float32 and int8, about 10 s",
    "beside": "the other choice of balancing (class weights or none), for the report",
}
# Lines of a schema that are printed.
MAX_LINES = 80
MAX_SUSPECTS = 20


class Stages:
    """Times each stage and says when it starts and ends: `with stages("load"): ...`. Stages of no
    length (a slot that the recipe leaves empty) are not mentioned.
    """

    def __init__(self):
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str):
        from rich.console import Console

        console = Console(stderr=True, highlight=False)
        if name in SLOW_STAGES:
            console.print(f"[dim]{name}: {SLOW_STAGES[name]}[/]")
        start = time.perf_counter()
        yield
        spent = time.perf_counter() - start
        self.seconds[name] = round(spent, 2)
        if spent > 0.05:
            console.print(f"[green]✓[/] {name} [dim]{spent:.1f} s[/]")


def print_columns(inferred, dataset) -> None:
    """The schema: each column's kind and why."""
    from rich.table import Table

    target = dataset.schema.target
    _console().print(
        f"{len(dataset):,} rows; target '{_plain(target.name)}' ({target.task}{_classes(dataset)})"
    )
    table = Table()
    for heading in ("column", "kind", "why"):
        table.add_column(heading, overflow="fold")
    shown, hidden = first_lines(inferred)
    for each in shown:
        table.add_row(
            _plain(each.name),
            each.kind,
            _plain(each.why, most=300),
            style="dim" if each.kind == "ignored" else "",
        )
    _console().print(table)
    if hidden:
        counts = ", ".join(
            f"{count:,} {kind}" for kind, count in Counter(each.kind for each in hidden).items()
        )
        _console().print(
            f"and {len(hidden):,} more ({counts}): the report has them all.", soft_wrap=True
        )
    if any(each.kind in KINDS for each in inferred):
        _console().print(
            "Override a kind with --kind 'column=categorical' (or numeric, boolean, date, "
            "date:%d.%m.%Y, ignored).\n"
        )


def first_lines(inferred: list) -> tuple[list, list]:
    """Parts the lines of a schema into those to print, in their order, and the rest: where they are
    very many, the first ones and the first that are no feature, which a reader should see.
    """
    if len(inferred) <= MAX_LINES:
        return list(inferred), []
    places = list(range(MAX_LINES // 2))
    rest = range(MAX_LINES // 2, len(inferred))
    places += [place for place in rest if inferred[place].kind not in KINDS][: MAX_LINES // 2]
    hidden = sorted(set(range(len(inferred))) - set(places))
    return [inferred[place] for place in places], [inferred[place] for place in hidden]


def print_dropped(schema, signature) -> None:
    """Columns that were loaded and that the model does not read."""
    used = {column.name for column in signature.columns}
    dropped = [_plain(column.name) for column in schema.columns if column.name not in used]
    if dropped:
        if len(dropped) > MAX_LINES:
            more = f" and {len(dropped) - MAX_LINES:,} more"
        else:
            more = ""
        _console().print(
            "Dropped, because constant or nearly always missing in training: "
            f"{', '.join(dropped[:MAX_LINES])}{more}\n"
        )


def print_duplicates(found: dict) -> None:
    """Rows that stand in two parts of the split, whose scores say too much."""
    said = [f"{found[name]:,} {words}" for name, words in DUPLICATES.items() if found[name]]
    if said:
        _console().print(
            f"Duplicates: {'; '.join(said)} (the same content, whatever the label). Scores of such "
            "rows say too much: remove them from the source, or keep them together with a group.\n",
            soft_wrap=True,
        )


def print_suspects(suspects: list) -> None:
    """Columns that a model should perhaps not learn from, each with what to type."""
    if not suspects:
        return
    console = _console()
    console.print("Columns to think about before you trust a score:")
    for each in suspects[:MAX_SUSPECTS]:
        reason = _plain(each.reason, most=400)
        fix = _plain(each.fix, most=200)
        console.print(f"  [yellow]{_plain(each.column)}[/]: {reason}. {fix}", soft_wrap=True)
    if len(suspects) > MAX_SUSPECTS:
        console.print(f"  and {len(suspects) - MAX_SUSPECTS:,} more: the report has them all")
    console.print()


def _classes(dataset):
    labels = dataset.schema.target.labels
    if labels and dataset.y.ndim == 2:
        return f" of {len(labels):,}"
    shares = [(dataset.y == place).mean() for place in range(len(labels))]
    shown = ", ".join(
        f"{_plain(label)} {share:.1%}"
        for label, share in list(zip(labels, shares, strict=True))[:10]
    )
    if len(labels) == 2:
        shown += f"; scores are about '{_plain(labels[1])}'"
    if labels:
        return f": {shown}"
    return ""


def print_ladder(facts: dict, folder: Path) -> None:
    """The one table of a run, and where to look next."""
    from rich.table import Table

    task = TASKS[facts["target"]["task"]]
    shown = task.shown_metrics[:3]  # as many as a window has room for; the page has all
    console = _console()
    console.print(
        visible(
            f"{facts['name']}: {facts['rows']['test']:,} raw test rows, split {facts['split']}, "
            f"seed {facts['seed']}"
        ),
        soft_wrap=True,
        markup=False,
    )
    table = Table()
    table.add_column("form")
    for heading in (*(metric.replace("_", " ") for metric in shown), *LADDER_HEADINGS):
        table.add_column(heading.replace("largest difference", "largest"), justify="right")
    for line in ladder_lines(facts):
        table.add_row(
            _plain(line.form),
            *(number(line.scores.get(metric)) for metric in shown),
            *line.cells,
            style="" if line.is_rung else "dim",
        )
    console.print(table)
    for rung in facts["ladder"]:
        if rung["note"]:
            console.print(visible(f"{rung['form']}: {rung['note']}"), soft_wrap=True, markup=False)
    unit = TASKS[facts["target"]["task"]].agreement_unit
    if facts["target"]["labels"]:
        same = "with the label of"
    else:
        same = "within 5 % of a standard deviation of"
    console.print(
        f"agreement: share of {unit} {same} the Keras model; largest: difference of the output "
        "from Keras; ms: of one row, on this machine",
        soft_wrap=True,
    )
    if any(rung["form"].startswith("stream_") for rung in facts["ladder"]):
        console.print(
            "stream_: the form that takes one step a call, pushed window after window; ms: of "
            "one step"
        )
    if facts.get("baselines"):
        metric = task.baseline_metric(facts["judge"]["deciding"])
        beside = [
            f"{line['what'].split('(')[0]} {number(line['scores'][metric])}"
            for line in facts["baselines"][1:]
        ]
        console.print(
            visible(f"Beside it, {metric.replace('_', ' ')}: {', '.join(beside)}"),
            soft_wrap=True,
            markup=False,
        )
    for caution in facts.get("cautions") or ():
        console.print(f"Caution: {visible(caution)}.", style="yellow", soft_wrap=True, markup=False)
    console.print(f"Report: {folder / 'report.html'}", soft_wrap=True, markup=False)


def printable(values: object) -> object:
    """JSON values of a file that may come from others, without characters that steer a terminal,
    and with no text of more than 2,000.
    """
    if isinstance(values, dict):
        return {printable(key): printable(each) for key, each in values.items()}
    if isinstance(values, list):
        return [printable(each) for each in values]
    if not isinstance(values, str):
        return values
    return "".join(
        letter if letter.isprintable() or letter == "\n" else "?" for letter in values[:2000]
    )


def print_lines(lines: list[tuple[str, ...]], headings: tuple[str, ...]) -> None:
    """Lines of text as a table."""
    from rich.table import Table

    table = Table(*headings)
    for line in lines:
        table.add_row(*(_plain(cell, most=500) for cell in line))
    _console().print(table)


def _console():
    from rich.console import Console

    console = Console(highlight=False, emoji=False)
    # A file or a pipe gets whole lines, not lines cut to a window that is not there.
    if console.is_terminal:
        return console
    return Console(highlight=False, emoji=False, width=150)


def _plain(text: str, most: int = 60) -> str:
    """Text from a data set, its control characters as escapes and without markup; at most so many
    characters of it.
    """
    from rich.markup import escape

    shown = visible(text[:most])
    return escape(shown if len(text) <= most else f"{shown}…")
