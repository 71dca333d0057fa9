"""What a trained model decides, and how it scores on validation rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..device.answers import Answers
from ..device.primitives import num_draws
from ..device.runner import Runner
from ..device.signature import Signature
from ..rows.parts import HeldOut
from ..tasks import task_of
from ..training.inputs import TrainingInputs
from ..training.trained import TrainedModel
from .finite import check_form, check_score, check_trained
from .keras_interpreter import KerasInterpreter
from .ladder import InRunner, answer_all

if TYPE_CHECKING:
    from ..recipe import Recipe


def assess(
    recipe: Recipe, model, inputs: TrainingInputs, *, history: dict, fit_seconds: float = 0.0
) -> TrainedModel:
    """Makes the decision of a Keras model and scores it on the validation rows.

    Args:
        recipe: with its deciding metric.
        model: a keras.Model of the ports of `inputs`.
        inputs: the rows that it was trained on.
        history: metric → one value an epoch of its training.
        fit_seconds: the seconds that it took.

    Raises:
        TrainError: an output is NaN or infinite.
        VerifyError: the validation rows give no deciding score.
    """
    interpreter = KerasInterpreter(model)
    rows = inputs.decision_rows
    raw = inputs.out_of_fold
    if raw is None and num_draws(inputs.signature.primitives) > 1:
        undecided = InRunner(inputs.signature, interpreter, form="float32")
        raw = answer_all(undecided, inputs.valid_rows).raw
    elif raw is None:
        raw = interpreter.run(rows.x)
    check_trained(raw, "the rows that it decides by")
    task = task_of(inputs.signature.target)
    signature = task.decide(
        recipe, inputs.signature, inputs.train_rows, rows, form="float32", raw=raw
    )
    runner = InRunner(signature, interpreter, form="float32")
    answers = answer_all(runner, inputs.valid_rows)
    check_trained(answers.raw, "validation rows")
    scores = task.score(inputs.valid_rows.y, answers, signature.target)
    score = check_score(scores, recipe.judge.deciding, "the validation rows")
    return TrainedModel(model, signature, score, history, fit_seconds, inputs)


def decide_form(
    recipe: Recipe, signature: Signature, interpreter, inputs: TrainingInputs, *, form: str
) -> Signature:
    """Adds the decision of a converted form, which is chosen on its own answers.

    Raises:
        VerifyError: one of these is NaN or infinite.
    """
    runner = Runner(signature, interpreter, form=form)
    rows = inputs.decision_rows
    if inputs.out_of_fold is not None:
        # Of models that shipped nowhere: rounding moves an answer by less than a fold does.
        raw = inputs.out_of_fold
    elif rows is inputs.calibration:
        raw = interpreter.run(runner.quantize(rows.x))
    else:
        raw = answer_all(runner, inputs.valid_rows).raw
    check_form(raw, f"the {form} file")
    task = task_of(signature.target)
    return task.decide(
        recipe,
        signature,
        inputs.train_rows,
        rows,
        form=form,
        raw=raw,
    )


def answers_of(trained: TrainedModel, test: HeldOut) -> Answers:
    """Returns what a trained Keras model answers to raw rows."""
    interpreter = KerasInterpreter(trained.model)
    return answer_all(InRunner(trained.signature, interpreter, form="float32"), test)
