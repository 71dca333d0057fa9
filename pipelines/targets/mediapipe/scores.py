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
    """Behind the int8 output of a `graph.Graph`: the average of its copies, and the probabilities
    float32 [1, labels] that the runner gives for it, calibrated as there. Raises ExportError for a
    file that is not of this signature.
    """
    (output,) = graph.subgraph.outputs
    port = signature.output
    (width,), copies = port.shape, port.num_copies
    if list(graph.tensor(output).shape) != [1, width * copies]:
        raise ExportError(
            f"the int8 file gives {list(graph.tensor(output).shape)} values",
            expected=f"[1, {width * copies}] of its signature",
            fix="take file and signature of one bundle",
        )
    log_odds = graph.add_tensor("log_odds", (1, width * copies), "float32")
    graph.add_operator("DEQUANTIZE", [output], log_odds, version=2)
    calibration = signature.calibration("int8")
    average = np.tile(np.eye(width), (1, copies)) / copies
    if task_of(signature.target).has_label_sets:
        bias = np.full(width, calibration.offset)
        weights = average * calibration.factor
        scores = _add_sigmoid(graph, _add_dense(graph, "calibrated", log_odds, weights, bias))
    elif calibration.logits:
        scores = _add_table(
            graph, _add_dense(graph, "mean_log_odds", log_odds, average, np.zeros(1)), signature
        )
    else:
        weights = average * calibration.factor
        bias = np.full(width, calibration.offset)
        if width == 1:  # the first of two classes: 0
            weights = np.concatenate([np.zeros_like(weights), weights])
            bias = np.concatenate([[0.0], bias])
        scores = _add_softmax(graph, _add_dense(graph, "calibrated", log_odds, weights, bias))
    graph.subgraph.outputs = [scores]


def decision_file(signature: Signature) -> str:
    """The content of decision.json: the weight of each label and, of two classes, the threshold of
    the second label's score, which means the same.
    """
    calibration = signature.calibration("int8")
    if task_of(signature.target).has_label_sets:
        return _labels_file(signature)
    offsets = np.array(signature.offsets("int8"), np.float64)
    if signature.output.shape == (1,):
        threshold = _threshold(signature)
        weights = [threshold / max(1 - threshold, 1e-30), 1.0]
        return (
            json.dumps(
                {
                    "rule": RULE,
                    "labels": signature.target.labels,
                    "weights": weights,
                    "threshold": threshold,
                },
                ensure_ascii=False,
                indent=1,
            )
            + "\n"
        )
    logarithms = calibration.factor * (offsets - offsets.max())
    weights = np.exp(np.maximum(logarithms, -MAX_LOG_WEIGHT)).tolist()
    return (
        json.dumps(
            {"rule": RULE, "labels": signature.target.labels, "weights": weights},
            ensure_ascii=False,
            indent=1,
        )
        + "\n"
    )


def _labels_file(signature):
    """The content of decision.json for several labels a row."""
    calibration = signature.calibration("int8")
    places = range(len(signature.target.labels))
    # Between the two neighbouring logits that the runner decides differently.
    step = float(signature.output.step())
    logits = [_first_positive(signature, place) - 0.5 * step for place in places]
    thresholds = label_probabilities(np.array([logits]), calibration)[0].tolist()
    content = {"rule": LABELS_RULE, "labels": signature.target.labels, "thresholds": thresholds}
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def rule_of(signature: Signature) -> str:
    """Returns how the label follows from the scores, in words."""
    if task_of(signature.target).has_label_sets:
        return LABELS_RULE
    return RULE


def decide(scores: np.ndarray, decision: dict) -> np.ndarray:
    """int64 [rows]: the places of the labels of scores float [rows, labels], by the content of
    decision.json.
    """
    return (scores * np.array(decision["weights"])).argmax(axis=1)


def _threshold(signature):
    """The score between those of the two neighbouring logits that the runner decides
    differently.
    """
    middle = _first_positive(signature) - 0.5 * float(signature.output.step())
    return float(probabilities(np.array([[middle]]), signature.calibration("int8"))[0, 1])


def decide_labels(scores: np.ndarray, decision: dict) -> np.ndarray:
    """Returns bool [rows, labels]: the labels of scores float [rows, labels], by the content of
    decision.json.
    """
    return scores >= np.array(decision["thresholds"])


def _first_positive(signature, place=0):
    """The least logit that the int8 output can show and that is positive by the runner's
    decision.
    """
    step = signature.output.step()
    offset = np.float32(signature.offsets("int8")[place])
    steps = np.arange(-2, 3) + np.round(-float(offset) / float(step))
    positive = steps.astype(np.float32) * step + offset >= 0  # as the runner adds them
    return float(steps[positive.argmax()]) * float(step)


def _add_dense(graph, name, given, weights, bias):
    from ai_edge_litert import schema_py_generated as schema

    made = graph.add_tensor(name, (1, len(bias)), "float32")
    kernel = graph.add_tensor(f"{name}/kernel", weights.shape, "float32", values=weights)
    offsets = graph.add_tensor(f"{name}/bias", (len(bias),), "float32", values=bias)
    graph.add_operator(
        "FULLY_CONNECTED", [given, kernel, offsets], made, options=schema.FullyConnectedOptionsT()
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
    """[1 - p, p] of a logit [1, 1], where p is a table, linear in between: the sum of a ramp for
    each stretch.
    """
    from ai_edge_litert import schema_py_generated as schema

    starts, widths, heights, lowest = ramps(signature)
    parted = _add_dense(graph, "beyond_start", logit, np.ones((len(starts), 1)), -starts)
    risen, cut = (
        graph.add_tensor(name, (1, len(starts)), "float32") for name in ("above_start", "within")
    )
    most = graph.add_tensor("within/widths", (1, len(starts)), "float32", values=widths[None])
    graph.add_operator("RELU", [parted], risen)
    graph.add_operator("MINIMUM", [risen, most], cut, options=schema.MaximumMinimumOptionsT())
    slopes = (heights / widths)[None]
    return _add_dense(
        graph, "scores", cut, np.concatenate([-slopes, slopes]), np.array([1 - lowest, lowest])
    )


def ramps(signature: Signature) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """(starts, widths, heights, lowest) of a calibration's table: p = lowest + the sum of heights *
    clip((logit - start) / width, 0, 1), with a step of 4e-6 at the threshold.
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
    return (
        starts,
        np.append(widths[rising], step),
        np.append(heights[rising], _STEP_AT_THRESHOLD),
        float(shares[0]) - _STEP_AT_THRESHOLD / 2,
    )
