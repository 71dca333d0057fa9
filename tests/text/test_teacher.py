"""The teacher of texts: it answers every row without having seen it, and says what it
cannot teach.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipelines import text
from pipelines.errors import TrainError
from pipelines.rows.parts import TrainSet
from pipelines.rows.split import SplitRandom, split
from pipelines.text import TfidfTeacher


def remarks(spec=text.REMARKS):
    frame = pd.read_csv("data/birds.csv.gz", dtype=str, keep_default_na=False)[
        ["remarks", "effect"]
    ]
    frame = frame[frame.remarks != ""]
    few = pd.concat([frame[frame.effect != ""][:300], frame[frame.effect == ""][:600]])
    return split(spec.load.read(few)[0], SplitRandom()).train


def test_answers_carry_no_memory_of_the_label():
    rows = remarks()
    shuffled = TrainSet(
        x=rows.x, y=np.random.default_rng(0).permutation(rows.y), ids=rows.ids, schema=rows.schema
    )
    teacher = TfidfTeacher(share=1.0, num_folds=3)
    assert abs(np.corrcoef(teacher.soften(shuffled, shuffled)[:, 0], shuffled.y)[0, 1]) < 0.15
    soft = teacher.soften(rows, rows)
    assert soft.shape == (len(rows), 1) and soft.dtype == np.float32
    assert np.corrcoef(soft[:, 0], rows.y)[0, 1] > 0.4
    whole, half = (
        replace(teacher.tiny(), share=share).soften(rows, rows)[:, 0] for share in (1.0, 0.5)
    )
    np.testing.assert_allclose(half, (whole + rows.y) / 2, rtol=1e-6)


def test_every_class_gets_a_share():
    rows = remarks(text.REMARKS5)
    soft = TfidfTeacher(num_folds=2).soften(rows, rows)
    assert soft.shape == (len(rows), 5)
    np.testing.assert_allclose(soft.sum(axis=1), 1, rtol=1e-5)
    with pytest.raises(TrainError, match="training rows"):
        TfidfTeacher(num_folds=20).soften(rows, rows)


def test_only_texts_can_be_taught():
    rows = remarks()
    other = TrainSet(
        x={"a": np.zeros(len(rows), np.float32)}, y=rows.y, ids=rows.ids, schema=rows.schema
    )
    with pytest.raises(TrainError, match="0 columns of texts"):
        TfidfTeacher().soften(other, other)
