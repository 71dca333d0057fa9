"""Frequent pairs are learned of training texts; each token of a text counts once."""

import numpy as np
import pytest

from pipelines import steps
from pipelines.rows.parts import HeldOut
from tests.device.test_texts import as_texts, rows_of

TEXTS = ["not good", "not good not good", "good film", "film not good", "one film"]


def fitted_on_texts(**knobs):
    train = rows_of(as_texts(TEXTS))
    encode = (steps.TokenizeWords(window=6), steps.PairFrequent(**knobs), steps.DistinctTokens())
    return steps.fit_steps(encode, train)


@pytest.mark.parametrize(("knobs", "num_pairs"), [({}, 1), ({"min_count": 1}, 5)])
def test_a_pair_is_counted_once_a_text(knobs, num_pairs):
    fitted, _ = fitted_on_texts(**knobs)
    keys = fitted[0].primitives[0].keys
    pairs = fitted[1].primitives[0].pairs
    assert keys == ("film", "good", "not") and len(pairs) == num_pairs
    assert (3, 2) in pairs and fitted[1].num_ids == num_pairs + 1


def test_the_most_frequent_pairs_have_ids():
    fitted, _ = fitted_on_texts(min_count=1, max_pairs=1)
    assert fitted[1].primitives[0].pairs == ((3, 2),)


def test_held_out_texts_are_read_with_what_was_learned():
    fitted, train = fitted_on_texts()
    rows = rows_of(as_texts(["not good and not good", "good not"]), HeldOut)
    applied = steps.apply_steps(fitted, rows)
    tokens = applied.x["remarks"]
    assert (tokens != 0).sum(axis=1).tolist() == [3, 2]
    assert applied.x["remarks pairs"].tolist() == [[0, 0, 0, 0, 0, 1], [0] * 6]
    signature = steps.make_signature((), fitted, train)
    assert [port.unit for port in signature.inputs] == ["token id", "token pair id"]
    np.testing.assert_array_equal(steps.to_ports(signature, rows).x["tokens"], tokens)
