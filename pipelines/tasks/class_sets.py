"""Sets of labels that hold the true one as often as was asked for: split conformal prediction
(Vovk, Gammerman and Shafer 2005; Angelopoulos and Bates 2021, https://arxiv.org/abs/2107.07511).

The score of a label is how far its logit lies behind that of the label that is answered, after the
margin of Johansson et al. 2017 (http://proceedings.mlr.press/v60/johansson17a.html): a device
compares, and needs no exponential. The answer is in every set, so that a set is never empty.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..device.class_sets import ALWAYS, behind_largest, probability_before
from ..device.signature import Signature
from .c_answer import CCall
from .c_text import FINE_STEPS, ONE_PRODUCT, literal

if TYPE_CHECKING:
    from ..verify.judge import Judge

COVERAGE = "coverage"
NEAREST = "nearest"
ADAPTIVE = "adaptive"
SET_SIZE = "set_size"


def fit_reach(
    behind: np.ndarray, y: np.ndarray, *, coverage: float, by_class: bool
) -> tuple[float, ...]:
    """Returns how far behind each label may lie to be in the set: the ceil((n + 1) * coverage)th
    smallest distance of the true labels of n rows that nothing was learned from.

    New rows of the same source have their label in the set with at least that probability.

    Args:
        behind: float32 [rows, labels], as `device.class_sets.behind_largest` gives it.
        y: int64 [rows].
        coverage: The share of rows, 0 to 1.
        by_class: Whether each label has a distance of its own rows (Vovk 2012,
            https://arxiv.org/abs/1209.2673), so that rare labels are covered as often; one with
            too few rows is in every set.
    """
    num_labels = behind.shape[1]
    rows = np.arange(len(y))
    of_truth = behind[rows, y]
    if not by_class:
        return (smallest_covering(of_truth, coverage),) * num_labels
    reach = []
    for label in range(num_labels):
        own = of_truth[y == label]
        reach.append(smallest_covering(own, coverage))
    return tuple(reach)


def fit_adaptive(
    behind: np.ndarray, y: np.ndarray, *, factor: float, coverage: float, by_class: bool
) -> tuple[float, ...]:
    """Returns the largest sum of probabilities of each label, as `fit_reach` chooses distances.

    The random part of the paper is left out: a row answers alike each time, and the answered label
    is in every set.

    Args:
        behind: As of `fit_reach`.
        y: int64 [rows].
        factor: What makes log-odds of `behind`.
        coverage: The share of rows, 0 to 1.
        by_class: As of `fit_reach`.
    """
    reached = probability_before(behind, factor)
    return fit_reach(reached, y, coverage=coverage, by_class=by_class)


def smallest_covering(distances: np.ndarray, coverage: float) -> float:
    """Returns the ceil((n + 1) * coverage)th smallest of n distances; ALWAYS if n is too small."""
    num = len(distances)
    # Of .9 * 10, which is 9, float64 makes 9.000000000000002.
    rank = math.ceil(round((num + 1) * coverage, 9))
    if rank > num:
        return ALWAYS
    ordered = np.sort(distances)
    return float(ordered[max(rank - 1, 0)])


def with_sets(
    signature: Signature, judge: Judge, logits: np.ndarray, y: np.ndarray, *, form: str
) -> Signature:
    """Returns the signature with sets of labels of one form, which its decision stands in.

    Args:
        signature: With calibration and decision of the form.
        judge: How often a set shall hold the true label, and by which score.
        logits: float32 [rows, outputs] of rows that nothing was learned from.
        y: int64 [rows].
        form: "int8" or "float32".
    """
    behind = behind_largest(logits, signature.offsets(form))
    coverage = judge.coverage
    by_class = judge.coverage_by_class
    if judge.sets == NEAREST:
        reach = fit_reach(behind, y, coverage=coverage, by_class=by_class)
        return replace(signature, sets={**signature.sets, form: reach})
    factor = signature.calibration(form).factor
    reach = fit_adaptive(behind, y, factor=factor, coverage=coverage, by_class=by_class)
    return replace(
        signature,
        sets={**signature.sets, form: reach},
        adaptive={**signature.adaptive, form: factor},
    )


def set_scores(y: np.ndarray, sets: np.ndarray, labels: tuple[str, ...]) -> dict[str, float]:
    """Returns the share of rows whose set holds their label, and the labels in a set on average.

    Args:
        y: int64 [rows].
        sets: object [rows], tuples of labels.
        labels: Of the target.
    """
    num_held = 0
    num_labels = 0
    for place, held in zip(y, sets, strict=True):
        num_held += labels[place] in held
        num_labels += len(held)
    num = max(len(y), 1)
    return {COVERAGE: num_held / num, SET_SIZE: num_labels / num}


def set_words(report: Mapping) -> str:
    """Returns a sentence on sets of labels, "" where there are none.

    Args:
        report: The content of report.json.
    """
    scores = report["scores"].get("litert_int8", {})
    if COVERAGE not in scores:
        return ""
    asked = report["judge"]["coverage"]
    each = ""
    if report["judge"]["coverage_by_class"]:
        each = ", of each class by itself"
    return (
        f" Sets of labels are made to hold the true one of {asked:.0%} of rows{each}; of the test "
        f"rows they hold {scores[COVERAGE]:.1%} (int8), with {scores[SET_SIZE]:.2f} labels on "
        "average."
    )


def c_set_declaration(signature: Signature) -> str:
    """Returns the lines of signature.h that declare sets of labels; "" if there are none."""
    if "int8" not in signature.sets:
        return ""
    num_labels = _num_labels(signature)
    return (
        "\n/* Which classes are in the set of the row, 1 or 0 each. Returns how many. */\n"
        f"int signature_set(const int8_t *output, unsigned char in_set[{num_labels}]);\n"
    )


def c_set_definition(signature: Signature) -> str:
    """Returns the function of `c_set_declaration`, in the arithmetic of the device runner."""
    if "int8" not in signature.sets:
        return ""
    output = signature.output
    num_outputs = output.shape[0]
    num_labels = _num_labels(signature)
    first = num_labels - num_outputs
    offsets = _table(signature.offsets("int8"))
    if "int8" in signature.adaptive:
        test = _C_ADAPTIVE
        reach = ", ".join(repr(each) for each in signature.sets["int8"])
        kind = "double"
    else:
        test = _C_NEAR
        reach = _table(signature.sets["int8"])
        kind = "float"
    test = test.replace("NUM", str(num_labels))
    test = test.replace("FACTOR", repr(signature.adaptive.get("int8", 1.0)))
    return (
        f"\nint signature_set(const int8_t *output, unsigned char in_set[{num_labels}]) {{\n"
        f"  static const float offsets[{num_outputs}] = {{{offsets}}};\n"
        f"  static const {kind} reach[{num_labels}] = {{{reach}}};\n"
        f"  float shifted[{num_labels}] = {{0.0f}};\n"
        f"  for (int i = 0; i < {num_outputs}; ++i) {{\n"
        f"    {ONE_PRODUCT}\n"
        f"    volatile float logit = {FINE_STEPS} * {literal(output.step())};\n"
        f"    shifted[i + {first}] = logit + offsets[i];\n  }}\n"
        "  float most = shifted[0];\n"
        f"  for (int i = 1; i < {num_labels}; ++i) {{\n"
        "    if (shifted[i] > most) most = shifted[i];\n  }\n"
        f"  int size = 0;\n{test}  return size;\n}}\n"
    )


# The labels of a set in C, of `shifted` logits whose largest is `most`.
_C_NEAR = """  for (int i = 0; i < NUM; ++i) {
    volatile float behind = most - shifted[i];
    in_set[i] = behind <= reach[i];
    size += in_set[i];
  }
"""
_C_ADAPTIVE = """  float behind[NUM];
  double share[NUM], total = 0.0;
  for (int i = 0; i < NUM; ++i) {
    volatile float distance = most - shifted[i];
    behind[i] = distance;
    share[i] = exp(-(double)behind[i] * FACTOR);
    total += share[i];
  }
  for (int i = 0; i < NUM; ++i) {
    double reached = 0.0;
    for (int j = 0; j < NUM; ++j) {
      if (behind[j] < behind[i]) reached += share[j];
    }
    in_set[i] = reached / total <= reach[i];
    size += in_set[i];
  }
"""


def c_sets(library: ctypes.CDLL, signature: Signature, calls: Sequence[CCall]) -> np.ndarray | None:
    """Returns the sets of labels that compiled C gives, object [rows]; None if there are none."""
    if "int8" not in signature.sets:
        return None
    labels = signature.target.labels
    sets = np.empty(len(calls), object)
    for row, (output, _) in enumerate(calls):
        in_set = (ctypes.c_ubyte * len(labels))()
        library.signature_set(output, in_set)
        named = [label for label, is_in in zip(labels, in_set, strict=True) if is_in]
        sets[row] = tuple(named)
    return sets


def _num_labels(signature):
    return len(signature.target.labels)


def _table(numbers):
    return ", ".join(map(literal, numbers))
