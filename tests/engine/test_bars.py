"""A bar on a terminal, lines in a log."""

import io
import sys
from contextlib import redirect_stderr

from pipelines.engine import bars
from pipelines.engine.bars import PlainLines, progress_bar
from pipelines.engine.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def logged(work):
    """Returns what work wrote to a standard error that is no terminal."""
    stream = io.StringIO()
    with redirect_stderr(stream):
        work()
    return stream.getvalue()


def test_short_work_leaves_no_line_in_a_log():
    items = range(1000)
    taken = []
    assert logged(lambda: taken.extend(progress_bar(items, desc="read", unit="text"))) == ""
    assert taken == list(items)


def test_long_work_leaves_whole_lines(monkeypatch):
    monkeypatch.setattr(bars, "LOG_SECONDS", 0.0)
    monkeypatch.setattr(bars, "_DELAY_SECONDS", 1e-9)

    def work():
        with progress_bar(total=3, desc="train", unit="epoch") as bar:
            for place in range(3):
                bar.set_postfix(loss=0.5 - place / 10, refresh=False)
                bar.update()

    text = logged(work)
    lines = text.splitlines()
    assert lines[-1] == "train: 3 of 3, 00:00 spent, 00:00 left, loss=0.3"
    assert [line.split(",")[0] for line in lines] == [f"train: {num} of 3" for num in (1, 2, 3)]
    assert not any(character in text for character in "\r\x1b█")


def test_tasks_are_lines_too():
    def work():
        with Progress() as progress:
            progress.skip()
            for done in range(1, 4):
                progress.show(done, 3)
            with progress.paused():
                print("a worker was lost", file=sys.stderr)

    lines = logged(work).splitlines()
    assert lines[2].startswith("tasks: 3 of 3")
    assert "a worker was lost" in lines
    assert all(line.startswith(("tasks: ", "a worker")) for line in lines)


def test_a_terminal_gets_a_bar():
    with redirect_stderr(Terminal()):
        assert bars.bar_options() == {}


def test_what_only_moves_is_no_line():
    stream = io.StringIO()
    lines = PlainLines(stream)
    for text in ("\r", "\n", "\r" + " " * 40, "\rread: 1 of 2   ", "\rread: 1 of 2"):
        assert lines.write(text) == len(text)
    lines.flush()
    assert stream.getvalue() == "read: 1 of 2\n"


def test_a_long_epoch_shows_how_far_it_is(monkeypatch):
    monkeypatch.setattr(bars, "LOG_SECONDS", 0.0)
    monkeypatch.setattr(bars, "_DELAY_SECONDS", 1e-9)

    def train():
        bar = bars.epochs_bar(2, desc="train")
        bar.set_params({"epochs": 2, "steps": 3})
        bar.on_train_begin()
        for epoch in range(2):
            bar.on_epoch_begin(epoch)
            for batch in range(3):
                bar.on_train_batch_end(batch)
            bar.on_epoch_end(epoch, {"loss": 0.5})
        bar.on_train_end()

    lines = logged(train).splitlines()
    shown = [line.split(",")[0] for line in lines]
    epochs = [0.33, 0.67, 0.99, 1, 1.33, 1.67, 1.99, 2]
    assert shown == [f"train: {num} of 2" for num in epochs]
    assert lines[-1].endswith("loss=0.5")
