"""The stage of a run: peers by the recipe's wish, from the cache, within the budget."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines import tabular
from pipelines.engine.cache import caching
from pipelines.peers import alongside, tables
from pipelines.recipe import tiny
from pipelines.rows.parts import HeldOut
from pipelines.run import peers
from pipelines.tabular import plain_features
from tests.contracts import samples

# A name of a column that is text and no HTML, no Markdown and no markup of a terminal.
HOSTILE = "<script>alert(1)</script> | [red]x[/red] `a`"


@pytest.fixture(autouse=True)
def _few_trees(monkeypatch):
    """What is looked at here does not depend on how many trees there are."""
    monkeypatch.setattr(tables, "NUM_TREES", 10)
    monkeypatch.setattr(plain_features, "NUM_ITERATIONS", 10)


@pytest.fixture
def recipe():
    return replace(tabular.BIRDS, judge=replace(tabular.BIRDS.judge, deciding="average_precision"))


def names(found):
    return [peer.name for peer in found.answers]


def test_a_recipe_has_peers_and_its_tiny_form_has_none(recipe, birds_splits):
    assert recipe.judge.peers and not tiny(recipe).judge.peers
    assert peers(tiny(recipe), birds_splits) is None


def test_every_peer_of_a_table_answers_every_test_row(recipe, birds_splits):
    found = peers(recipe, birds_splits)
    assert names(found)[0] == "prior" and len(names(found)) == 4
    assert found.num_rows == len(birds_splits.train) + len(birds_splits.valid)
    for peer in found.answers:
        assert len(peer.answers.labels) == len(birds_splits.test)
        assert peer.num_rows == found.num_rows
    assert not found.left_out


def test_finished_peers_come_from_the_cache(recipe, tmp_path, monkeypatch):
    parts = samples.table().splits()
    with caching(tmp_path, "peers"):
        first = peers(recipe, parts)

    def fail(*arguments, **more):
        raise AssertionError("fitted again")

    monkeypatch.setattr(alongside, "fit_peer", fail)
    with caching(tmp_path, "peers"):
        again = peers(recipe, parts)
        other = HeldOut(
            x=parts.test.x, y=1 - parts.test.y, ids=parts.test.ids, schema=parts.test.schema
        )
        unlike = peers(recipe, replace(parts, test=other))
    for one, two, three in zip(first.answers, again.answers, unlike.answers, strict=True):
        np.testing.assert_array_equal(one.answers.scores, two.answers.scores)
        np.testing.assert_array_equal(one.answers.labels, three.answers.labels)
        assert one.fit_seconds == two.fit_seconds


def test_what_would_take_too_long_is_left_out_or_learns_from_a_sample(recipe, monkeypatch):
    parts = samples.table().splits()
    num_rows = len(parts.train) + len(parts.valid)
    monkeypatch.setattr(alongside, "FEWEST_ROWS", 30)
    monkeypatch.setattr(alongside, "BUDGET_SECONDS", 0.05)
    found = peers(recipe, parts)
    by_name = {peer.name: peer.num_rows for peer in found.answers}
    assert by_name["prior"] == by_name["linear model"] == num_rows
    monkeypatch.setattr(alongside, "BUDGET_SECONDS", 0.015)
    found = peers(recipe, parts)
    by_name = {peer.name: peer.num_rows for peer in found.answers}
    assert by_name["random forest"] < num_rows
    monkeypatch.setattr(alongside, "BUDGET_SECONDS", 0.001)
    found = peers(recipe, parts)
    assert "it would take too long" in found.left_out["random forest"]
    assert "random forest" not in names(found)


def test_names_of_columns_are_only_names(recipe):
    made = samples.table()
    parts = made.splits()
    columns = tuple(
        replace(column, name=HOSTILE + column.name) for column in parts.train.schema.columns
    )
    schema = replace(parts.train.schema, columns=columns)

    def renamed(rows):
        x = {HOSTILE + name: column for name, column in rows.x.items()}
        return type(rows)(x=x, y=rows.y, ids=rows.ids, schema=schema)

    other = replace(
        parts, **{part: renamed(vars(parts)[part]) for part in ("train", "valid", "test")}
    )
    before, after = peers(recipe, parts), peers(recipe, other)
    for one, two in zip(before.answers, after.answers, strict=True):
        np.testing.assert_array_equal(one.answers.scores, two.answers.scores)
