"""Permutation importance on columns whose part in the answer is known."""

import numpy as np
import pytest

from pipelines.studies.interpret.permutation import Importance, importances

GENERATOR = np.random.default_rng(0)
COLUMNS = {name: GENERATOR.normal(size=400) for name in ("strong", "weak", "unused")}
TRUTH = 3 * COLUMNS["strong"] + COLUMNS["weak"]


def score(columns):
    answers = 3 * columns["strong"] + columns["weak"]
    return -float(np.mean((answers - TRUTH) ** 2))


def test_a_column_that_is_not_read_loses_nothing_and_the_rest_by_its_weight():
    groups = [["strong"], ["weak"], ["unused"]]
    strong, weak, unused = importances(score, COLUMNS, groups, num_repeats=5)
    assert unused.losses == (0.0,) * 5 and unused.is_noise
    # The loss of a shuffled term is twice its variance.
    assert strong.mean == pytest.approx(18, rel=0.15) and weak.mean == pytest.approx(2, rel=0.15)
    assert strong.spread > 0 and not strong.is_noise


def test_columns_shuffled_together_keep_their_order_among_each_other():
    def same(columns):
        return float(np.mean(columns["strong"] == columns["copy"]))

    columns = {**COLUMNS, "copy": COLUMNS["strong"]}
    alone, together = importances(same, columns, [["copy"], ["strong", "copy"]], num_repeats=2)
    assert alone.mean > 0.9 and together.mean == 0
    assert together.words == "strong + copy"


def test_the_same_seed_gives_the_same_shuffles():
    one = importances(score, COLUMNS, [["weak"]], seed=3)
    assert importances(score, COLUMNS, [["weak"]], seed=3) == one
    assert importances(score, COLUMNS, [["weak"]], seed=4) != one


def test_one_repeat_has_no_spread():
    assert Importance(("a",), (0.5,)).spread == 0
