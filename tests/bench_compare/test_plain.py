"""The pipelines that `make compare` sets next to ours answer, and a cell reads as it should."""

import pytest

from pipelines.studies.corrected import hold_against
from tests.bench_compare.__main__ import cell
from tests.bench_compare.plain import PIPELINES, fold_splits, plain_scores
from tests.bench_compare.small import unbalanced

USUAL = (0.5, 0.52, 0.48)


def test_a_cell_states_score_difference_and_interval():
    noise, better = hold_against(
        USUAL,
        [(0.48, 0.55, 0.47), (0.6, 0.621, 0.579)],
        sign=1,
        test_share=0.5,
    )
    assert cell(0.5, noise) == ".500, +.000 [−.104, .104]"
    assert cell(0.6, better) == "**.600, +.100 [.096, .104]**"


@pytest.mark.full
@pytest.mark.parametrize("slot", PIPELINES)
def test_every_pipeline_answers_each_fold(slot):
    """One of these rows in four is bad; what balances by NearMiss is worse than it was."""
    recipe = unbalanced("credit_mlp")
    folds = fold_splits(recipe, num_folds=2, most_rows=800)
    found = plain_scores(
        slot,
        folds,
        threshold=recipe.judge.threshold,
        metric="average_precision",
    )
    assert len(found) >= 4
    for scores in found.values():
        assert len(scores) == 2
        assert min(scores) > 0.3
