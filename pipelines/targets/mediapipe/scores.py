"""The tail of MediaPipe's form: from the int8 output to the runner's own probabilities; and the
decision that turns these into a label, which MediaPipe has no place for, as a file of its own.
"""

import json

import numpy as np

from ...device.calibration import probabilities
from ...device.signature import Signature
from ...device.tasks.multilabel import label_probabilities
from ...errors import ExportError
from ...tasks import task_of

# What a table of probabilities gets at the threshold, so that no two rows on its two sides are
# level.
_STEP_AT_THRESHOLD = 4e-6
MAX_LOG_WEIGHT = 80.0
RULE = (
    "The label is the one with the largest score × weight; MediaPipe's own order is that of "
    "the scores."
)
LABELS_RULE = (
    "A row has every label whose score is at least its threshold; MediaPipe itself has no "
    "threshold a label."
)


def add_probabilities(graph, signature: Signature) -> None:
    """Adds the runner's probabilities behind the int8 output: float32 [1, labels], calibrated.

    Args:
        graph: a `convert.graph.Graph` of the int8 file. Of an output with copies the average is
            taken.
        signature: of the file.

    Raises:
        ExportError: the file is not of this signature.
    """
    (output,) = graph.subgraph.outputs
    (width,) = signature.output.shape
    num_values = width * signature.output.num_copies
    shape = list(graph.tensor(output).shape)
    if shape != [1, num_values]:
        raise ExportError(
            f"the int8 file gives {shape} values",
            expected=f"[1, {num_values}] of its signature",
            fix="take file and signature of one bundle",
        )
    log_odds = graph.add_tensor("log_odds", (1, num_values), "float32")
    graph.add_operator("DEQUANTIZE", [output], log_odds, version=2)
    graph.subgraph.outputs = [_add_scores(graph, log_odds, signature)]


def _add_scores(graph, log_odds, signature):
    """Adds the calibrated probabilities of float32 log odds, and returns their tensor."""
    (width,) = signature.output.shape
    num_copies = signature.output.num_copies
    calibration = signature.calibration("int8")
    average = np.tile(np.eye(width), (1, num_copies)) / num_copies
    has_label_sets = task_of(signature.target).has_label_sets
    if calibration.logits and not has_label_sets:
        mean = _add_dense(graph, "mean_log_odds", log_odds, average, np.zeros(1))
        return _add_table(graph, mean, signature)
    weights = average * calibration.factor
    bias = np.full(width, calibration.offset)
    if has_label_sets:
        calibrated = _add_dense(graph, "calibrated", log_odds, weights, bias)
        return _add_sigmoid(graph, calibrated)
    if width == 1:  # the first of two classes: 0
        weights = np.concatenate([np.zeros_like(weights), weights])
        bias = np.concatenate([[0.0], bias])
    calibrated = _add_dense(graph, "calibrated", log_odds, weights, bias)
    return _add_softmax(graph, calibrated)


def decision_file(signature: Signature) -> str:
    """Returns the content of decision.json.

    It holds the weight of each label and, for two classes, the threshold of the second label's
    score, which means the same. For several labels a row it holds the threshold of each.
    """
    content = {"rule": rule_of(signature), "labels": signature.target.labels}
    if task_of(signature.target).has_label_sets:
        content["thresholds"] = _label_thresholds(signature)
    elif signature.output.shape == (1,):
        threshold = _threshold(signature)
        odds = threshold / max(1 - threshold, 1e-30)
        content["weights"] = [odds, 1.0]
        content["threshold"] = threshold
    else:
        content["weights"] = _label_weights(signature)
    text = json.dumps(content, ensure_ascii=False, indent=1)
    return text + "\n"


def _label_weights(signature):
    """Returns the weight of each label's score: what its offset is for its logit."""
    offsets = np.array(signature.offsets("int8"), np.float64)
    differences = offsets - offsets.max()
    logarithms = signature.calibration("int8").factor * differences
    bounded = np.maximum(logarithms, -MAX_LOG_WEIGHT)
    return np.exp(bounded).tolist()


def _label_thresholds(signature):
    """Returns the threshold of each label's score, for several labels a row.

    It is that between the two neighbouring logits that the runner decides differently.
    """
    calibration = signature.calibration("int8")
    half_step = 0.5 * float(signature.output.step())
    logits = []
    for place in range(len(signature.target.labels)):
        logit = _first_positive(signature, place) - half_step
        logits.append(logit)
    rows = label_probabilities(np.array([logits]), calibration)
    return rows[0].tolist()


def rule_of(signature: Signature) -> str:
    """Returns how the label follows from the scores, in words."""
    if task_of(signature.target).has_label_sets:
        return LABELS_RULE
    return RULE


def decide(scores: np.ndarray, decision: dict) -> np.ndarray:
    """Decides the label of each row.

    Args:
        scores: float [rows, labels].
        decision: the content of decision.json.

    Returns:
        int64 [rows]: places of labels.
    """
    weights = np.array(decision["weights"])
    weighted = scores * weights
    return weighted.argmax(axis=1)


def _threshold(signature):
    """Returns the score between the two neighbouring logits that the runner decides differently."""
    half_step = 0.5 * float(signature.output.step())
    middle = _first_positive(signature) - half_step
    calibration = signature.calibration("int8")
    scores = probabilities(np.array([[middle]]), calibration)
    return float(scores[0, 1])


def decide_labels(scores: np.ndarray, decision: dict) -> np.ndarray:
    """Decides the labels of each row, if it may have several.

    Args:
        scores: float [rows, labels].
        decision: the content of decision.json.

    Returns:
        bool [rows, labels].
    """
    thresholds = np.array(decision["thresholds"])
    return scores >= thresholds


def _first_positive(signature, place=0):
    """Returns the least logit of the int8 output that is positive by the runner's decision."""
    step = signature.output.step()
    offset = np.float32(signature.offsets("int8")[place])
    nearest = np.round(-float(offset) / float(step))
    steps = np.arange(-2, 3) + nearest
    positive = steps.astype(np.float32) * step + offset >= 0  # as the runner adds them
    first = steps[positive.argmax()]
    return float(first) * float(step)


def _add_dense(graph, name, given, weights, bias):
    from ai_edge_litert import schema_py_generated as schema

    width = len(bias)
    made = graph.add_tensor(name, (1, width), "float32")
    kernel = graph.add_tensor(
        f"{name}/kernel",
        weights.shape,
        "float32",
        values=weights,
    )
    offsets = graph.add_tensor(f"{name}/bias", (width,), "float32", values=bias)
    options = schema.FullyConnectedOptionsT()
    graph.add_operator(
        "FULLY_CONNECTED",
        [given, kernel, offsets],
        made,
        options=options,
    )
    return made


def _add_softmax(graph, given):
    from ai_edge_litert import schema_py_generated as schema

    scores = graph.add_tensor("scores", tuple(graph.tensor(given).shape), "float32")
    options = schema.SoftmaxOptionsT()
    options.beta = 1.0
    graph.add_operator("SOFTMAX", [given], scores, options=options)
    return scores


def _add_sigmoid(graph, given):
    scores = graph.add_tensor("scores", tuple(graph.tensor(given).shape), "float32")
    graph.add_operator("LOGISTIC", [given], scores)
    return scores


def _add_table(graph, logit, signature):
    """Adds [1 - p, p] of a logit [1, 1], where p is a table, linear in between.

    p is the sum of a ramp for each stretch of the table.
    """
    from ai_edge_litert import schema_py_generated as schema

    starts, widths, heights, lowest = ramps(signature)
    num_ramps = len(starts)
    shape = (1, num_ramps)
    beyond = _add_dense(
        graph,
        "beyond_start",
        logit,
        np.ones((num_ramps, 1)),
        -starts,
    )
    above = graph.add_tensor("above_start", shape, "float32")
    within = graph.add_tensor("within", shape, "float32")
    most = graph.add_tensor("within/widths", shape, "float32", values=widths[None])
    graph.add_operator("RELU", [beyond], above)
    options = schema.MaximumMinimumOptionsT()
    graph.add_operator("MINIMUM", [above, most], within, options=options)
    slopes = (heights / widths)[None]
    weights = np.concatenate([-slopes, slopes])
    bias = np.array([1 - lowest, lowest])
    return _add_dense(graph, "scores", within, weights, bias)


def ramps(signature: Signature) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Splits a calibration's table into ramps, with a step of 4e-6 at the threshold.

    p = lowest + the sum of heights * clip((logit - start) / width, 0, 1).

    Returns:
        (starts, widths, heights, lowest): float64 [ramps] each, and a number.
    """
    table = signature.calibration("int8")
    step = float(signature.output.step())
    logits = np.array(table.logits, np.float64)
    shares = np.array(table.shares, np.float64)
    widths = np.diff(logits)
    heights = np.diff(shares)
    first = _first_positive(signature)
    rising = (heights > 0) & (widths > 0)
    starts = np.append(logits[:-1][rising], first - step)
    widths = np.append(widths[rising], step)
    heights = np.append(heights[rising], _STEP_AT_THRESHOLD)
    lowest = float(shares[0]) - _STEP_AT_THRESHOLD / 2
    return starts, widths, heights, lowest
