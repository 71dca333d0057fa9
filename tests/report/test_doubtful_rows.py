"""Training rows to look at: wrong labels, contradictions, rows that state nothing, far targets."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn import datasets as bundled

from pipelines.device.cells import Column
from pipelines.device.target import Target
from pipelines.errors import StepError
from pipelines.peers import answer_outside
from pipelines.report.doubtful_rows import find_doubtful_rows, likely_wrong
from pipelines.report.terminal import print_doubtful_rows
from pipelines.rows.parts import Schema, TrainSet
from pipelines.tasks import task_of


def rows_of(x, y, *, kind="numeric", labels=("no", "yes"), task="binary"):
    columns = []
    for name, values in x.items():
        columns.append(Column(name, kind, shape=values.shape[1:]))
    schema = Schema(tuple(columns), Target("y", task, labels))
    return TrainSet(x=x, y=y, ids=np.arange(len(y)), schema=schema)


def numbers_of(load):
    data = load()
    x = {f"c{place}": column.astype(np.float32) for place, column in enumerate(data.data.T)}
    labels = tuple(map(str, range(data.target.max() + 1)))
    task = "binary" if len(labels) == 2 else "multiclass"
    return rows_of(x, data.target.astype(np.int64), labels=labels, task=task)


def with_wrong_labels(train, share, seed=1):
    """Returns the rows with a share of labels changed to another, and which."""
    random = np.random.default_rng(seed)
    is_wrong = random.random(len(train)) < share
    num_classes = len(train.schema.target.labels)
    other = (train.y + random.integers(1, num_classes, len(train))) % num_classes
    return replace(train, y=np.where(is_wrong, other, train.y)), is_wrong


@pytest.mark.parametrize("load", [bundled.load_wine, bundled.load_breast_cancer, bundled.load_iris])
def test_clean_labels_are_not_doubted(load):
    train = numbers_of(load)
    assert find_doubtful_rows(train, answer_outside(train)) == []


@pytest.mark.parametrize("load", [bundled.load_wine, bundled.load_breast_cancer])
def test_wrong_labels_are_found(load):
    train, is_wrong = with_wrong_labels(numbers_of(load), 0.1)
    answers = answer_outside(train)
    found = answers.places[likely_wrong(train.y[answers.places], answers.shares)]
    assert is_wrong[found].mean() > 0.7
    assert is_wrong[found].sum() > 0.6 * is_wrong.sum()


def test_hard_labels_are_not_wrong_ones():
    """A model that errs where it is unsure has met hard rows, one that errs anywhere wrong ones."""
    random = np.random.default_rng(0)
    chance = 1 / (1 + np.exp(-4 * random.normal(size=2000)))
    y = (random.random(2000) < chance).astype(np.int64)
    assert len(likely_wrong(y, np.stack([1 - chance, chance], axis=1))) == 0
    clear = (chance > 0.5).astype(np.int64)
    is_wrong = random.random(2000) < 0.15
    noisy = np.where(is_wrong, 1 - clear, clear)
    shares = np.where(clear[:, None] == [0, 1], 0.85, 0.15)
    found = likely_wrong(noisy, shares)
    assert sorted(found) == list(np.flatnonzero(is_wrong))


def test_the_rows_are_named(capsys):
    train, is_wrong = with_wrong_labels(numbers_of(bundled.load_wine), 0.1)
    (doubt,) = find_doubtful_rows(train, answer_outside(train))
    assert is_wrong[list(doubt.rows[:5])].all()
    print_doubtful_rows([doubt])
    printed = capsys.readouterr().out
    assert f"row {doubt.rows[0]} '" in printed and "nothing was changed" in printed


def test_folds_have_every_row_once_and_only_training_rows():
    train = numbers_of(bundled.load_wine)
    answers = answer_outside(train)
    assert sorted(answers.places) == list(range(len(train)))
    assert np.allclose(answers.shares.sum(axis=1), 1)
    assert answer_outside(train, is_wanted=False) is None
    assert answer_outside(train.take(np.arange(40))) is None


def test_texts_and_pictures_with_two_labels():
    texts = np.array(["Bird  struck wing", "bird struck WING", "no damage", "none"], "T")
    y = np.array([0, 1, 0, 1])
    (doubt,) = find_doubtful_rows(rows_of({"text": texts}, y, kind="text"))
    assert "rows 0 and 1" in doubt.reason and doubt.rows == (0, 1)
    pictures = np.random.default_rng(0).integers(0, 255, (6, 8, 8, 1)).astype(np.uint8)
    pictures[4] = pictures[1]
    y = np.array([0, 1, 0, 1, 0, 1])
    (doubt,) = find_doubtful_rows(rows_of({"p": pictures}, y, kind="picture"))
    assert "rows 1 and 4" in doubt.reason
    same = np.where(np.arange(6) == 4, 1, y)
    assert find_doubtful_rows(rows_of({"p": pictures}, same, kind="picture")) == []


def test_equal_rows_of_few_categories_are_no_contradiction():
    x = {"a": np.array([1, 1, 2, 2, 1, 2], np.float32)}
    assert find_doubtful_rows(rows_of(x, np.array([0, 1, 0, 1, 0, 1]))) == []


def test_rows_that_state_nothing():
    random = np.random.default_rng(0)
    table = random.normal(size=20).astype(np.float32)
    table[[3, 9]] = np.nan
    y = np.arange(20) % 2
    (doubt,) = find_doubtful_rows(rows_of({"a": table, "b": table.copy()}, y))
    assert doubt.rows == (3, 9) and "nothing to learn from" in doubt.reason
    series = random.normal(size=(20, 12, 2)).astype(np.float32)
    series[5, :, 0] = 1.0
    series[6] = [1.0, 2.0]
    series[8] = np.nan
    (doubt,) = find_doubtful_rows(rows_of({"s": series}, y, kind="series"))
    assert doubt.rows == (6, 8)
    pictures = random.integers(0, 255, (20, 4, 4, 3)).astype(np.uint8)
    pictures[2] = 255
    (doubt,) = find_doubtful_rows(rows_of({"p": pictures}, y, kind="picture"))
    assert doubt.rows == (2,)
    texts = np.array(["a", " ", "b", *"cdefghijklmnopqrs"][:20], "T")
    (doubt,) = find_doubtful_rows(rows_of({"t": texts}, y, kind="text"))
    assert doubt.rows == (1,)


def test_a_far_target_is_named_and_one_that_leaves_nothing_is_refused():
    random = np.random.default_rng(0)
    y = random.normal(20, 5, 300)
    y[77] = 1e5
    train = rows_of({"a": random.normal(size=300)}, y, labels=(), task="regression")
    (doubt,) = find_doubtful_rows(train)
    assert doubt.rows == (77,) and "row 77 with 100,000.0" in doubt.reason
    task = task_of(train.schema.target)
    assert task.fit_target(train, (), ()).factor > 0
    y[77] = 1e12
    with pytest.raises(StepError, match="is 1000000000000.0 in row 77"):
        task.fit_target(train, (), ())
    heavy = np.exp(3 * random.normal(size=2000))
    train = rows_of({"a": heavy}, heavy, labels=(), task="regression")
    assert task.fit_target(train, (), ()).factor > 0 and len(find_doubtful_rows(train)) <= 1
