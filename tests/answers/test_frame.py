"""The frame of the answers: verdicts by intervals, the kept results, the page in a browser."""

import ast
import itertools
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipelines.answers.frame.answer import Answer, Findings, Result, run_answer, shown
from pipelines.answers.frame.claims import (
    DEPENDS,
    FAILS,
    HOLDS,
    above,
    below,
    estimate,
    exactly,
    geometric,
    reason,
    verdict,
    within,
)
from pipelines.answers.frame.exhibits import bars, curves
from pipelines.answers.frame.page import page
from pipelines.answers.listed import ANSWERS
from tests.report.test_report import BROWSER, browse

MOST_LINES = 80
WORDS = ("number", "question", "claim", "known", "sources", "by_hand")


def test_an_interval_decides_a_part():
    values = [0.9, 1.0, 1.1, 1.0]
    assert above("", estimate(values), 0.5).outcome == "yes"
    assert above("", estimate(values), 1.5).outcome == "no"
    assert above("", estimate(values), 1.0).outcome == "not shown"
    assert below("", estimate(values), 1.5).outcome == "yes"
    assert within("", estimate(values), 0.8, 1.2).outcome == "yes"
    assert within("", estimate(values), 0.98, 1.02).outcome == "not shown"
    assert above("", exactly(0.0)).outcome == "no"


PARTS = {
    "yes": above("", exactly(1.0)),
    "no": above("", exactly(-1.0)),
    "not shown": above("", estimate([-1.0, 1.0])),
}
# Which outcomes a claim has among its parts, whatever their number and order.
VERDICTS = {
    ("yes",): HOLDS,
    ("no",): FAILS,
    ("not shown",): DEPENDS,
    ("no", "yes"): DEPENDS,
    ("not shown", "yes"): DEPENDS,
    ("no", "not shown"): FAILS,
    ("no", "not shown", "yes"): DEPENDS,
}


@pytest.mark.parametrize("num_parts", [1, 2, 3, 4])
def test_the_verdict_is_that_of_the_parts(num_parts):
    for outcomes in itertools.product(PARTS, repeat=num_parts):
        parts = [PARTS[outcome] for outcome in outcomes]
        assert [part.outcome for part in parts] == list(outcomes)
        assert verdict(parts) == VERDICTS[tuple(sorted(set(outcomes)))], outcomes


def test_the_reason_counts_the_parts():
    assert reason(["yes"] * 3) == "of 3 parts 3 hold"
    assert reason(["not shown"] * 8) == "of 8 parts 8 are not shown"
    mixed = ["yes", "no", "not shown", "no", "yes", "not shown"]
    assert reason(mixed) == "of 6 parts 2 hold, 2 do not, 2 are not shown"
    assert reason(["not shown", "yes", "no"]) == "of 3 parts 1 holds, 1 does not, 1 is not shown"


def test_estimates():
    found = estimate([1.0, 2.0, 3.0])
    assert found.mean == 2 and found.high - 2 == pytest.approx(4.3027 / np.sqrt(3), rel=1e-4)
    assert geometric([1.0, 100.0]).mean == pytest.approx(10)
    with pytest.raises(ValueError, match="two or more"):
        estimate([1.0])
    assert shown(found).startswith("2 [-0.4") and shown(exactly(0.5)) == "0.5"


class Made(Answer):
    """An answer whose claim holds or not by a knob."""

    number = 51
    question = "Is <b> larger than 'nothing'?"
    claim = "It is."
    known = "It depends."
    sources = ("Somebody 2020, https://example.org/paper", "A book without an address")
    by_hand = "\nprint(1)\n"

    def __init__(self, value):
        self.value = value

    def measure(self):
        values = np.full((3, 2), self.value) + np.arange(3)[:, None] / 100
        return Findings(
            "Made up.",
            curves("Made", (1, 2), {"one": values, "two": values[0]}, x="x", y="y"),
            (above("it is above zero", estimate(values[:, 0])),),
        )


def made_result(number, value, **words) -> Result:
    return replace(run_answer(Made(value)), number=number, **words)


def test_a_result_survives_json():
    result = run_answer(Made(1.0))
    assert result.verdict == HOLDS and run_answer(Made(-1.0)).verdict == FAILS
    assert Result(**json.loads(json.dumps(result.to_json()))) == result
    assert result.headings == ["x", "one", "two"] and len(result.lines) == 2


def test_bars_leave_a_cell_empty_that_was_not_measured():
    exhibit = bars("t", {"a": {"one": exactly(1)}, "b": {"two": exactly(2)}}, y="score")
    assert exhibit.headings == ("score", "one", "two")
    assert exhibit.lines[0][2] == "" and exhibit.lines[1][1] == ""


def test_the_page_loads_nothing():
    text = page([made_result(1, 1.0), made_result(2, -1.0)])
    assert not re.search(r'src="(?!data:)', text) and "<link" not in text and "url(" not in text
    assert "of 1 part 1 holds" in text and "of 1 part 1 does not" in text
    assert "Is &lt;b&gt; larger" in text and "1 hold, 1 not holding here" in text
    assert 'href="https://example.org/paper"' in text and "A book without an address" in text


@pytest.mark.skipif(not BROWSER, reason="needs a browser: apt-get install chromium")
def test_a_browser_searches_the_page_on_a_phone(tmp_path):
    results = [
        made_result(1, 1.0, question="What is alpha?", known="Nothing."),
        made_result(2, -1.0, question="What is beta?", known="w" * 200),
    ]
    (tmp_path / "index.html").write_text(page(results), encoding="utf-8")
    # A frame as wide as a phone, which reports what is in it.
    (tmp_path / "phone.html").write_text(
        '<iframe id="f" src="index.html#search=BETA is" width="390" height="800"></iframe>'
        "<script>onload = () => { const d = f.contentDocument;"
        "document.title = d.documentElement.scrollWidth + ' ' +"
        "[...d.querySelectorAll('article')].map(e => e.hidden) };</script>"
    )
    done = browse(
        tmp_path / "phone.html",
        tmp_path,
        "--allow-file-access-from-files",
        "--enable-logging=stderr",
        "--dump-dom",
    )
    assert "CONSOLE" not in done.stderr
    title = re.search("<title>(.*)</title>", done.stdout)[1]
    width, hidden = title.split()
    assert int(width) <= 390 and hidden == "true,false"


def test_every_answer_is_listed_once_in_order():
    numbers = [answer.number for answer in ANSWERS]
    assert numbers == sorted(set(numbers)) and set(numbers) <= set(range(1, 51))
    files = {path.stem for path in Path("pipelines/answers").glob("*.py")}
    listed = {type(answer).__module__.rpartition(".")[2] for answer in ANSWERS}
    assert files - {"__init__", "listed"} == listed


def lines_of_code(path) -> int:
    """Counts lines but for empty ones, docstrings and the words of the answer."""
    tree = ast.parse(path.read_text())
    others = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in WORDS:
            others |= set(range(node.lineno, node.end_lineno + 1))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            others |= set(range(node.lineno, node.end_lineno + 1))
    lines = enumerate(path.read_text().splitlines(), 1)
    return sum(1 for number, line in lines if line.strip() and number not in others)


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: str(answer.number))
def test_an_answer_is_short_and_whole(answer):
    path = Path("pipelines/answers") / f"{type(answer).__module__.rpartition('.')[2]}.py"
    assert lines_of_code(path) <= MOST_LINES
    assert answer.question.endswith("?") and answer.claim.endswith(".")
    assert answer.known.endswith(".") and answer.sources
    for source in answer.sources:
        assert re.search(r"\b(19|20)\d\d\b.*https?://\S+$", source), source
    code = answer.by_hand.strip()
    assert len(code.splitlines()) <= 4
    exec(compile(code, str(path), "exec"), {})


def test_the_command_lists_runs_and_keeps(command, tmp_path, monkeypatch):
    from pipelines.answers import listed

    monkeypatch.setattr(listed, "ANSWERS", (Made(1.0),))
    code, output, _ = command("answer")
    assert code == 0 and "51 Is <b> larger" in output
    target = tmp_path / "pages" / "index.html"
    code, output, _ = command("answer", "51", "--page", target, "--folder", tmp_path)
    assert code == 0 and "Verdict: holds; of 1 part 1 holds." in output and "1 answers" in output
    assert (tmp_path / "answers" / "51.png").read_bytes().startswith(b"\x89PNG")
    assert "it is above zero" in target.read_text()
    code, _, error = command("answer", "7", "--folder", tmp_path)
    assert code == 2 and "question '7'" in error and "51" in error
    code, _, error = command("answer", "--page", target, "--folder", tmp_path / "none")
    assert code == 2 and "answer all --page" in error
