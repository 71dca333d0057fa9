"""A small tree that imitates a model: its rules in words, and how faithful they are (Craven and
Shavlik 1996, https://papers.nips.cc/paper/1152; a warning against trusting it: Rudin 2019,
https://doi.org/10.1038/s42256-019-0048-x).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...device.cells import KINDS
from ...rows.columns import read_rows
from ...verify.ladder import some_places
from .columns import as_numbers, shown
from .opened import OpenedBundle
from .reading import NotRead, Reading

TITLE = "A tree that imitates the model"
MOST_ROWS = 5000
MAX_VALUES = 12  # of a column of words
DEPTH = 3


@dataclass(frozen=True, eq=False)
class TreeInputs:
    """Raw columns as numbers for a tree.

    Attributes:
        names: What each column of numbers asks: a column, or "column is value".
        sources: The raw column of each, and the word that it asks for; None of a number.
        fills: float64 [columns], what stands for a missing number: the median of training rows.
    """

    names: tuple[str, ...]
    sources: tuple[tuple[str, str | None], ...]
    fills: tuple[float, ...]

    @classmethod
    def of(cls, opened: OpenedBundle) -> "TreeInputs":
        """Takes numbers and dates as they are, and the most frequent words each as yes or no."""
        names: list[str] = []
        sources: list[tuple[str, str | None]] = []
        fills: list[float] = []
        for column in opened.signature.columns:
            x = opened.train.x[column.name]
            if x.dtype.kind != "O":
                numbers = as_numbers(x)
                known = numbers[~np.isnan(numbers)]
                names.append(column.name)
                sources.append((column.name, None))
                fills.append(float(np.median(known)) if len(known) else 0.0)
                continue
            words, counts = np.unique([cell for cell in x if cell is not None], return_counts=True)
            for word in words[np.argsort(-counts, kind="stable")][:MAX_VALUES]:
                names.append(f"{column.name} is {shown(str(word))}")
                sources.append((column.name, str(word)))
                fills.append(0.0)
        return cls(
            tuple(names),
            tuple(sources),
            tuple(fills),
        )

    def table(self, columns: dict[str, np.ndarray]) -> np.ndarray:
        """Returns raw columns as numbers, float64 [rows, columns]."""
        parts = []
        for (name, word), fill in zip(
            self.sources,
            self.fills,
            strict=True,
        ):
            x = columns[name]
            if word is not None:
                parts.append(np.array([cell == word for cell in x], np.float64))
                continue
            numbers = as_numbers(x)
            parts.append(
                np.where(
                    np.isnan(numbers),
                    fill,
                    numbers,
                )
            )
        return np.stack(parts, axis=1)


def read_surrogate(opened: OpenedBundle) -> Reading | NotRead:
    """Fits a tree of depth 3 to the int8 answers to training rows, and asks both for the rows that
    are looked at.
    """
    kinds = {column.kind for column in opened.signature.columns}
    if not kinds <= set(KINDS):
        return NotRead(TITLE, "it is of tables: a tree of pixels, steps or tokens states nothing")
    places = some_places(len(opened.train), MOST_ROWS)
    columns = {}
    for column in opened.signature.columns:
        columns[column.name] = read_rows(opened.train.x[column.name], places)
    inputs = TreeInputs.of(opened)
    learned = _answers(opened, opened.answers_to(columns))
    if len(np.unique(learned)) < 2:
        return NotRead(TITLE, "the model gives every training row the same answer")
    tree = _fitted(
        opened,
        inputs.table(columns),
        learned,
    )
    everything = np.arange(len(opened.rows))
    asked = inputs.table(opened.columns_at(everything))
    return _reading(
        opened,
        inputs,
        tree,
        _answers(opened, opened.answers),
        asked,
    )


def _answers(opened, answers):
    """Returns labels, or numbers of a model that answers numbers."""
    if answers.labels is not None:
        return answers.labels.astype(str)
    return answers.scores.reshape(len(answers.scores), -1).mean(axis=1)


def _fitted(opened, table, answers) -> Any:
    """Returns a tree of scikit-learn that was fitted to answers."""
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    kind = DecisionTreeRegressor
    if answers.dtype.kind == "U":
        kind = DecisionTreeClassifier
    least = max(5, len(table) // 200)
    tree = kind(
        max_depth=DEPTH,
        min_samples_leaf=least,
        random_state=opened.seed,
    )
    return tree.fit(table, answers)


def _reading(opened, inputs, tree, answers, asked):
    """Returns the branches, and how often the tree answers as the model does."""
    found = tree.predict(asked)
    if answers.dtype.kind == "U":
        values, counts = np.unique(answers, return_counts=True)
        fidelity = float(np.mean(found == answers))
        plain = float(counts.max() / len(answers))
        measured = (
            f"It answers {fidelity:.1%} of {len(asked):,} {opened.part} rows as the model does; "
            f"{shown(str(values[counts.argmax()]))} is the model's answer to {plain:.1%} of them."
        )
    else:
        spread = float(np.var(answers)) or 1.0
        fidelity = 1.0 - float(np.mean((found - answers) ** 2)) / spread
        measured = (
            f"It explains {fidelity:.1%} of the variance of the model's answers to "
            f"{len(asked):,} {opened.part} rows."
        )
    lines = branches(
        tree,
        inputs,
        asked,
    )
    return Reading(
        TITLE,
        measured,
        headings=("where", "the tree answers", "rows"),
        lines=tuple(lines),
        note=f"A decision tree of depth {DEPTH}, fitted to the int8 file's answers to at most "
        f"{MOST_ROWS:,} training rows, not to their true values. Where it is not faithful, its "
        "rules are not those of the model. Missing numbers count as the median",
        values={"fidelity": fidelity, "branches": [list(line) for line in lines]},
    )


def branches(tree: Any, inputs: TreeInputs, asked: np.ndarray) -> list[tuple[str, ...]]:
    """Returns conditions, answer and rows of each leaf, the largest first.

    Args:
        tree: Of scikit-learn, fitted.
        inputs: What its columns are.
        asked: float64 [rows, columns], which are counted.
    """
    nodes = tree.tree_
    leaves = tree.apply(asked)
    lines = []
    waiting: list[tuple[int, tuple[str, ...]]] = [(0, ())]
    while waiting:
        node, conditions = waiting.pop()
        if nodes.children_left[node] < 0:
            num_rows = int(np.count_nonzero(leaves == node))
            where = " and ".join(conditions) or "everywhere"
            lines.append((where, _leaf_words(tree, node), num_rows))
            continue
        name = inputs.names[nodes.feature[node]]
        edge = float(nodes.threshold[node])
        column, word = inputs.sources[nodes.feature[node]]
        below = f"{name} ≤ {edge:.4g}"
        above = f"{name} > {edge:.4g}"
        if word is not None:
            below = f"{column} is not {shown(word)}"
            above = name
        waiting.append((int(nodes.children_left[node]), (*conditions, below)))
        waiting.append((int(nodes.children_right[node]), (*conditions, above)))
    lines.sort(key=lambda line: -line[2])
    return [(where, answer, f"{num_rows:,}") for where, answer, num_rows in lines]


def _leaf_words(tree, node):
    """Returns the answer of a leaf."""
    values = tree.tree_.value[node][0]
    if len(values) == 1:
        return f"{values[0]:.4g}"
    best = int(values.argmax())
    return f"{tree.classes_[best]} ({values[best] / values.sum():.0%})"
