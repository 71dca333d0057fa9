"""Peers: how plain models did on the same test rows, and by how much what ships is ahead."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..device.answers import Answers
from ..device.target import Target
from ..rows.parts import HeldOut
from ..tasks import task_of
from ..tasks.intervals import Margin
from ..tasks.metrics import direction

if TYPE_CHECKING:
    from ..recipe import Recipe

# What to try where a plain rule of the frame does better, such as the seasonal naive.
ADVICE_OF_RULES = "a longer window that holds a whole season (frame.window), or more epochs"


@dataclass(frozen=True, eq=False)
class PeerAnswers:
    """What one peer answers to the test rows.

    Attributes:
        name: of the peer, in words.
        answers: in the form of a device.
        num_rows: the rows that it learned from; 0 of a plain rule.
        fit_seconds: the seconds that it took, on this machine.
        advice: what to try where it does better, a sentence, or "".
    """

    name: str
    answers: Answers
    num_rows: int = 0
    fit_seconds: float = 0.0
    advice: str = ""


@dataclass(frozen=True, eq=False)
class FittedPeers:
    """The peers of a run.

    Attributes:
        answers: of every peer.
        left_out: name of a peer → why it was not fitted.
        num_rows: training and validation rows that peers could learn from.
    """

    answers: tuple[PeerAnswers, ...]
    left_out: dict[str, str] = field(default_factory=dict)
    num_rows: int = 0


@dataclass(frozen=True)
class PeerScore:
    """How a peer did.

    Attributes:
        name: of the peer, in words.
        scores: metric → score.
        margin: by how much what ships is ahead of it.
        num_rows: the rows that it learned from; 0 of a plain rule.
        fit_seconds: the seconds that it took, on this machine.
        advice: what to try where it does better, a sentence, or "".
    """

    name: str
    scores: dict[str, float]
    margin: Margin
    num_rows: int
    fit_seconds: float
    advice: str


@dataclass(frozen=True)
class PeerTable:
    """All peers on the test rows.

    Attributes:
        metric: that they are sorted and compared by.
        scores: the best first; what has no score, last.
        left_out: name of a peer → why it was not fitted.
        num_rows: training and validation rows that peers could learn from.
    """

    metric: str
    scores: tuple[PeerScore, ...]
    left_out: dict[str, str]
    num_rows: int


def score_peers(
    peers: FittedPeers, ours: Answers, test: HeldOut, target: Target, *, recipe: Recipe
) -> PeerTable:
    """Scores peers, and the plain rules of the frame, against what ships.

    Args:
        peers: their answers to the test rows.
        ours: the answers of the int8 file to the same rows.
        test: raw test rows.
        target: of the signature.
        recipe: of the model that ships, with its deciding metric.
    """
    task = task_of(target)
    metric = task.baseline_metric(recipe.judge.deciding)
    rules = [
        PeerAnswers(name, task.plain_answers(values, target, ()), advice=ADVICE_OF_RULES)
        for name, values in (test.baselines or {}).items()
    ]
    found = []
    for peer in (*peers.answers, *rules):
        margin = task.margin(
            test.y, ours, peer.answers, target, metric=metric, seed=recipe.training.seed
        )
        scores = task.plain_scores(test.y, peer.answers, target)
        found.append(
            PeerScore(peer.name, scores, margin, peer.num_rows, peer.fit_seconds, peer.advice)
        )
    found.sort(key=lambda each: _rank(each.scores[metric], metric))
    return PeerTable(metric, tuple(found), peers.left_out, peers.num_rows)


def _rank(score, metric):
    """Returns what sorts the best first, and what has no score last."""
    if math.isnan(score):
        return math.inf
    return -direction(metric) * score
