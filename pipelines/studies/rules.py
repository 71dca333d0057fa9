"""How often a bundle breaks rules on its test rows, before and after they are enforced, and what
that costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..device.answers import Answers
from ..device.rule_book import read_rules
from ..device.runner import Runner
from ..device.tasks.multilabel import join_labels
from ..errors import BundleError
from ..rows.columns import read_rows
from ..training.rule_loss import WithRules
from ..verify.ladder import answer_all
from .interpret.opened import OpenedBundle, open_bundle

SHOWN = ("accuracy", "macro_f1", "exact_match", "mae", "rmse")
HEADINGS = ("rule", "broken by the truth", "by the model", "once enforced")


@dataclass(frozen=True)
class RulesMeasured:
    """Rules on the test rows of a bundle.

    Attributes:
        rules: As they were written.
        num_rows: Test rows.
        by_truth: How many rows break each rule by their true label.
        by_model: How many answers of the int8 file do.
        enforced: How many do once rules choose among the answers.
        scores: Metric → score of the answers as they are.
        scores_enforced: The same of the enforced ones.
        changed: How many answers the rules changed.
    """

    rules: tuple[str, ...]
    num_rows: int
    by_truth: tuple[int, ...]
    by_model: tuple[int, ...]
    enforced: tuple[int, ...]
    scores: dict[str, float]
    scores_enforced: dict[str, float]
    changed: int

    def lines(self) -> list[tuple[str, ...]]:
        """Returns the cells of `HEADINGS`, a line a rule."""
        counts = zip(
            self.rules,
            self.by_truth,
            self.by_model,
            self.enforced,
            strict=True,
        )
        return [(rule, *map(str, numbers)) for rule, *numbers in counts]

    def verdict(self) -> str:
        """Returns what enforcing changes, in a sentence."""
        parts = []
        for name in self.scores:
            before = self.scores[name]
            after = self.scores_enforced[name]
            parts.append(f"{name.replace('_', ' ')} {before:.4f} → {after:.4f}")
        return (
            f"Of {self.num_rows:,} test rows the rules change {self.changed:,} answers: "
            f"{', '.join(parts)}."
        )


def measure_rules(folder: str | Path, rules: Sequence[str] = ()) -> RulesMeasured:
    """Counts which rules the int8 answers to test rows break, and enforces them.

    Args:
        folder: Of a bundle whose answers are labels or numbers.
        rules: Expressions (docs/rules.md); (): those of its recipe's loss.

    Raises:
        BundleError: There are no rules.
        DeviceError: A rule cannot be read.
    """
    opened = open_bundle(folder)
    texts = tuple(rules) or _rules_of(opened)
    rows = opened.rows
    book = read_rules(texts, opened.target, rows.schema.columns)
    everything = np.arange(len(rows))
    columns = {name: read_rows(rows.x[name], everything) for name in book.columns()}
    before = _before(opened)
    after = book.enforced(columns, before)
    return RulesMeasured(
        texts,
        len(rows),
        _count(
            book,
            columns,
            _truth(opened),
        ),
        _count(
            book,
            columns,
            _given(before),
        ),
        _count(
            book,
            columns,
            _given(after),
        ),
        _scores(opened, before),
        _scores(opened, after),
        int(np.count_nonzero(_given(before) != _given(after))),
    )


def _before(opened):
    """Returns the answers to test rows before rules of the bundle itself are kept."""
    signature = opened.signature
    if not signature.answer_rules:
        return opened.answers
    plain = replace(signature, answer_rules=())
    return answer_all(
        Runner(plain, opened.runner.interpreter, form=opened.runner.form), opened.rows
    )


def _rules_of(opened):
    """Returns the rules that a bundle was trained with. Raises BundleError if there are none."""
    loss = opened.recipe.training.loss
    asked: tuple[str, ...] = opened.recipe.judge.rules
    if isinstance(loss, WithRules):
        asked = (*loss.rules, *asked)
    if asked:
        return tuple(dict.fromkeys(asked))
    raise BundleError(
        f"{str(opened.folder)!r} was trained without rules, and none was given",
        expected="one rule or more",
        fix="python -m pipelines rules BUNDLE \"status == 'hurricane' implies wind >= 64\"",
    )


def _count(book, columns, given):
    """Returns how many answers break each rule."""
    return tuple(book.broken(columns, given).sum(axis=0).tolist())


def _given(answers):
    """Returns labels, or the numbers of answers that have none."""
    if answers.labels is None:
        return answers.scores
    return answers.labels


def _truth(opened: OpenedBundle) -> np.ndarray:
    """Returns the true label of each test row, several joined, object [rows]; or its number."""
    if not opened.target.labels:
        return opened.rows.y.astype(np.float64)
    if opened.task.has_classes:
        return np.asarray(opened.target.labels, object)[opened.rows.y]
    return join_labels(opened.rows.y.astype(bool), opened.target)


def _scores(opened: OpenedBundle, answers: Answers) -> dict[str, float]:
    """Returns the metrics of labels, or of numbers: ranks are those of scores, which rules leave as
    they are.
    """
    scores = opened.task.score(
        opened.rows.y,
        answers,
        opened.target,
    )
    return {name: scores[name] for name in SHOWN if name in scores}
