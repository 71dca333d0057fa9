"""Boosting that teaches: out of fold, on the rows as they are before the last encoding."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.balance import Smote
from pipelines.device.cells import Column
from pipelines.device.target import Target
from pipelines.errors import LeakError, TrainError
from pipelines.rows.parts import HeldOut, Schema, TrainSet
from pipelines.tabular import BoostingTeacher

NUM_ROWS = 400
CLASSES = Target("y", "binary", labels=("no", "yes"))
NUMBERS = Target("y", "regression")


def rows(target=CLASSES, *, group=None, seed=0):
    generator = np.random.default_rng(seed)
    number = generator.normal(size=NUM_ROWS).astype(np.float32)
    word = generator.choice(np.array(["a", "b", None], object), NUM_ROWS)
    cycle = generator.normal(size=(NUM_ROWS, 2)).astype(np.float32)
    y = ((number > 0.5) ^ (word == "b")).astype(np.int64)
    if target is NUMBERS:
        y = number.astype(np.float64) * 3 + (word == "b")
    columns = (Column("number", "numeric"), Column("word", "categorical"))
    schema = Schema((*columns, Column("dropped", "numeric")), target)
    return TrainSet(
        x={"number": number, "word": word, "day": cycle},
        y=y,
        ids=np.arange(NUM_ROWS),
        schema=schema,
        group=group,
    )


def test_it_knows_what_the_rows_show():
    train = rows()
    soft = BoostingTeacher(share=1.0).soften(train, train)
    assert soft.dtype == np.float32 and soft.shape[0] == NUM_ROWS
    said = soft.reshape(NUM_ROWS, -1)[:, -1]
    assert np.mean((said > 0.5) == train.y) > 0.9


def test_it_answers_numbers():
    train = rows(NUMBERS)
    own = BoostingTeacher(share=0.01).soften(train, train)
    said = BoostingTeacher(share=1.0).soften(train, train)
    assert np.corrcoef(own.ravel(), said.ravel())[0, 1] > 0.95


def test_a_row_is_answered_without_its_own_label():
    train = rows()
    noise = np.random.default_rng(1).integers(0, 2, NUM_ROWS)
    soft = BoostingTeacher(share=1.0).soften(train, replace(train, y=noise))
    said = soft.reshape(NUM_ROWS, -1)[:, -1]
    # Labels that nothing tells: whoever had seen them would know them.
    assert abs(np.mean((said > 0.5) == noise) - 0.5) < 0.12


def test_groups_stay_whole():
    group = np.arange(NUM_ROWS) // 20
    train = rows(group=group)
    # A column that names the group, and a label that is the group's: other groups tell nothing.
    label = np.random.default_rng(2).integers(0, 2, 20)[group]
    train = replace(train, x={"number": group.astype(np.float32)}, y=label)
    said = BoostingTeacher(share=1.0).soften(train, train).reshape(NUM_ROWS, -1)[:, -1]
    assert np.mean((said > 0.5) == label) < 0.8
    alone = replace(train, group=None)
    said = BoostingTeacher(share=1.0).soften(alone, alone).reshape(NUM_ROWS, -1)[:, -1]
    assert np.mean((said > 0.5) == label) > 0.85


def test_same_seed_same_labels():
    train = rows()
    one, other = (BoostingTeacher().soften(train, train) for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_only_a_train_set_teaches():
    train = rows()
    held_out = HeldOut(x=train.x, y=train.y, ids=train.ids, schema=train.schema)
    balanced = Smote().resample(replace(train, x={"number": train.x["number"][:, None]}))
    for wrong in (held_out, balanced):
        with pytest.raises(LeakError):
            BoostingTeacher().soften(train, wrong)


def test_texts_are_refused():
    train = rows()
    schema = replace(train.schema, columns=(Column("word", "text"),))
    with pytest.raises(TrainError, match="trees on columns of text"):
        BoostingTeacher().soften(train, replace(train, schema=schema))
