"""Known pairs of tokens, and each token once: what a device makes of ids."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.device import primitives as p
from pipelines.device.primitives.primitive import Flow

PAIRS = ((1, 2), (2, 1), (2, 2), (3, 1))


def made(primitive, rows):
    columns = {"t": np.array(rows, np.int32)}
    primitive.run(columns)
    return columns[primitive.makes()[0]].tolist()


def test_a_known_pair_has_its_place_as_id():
    pairs = p.KnownPairs("t", "t pairs", PAIRS)
    rows = [[0, 1, 2, 2, 1], [3, 1, 3, 2, 1], [0, 0, 0, 0, 0], [9, 9, 1, 9, 2]]
    assert made(pairs, rows) == [[0, 0, 1, 3, 2], [0, 4, 0, 0, 2], [0] * 5, [0] * 5]
    assert made(p.KnownPairs("t", "t pairs", ()), rows) == [[0] * 5] * 4
    assert pairs.flow_of(Flow("int32", (5,), 10)) == Flow("int32", (5,), 5)
    assert p.primitive_from_json(json.loads(json.dumps(p.primitive_to_json(pairs)))) == pairs


@pytest.mark.parametrize("pairs", [((2, 1), (1, 2)), ((1, 2), (1, 2)), ((1, 0),), ((0, 1),)])
def test_pairs_that_c_could_not_search_are_refused(pairs):
    with pytest.raises(ValueError, match="pairs"):
        p.KnownPairs("t", "t pairs", pairs).check()


@given(st.lists(st.lists(st.integers(0, 4), min_size=6, max_size=6), min_size=1, max_size=5))
def test_of_each_id_the_first_is_kept_at_the_right_end(rows):
    for row, distinct in zip(rows, made(p.DistinctIds("t"), rows), strict=True):
        kept = [each for each in dict.fromkeys(row) if each]
        assert distinct == [0] * (6 - len(kept)) + kept
