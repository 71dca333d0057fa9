"""How often a bundle breaks rules on its test rows, before and after they are enforced, and what
that costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..device.answers import Answers
from ..device.rule_book import RuleBook
from ..device.tasks.multilabel import join_labels
from ..errors import BundleError
from ..rows.columns import read_rows
from ..training.rule_loss import WithRules
from .interpret.opened import OpenedBundle, open_bundle

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
        folder: Of a bundle whose answers are labels.
        rules: Expressions (docs/rules.md); (): those of its recipe's loss.

    Raises:
        BundleError: There are no rules.
        DeviceError: A rule cannot be read.
    """
    opened = open_bundle(folder)
    texts = tuple(rules) or _rules_of(opened)
    rows = opened.rows
    book = RuleBook.of(
        texts,
        opened.target,
        rows.schema.columns,
    )
    everything = np.arange(len(rows))
    columns = {name: read_rows(rows.x[name], everything) for name in book.columns()}
    before = opened.answers
    after = book.enforced(columns, before)
    return RulesMeasured(
        texts,
        len(rows),
        _count(
            book,
            columns,
            _true_labels(opened),
        ),
        _count(
            book,
            columns,
            before.given(),
        ),
        _count(
            book,
            columns,
            after.given(),
        ),
        _scores(opened, before),
        _scores(opened, after),
        int(np.count_nonzero(before.given() != after.given())),
    )


def _rules_of(opened):
    """Returns the rules that a bundle was trained with. Raises BundleError if there are none."""
    loss = opened.recipe.training.loss
    if isinstance(loss, WithRules) and loss.rules:
        return loss.rules
    raise BundleError(
        f"{str(opened.folder)!r} was trained without rules, and none was given",
        expected="one rule or more",
        fix="python -m pipelines rules BUNDLE \"status == 'hurricane' implies wind >= 64\"",
    )


def _count(book, columns, labels):
    """Returns how many labels break each rule."""
    return tuple(book.broken(columns, labels).sum(axis=0).tolist())


def _true_labels(opened: OpenedBundle) -> np.ndarray:
    """Returns the true label of each test row, several joined, object [rows]."""
    if opened.task.has_classes:
        return np.asarray(opened.target.labels, object)[opened.rows.y]
    return join_labels(opened.rows.y.astype(bool), opened.target)


def _scores(opened: OpenedBundle, answers: Answers) -> dict[str, float]:
    """Returns the metrics of labels: ranks are those of scores, which rules leave as they are."""
    scores = opened.task.score(
        opened.rows.y,
        answers,
        opened.target,
    )
    return {name: scores[name] for name in ("accuracy", "macro_f1") if name in scores}
