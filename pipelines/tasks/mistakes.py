"""The most confident mistakes of a model, which a report shows."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """One wrong answer.

    Attributes:
        row: its place.
        truth: the label, or "no " and the label.
        given: what was answered instead.
        output: the place of the label that the mistake is about, among the target's labels.
        score: the probability of what was answered.
    """

    row: int
    truth: str
    given: str
    output: int
    score: float
