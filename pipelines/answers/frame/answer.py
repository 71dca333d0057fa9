"""The contract of an answer, and what running one leaves."""

import time
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from ...peers.peer import one_thread
from .claims import Part, reason, verdict
from .exhibits import Cell, Exhibit


@dataclass(frozen=True, eq=False)
class Findings:
    """What an experiment found.

    Attributes:
        setting: on what it was measured: rows, parts, seeds.
        exhibit: its table and its picture.
        parts: of the claim, with what was measured.
    """

    setting: str
    exhibit: Exhibit
    parts: tuple[Part, ...]


class Answer(ABC):
    """A question, what textbooks answer, and an experiment that can contradict them.

    A subclass is a frozen dataclass whose fields are the knobs of its experiment.

    Attributes:
        number: of the question, 1 to 50.
        question: as it is asked.
        claim: what a textbook answers, as a sentence.
        known: what is known about it, whatever is measured here.
        sources: of what is known, each an author, a year and an address.
        by_hand: three lines of Python that show the heart of it.
    """

    number: ClassVar[int]
    question: ClassVar[str]
    claim: ClassVar[str]
    known: ClassVar[str]
    sources: ClassVar[tuple[str, ...]]
    by_hand: ClassVar[str]

    @abstractmethod
    def measure(self) -> Findings:
        """Runs the experiment; the same knobs give the same findings."""


@dataclass(frozen=True)
class Result:
    """An answer that was run, in words and numbers as they are shown.

    Attributes:
        number: of the question.
        question: as it is asked.
        claim: what a textbook answers.
        verdict: "holds", "does not hold here" or "depends".
        setting: on what it was measured.
        headings: of the table.
        lines: of the table.
        parts: of each part of the claim: what it states, what was measured, and whether it holds.
        known: what is known about it.
        sources: of what is known.
        by_hand: three lines of Python.
        title: of the picture.
        picture: a PNG as base64 text.
        seconds: of CPU that the experiment took.
    """

    number: int
    question: str
    claim: str
    verdict: str
    setting: str
    headings: list[str]
    lines: list[list[str]]
    parts: list[list[str]]
    known: str
    sources: list[str]
    by_hand: str
    title: str
    picture: str
    seconds: float

    @property
    def reason(self) -> str:
        """Why the verdict is what it is: how many parts hold, do not, and are not shown."""
        return reason([outcome for *_, outcome in self.parts])

    def to_json(self) -> dict[str, Any]:
        """Returns it as values of JSON."""
        return asdict(self)


def findings_of(answer: Answer) -> Findings:
    """Runs the experiment of an answer, its small matrices in one thread: two of them wait for each
    other for longer than they multiply.
    """
    with one_thread():
        return answer.measure()


def run_answer(answer: Answer) -> Result:
    """Runs the experiment of an answer and draws its picture."""
    start = time.process_time()
    findings = findings_of(answer)
    seconds = time.process_time() - start
    lines = [[shown(cell) for cell in line] for line in findings.exhibit.lines]
    parts = [[part.words, shown(part.measured), part.outcome] for part in findings.parts]
    title, picture = findings.exhibit.picture.content()
    return Result(
        **words_of(answer),
        verdict=verdict(findings.parts),
        setting=findings.setting,
        headings=list(findings.exhibit.headings),
        lines=lines,
        parts=parts,
        title=title,
        picture=picture,
        seconds=round(seconds, 1),
    )


def words_of(answer: Answer) -> dict[str, Any]:
    """Returns the fields of a result that were not measured."""
    return {
        "number": answer.number,
        "question": answer.question,
        "claim": answer.claim,
        "known": answer.known,
        "sources": list(answer.sources),
        "by_hand": answer.by_hand.strip(),
    }


def shown(cell: Cell) -> str:
    """Returns a cell of a table as text: a mean with its 95 % interval, if it has one."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, float):
        return _short(cell)
    if cell.low == cell.high:
        return _short(cell.mean)
    return f"{_short(cell.mean)} [{_short(cell.low)}, {_short(cell.high)}]"


def _short(value):
    """Three digits, in powers of ten where the number is very small or large."""
    size = abs(value)
    if size == 0:
        return "0"
    if size < 1e-3 or size >= 1e6:
        return f"{value:.1e}"
    if size >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
