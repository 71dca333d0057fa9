"""Missing numbers of a row by its others: what is filled, and the same bits in C and JavaScript."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from pipelines.device import primitives as p
from pipelines.device.cells import Column
from pipelines.device.ports import Port
from pipelines.device.primitives.primitive import Flow
from pipelines.device.runner import Runner
from pipelines.device.signature import Signature
from pipelines.device.target import Target
from tests.targets.c.test_c_code import compile_harness, run_harness
from tests.targets.web import test_web

node = test_web.node
NAMES = ("a", "b", "c")
LINEAR = p.LinearFill(
    NAMES,
    (1.5, -2.25, 1000.1),
    (-4.0, -7.0, 0.3),
    (9.0, 3.3, 2345.6),
    ((0.0, 0.3, 0.0017), (-0.77, 0.0, 0.01), (101.3, -33.7, 0.0)),
    4,
)
KNOWN = tuple(map(tuple, np.random.default_rng(1).normal(0, 3, (9, 3)).astype("f4").tolist()))
NEIGHBORS = p.NeighborFill(NAMES, (0.5, 0.25, 0.0013), (*KNOWN, KNOWN[0]), 3)
DRAW = p.DrawFill(NAMES, ((0.0, 1.0), (2.5, 3.5, 4.5), KNOWN[0] + KNOWN[1]), 7)
LAYERS = np.random.default_rng(2)
DENSE = p.DenseFill(
    NAMES,
    LINEAR.means,
    (3.0, 1.7, 900.3),
    LINEAR.lows,
    LINEAR.highs,
    (
        tuple(map(tuple, LAYERS.normal(0, 1, (5, 6)).astype("f4").tolist())),
        tuple(map(tuple, LAYERS.normal(0, 1, (4, 5)).astype("f4").tolist())),
        tuple(map(tuple, LAYERS.normal(0, 1, (3, 4)).astype("f4").tolist())),
    ),
    ((0.1, -0.2, 0.3, 0.0, 0.7), (0.3, 0.1, -0.6, 0.2), (0.3, -0.1, 0.01)),
)
GAUSSIAN = p.GaussianDraw(
    NAMES,
    LINEAR.means,
    LINEAR.lows,
    LINEAR.highs,
    LINEAR.weights,
    (1.3, 0.7, 333.3),
    KNOWN[0] + KNOWN[1] + KNOWN[2],
    5,
    11,
    4,
)
FILLS = (LINEAR, NEIGHBORS, DRAW, DENSE, GAUSSIAN, GAUSSIAN.at_draw(3))


def hostile_rows():
    """Rows with every pattern of gaps, and numbers as large as cells may be."""
    random = np.random.default_rng(0)
    rows = random.normal(0, 1, (400, 3)) * (3, 2, 1000)
    rows[random.random(rows.shape) < 0.4] = np.nan
    rows[:8] = [
        [9e29, np.nan, -9e29],
        [np.nan, 9e29, np.nan],
        [np.nan] * 3,
        [0.0, np.nan, np.nan],
        [-0.0, np.nan, np.nan],
        [1e-40, np.nan, 5e-39],
        [np.nan, np.nan, 3.3],
        [1.0, 2.0, 3.0],
    ]
    return {name: rows[:, place].astype(np.float32) for place, name in enumerate(NAMES)}


def filled(primitive, columns):
    return p.run_primitives((primitive,), columns)


@pytest.mark.parametrize("primitive", FILLS, ids=lambda each: type(each).__name__)
def test_what_is_there_stays_and_nothing_is_missing(primitive):
    columns = hostile_rows()
    for name, x in filled(primitive, columns).items():
        there = ~np.isnan(columns[name])
        np.testing.assert_array_equal(x[there], columns[name][there])
        assert np.isfinite(x).all() and x.dtype == np.float32
    assert p.primitive_from_json(json.loads(json.dumps(p.primitive_to_json(primitive)))) == (
        primitive
    )


@pytest.mark.parametrize("primitive", FILLS, ids=lambda each: type(each).__name__)
def test_c_and_javascript_fill_the_same_bits(primitive, tmp_path, request):
    scaled = [p.Affine(name, 0.1, 1 / 64) for name in NAMES]
    signature = Signature(
        columns=tuple(Column(name, "numeric") for name in NAMES),
        target=Target("y", "binary", ("no", "yes")),
        primitives=(primitive, *scaled, p.Pack(NAMES, "numbers")),
        inputs=(Port("numbers", (3,), "float32", "", 1 / 128, 0),),
        output=Port("output", (1,), "float32", "", 0.05, 0),
    )
    columns = hostile_rows()
    if shutil.which("gcc"):
        wanted = Runner(signature, None, form="int8").prepare(columns)
        program = compile_harness(signature, tmp_path / "c", ("-march=native", "-O2"))
        for name, x in run_harness(program, signature, columns).items():
            np.testing.assert_array_equal(x, wanted[name])
    if shutil.which("node"):
        test_web.assert_prepared_alike(request.getfixturevalue("node"), signature, columns)


def test_a_draw_depends_on_the_row_alone_and_takes_every_value():
    rows = {"a": np.arange(3000, dtype=np.float32), "b": np.full(3000, np.nan, np.float32)}
    rows["c"] = rows["b"]
    drawn = filled(DRAW, rows)
    values, counts = np.unique(drawn["b"], return_counts=True)
    assert values.tolist() == [2.5, 3.5, 4.5] and counts.min() > 900
    turned = filled(DRAW, {name: x[::-1] for name, x in rows.items()})
    np.testing.assert_array_equal(turned["b"][::-1], drawn["b"])
    other = filled(replace(DRAW, seed=8), rows)
    assert 0.2 < np.mean(other["b"] == drawn["b"]) < 0.5


def test_neighbours_are_the_nearest_and_of_equal_ones_the_first():
    known = ((0.0, 1.0, 5.0), (0.0, 3.0, 7.0), (9.0, 100.0, 8.0))
    fill = p.NeighborFill(NAMES, (1.0, 1.0, 1.0), known, 2)
    row = {"a": [1.0, 8.0], "b": [np.nan, np.nan], "c": [np.nan, 8.0]}
    made = filled(fill, {name: np.array(x, np.float32) for name, x in row.items()})
    assert made["b"].tolist() == [2.0, 51.5] and made["c"].tolist() == [6.0, 8.0]


@pytest.mark.parametrize(
    "wrong",
    [
        replace(LINEAR, means=(1.0,)),
        replace(LINEAR, weights=LINEAR.weights[:2]),
        replace(LINEAR, sweeps=0),
        replace(LINEAR, columns=("a", "b", "a")),
        replace(NEIGHBORS, num_neighbors=11),
        replace(NEIGHBORS, factors=(1.0,)),
        replace(DRAW, seen=((1.0,), (), (2.0,))),
        replace(DRAW, seed=-1),
        replace(DRAW, columns=()),
        replace(DENSE, spreads=(1.0, 0.0, 1.0)),
        replace(DENSE, weights=DENSE.weights[:2]),
        replace(DENSE, weights=DENSE.weights[:2], biases=DENSE.biases[:2]),
        replace(DENSE, biases=DENSE.biases[::-1]),
        replace(DENSE, lows=(1.0,)),
        replace(GAUSSIAN, num_draws=0),
        replace(GAUSSIAN, noise=()),
        replace(GAUSSIAN, spreads=(1.0,)),
        replace(GAUSSIAN, seed=2**31 - 1),
    ],
)
def test_numbers_that_do_not_fit_together_are_refused(wrong):
    with pytest.raises(ValueError):
        wrong.follow({name: Flow("float32") for name in NAMES})


def test_other_columns_than_numbers_are_refused():
    with pytest.raises(ValueError, match="wanted is a number"):
        LINEAR.follow({**{name: Flow("float32") for name in NAMES}, "b": Flow("text")})
