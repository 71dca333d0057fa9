"""Rules that answers keep, as C: `device.rule_book` and `device.rule_bounds` of one row."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...device.answers import Answers
from ...device.cells import NUMERIC
from ...device.rule_book import LEAST, UNITS, RuleBook, read_rules
from ...device.rule_bounds import BoundBook
from ...device.rule_tree import All, Among, Compared, Name, Not, Operand, Present, Some, Truth
from ...device.signature import Signature
from ...device.tasks.multilabel import join_labels, split_labels
from ...tasks.c_text import FINE_STEPS, literal, quoted
from ...tasks.classes import class_places
from .names import identifier

_NUMBER = "number"
_TEXT = "text"
_TRUTH = "truth"
CExpression = tuple[str, str]  # its kind, and C


def rules_declaration(signature: Signature) -> str:
    """Returns the lines of signature.h for answers that keep rules, "" without rules."""
    if not signature.answer_rules:
        return ""
    book = read_rules(signature.answer_rules, signature.target, signature.columns)
    if isinstance(book, BoundBook):
        return _DECLARED_BOUNDS
    if signature.target.separator:
        return _DECLARED_SETS
    return _DECLARED_LABEL


def rules_definition(signature: Signature) -> str:
    """Returns the functions of `rules_declaration`, in C99 without allocation."""
    if not signature.answer_rules:
        return ""
    book = read_rules(signature.answer_rules, signature.target, signature.columns)
    writer = _RuleWriter(signature)
    if isinstance(book, BoundBook):
        return writer.bounds(book)
    return writer.worlds(book)


def with_rules(signature: Signature, example: str) -> str:
    """Returns the C of an example that prints the answer as the rules allow it.

    Args:
        signature: Of the model.
        example: Of the task (`CAnswer.c_example`).
    """
    if not signature.answer_rules:
        return example
    if signature.target.separator:
        filled = "signature_labels(output, has);"
        return example.replace(filled, f"{filled}\n  signature_ruled(&row, output, has);")
    if signature.target.labels:
        label = "signature_label(output)"
        return example.replace(label, f"signature_ruled(&row, output, {label})")
    value = "signature_value(output)"
    return example.replace(value, f"signature_ruled(&row, {value})")


def ruled_answers(
    library: ctypes.CDLL, signature: Signature, answers: Answers, calls: Sequence[tuple]
) -> Answers:
    """Returns answers of compiled C with the rules of the model kept by it.

    Args:
        library: The compiled functions.
        signature: Of the model.
        answers: Of the functions without rules.
        calls: For each row, the structure of its raw cells and a pointer to its int8 outputs.
    """
    if not signature.answer_rules:
        return answers
    target = signature.target
    if target.separator:
        has = split_labels(answers.given(), target).astype(np.uint8)
        for (row, output), labels in zip(calls, has, strict=True):
            pointer = labels.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
            library.signature_ruled(ctypes.byref(row), output, pointer)
        return replace(answers, labels=join_labels(has.astype(bool), target))
    if target.labels:
        places = class_places(answers, target.labels)
        kept = []
        for (row, output), place in zip(calls, places, strict=True):
            kept.append(library.signature_ruled(ctypes.byref(row), output, int(place)))
        return replace(answers, labels=np.asarray(target.labels, object)[kept])
    library.signature_ruled.restype = ctypes.c_double
    library.signature_ruled.argtypes = [ctypes.c_void_p, ctypes.c_double]
    values = np.empty(len(calls))
    for place, (row, _) in enumerate(calls):
        values[place] = library.signature_ruled(ctypes.addressof(row), answers.scores[place])
    return replace(answers, scores=values)


class _RuleWriter:
    """Writes conditions on `row` and, of labels, `world`."""

    def __init__(self, signature):
        self.signature = signature
        self.columns = {}
        for place, column in enumerate(signature.columns):
            self.columns[column.name] = (column.kind, identifier(place, column.name))

    def worlds(self, book: RuleBook) -> str:
        """Returns whether a possible answer keeps all rules, and the best that does."""
        kept = [f"  if (!{self.condition(rule.tree())}) return 0;" for rule in book.rules]
        labels = self.signature.target.labels
        return _WORLDS.format(
            labels=", ".join(quoted(label) for label in labels),
            num_labels=len(labels),
            kept="\n".join(kept),
            num_worlds=len(book.worlds),
        ) + self._chances(book)

    def _chances(self, book):
        """Returns what takes a broken answer to the most probable one that is allowed."""
        target = self.signature.target
        if not target.separator:
            if self.signature.output.shape == (1,):
                return _ENFORCED_TWO
            return _ENFORCED_LABEL.format(num_labels=len(target.labels))
        calibration = self.signature.calibration("int8")
        return _ENFORCED_SETS.format(
            num_labels=len(target.labels),
            num_worlds=len(book.worlds),
            steps=FINE_STEPS,
            step=literal(self.signature.output.step()),
            factor=repr(calibration.factor),
            offset=repr(calibration.offset),
            units=UNITS,
            least=repr(LEAST),
        )

    def bounds(self, book: BoundBook) -> str:
        """Returns what cuts a number to what the rules allow."""
        lines = []
        for rule, bounds in zip(book.rules, book.bounds, strict=True):
            asked = "1"
            if rule.premise is not None:
                asked = self.condition(rule.premise)
            for bound in bounds:
                value = self.operand(bound.operand)[1]
                if bound.order in (">=", "=="):
                    lines.append(f"  if ({asked} && {value} > low) low = {value};")
                if bound.order in ("<=", "=="):
                    lines.append(f"  if ({asked} && {value} < high) high = {value};")
        return _BOUNDS.format(lines="\n".join(lines))

    def condition(self, node) -> str:
        """Returns C that is 1 where a condition holds."""
        if isinstance(node, (All, Some)):
            joint = " && "
            if isinstance(node, Some):
                joint = " || "
            return f"({joint.join(self.condition(each) for each in node.of)})"
        if isinstance(node, Not):
            return f"!{self.condition(node.of)}"
        if isinstance(node, Truth):
            return self._truth(self.operand(node.name))
        if isinstance(node, Present):
            present = _present(self.operand(node.operand))
            if node.is_present:
                return present
            return f"!{present}"
        if isinstance(node, Compared):
            return self._ordered(node.order, node.left, node.right)
        return self._among(node)

    def _among(self, node: Among) -> str:
        same = [self._ordered("==", node.operand, other) for other in node.others]
        found = f"({' || '.join(same)})"
        if node.is_in:
            return found
        return f"(!{found} && {_present(self.operand(node.operand))})"

    def _ordered(self, order, left: Operand, right: Operand) -> str:
        """Returns C of a comparison, which holds nowhere where a side is missing."""
        one = self.operand(left)
        other = self.operand(right)
        both = f"{_present(one)} && {_present(other)}"
        texts = (one[0] == _TEXT) + (other[0] == _TEXT)
        if texts == 2:
            return f"({both} && strcmp({one[1]}, {other[1]}) {order} 0)"
        if texts == 1:
            # A text equals no number, and has no order with one.
            if order == "!=":
                return f"({both})"
            return "0"
        is_column = any(
            isinstance(each, Name) and each.name in self.columns for each in (left, right)
        )
        if is_column:
            return f"({both} && {_as_float(left, one)} {order} {_as_float(right, other)})"
        return f"({both} && {one[1]} {order} {other[1]})"

    def operand(self, operand: Operand) -> CExpression:
        """Returns the kind and the C of an operand."""
        if not isinstance(operand, Name):
            if isinstance(operand.value, str):
                return (_TEXT, quoted(operand.value))
            return (_NUMBER, repr(float(operand.value)))
        target = self.signature.target
        if operand.name in target.labels and target.separator:
            place = target.labels.index(operand.name)
            bit = len(target.labels) - 1 - place
            return (_TRUTH, f"(world >> {bit} & 1)")
        if operand.name == target.name and target.labels:
            return (_TEXT, "rule_labels[world]")
        kind, field = self.columns[operand.name]
        if kind == NUMERIC:
            return (_NUMBER, f"row->{field}")
        return (_TEXT, f"row->{field}")

    def _truth(self, expression: CExpression) -> str:
        kind, code = expression
        if kind == _TEXT:
            return f'({code} != NULL && strcmp({code}, "true") == 0)'
        return f"({_present(expression)} && {code} != 0)"


def _present(expression: CExpression) -> str:
    """Returns C that is 1 where an operand is not missing."""
    kind, code = expression
    if not code.startswith("row->"):
        return "1"
    if kind == _TEXT:
        return f"({code} != NULL)"
    return f"({code} == {code})"


def _as_float(operand, expression):
    """Returns an operand as float, as cells are kept."""
    if isinstance(operand, Name):
        return f"(float){expression[1]}"
    if math.isfinite(float(operand.value)):
        return literal(operand.value)
    return expression[1]


_DECLARED_LABEL = """/* The answer that keeps the rules of the model: `answer`, of signature_label, or where it breaks one
   the most probable class that breaks none. Rules of a row are of its raw cells. */
int signature_ruled(const signature_row *row, const int8_t *output, int answer);
"""
_DECLARED_SETS = """/* Changes labels of signature_labels that break a rule of the model to the most probable ones that
   break none. Rules of a row are of its raw cells. */
void signature_ruled(const signature_row *row, const int8_t *output, uint8_t labels[]);
"""
_DECLARED_BOUNDS = """/* The value, of signature_value, cut to what the rules of the model allow for the row. */
double signature_ruled(const signature_row *row, double value);
"""
_WORLDS = """static const char *const rule_labels[{num_labels}] = {{{labels}}};

static int keeps_rules(const signature_row *row, int world) {{
  (void)row;
  (void)rule_labels;
{kept}
  return 1;
}}

"""
_ENFORCED_TWO = """int signature_ruled(const signature_row *row, const int8_t *output, int answer) {
  (void)output;
  if (keeps_rules(row, answer) || !keeps_rules(row, 1 - answer)) return answer;
  return 1 - answer;
}
"""
_ENFORCED_LABEL = """int signature_ruled(const signature_row *row, const int8_t *output, int answer) {{
  int best = -1;
  if (keeps_rules(row, answer)) return answer;
  for (int i = 0; i < {num_labels}; ++i) {{
    if (!keeps_rules(row, i)) continue;
    if (best < 0 || fine_steps(output, i) > fine_steps(output, best)) best = i;
  }}
  return best < 0 ? answer : best;
}}
"""
_ENFORCED_SETS = """/* The logarithm of a probability in whole numbers, which add up alike in every language. */
static double rule_log(double chance) {{
  return floor(log(chance > {least} ? chance : {least}) * {units}.0 + 0.5);
}}

void signature_ruled(const signature_row *row, const int8_t *output, uint8_t labels[]) {{
  double likely[{num_labels}], unlikely[{num_labels}], most = 0.0;
  int world = 0, best = -1;
  for (int i = 0; i < {num_labels}; ++i) world = world * 2 + labels[i];
  if (keeps_rules(row, world)) return;
  for (int i = 0; i < {num_labels}; ++i) {{
    const float logit = {steps} * {step};
    const double calibrated = (double)logit * {factor} + {offset};
    const double small = exp(-fabs(calibrated));
    const double chance = (calibrated >= 0.0 ? 1.0 : small) / (1.0 + small);
    likely[i] = rule_log(chance);
    unlikely[i] = rule_log(1.0 - chance);
  }}
  for (int each = 0; each < {num_worlds}; ++each) {{
    double sum = 0.0;
    if (!keeps_rules(row, each)) continue;
    for (int i = 0; i < {num_labels}; ++i)
      sum += each >> ({num_labels} - 1 - i) & 1 ? likely[i] : unlikely[i];
    if (best < 0 || sum > most) {{
      best = each;
      most = sum;
    }}
  }}
  if (best < 0) return;
  for (int i = 0; i < {num_labels}; ++i) labels[i] = best >> ({num_labels} - 1 - i) & 1;
}}
"""
_BOUNDS = """double signature_ruled(const signature_row *row, double value) {{
  double low = -HUGE_VAL, high = HUGE_VAL;
  (void)row;
{lines}
  if (low > high) return value;
  if (value < low) return low;
  return value > high ? high : value;
}}
"""
