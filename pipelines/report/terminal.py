"""The tables that a person sees on standard output while a recipe runs."""

from collections import Counter
from pathlib import Path

from ..device.cells import KINDS
from ..device.visible import visible
from ..tasks import TASKS
from .numbers import metric_of, name_before_details, number
from .peers import BEHIND, peer_headings, peer_lines, peer_note
from .unread import unread_years
from .write import DUPLICATES, LADDER_HEADINGS, ladder_lines

# Lines of a schema that are printed.
MAX_LINES = 80
MAX_SUSPECTS = 20
MAX_CLASSES = 10
MAX_CHARACTERS = 2000
# A smaller share of a class is given in rows: 0.0 % states nothing.
FEWEST_SHOWN = 0.001


def print_columns(inferred, dataset) -> None:
    """Prints the schema: each column's kind and why.

    Args:
        inferred: Lines of the schema.
        dataset: What was loaded.
    """
    console = _console()
    target = dataset.schema.target
    name = _plain(target.name)
    classes = _class_words(dataset)
    console.print(f"{dataset.num_rows:,} rows; target '{name}' ({target.task}{classes})")
    shown, hidden = first_lines(inferred)
    console.print(_columns_table(shown))
    if hidden:
        kinds = _count_kinds(hidden)
        console.print(
            f"and {len(hidden):,} more ({kinds}): see the report.",
            soft_wrap=True,
        )
    if any(line.kind in KINDS for line in inferred):
        console.print(
            "To state a kind: --kind 'column=categorical' (or numeric, boolean, date, "
            "date:%d.%m.%Y, ignored).\n"
        )


def _count_kinds(lines):
    """Returns in words how many lines of a schema are of each kind."""
    counts = Counter(line.kind for line in lines)
    return ", ".join(f"{count:,} {kind}" for kind, count in counts.items())


def _columns_table(lines):
    """Returns lines of a schema as a table."""
    from rich.table import Table

    table = Table()
    for heading in ("column", "kind", "why"):
        table.add_column(heading, overflow="fold")
    for line in lines:
        style = ""
        if line.kind == "ignored":
            style = "dim"
        why = _plain(line.why, most=300)
        table.add_row(_plain(line.name), line.kind, why, style=style)
    return table


def first_lines(inferred: list) -> tuple[list, list]:
    """Parts the lines of a schema into those to print and the rest.

    If there are very many, the first ones are printed, and the first of those that are no feature,
    which a reader should see.

    Args:
        inferred: Lines of the schema.

    Returns:
        The lines to print, in their order, and the others.
    """
    if len(inferred) <= MAX_LINES:
        return list(inferred), []
    half = MAX_LINES // 2
    rest = inferred[half:]
    shown = list(inferred[:half])
    hidden = []
    num_no_features = 0
    for line in rest:
        if line.kind not in KINDS and num_no_features < half:
            shown.append(line)
            num_no_features += 1
        else:
            hidden.append(line)
    return shown, hidden


def print_unread(dataset, signature) -> None:
    """Prints the columns that were loaded and that the model does not read, and dates of which it
    reads no year.
    """
    for sentence in unread_years(dataset.x, signature):
        print_sentence(f"{sentence}.\n")
    used = {column.name for column in signature.columns}
    dropped = []
    for column in dataset.schema.columns:
        if column.name not in used:
            dropped.append(_plain(column.name))
    if not dropped:
        return
    names = ", ".join(dropped[:MAX_LINES])
    num_more = len(dropped) - MAX_LINES
    if num_more > 0:
        names += f" and {num_more:,} more"
    console = _console()
    console.print(f"Dropped: constant or nearly always missing in training: {names}\n")


def print_screening(screening) -> None:
    """Prints what is suspicious about the rows: duplicates, columns, and rows."""
    print_duplicates(screening.duplicates)
    print_suspects(screening.suspects)
    print_doubtful_rows(screening.doubtful_rows)


def print_duplicates(found: dict) -> None:
    """Prints how many rows stand in two parts of the split."""
    counts = []
    for name, words in DUPLICATES.items():
        if found[name]:
            counts.append(f"{found[name]:,} {words}")
    if not counts:
        return
    console = _console()
    console.print(
        f"Duplicates: {'; '.join(counts)} (the same content, whatever the label). Their scores "
        "are too good: remove them from the source (of texts, --set load.distinct=True), or keep "
        "them together with --group.\n",
        soft_wrap=True,
    )


def print_suspects(suspects: list) -> None:
    """Prints the columns that a model should perhaps not learn from, each with what to type."""
    if not suspects:
        return
    console = _console()
    console.print("Columns to think about before you trust a score:")
    for suspect in suspects[:MAX_SUSPECTS]:
        name = _plain(suspect.column)
        reason = _plain(suspect.reason, most=400)
        fix = _plain(suspect.fix, most=200)
        console.print(f"  [yellow]{name}[/]: {reason}. {fix}", soft_wrap=True)
    num_more = len(suspects) - MAX_SUSPECTS
    if num_more > 0:
        console.print(f"  and {num_more:,} more: see the report")
    console.print()


def print_doubtful_rows(found: list) -> None:
    """Prints the training rows to look at, each kind with what to do."""
    if not found:
        return
    console = _console()
    console.print("Rows to look at before you trust a score (counted from 0):")
    for each in found:
        reason = _plain(each.reason, most=1000)
        console.print(f"  [yellow]•[/] {reason}; {_plain(each.fix, most=200)}", soft_wrap=True)
    console.print()


def _class_words(dataset):
    """Returns the classes of the target with their shares, for the line above the schema."""
    labels = dataset.schema.target.labels
    if not labels:
        return ""
    if dataset.y.ndim == 2:
        return f" of {len(labels):,}"
    shares = []
    counts = dataset.count_classes()
    for label, count in zip(labels[:MAX_CLASSES], counts.tolist(), strict=False):
        share = f"{count / dataset.num_rows:.1%}"
        if count / dataset.num_rows < FEWEST_SHOWN:
            share = f"{count:,} rows"
        shares.append(f"{_plain(label)} {share}")
    words = f": {', '.join(shares)}"
    if len(labels) == 2:
        positive = _plain(labels[1])
        words += f"; scores are about '{positive}'"
    return words


def print_ladder(facts: dict, folder: Path) -> None:
    """Prints the one table of a run, and where to look next.

    Args:
        facts: The content of report.json.
        folder: Of the bundle.
    """
    task = TASKS[facts["target"]["task"]]
    console = _console()
    num_rows = facts["rows"]["test"]
    title = f"{facts['name']}: {num_rows:,} raw test rows, "
    title += f"split {facts['split']}, seed {facts['seed']}"
    _print_plain(console, title)
    # As many metrics as a window has room for; the page has all.
    metrics = task.shown_metrics[:3]
    console.print(_ladder_table(facts, metrics))
    _print_legend(console, facts)
    baselines = facts.get("baselines")
    if baselines:
        metric = task.baseline_metric(facts["judge"]["deciding"])
        others = _not_among_peers(baselines[1:], facts)
        if others:
            shown = metric_of(facts, metric)
            _print_plain(console, _comparison_words(others, metric, shown))
    if facts.get("peers"):
        _print_peers(console, facts)
    cautions = facts.get("cautions") or ()
    for caution in cautions:
        _print_plain(console, f"Caution: {caution}.", style="yellow")
    report = folder / "report.html"
    console.print(f"Report: {report}", soft_wrap=True, markup=False)


def _print_peers(console, facts):
    """Prints the table of peers, how they were fitted, and the sentence on the best of them."""
    from rich.table import Table

    peers = facts["peers"]
    table = Table()
    table.add_column("plain peers")
    # As many metrics as a window has room for; the page has more.
    for heading in peer_headings(facts, most=1):
        table.add_column(_plain(heading), justify="right")
    for line in peer_lines(facts, most=1):
        style = "bold" if line.ships else ""
        table.add_row(_plain(line.name), *map(_plain, line.cells), style=style)
    console.print(table)
    _print_plain(console, peer_note(facts), style="dim")
    if not peers["sentence"]:
        return
    style = "yellow" if peers["verdict"] == BEHIND else None
    _print_plain(console, f"{peers['sentence']}.", style=style)
    if peers["advice"]:
        _print_plain(console, f"What to try: {peers['advice']}.", style=style)


def _ladder_table(facts, metrics):
    """Returns the ladder as a table: a line a form."""
    from rich.table import Table

    table = Table()
    table.add_column("form")
    for metric in metrics:
        heading = metric_of(facts, metric)
        table.add_column(_plain(heading), justify="right")
    for heading in LADDER_HEADINGS:
        short = heading.replace("largest difference", "largest")
        table.add_column(short, justify="right")
    for line in ladder_lines(facts):
        form = _plain(line.form)
        scores = [number(line.scores.get(metric)) for metric in metrics]
        style = "dim"
        if line.is_rung:
            style = ""
        table.add_row(form, *scores, *line.cells, style=style)
    return table


def _print_legend(console, facts):
    """Prints what the table's notes and headings mean."""
    ladder = facts["ladder"]
    for rung in ladder:
        if rung["note"]:
            _print_plain(console, f"{rung['form']}: {rung['note']}")
    target = facts["target"]
    task = TASKS[target["task"]]
    unit = task.agreement_unit
    same = "within 5 % of a standard deviation of"
    if target["labels"] or task.spells:
        same = "with the label of"
    console.print(
        f"agreement: share of {unit} {same} the Keras model; largest: difference of the output "
        "from Keras; ms: of one row, on this machine",
        soft_wrap=True,
    )
    has_stream = any(rung["form"].startswith("stream_") for rung in ladder)
    if has_stream:
        console.print(
            "stream_: the form that takes one step a call, pushed window after window; ms: of "
            "one step"
        )


def _not_among_peers(baselines, facts):
    """Returns the models for comparison that the table of peers, if there is one, does not show."""
    peers = facts.get("peers") or {"lines": ()}
    shown = {line["name"] for line in peers["lines"]}
    return [line for line in baselines if line["what"] not in shown]


def _comparison_words(baselines, metric, shown):
    """Returns the scores of models for comparison, each by the name in front of its details; the
    metric by its name, and as it is shown.
    """
    scores = []
    for line in baselines:
        name = name_before_details(line["what"])
        score = number(line["scores"][metric])
        scores.append(f"{name} {score}")
    return f"For comparison, {shown}: {', '.join(scores)}"


def _print_plain(console, text, style=None):
    """Prints one line, its control characters as escapes and nothing in it read as markup."""
    console.print(visible(text), style=style, soft_wrap=True, markup=False)


def printable(values: object) -> object:
    """Returns JSON values of a file that may come from others, without characters that steer a
    terminal, and with no text of more than MAX_CHARACTERS.
    """
    if isinstance(values, dict):
        return {printable(key): printable(value) for key, value in values.items()}
    if isinstance(values, list):
        return [printable(value) for value in values]
    if not isinstance(values, str):
        return values
    letters = values[:MAX_CHARACTERS]
    return "".join(map(_printable_letter, letters))


def _printable_letter(letter):
    if letter.isprintable() or letter == "\n":
        return letter
    return "?"


def print_lines(lines: list[tuple[str, ...]], headings: tuple[str, ...]) -> None:
    """Prints lines of text as a table."""
    from rich.table import Table

    table = Table(*map(_plain, headings))
    for line in lines:
        cells = [_plain(cell, most=500) for cell in line]
        table.add_row(*cells)
    console = _console()
    console.print(table)


def print_sentence(text: str) -> None:
    """Prints a sentence with names of the data in it."""
    console = _console()
    lines = [_plain(line, most=MAX_CHARACTERS) for line in text.split("\n")]
    console.print("\n".join(lines), soft_wrap=True)


def _console():
    from rich.console import Console

    console = Console(highlight=False, emoji=False)
    # A file or a pipe gets whole lines, not lines cut to a window that is not there.
    if console.is_terminal:
        return console
    return Console(highlight=False, emoji=False, width=150)


def _plain(text: str, most: int = 60) -> str:
    """Returns text from a data set, its control characters as escapes and without markup; at most
    `most` characters of it.
    """
    from rich.markup import escape

    shown = visible(text[:most])
    if len(text) > most:
        shown = f"{shown}…"
    return escape(shown)
