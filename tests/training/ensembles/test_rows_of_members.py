"""Which rows the members of an ensemble learn from."""

from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import numpy as np
import pytest

from pipelines.device.ports import Port
from pipelines.device.signature import Signature
from pipelines.rows.parts import HeldOut
from pipelines.tabular import Mlp
from pipelines.training.ensembles import (
    Bagging,
    BalancedBagging,
    EasyEnsemble,
    Seeds,
    Stacking,
    stacking,
)
from pipelines.training.ensembles.member_training import MemberTraining, member_seed
from pipelines.training.feed import TrainFeed
from pipelines.training.training import Training
from tests.claims.test_balancers import rows_of

NET = Mlp(widths=(), num_members=1)


@dataclass(frozen=True, eq=False)
class NotedTraining(MemberTraining):
    """Trains nothing, and notes the rows of each net."""

    noted: list = field(default_factory=list)

    def fit(self, network, place, *, feed=None):
        rows = (feed or self.feed).rows
        self.noted.append(rows)
        return SimpleNamespace(model=set(rows.ids.tolist()))


def work_on(rows, *, seed=0):
    valid = rows_of(40, seed=1)
    held_out = HeldOut(**{name: vars(valid)[name] for name in ("x", "y", "ids", "schema")})
    output = Port("logits", (1,), "float32", "logits")
    signature = Signature(rows.schema.columns, rows.schema.target, (), (), output)
    return NotedTraining(TrainFeed(rows), held_out, signature, Training(seed=seed), "roc_auc")


def test_a_bootstrap_holds_about_63_percent_of_the_rows():
    work = work_on(rows_of(1000))
    ensemble = Bagging(of=NET)
    drawn = [ensemble.feed_of(work, place).rows for place in range(2)]
    for rows in drawn:
        assert len(rows) == 1000
        assert 0.60 < len(np.unique(rows.ids)) / 1000 < 0.66
    assert not np.array_equal(drawn[0].ids, drawn[1].ids)


def test_soft_labels_go_with_their_rows():
    work = work_on(rows_of(200))
    labels = np.arange(200, dtype=np.float32)[:, None]
    work = replace(work, feed=TrainFeed(work.rows, labels))
    feed = Bagging(of=NET).feed_of(work, 0)
    np.testing.assert_array_equal(feed.soft_labels[:, 0], feed.rows.ids)


def test_an_easy_subset_has_every_rare_row_and_as_many_others():
    rows = rows_of(1000, share=0.05)
    ensemble = EasyEnsemble(of=NET)
    subsets = [ensemble.feed_of(work_on(rows), place).rows for place in range(4)]
    rare = np.flatnonzero(rows.y == 1)
    for subset in subsets:
        drawn, times = np.unique(subset.ids, return_counts=True)
        np.testing.assert_array_equal(np.intersect1d(drawn, rare), rare)
        assert len(drawn) == 2 * len(rare)
        # An epoch is about as long as one of all rows.
        assert (times == 1000 // len(drawn)).all()
    together = np.unique(np.concatenate([subset.ids for subset in subsets]))
    assert len(together) > 3.5 * len(rare)


def test_balanced_bagging_draws_rare_rows_with_replacement():
    rows = rows_of(1000, share=0.1)
    subset = BalancedBagging(of=NET).feed_of(work_on(rows), 0).rows
    rare = np.flatnonzero(rows.y == 1)
    counts = np.bincount(subset.y)
    assert counts[0] == counts[1] == 1000 // (2 * len(rare)) * len(rare)
    assert len(np.unique(subset.ids[subset.y == 1])) < len(rare)
    assert set(subset.ids) <= set(rows.ids)


def test_what_a_subset_changed_of_the_prior_is_added_in_the_loss():
    rows = rows_of(1000, share=0.05)
    shift = EasyEnsemble(of=NET).feed_of(work_on(rows), 0).rows.logit_shift
    num_rare = rows.y.sum()
    assert shift[1] - shift[0] == pytest.approx(np.log((1000 - num_rare) / num_rare), abs=1e-5)
    plain = EasyEnsemble(of=NET, correct=False).feed_of(work_on(rows), 0).rows
    assert plain.logit_shift is None


@pytest.mark.parametrize("groups", [None, np.arange(300) // 6])
def test_out_of_fold_answers_are_of_nets_that_did_not_see_the_row(groups, monkeypatch):
    """Nor another row of its group, nor a copy of it."""
    rows = replace(rows_of(300), group=groups)
    copies = rows.take(np.r_[np.arange(300), np.arange(30)])
    work = work_on(copies)
    units = copies.ids if groups is None else copies.group

    def has_seen(seen_ids, asked):
        learned = units[np.isin(copies.ids, list(seen_ids))]
        asked_units = units[np.isin(copies.ids, asked.ids)]
        is_seen = np.isin(asked_units, learned)
        return np.full((len(asked), 1), is_seen.any(), np.float32)

    monkeypatch.setattr(stacking, "answers_to", has_seen)
    answers = Stacking(of=NET, num_folds=3).out_of_fold(work, 0)
    assert answers.sum() == 0
    assert len(work.noted) == 3
    assert sum(len(noted) for noted in work.noted) == 2 * len(copies)


def test_each_member_has_a_seed_of_its_own_and_the_first_that_of_the_recipe():
    seeds = [member_seed(2**31 - 1, place) for place in range(64)]
    assert seeds[0] == 2**31 - 1 and len(set(seeds)) == 64
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert Seeds(of=(NET, Mlp())).members == (NET, Mlp(), NET, Mlp(), NET)
