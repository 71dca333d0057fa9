"""Rules against answers: which answers they allow for a row, which were broken, and the best answer
that breaks none.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .answers import Answers
from .cells import Column
from .errors import DeviceError
from .logic import Rule, refuse_unread
from .rule_bounds import BoundBook
from .target import Target
from .tasks import task_of

MOST_LABELS = 10  # of several labels a row: each set of them is one possible answer
# Of the logarithms of probabilities of sets, which are summed: whole numbers add up alike in C.
UNITS = 65_536
LEAST = 1e-300  # of a probability, before its logarithm


@dataclass(frozen=True)
class RuleBook:
    """Rules for the answers of one model.

    A possible answer is a *world*: a label, or of several labels a row one set of them.

    Attributes:
        rules: As they were parsed.
        target: What is predicted.
        worlds: bool [worlds, labels], which labels each possible answer has.
    """

    rules: tuple[Rule, ...]
    target: Target
    worlds: np.ndarray

    @classmethod
    def of(cls, texts: Sequence[str], target: Target, columns: Sequence[Column]) -> "RuleBook":
        """Reads rules for a target.

        Args:
            texts: The rules.
            target: With labels.
            columns: That rows have.

        Raises:
            DeviceError: A rule cannot be read, reads what rows do not have, or there are no labels.
        """
        num_labels = len(target.labels)
        if not num_labels or (target.separator and num_labels > MOST_LABELS):
            raise DeviceError(
                f"rules for {num_labels} labels of {target.name!r}",
                expected=f"one label a row, or several of at most {MOST_LABELS}",
                fix="leave the rules out, or predict fewer labels at once",
            )
        rules = tuple(Rule.parse(text) for text in texts)
        worlds = np.eye(num_labels, dtype=bool)
        names = [target.name]
        if target.separator:
            worlds = np.array(list(itertools.product((False, True), repeat=num_labels)))
            names += target.labels
        refuse_unread(
            rules,
            names,
            columns,
        )
        return cls(
            rules,
            target,
            worlds,
        )

    def columns(self) -> tuple[str, ...]:
        """Returns the columns that rules read, each once."""
        answers = {self.target.name, *self.target.labels}
        read = itertools.chain.from_iterable(rule.names() for rule in self.rules)
        return tuple(name for name in dict.fromkeys(read) if name not in answers)

    def allowed(self, columns: Mapping[str, np.ndarray], num_rows: int) -> np.ndarray:
        """Returns which possible answers break no rule, bool [rows, worlds]."""
        return ~self.broken_by_world(columns, num_rows).any(axis=2)

    def broken_by_world(self, columns: Mapping[str, np.ndarray], num_rows: int) -> np.ndarray:
        """Returns which rules each possible answer breaks, bool [rows, worlds, rules].

        Args:
            columns: Raw cells by column, as `Runner.read` gives them.
            num_rows: How many rows there are.
        """
        broken = np.zeros((num_rows, len(self.worlds), len(self.rules)), bool)
        for place, world in enumerate(self.worlds):
            values = {**columns, **self._values(world)}
            for number, rule in enumerate(self.rules):
                broken[:, place, number] = ~rule.holds(values, num_rows)
        return broken

    def _values(self, world):
        """Returns what the names of target and labels are in a possible answer."""
        if not self.target.separator:
            return {self.target.name: self.target.labels[int(world.argmax())]}
        return dict(
            zip(
                self.target.labels,
                world.tolist(),
                strict=True,
            )
        )

    def given(self, labels: np.ndarray) -> np.ndarray:
        """Returns the place of each answer among the possible ones, int64 [rows]."""
        places = {}
        for place, world in enumerate(self.worlds):
            names = np.asarray(self.target.labels, object)[world]
            places[self.target.separator.join(names)] = place
        return np.array([places[label] for label in labels], np.int64)

    def broken(self, columns: Mapping[str, np.ndarray], labels: np.ndarray) -> np.ndarray:
        """Returns which rules labels break, bool [rows, rules].

        Args:
            columns: Raw cells by column.
            labels: object [rows], answers or the truth.
        """
        num_rows = len(labels)
        places = self.given(labels)
        return self.broken_by_world(columns, num_rows)[np.arange(num_rows), places]

    def enforced(self, columns: Mapping[str, np.ndarray], answers: Answers) -> Answers:
        """Returns answers that break no rule: where one does, the most probable that is allowed.

        A row for which the rules allow nothing keeps its answer.

        Args:
            columns: Raw cells by column.
            answers: Of the model.
        """
        labels = answers.given()
        num_rows = len(labels)
        allowed = self.allowed(columns, num_rows)
        given = self.given(labels)
        is_broken = ~allowed[np.arange(num_rows), given] & allowed.any(axis=1)
        chances = np.where(
            allowed,
            self.log_chances(answers.scores),
            -math.inf,
        )
        chosen = np.where(
            is_broken,
            chances.argmax(axis=1),
            given,
        )
        names = np.empty(
            len(self.worlds),
            object,
        )
        for place, world in enumerate(self.worlds):
            of_world = np.asarray(self.target.labels, object)[world]
            names[place] = self.target.separator.join(of_world)
        return replace(answers, labels=names[chosen])

    def log_chances(self, scores: np.ndarray) -> np.ndarray:
        """Returns the logarithm of the probability of each possible answer, float64 [rows, worlds];
        of sets in 1 / UNITS.

        Args:
            scores: float64 [rows, labels]; several labels count as independent.
        """
        if not self.target.separator:
            return np.log(np.maximum(scores, LEAST))
        likely = whole_logs(scores)
        unlikely = whole_logs(1.0 - scores)
        worlds = self.worlds.astype(np.float64)
        return likely @ worlds.T + unlikely @ (1.0 - worlds).T


def whole_logs(chances: np.ndarray) -> np.ndarray:
    """Returns logarithms of probabilities as whole numbers of 1 / UNITS, float64 of their shape."""
    return np.floor(np.log(np.maximum(chances, LEAST)) * UNITS + 0.5)


def read_rules(
    texts: Sequence[str], target: Target, columns: Sequence[Column]
) -> RuleBook | BoundBook:
    """Reads rules for the answers of a model: labels, or numbers.

    Args:
        texts: The rules.
        target: What is predicted.
        columns: That rows have.

    Raises:
        DeviceError: A rule cannot be read, or there can be none for such answers.
    """
    if task_of(target).takes_margins and not target.labels:
        return BoundBook.of(
            texts,
            target,
            columns,
        )
    return RuleBook.of(
        texts,
        target,
        columns,
    )
