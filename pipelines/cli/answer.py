"""`answer`: the experiment of a question."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .making import making_command
from .options import Folder

if TYPE_CHECKING:
    from ..answers.frame.answer import Result

_STOPPED = "stopped: answers that were finished are kept"
_ALL = "all"


@dataclass(frozen=True, kw_only=True)
class AnswerOptions:
    """Options of `answer`."""

    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NUMBER]...", help="Of questions, or all; without it, a list."),
    ] = None
    page: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write one page, index.html, of all answers that were run and are kept in FOLDER.",
        ),
    ] = None
    folder: Folder = Path("saved_models")


def run_answers(options: AnswerOptions) -> None:
    """Answer a question of deep learning by an experiment that can contradict the textbook.

    Prints one table with intervals and whether the textbook's claim holds; the picture is
    FOLDER/answers/NUMBER.png.
    """
    from ..answers.listed import ANSWERS, answer_to

    if not options.words and options.page is None:
        for answer in ANSWERS:
            print(f"{answer.number:3} {answer.question}")
        return
    if options.words == [_ALL]:
        chosen = ANSWERS
    else:
        chosen = [answer_to(word) for word in options.words or []]
    folder = options.folder / "answers"
    with making_command(_STOPPED):
        for answer in chosen:
            _run_one(answer, folder)
        if options.page is not None:
            _write_page(options.page, folder)


def _run_one(answer, folder):
    import base64

    from ..answers.frame.answer import run_answer
    from ..answers.frame.printed import print_result
    from ..engine.workspace import write_whole

    result = run_answer(answer)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{result.number}.png"
    write_whole(path, base64.b64decode(result.picture))
    content = json.dumps(result.to_json(), indent=1, ensure_ascii=False)
    write_whole(folder / f"{result.number}.json", content.encode())
    print_result(result, path)


def _write_page(path, folder):
    from ..answers.frame.page import page
    from ..engine.workspace import write_whole

    results = _kept_results(folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, page(results).encode())
    print(f"{len(results)} answers: {path}")


def _kept_results(folder) -> list["Result"]:
    """The results of answers that were run; those that are no longer listed are left out."""
    from ..answers.frame.answer import Result, words_of
    from ..answers.listed import ANSWERS
    from ..errors import LoadError

    results = []
    for answer in ANSWERS:
        path = folder / f"{answer.number}.json"
        if path.exists():
            values = json.loads(path.read_text(encoding="utf-8"))
            results.append(Result(**{**values, **words_of(answer)}))
    if not results:
        raise LoadError(
            f"no result of an answer in {folder}",
            expected="answers that were run",
            fix="python -m pipelines answer all --page FILE",
        )
    return results
