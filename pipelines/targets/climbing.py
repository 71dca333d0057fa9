"""The ladder of an exported model: Keras first, then every target on the same raw test rows."""

from dataclasses import dataclass, replace

import numpy as np

from ..device.runner import Answers
from ..rows.parts import HeldOut
from ..slots import Target
from ..tasks import task_of
from ..verify.keras_interpreter import KerasInterpreter
from ..verify.ladder import (
    InRunner,
    Rung,
    Runtime,
    answer_all,
    climb,
    some_places,
    unscored,
)
from .exported_model import ExportedModel


def climb_all(
    exported: ExportedModel, targets: tuple[Target, ...], test: HeldOut, *, refused: dict[str, str]
) -> tuple[list[Rung], dict[str, Answers]]:
    """Runs Keras and every target on raw test rows.

    Args:
        exported: What ships, with all its files.
        targets: The targets of the recipe, LiteRT first.
        test: Raw test rows.
        refused: Rung → why its target is left out.

    Returns:
        The rungs from Keras down, those of streaming forms last, and form → answers.
    """
    keras_runner = InRunner(
        exported.signature,
        KerasInterpreter(exported.model),
        form="float32",
    )
    size = len(exported.files["model.keras"])
    first, answer = climb(
        "keras",
        keras_runner,
        test,
        keras_answers=None,
        size_bytes=size,
    )
    rungs = [first]
    answers = {"keras": answer}
    for target in targets:
        if target.form in refused:
            rungs.append(unscored(target.form, 0, refused[target.form]))
        else:
            rungs += target.climb(exported, test, answers)
    if exported.signature.stream is not None:
        for target in targets:
            if target.form not in refused:
                rungs += target.climb_stream(exported, test, answers)
    return rungs, answers


def climb_shipped(
    exported: ExportedModel,
    targets: tuple[Target, ...],
    test: HeldOut,
    *,
    refused: dict[str, str],
    seed: int,
) -> tuple[list[Rung], dict[str, Answers]]:
    """As `climb_all`; the int8 file, which ships, gets intervals, which take hundreds of scorings.

    Args:
        exported: What ships, with all its files.
        targets: The targets of the recipe, LiteRT first.
        test: Raw test rows.
        refused: Rung → why its target is left out.
        seed: Of the bootstrap.
    """
    rungs, answers = climb_all(exported, targets, test, refused=refused)
    place = next(place for place, rung in enumerate(rungs) if rung.form == "litert_int8")
    target = exported.signature.target
    bounds = task_of(target).intervals(test.y, answers["litert_int8"], target, seed=seed)
    rungs[place] = replace(rungs[place], intervals=bounds)
    return rungs, answers


@dataclass(frozen=True)
class Reference:
    """What a runtime that does all the work itself is compared with.

    Attributes:
        runner: The device runner with the same kernels under it.
        exactly: What these kernels are called, if every output must be theirs to the bit.
    """

    runner: Runtime
    exactly: str = ""


def climb_end_to_end(
    form: str,
    runtime: Runtime,
    test: HeldOut,
    answers: dict[str, Answers],
    *,
    size_bytes: int,
    most_rows: int,
    compared_with: Reference,
) -> Rung:
    """Runs a runtime that goes from the raw row to the label by itself.

    Args:
        form: The name of its rung.
        runtime: Answers typed raw columns.
        test: Raw test rows.
        answers: Form → answers, with those of "keras"; its own are added.
        size_bytes: Of its file.
        most_rows: How many rows it answers at most, evenly drawn.
        compared_with: What gives the answers that it must give.

    Returns:
        Its rung, with its agreement with `compared_with`.
    """
    places = some_places(len(test), most_rows)
    rung, answers[form] = climb(
        form, runtime, test, size_bytes=size_bytes, keras_answers=answers["keras"], places=places
    )
    wanted = answer_all(compared_with.runner, test, places)
    target = runtime.signature.target
    agreed = task_of(target).agreement(wanted, answers[form], target)
    rung = replace(rung, runner_agreement=agreed)
    if not compared_with.exactly:
        return rung
    # Whole numbers of steps, or means of several draws.
    apart = np.abs(answers[form].raw.astype(np.float64) - wanted.raw)
    return replace(
        rung,
        int8_steps=int(np.ceil(apart.max())),
        most_int8_steps=0,
        compared_with=compared_with.exactly,
    )
