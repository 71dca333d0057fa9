"""Rows and labels of scikit-learn as the line reads them."""

import numpy as np
import pandas as pd
import pytest

from pipelines.estimators.frames import class_names, columns_of, frame_of, target_name


def test_columns_of_an_array_are_numbered():
    frame = frame_of(np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert list(frame.columns) == ["x0", "x1"]
    assert frame["x1"].tolist() == [2.0, 4.0]


def test_names_of_a_frame_are_text_and_its_index_is_left():
    frame = frame_of(pd.DataFrame({3: [1, 2]}, index=[7, 9]))
    assert list(frame.columns) == ["3"]
    assert frame.index.tolist() == [0, 1]


def test_cells_keep_their_kinds():
    given = pd.DataFrame(
        {
            "count": pd.array([1, None], "Int64"),
            "site": pd.Categorical(["a", None]),
            "day": pd.to_datetime(["2024-01-31", None]),
        }
    )
    columns = columns_of(given)
    np.testing.assert_array_equal(columns["count"], [1.0, np.nan])
    assert columns["site"] == ["a", None]
    assert columns["day"].dtype == "datetime64[s]"


def test_a_target_has_a_name_of_its_own():
    assert target_name(["size"]) == "target"
    assert target_name(["target", "target_"]) == "target__"


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["no", "yes"], ["no", "yes"]),
        ([-1, 1], ["-1", "1"]),
        ([1.0, 2.0], ["1", "2"]),
        ([False, True], ["False", "True"]),
        (["A", "a"], ["A", "a"]),
        # None, a text that reads as missing and two that look alike have no name of their own.
        (["NA", "yes"], ["class 0", "class 1"]),
        (["a", "a "], ["class 0", "class 1"]),
        (["", "b"], ["class 0", "class 1"]),
    ],
)
def test_names_of_classes(labels, names):
    assert class_names(np.array(labels)) == names
