"""A user's Keras model taken apart: the model of ports, its signature and what it answers."""

from dataclasses import dataclass, replace

import numpy as np

from ..device.ports import Port
from ..device.runner import Runner
from ..device.signature import Signature
from ..device.target import Target
from ..errors import ExportError, VerifyError
from ..rows.parts import Schema, TrainSet
from ..steps.ranges import value_ranges
from ..tasks import BinaryTask, MulticlassTask, RegressionTask
from .gate import changed_too_much
from .inputs import own_inputs
from .ports import ported
from .refusals import refuse
from .rewrite import flatten, without_last_activation
from .scales import in_front

# Keras itself sums otherwise after a rewriting; half-precision models are computed in float32 from
# then on.
MOST_CHANGED = 1e-3
MOST_CHANGED_HALF = 0.05
_BATCH_ROWS = 256


@dataclass(frozen=True)
class Parts:
    """A user's model taken apart.

    Attributes:
        model: the Keras model of ports.
        signature: without scales.
        columns: the raw columns of all rows, by name.
        answers: what the given model answers, float32 [rows, outputs], before a last softmax or
            sigmoid was taken off.
        activation: the name of what was taken off, or "".
        notes: sentences for the report.
    """

    model: object
    signature: Signature
    columns: dict[str, np.ndarray]
    answers: np.ndarray
    activation: str
    notes: tuple[str, ...] = ()


def take_apart(
    model, rows: dict[str, np.ndarray], places: np.ndarray, *, labels: tuple[str, ...] = ()
) -> Parts:
    """Returns a Keras model and its rows as the runner and the converter want them.

    Args:
        model: the user's keras.Model.
        rows: [rows, ...] by input name, in the model's order.
        places: int [n], the rows that may be learned from.
        labels: of a classifier, in the order of its outputs.

    Raises:
        ExportError: something has no form on a device.
        VerifyError: the rewritten model answers something else than the given one.
    """
    flat = flatten(model)
    _check_output(flat)
    by_flat = {}
    for tensor, x in zip(flat.inputs, rows.values(), strict=True):
        by_flat[tensor.name] = x
    own = own_inputs(flat, by_flat)
    outputs = _answers_of(model, rows)
    calibration = {name: x[places] for name, x in by_flat.items()}
    flat, own = in_front(flat, own, calibration)
    activation = ""
    if labels:
        flat, activation = without_last_activation(flat)
    whole = ported(flat, own)
    signature = _signature(own, whole.outputs[0].shape[1], labels, activation)
    columns = {}
    for each, x in zip(own, by_flat.values(), strict=True):
        columns.update(each.raw(x))
    signature = _with_ranges(signature, columns, outputs, places)
    parts = Parts(whole, signature, columns, outputs, activation)
    half = any("16" in str(layer.compute_dtype) for layer in model.layers)
    _check_same(parts, half=half)
    return parts


def _check_output(model):
    """Raises ExportError for a model whose output is not of floats."""
    dtype = str(model.outputs[0].dtype)
    if not np.issubdtype(np.dtype(dtype), np.floating):
        refuse(
            f"the model gives {dtype}",
            expected="numbers, logits or probabilities",
            fix="cut the model before its argmax",
        )


def _signature(own, num_outputs, labels, activation):
    """Returns the checked signature of the inputs and outputs, without ranges and scales."""
    target = _target(labels, num_outputs, activation)
    unit = "as the model gives it"
    decisions = {}
    if labels:
        unit = "log-odds"
        for form in ("float32", "int8"):
            decisions[form] = (0.0,) * num_outputs
    columns = []
    primitives = []
    for each in own:
        columns.extend(each.columns)
        primitives.extend(each.primitives)
    signature = Signature(
        columns=tuple(columns),
        target=target,
        primitives=tuple(primitives),
        inputs=tuple(each.port for each in own),
        output=Port("output", (num_outputs,), "float32", unit),
        decisions=decisions,
    )
    signature.check()
    return signature


def _with_ranges(signature, columns, outputs, places):
    """Returns the signature with the ranges of values on the rows that may be learned from."""
    train = TrainSet(
        x={name: x[places] for name, x in columns.items()},
        y=outputs[places],
        ids=places,
        schema=Schema(signature.columns, signature.target),
    )
    return replace(signature, ranges=value_ranges(signature, train))


def _target(labels, num_outputs, activation):
    """Returns the target that the labels and outputs make. Raises ExportError where they do not
    fit each other.
    """
    if not labels:
        return Target("output", RegressionTask.name)
    if num_outputs == 1 and len(labels) == 2:
        return Target("label", BinaryTask.name, labels)
    if num_outputs != len(labels):
        refuse(
            f"{len(labels)} labels for {num_outputs} outputs",
            expected=f"{max(num_outputs, 2)} labels",
            fix="name each output in its order; of one sigmoid output the class of 0 first, "
            "then that of 1",
        )
    if activation == "sigmoid":
        refuse(
            f"{num_outputs} sigmoid outputs with labels: a row may have several",
            expected="one label a row (softmax)",
            fix="export without labels: the outputs are then the probabilities",
        )
    return Target("label", MulticlassTask.name, labels)


def _answers_of(model, rows):
    """Returns what the given model answers, float32 [rows, outputs]."""
    num_rows = len(rows[model.inputs[0].name])
    answers = []
    for start in range(0, num_rows, _BATCH_ROWS):
        batch = []
        for tensor in model.inputs:
            x = rows[tensor.name][start : start + _BATCH_ROWS]
            batch.append(x.astype(str(tensor.dtype)))
        answers.append(_called(model, _structured(model, batch)))
    outputs = np.concatenate(answers)
    if not np.isfinite(outputs).all():
        refuse(
            "the model itself answers with NaN or infinity",
            expected="numbers",
            fix="look at its weights",
        )
    return outputs.reshape(len(outputs), -1)


def _called(model, batch):
    """Returns what the model itself answers, float32 [rows, ...]. A configuration can be one that
    Keras loads and cannot run.
    """
    try:
        return np.asarray(model(batch, training=False), np.float32)
    except Exception as error:  # of whatever layer: Keras raises nothing narrower
        raise ExportError(
            f"the model cannot answer the rows: {type(error).__name__}: {str(error)[:300]}",
            expected="a model that model.predict runs",
            fix="try model.predict(rows) with this file",
        ) from error


def _structured(model, batch):
    """Returns the tensors of a batch in the structure of the model's inputs."""
    import keras

    structure = batch[0]
    if not isinstance(model, keras.Sequential):
        structure = model.input
    return keras.tree.pack_sequence_as(structure, batch)


def _check_same(parts, *, half):
    """Raises VerifyError where the model of ports answers something else than the given one."""
    from ..verify.keras_interpreter import KerasInterpreter

    prepared = Runner(parts.signature, None, form="float32").prepare(parts.columns)
    logits = KerasInterpreter(parts.model).run(prepared)
    found = _activated(logits, parts.activation)
    most = MOST_CHANGED
    if half:
        most = MOST_CHANGED_HALF
    changed = changed_too_much(found, parts.answers, most)
    if changed:
        raise VerifyError(
            f"the model as it would ship differs from the one given by {changed}",
            expected=f"at most {most:g} standard deviations",
            fix="a layer means something else on a device: export parts of the model to find it",
        )


def _activated(logits, activation):
    if activation == "softmax":
        shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
        return shifted / shifted.sum(axis=1, keepdims=True)
    if activation == "sigmoid":
        return 1 / (1 + np.exp(-logits))
    return logits
