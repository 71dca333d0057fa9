"""Ports of one-hot columns packed as int8: the bytes of floats packed and then quantized."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.device import DeviceError
from pipelines.device.cells import Column
from pipelines.device.ports import Port
from pipelines.device.primitives import Affine, Fill, Lookup, Onehot, Pack, Table
from pipelines.device.runner import Runner
from pipelines.device.signature import Signature
from pipelines.device.target import Target

KEYS = ("a", "b", "c")
TABLE = ((0.25, -3.0), (1e9, 0.5), (-1e30, 7.0))
OUTPUT = Port("output", (1,), "float32", "", 0.1)
WORDS = st.lists(st.sampled_from([*KEYS, None, "other"]), min_size=5, max_size=5)
NUMBERS = st.lists(st.floats(-1e30, 1e30), min_size=5, max_size=5)


def looked_up(name):
    return Lookup(name, KEYS, first=2, unknown=0, missing=1)


STEPS = {
    "word": (looked_up("word"), Onehot("word", 5)),
    "kind": (looked_up("kind"), Onehot("kind", 9)),
    "number": (Affine("number", 0.5, 3.0),),
    "plain": (),
    "level": (Lookup("level", KEYS[:1], first=2, unknown=0, missing=1), Table("level", TABLE)),
}
WIDTHS = {"word": 5, "kind": 9, "number": 1, "plain": 1, "level": 2}


def runner_of(names, *more, base="", scale=0.02, zero_point=-3):
    steps = [step for name in sorted(names) for step in STEPS[name]]
    columns = []
    for name in sorted(names):
        kind = "numeric"
        if name not in ("number", "plain"):
            kind = "categorical"
        columns.append(Column(name, kind))
    width = sum(WIDTHS[name] for name in names)
    port = Port("table", (width,), "float32", "", scale, zero_point)
    signature = Signature(
        tuple(columns),
        Target("y", "regression", base=base),
        (*steps, *more, Pack(tuple(names), "table")),
        (port,),
        OUTPUT,
    )
    return Runner(signature, None)


def assert_same_bytes(runner, columns):
    inputs = runner.prepare(columns)
    wanted = runner.quantize(runner.prepared(columns))
    assert inputs["table"].dtype == np.int8
    np.testing.assert_array_equal(inputs["table"], wanted["table"], strict=True)


def columns_of(words, numbers):
    words = np.array(words, object)
    numbers = np.array(numbers, np.float32)
    return {
        "word": words,
        "kind": words[::-1],
        "level": words,
        "number": numbers,
        "plain": numbers[::-1],
    }


@settings(max_examples=60, deadline=None)
@given(
    order=st.permutations(sorted(STEPS)),
    num_columns=st.integers(1, len(STEPS)),
    words=WORDS,
    numbers=NUMBERS,
    scale=st.sampled_from([1 / 255, 0.02, 3.0, 1e-30]),
    zero_point=st.integers(-128, 127),
)
def test_bytes_are_those_of_floats(order, num_columns, words, numbers, scale, zero_point):
    names = order[:num_columns]
    runner = runner_of(names, scale=scale, zero_point=zero_point)
    is_split = not {"word", "kind"}.isdisjoint(names)
    assert bool(runner._onehot_ports) == is_split
    columns = columns_of(words, numbers)
    assert_same_bytes(runner, columns)
    assert_same_bytes(runner, {name: x[:0] for name, x in columns.items()})


def test_a_missing_number_is_named_as_ever():
    runner = runner_of(["word", "plain"])
    columns = columns_of(KEYS, [1.0, np.nan, 2.0])
    words = []
    for prepare in (runner.prepare, lambda given: runner.quantize(runner.prepared(given))):
        with pytest.raises(DeviceError) as caught:
            prepare(columns)
        words.append(str(caught.value))
    assert words[0] == words[1]


@pytest.mark.parametrize(
    "runner",
    [
        runner_of(["word", "plain"], Affine("word", 0.25, 4.0)),
        runner_of(["word", "plain"], Pack(("word",), "another")),
        runner_of(["word", "plain"], base="table"),
        runner_of(["number", "plain"], Fill("plain", 0.0)),
    ],
    ids=["scaled one-hots", "packed twice", "answered by", "no one-hots"],
)
def test_columns_with_another_use_are_packed_as_floats(runner):
    assert not runner._onehot_ports
    assert_same_bytes(runner, columns_of(KEYS, [1.0, -2.0, 9e29]))


def test_floats_stay_floats():
    signature = runner_of(["word", "plain"]).signature
    floats = Runner(signature, None, form="float32")
    columns = columns_of(KEYS, [1.0, -2.0, 0.5])
    np.testing.assert_array_equal(floats.prepare(columns)["table"][0], [0, 0, 1, 0, 0, 0.5])
