"""The error of a training whose loss is no number any more: where that began, and what to try."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..errors import TrainError
from .watched import MOST_UPDATE, record_of

_LOWER = (
    "lower training.optimizer.learning_rate (`find-rate` suggests one), or clip gradients: "
    "--set 'training.clip=ClipByGlobalNorm()'"
)
_WATCH = "; `run` with --watch names the layer where it begins"


def not_a_number(
    seen: str,
    model: Any,
    batches: Iterable,
    watched: dict[str, Any] | None,
) -> TrainError:
    """Returns the error, which names the inputs or the layer that are the reason, if one is found.

    Args:
        seen: What the loss became, and when.
        model: A keras.Model as training left it.
        batches: Of one epoch: (x, y, weight).
        watched: What watching recorded, or None.
    """
    inputs = _unreadable_inputs(batches)
    if inputs:
        return TrainError(
            f"{seen}: the training rows hold values that are no numbers, in {', '.join(inputs)}",
            expected="numbers that are finite in every input and target",
            fix="fill them: --set 'prepare=(ImputeMedian(),)', or leave these rows out",
        )
    words = _weights_words(model)
    fix = _LOWER
    if watched is None:
        fix += _WATCH
    else:
        words += _watched_words(watched)
    return TrainError(
        f"{seen}{words}",
        expected="a finite loss",
        fix=fix,
    )


def _unreadable_inputs(batches):
    """The names of what a training reads that holds NaN or infinite values."""
    found: dict[str, None] = {}
    for x, y, *rest in batches:
        parts = {**x, "the target": y, "the weights of rows": rest}
        for name, values in parts.items():
            if not _is_finite(values):
                found[name] = None
    return list(found)


def _is_finite(values):
    import keras

    for each in keras.tree.flatten(values):
        array = np.asarray(each)
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            return False
    return True


def _weights_words(model):
    """Which weights are no numbers any more."""
    names: dict[str, None] = {}
    broken: dict[str, None] = {}
    for variable in model.trainable_variables:
        name, _, _ = variable.path.rpartition("/")
        names[name] = None
        if not _is_finite(variable.value):
            broken[name] = None
    if not broken:
        return "; all weights are finite"
    if len(broken) == len(names):
        return f"; weights of all {len(names)} layers are no numbers any more"
    return f"; weights of {', '.join(broken)} are no numbers any more"


def _watched_words(watched):
    """The layer that left first, by the last measurements."""
    record: Any = record_of(watched)
    step = record.largest_update()
    if step is not None and step[1] >= MOST_UPDATE:
        name, share = step
        return f". One step had changed the weights of {name} by {share:.2g} times their norm"
    known = [line for line in record.gradients if np.isfinite(line).all()]
    if not known:
        return ""
    line = known[-1]
    place = int(np.argmax(line))
    return f". The gradient of {record.layers[place]} had had the largest norm, {line[place]:.2g}"
