"""What a worker does with a request, whichever engine started it."""

import contextlib
import importlib
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..device.door import error_of_the_system, through_door
from ..errors import EngineError, PipelineError
from .cache import anew, caching
from .environment import environment
from .failure import Failure, end_of
from .remote import open_remote
from .request import Request
from .workspace import temporary_files

_USAGE = """
--serve     started by an engine
TASK.json   one task alone, in sight
"""
# A stage keeps its result under the key of (stage, spec, inputs); the folder is for its own files.
Stages = Mapping[str, Callable[[Mapping[str, Any], Path], None]]


def perform(request: Request, stages: Stages) -> None:
    """Does a task in this process; its result is in the cache afterwards.

    Args:
        request: what is to be done, and where.
        stages: name → what does it.

    Raises:
        EngineError: this process would compute something else, or the result was not kept.
        PipelineError: of the task itself.
    """
    _require_same(request)
    remote = None
    if request.cache:
        remote = open_remote(request.cache)
    task = request.task
    with (
        anew(request.is_fresh),
        caching(Path(request.folder), request.about, remote=remote) as cache,
        temporary_files() as place,
    ):
        stages[task.stage](task.spec, place)
    if cache.store.read(request.key) is None:
        raise EngineError(
            f"the result of {request.about} was not kept",
            expected="a cache with room",
            fix=f"free some space in {request.folder}",
        )
    if remote is not None and not remote.has(request.key):
        remote.send(request.key, cache.store)


def _require_same(request):
    """Raises EngineError if the key that the driver waits for is not the one made here."""
    if request.task.key(environment()) == request.key:
        return
    here = environment()
    others = [name for name in here if here[name] != request.environment.get(name)]
    found = "; ".join(f"{name}: {here[name]}" for name in others)
    expected = "; ".join(f"{name}: {request.environment.get(name)}" for name in others)
    raise EngineError(
        f"a worker that computes otherwise than its driver: {found}",
        expected=expected,
        fix="install the same package and the same versions on every machine",
    )


def answer(request: Request, stages: Stages) -> dict[str, Any]:
    """Does a task, and returns its key or its failure as values of JSON.

    Without a folder of the driver, what was written on standard error comes with it.
    """
    if request.folder:
        return _answer(request, stages)
    with temporary_files() as place:
        log = place / "log.txt"
        here = replace(request, folder=str(place), log=str(log))
        return {**_answer(here, stages), "log": end_of(log)}


def _answer(request, stages):
    try:
        with _written_to(request.log):
            try:
                perform(request, stages)
            except PipelineError:  # it states all that there is to know
                raise
            except BaseException as error:
                of_the_system = error_of_the_system(error)
                if of_the_system:
                    raise of_the_system from error
                traceback.print_exc()
                raise
    except BaseException as error:
        return {"failure": vars(Failure.of(error))}
    return {"key": request.key}


def answer_line(line: str) -> dict[str, Any]:
    """Does the task of a line of JSON, with the stages of the worker that it names."""
    request = Request.from_values(json.loads(line))
    try:
        os.chdir(request.working_folder)
        stages = importlib.import_module(request.worker).STAGES
    except (OSError, ImportError) as error:
        return {"failure": vars(Failure.of(error))}
    return answer(request, stages)


def serve(stages: Stages) -> None:
    """Does the tasks on standard input, a line each, and answers with a line on standard output.

    Args:
        stages: name → what does it.
    """
    # Whatever else is printed or asked for in this process goes past the driver's pipes.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    requests = os.fdopen(os.dup(sys.stdin.fileno()), encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), sys.stdin.fileno())
    for line in requests:
        request = Request.from_values(json.loads(line))
        print(json.dumps(answer(request, stages)), file=answers, flush=True)


def main(stages: Stages) -> int:
    """Does what the arguments of a worker module ask for, and returns the exit code.

    Args:
        stages: the module's table.
    """
    match sys.argv[1:]:
        case ["--serve"]:
            serve(stages)
            return 0
        case [path]:
            return through_door(lambda: perform_alone(Path(path), stages))
    print(_USAGE, file=sys.stderr)
    return 2


def perform_alone(path: Path, stages: Stages) -> None:
    """Does the task of a file, in this process and in sight."""
    request = Request.from_values(json.loads(path.read_text(encoding="utf-8"))).alone()
    wanted = {**os.environ, **request.variables}
    if wanted != os.environ:  # numpy has read some of them already
        command = [sys.executable, "-m", request.worker, str(path)]
        os.execve(sys.executable, command, wanted)
    perform(request, stages)


@contextlib.contextmanager
def _written_to(log: str) -> Iterator[None]:
    """Lets this process write both streams to the end of a file."""
    if not log:
        yield
        return
    _flush()
    kept = os.dup(1), os.dup(2)
    with open(log, "ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        _flush()
        for number, before in enumerate(kept, 1):
            os.dup2(before, number)
            os.close(before)


def _flush():
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
