"""Fits every peer that suits, within a budget that no clock measures."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np

from ..device.target import Target
from ..engine.cache import remembered
from ..rows.parts import HeldOut, Splits, TrainSet
from ..rows.sketch import sketch_of
from ..tasks import task_of
from ..verify.peers import FittedPeers, PeerAnswers
from .members import suiting
from .peer import FittedPeer, Peer
from .rows import as_training, joined, sample_rows

# Estimated seconds of one peer on two cores. A peer that would need more learns from a sample; from
# fewer rows than FEWEST_ROWS it would show nothing of the method.
BUDGET_SECONDS = 12.0
FEWEST_ROWS = 500


def fit_peers(splits: Splits, *, threshold: str) -> FittedPeers:
    """Fits the peers on training and validation rows and asks them for the test rows.

    Args:
        splits: Raw rows, framed.
        threshold: The metric that a decision is chosen for, `judge.threshold`.
    """
    train = splits.train
    sketch = sketch_of(train.schema, task_of(train.schema.target))
    num_rows = len(train) + len(splits.valid)
    left_out = {}
    answers = []
    for peer in suiting(sketch):
        most = most_rows(peer, train, num_test=len(splits.test))
        reason = peer.lacks() or _too_slow(most, num_rows)
        if reason:
            left_out[peer.name] = reason
        else:
            answers.append(_answers_of(peer, splits, threshold, most))
    return FittedPeers(tuple(answers), left_out, train.num_rows + len(splits.valid))


def most_rows(peer: Peer, train: TrainSet, *, num_test: int = 0) -> int:
    """Returns how many rows a peer may learn from, by its estimates alone."""
    num_fits = 1 + needs_decision(train.schema.target)
    extract = peer.extract_seconds()
    seconds = max(BUDGET_SECONDS - num_test * extract, 0.0)
    return int(seconds / (extract + num_fits * peer.row_seconds(train)))


def needs_decision(target: Target) -> bool:
    """Returns whether a peer is fitted twice: without the validation rows that its decision is
    chosen on, and with them.
    """
    task = task_of(target)
    return task.has_classes or task.has_label_sets


def _too_slow(most, num_rows):
    if most >= min(FEWEST_ROWS, num_rows):
        return ""
    return f"it would take too long: within {BUDGET_SECONDS:g} s it could learn from {most:,} rows"


def _answers_of(peer, splits, threshold, most):
    """Returns the answers of a peer, from the cache where they are there."""
    train, valid, test = splits.train, splits.valid, splits.test

    def make():
        return _make(peer, train, valid, test, threshold=threshold, most=most)

    key = (peer, threshold, most, train, valid, test.x)
    found: Any = remembered("peers", *key, make=make)
    outputs, decision, num_rows, seconds = found
    target = train.schema.target
    answers = task_of(target).plain_answers(outputs, target, tuple(decision))
    advice = peer.advice
    if train.schema.is_streamed:
        advice = peer.streamed_advice
    return PeerAnswers(peer.name, answers, num_rows, seconds, advice)


def _make(peer, train, valid, test, *, threshold, most):
    start = time.perf_counter()
    fitted, num_rows = fit_peer(peer, train, valid, threshold=threshold, most=most)
    seconds = round(time.perf_counter() - start, 2)
    return fitted.outputs(test), list(fitted.decision), num_rows, seconds


def fit_peer(
    peer: Peer, train: TrainSet, valid: HeldOut, *, threshold: str, most: int
) -> tuple[FittedPeer, int]:
    """Fits a peer on training and validation rows, as no row is needed to stop it by. Where a
    decision is needed, it is chosen as that of a network is: on the validation rows, by a fit that
    had the training rows alone.

    Args:
        peer: To fit.
        train: Raw training rows.
        valid: Raw validation rows.
        threshold: The metric that the decision is chosen for, `judge.threshold`.
        most: How many rows it may learn from.

    Returns:
        The fitted peer, and from how many rows it learned.
    """
    share = most / (len(train) + len(valid))
    ours = _extracted(peer, sample_rows(train, share, seed=peer.seed))
    held = _extracted(peer, valid)
    rows = joined(ours, sample_rows(as_training(held), share, seed=peer.seed))
    fitted = peer.fit_extracted(rows)
    target = train.schema.target
    if not needs_decision(target):
        return fitted, len(rows)
    first = peer.fit_extracted(ours)
    decision = task_of(target).plain_decision(
        first.outputs_of(held.x),
        held.y,
        target,
        metric=threshold,
        class_shares=_class_shares(train),
    )
    return replace(fitted, decision=decision), len(rows)


def _extracted(peer, rows):
    return rows.with_columns(peer.extract(rows.x))


def _class_shares(train):
    target = train.schema.target
    if not task_of(target).has_classes:
        return None
    return np.bincount(train.y, minlength=len(target.labels)) / len(train)
