"""The window of a tokenizing step that is learned from the training texts."""

import numpy as np
import pytest

from pipelines import steps
from pipelines.device.cells import Column
from pipelines.device.target import Target
from pipelines.errors import LeakError
from pipelines.rows.parts import Schema, TrainSet


def rows_of(lengths):
    """Training texts of as many words as `lengths` has numbers."""
    texts = [" ".join(["word"] * length) for length in lengths]
    schema = Schema((Column("t", "text"),), Target("y", "binary", ("no", "yes")))
    x = {"t": np.array(texts, np.dtypes.StringDType())}
    places = np.arange(len(texts))
    return TrainSet(x, places % 2, places, schema)


@pytest.mark.parametrize(
    ("lengths", "window"),
    [([3] * 95 + [40] * 5, 5), ([3] * 90 + [40] * 10, 40), ([3000] * 10, 2048), ([1, 1], 1)],
)
def test_window_0_holds_95_percent_of_the_training_texts(lengths, window):
    fitted = steps.TokenizeWords(window=0).fit(rows_of(lengths))
    assert fitted.primitives[0].window == window


def test_characters_are_counted_as_the_step_reads_them():
    fitted = steps.TokenizeCharacters(window=0).fit(rows_of([2] * 20))
    assert fitted.primitives[0].window == len("word word")


def test_a_window_that_is_given_stays():
    assert steps.TokenizeWords(window=7).fit(rows_of([30] * 10)).primitives[0].window == 7


def test_held_out_texts_cannot_be_counted():
    train = rows_of([3] * 10)
    with pytest.raises(LeakError):
        steps.TokenizeWords(window=0).fit(train.x)
