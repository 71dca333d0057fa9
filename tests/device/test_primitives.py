"""The primitives: JSON there and back, bit for bit, and columns left as they were."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.device import primitives as p
from pipelines.device.ports import Port
from pipelines.targets.c.primitives import WRITERS

floats = st.floats(width=32, allow_nan=False, allow_infinity=False)
names = st.text(min_size=1, max_size=8)
PRIMITIVES = st.one_of(
    st.builds(p.Fill, names, floats),
    st.builds(p.Fill, names, names),
    st.builds(p.FillPrevious, names, floats),
    st.builds(p.Missing, names, names),
    st.builds(p.Affine, names, floats, floats),
    st.builds(p.Clip, names, floats, floats),
    st.builds(p.Bins, names, st.lists(floats).map(tuple), st.lists(floats).map(tuple)),
    st.builds(
        p.Lookup,
        names,
        st.lists(names).map(tuple),
        st.integers(0, 9),
        st.integers(0, 9),
        st.integers(0, 9),
    ),
    st.builds(p.Onehot, names, st.integers(1, 9)),
    st.builds(p.Table, names, st.lists(st.lists(floats).map(tuple)).map(tuple)),
    st.builds(p.DatePart, names, names, st.sampled_from(sorted(p.DATE_PARTS))),
    st.builds(p.Pack, st.lists(names).map(tuple), names),
)


@settings(max_examples=300, deadline=None)
@given(PRIMITIVES)
def test_json_round_trip(primitive):
    assert (
        p.primitive_from_json(json.loads(json.dumps(p.primitive_to_json(primitive)))) == primitive
    )


@pytest.mark.parametrize(
    "values",
    [
        {"primitive": "Eval", "column": "x"},
        {"primitive": "Fill", "column": "x"},
        {"primitive": "Fill", "column": "x", "value": 1, "more": 2},
        {},
    ],
)
def test_nothing_else_is_read(values):
    with pytest.raises((KeyError, TypeError)):
        p.primitive_from_json(values)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(floats, min_size=1, max_size=50),
    st.floats(2.0**-20, 2.0**20, width=32),
    st.integers(-128, 127),
)
def test_quantizing_rounds_to_the_nearest_step_or_the_end(values, scale, zero_point):
    port = Port("x", (1,), "float32", "", float(np.float32(scale)), zero_point)
    x = np.array(values, np.float32)
    back = port.dequantize(port.quantize(x[:, None]))[:, 0]
    low, high = (np.float32((end - zero_point) * scale) for end in (-128, 127))
    inside = (x >= low) & (x <= high)
    assert (np.abs(back - x)[inside] <= scale * 0.51).all()
    assert (back[x < low] == port.dequantize(np.array([[-128]], np.int8))).all()


def test_copies_are_summed_exactly():
    port = Port("output", (2,), "float32", "", 0.5, 3, num_copies=4)
    raw = np.array([[1, -5, 2, -5, 2, -5, 2, -6]], np.int8)
    np.testing.assert_array_equal(port.dequantize(raw), [[(7 - 12) * 0.125, (-21 - 12) * 0.125]])


def test_running_leaves_the_columns_alone():
    x = {"a": np.array([1, np.nan], np.float32)}
    out = p.run_primitives((p.Missing("a", "b"), p.Fill("a", 2.0)), x)
    assert (
        np.isnan(x["a"][1])
        and list(x) == ["a"]
        and out["a"].tolist() == [1, 2]
        and out["b"].tolist() == [0, 1]
    )


def test_every_primitive_has_its_c_and_its_javascript():
    names = {primitive.__name__ for primitive in p.PRIMITIVES}
    assert set(WRITERS) == set(p.PRIMITIVES)
    page = Path("pipelines/targets/web/page/primitives.js").read_text()
    table = re.search(r"const RUN = \{\n(.*?)\n    \}\};", page, re.DOTALL)[1]
    in_page = set(re.findall(r"^    (?:async )?(\w+)(?:\(step|:)", table, re.MULTILINE))
    assert in_page == names, "each stands by its name in RUN"
    assert "RUN[step.primitive](" in page


def test_every_primitive_tells_what_it_reads_and_makes():
    for primitive in p.PRIMITIVES:
        assert issubclass(primitive, p.Primitive) and primitive.__doc__
    scale = p.OwnScale("x", "last", True, 1e-3, "offset", "factor", "scaled")
    assert scale.reads() == ("x",) and scale.makes() == ("scaled", "offset", "factor")
    assert p.Fill("x", 0.0).makes() == p.Fill("x", 0.0).reads() == ("x",)
    assert p.Pack(("a", "b"), "port").reads() == ("a", "b")
    assert p.Pack(("a", "b"), "port").makes() == ("port",)
