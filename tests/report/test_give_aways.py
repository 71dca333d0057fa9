"""Columns that give the target away are named, whatever way they do it; ordinary ones are not."""

import io

import numpy as np
import pandas as pd
import pytest

from pipelines.report.cautions import find_cautions
from pipelines.report.give_aways import is_named_after
from pipelines.report.single_column import ColumnScorer
from pipelines.report.suspects import as_plain, find_suspects
from pipelines.rows.split import SplitRandom, split
from pipelines.tabular import LoadTable, load_table
from tests.report.test_cautions import RECIPE, facts
from tests.tabular import hostile_tables
from tests.tabular.hostile_tables import plain


def parts_of(columns, target="y"):
    dataset, _ = load_table(LoadTable("", target), columns)
    return split(dataset, SplitRandom())


def named(columns, target="y"):
    """Column → reason, of those that give the target away."""
    found = find_suspects(parts_of(columns, target))
    return {each.column: each.reason for each in found if each.gives_away}


def columns_of(write):
    frame = pd.read_csv(io.StringIO(write()))
    return {name: frame[name].to_numpy() for name in frame}


@pytest.mark.parametrize(
    "write, columns, words",
    [
        (hostile_tables.follow_up_time, ["futime"], "alone nearly gives"),
        (hostile_tables.cause_is_missing, ["cause"], "alone nearly gives"),
        (hostile_tables.missing_pattern, ["a, b, c"], "which of the cells of these columns"),
        (hostile_tables.ids_by_class, ["ticket"], "alone nearly gives"),
        (hostile_tables.dates_by_class, ["closed"], "alone nearly gives"),
        (hostile_tables.scrambled_copies, ["code", "group"], "alone nearly gives"),
    ],
)
def test_a_planted_leak_is_named(write, columns, words):
    found = named(columns_of(write))
    assert list(found) == columns
    assert all(words in reason for reason in found.values())


def test_ordinary_columns_are_not_named():
    assert named(plain()) == {}
    assert named({**plain(), "note": np.where(np.arange(400) % 3 == 0, "seen", "new")}) == {}


def with_time(*, strength, seed=3):
    """A follow-up time that is shorter for the sick, as `strength` says; named t."""
    random = np.random.default_rng(seed)
    table = plain(spread=2.0)
    is_sick = table["y"] == "sick"
    table["t"] = random.normal(size=400) - strength * is_sick
    return table


def test_a_column_far_ahead_of_all_others_is_named():
    found = named(with_time(strength=2.6))
    assert list(found) == ["t"] and "far more than all other columns together" in found["t"]
    assert named(with_time(strength=1.0)) == {}


def test_a_column_is_not_far_ahead_of_its_copies():
    table = with_time(strength=2.6)
    table["u"] = 3 * table["t"] + 1
    assert named(table) == {}


@pytest.mark.parametrize(
    "name, target, is_named",
    [
        ("log_price", "price", True),
        ("Price.USD", "price", True),
        ("price2", "price", True),
        ("price range", "age", False),
        ("passage", "age", False),
        ("weight", "price", False),
        ("", "price", False),
    ],
)
def test_names_after_the_target(name, target, is_named):
    assert is_named_after(name, target) == is_named


@pytest.mark.parametrize("name", ["outcome_code", "futime", "Follow-Up Time", "test result"])
def test_what_is_known_afterwards_is_named_by_its_name(name):
    table = with_time(strength=1.2)
    assert named(table) == {}
    table[name] = table.pop("t")
    assert "is called as what is known after the answer" in named(table)[name]
    # A name alone is no reason.
    table[name] = np.random.default_rng(0).normal(size=400)
    assert named(table) == {}


def test_numbers_to_predict_have_give_aways_too():
    random = np.random.default_rng(4)
    table = plain()
    price = np.exp(table["a"] + random.normal(size=400))
    table = {**table, "price": price, "log_price": np.log(price), "rank": np.round(price, 1)}
    assert list(named(table, "price")) == ["log_price", "rank"]
    noisy = {**plain(), "price": price, "price_level": np.log(price) + random.normal(size=400)}
    assert "called as the target 'price' is" in named(noisy, "price")["price_level"]


def test_held_out_rows_change_nothing():
    table = columns_of(hostile_tables.missing_pattern)
    parts = parts_of(table)
    before = find_suspects(parts)
    parts.test.x["a"][:] = np.where(parts.test.y == 1, 1.0, np.nan)
    parts.valid.y[:] = 1 - parts.valid.y
    assert find_suspects(parts) == before


def test_a_sum_of_columns_scores_more_than_each():
    scorer = ColumnScorer(parts_of(plain()).train)
    scores = scorer.score_each()
    together = scorer.score_sum(["a", "b"])
    assert together > max(scores["a"].value, scores["b"].value) + 0.02
    assert scorer.score_sum([]) == 0.5


def test_give_aways_are_cautions_of_the_report():
    suspects = as_plain(find_suspects(parts_of(columns_of(hostile_tables.cause_is_missing))))
    source = {"suspects": suspects, "duplicates": {"test_in_train": 100}}
    first, second, *_ = find_cautions(RECIPE, facts(source=source))
    assert "too good: cause: alone nearly gives" in first and "--drop 'cause'" in first
    assert "10% of the test rows are also training rows" in second
