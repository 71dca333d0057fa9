"""Intervals of real numbers: fitted, answered in Python, C and JavaScript, written and read."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from pipelines import catalog
from pipelines.device import primitives as p
from pipelines.device.cells import Column
from pipelines.device.ports import Port
from pipelines.device.runner import Runner, answer
from pipelines.device.signature import Signature
from pipelines.device.target import Target
from pipelines.run import fit, frame, judge, read, ship, split
from pipelines.targets.c.c_files import c_files
from pipelines.tasks import task_of
from pipelines.tasks.margins import margin_scores, margin_words, with_margin
from tests.targets.c.stand_in import CodeAround
from tests.targets.web import test_web

node = test_web.node
SIGNATURE = Signature(
    (Column("x", "numeric"),),
    Target("y", "regression", factor=7.3, offset=-100.1),
    (p.Fill("x", 0.0), p.Affine("x", 0.0, 1.0), p.Pack(("x",), "numbers")),
    (Port("numbers", (1,), "float32", "one", scale=0.1, zero_point=3),),
    Port("output", (1,), "float32", "", 0.031, -7, num_copies=2),
    margins={"float32": 2.0, "int8": 2.5},
)
RAW = np.random.default_rng(0).integers(-128, 128, (200, 2), dtype=np.int8)


class Given:
    """An interpreter that answers what was given."""

    def run(self, inputs):
        return RAW[: len(inputs["numbers"])]


def test_the_margin_is_of_the_rank_of_n_plus_one():
    values = np.arange(9.0)
    found = with_margin(SIGNATURE, values, np.zeros(9), coverage=0.9, form="int8")
    assert found.margins["int8"] == pytest.approx(8) and found.margins["int8"] >= 8
    none = with_margin(SIGNATURE, values, np.zeros(9), coverage=0.95, form="int8")
    assert none.margins["int8"] > 1e38
    none.check()


def test_intervals_are_written_read_and_shown():
    again = Signature.from_json(json.loads(json.dumps(SIGNATURE.to_json())))
    assert again == SIGNATURE and again.margin("uint8") == 2.5
    runner = Runner(SIGNATURE, Given(), form="int8")
    answers = runner.predict({"x": ["1", "2"]})
    np.testing.assert_allclose(answers.bounds[:, 1] - answers.bounds[:, 0], 5.0)
    device = task_of(SIGNATURE.target).device
    assert device.headings(SIGNATURE) == ["value", "from", "to"]
    assert len(device.cells(answers, 0)) == 3
    assert answers.take(np.array([1])).bounds[0, 0] == answers.bounds[1, 0]
    plain = replace(SIGNATURE, margins={})
    assert "margins" not in plain.to_json() and device.headings(plain) == ["value"]
    assert "signature_interval" not in "".join(map(str, c_files(plain, "t").values()))


@pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc: apt-get install gcc")
def test_c_gives_the_intervals_of_python():
    wanted = answer(SIGNATURE, RAW, form="int8")
    code = CodeAround(SIGNATURE, Given())
    found = code.predict_columns({"x": np.zeros(200, np.float32)})
    np.testing.assert_allclose(found.bounds, wanted.bounds, rtol=1e-5, atol=1e-4)


@test_web.needs_node
def test_javascript_gives_the_intervals_and_adaptive_sets_of_python(node):
    raw = SIGNATURE.output.dequantize(RAW)
    rows = [{} for _ in raw]
    made = node(
        "answer", signature=SIGNATURE.to_json(), form="int8", raw=raw.tolist(), prepared=rows
    )
    wanted = answer(SIGNATURE, RAW, form="int8").bounds
    np.testing.assert_allclose([each["bounds"] for each in made], wanted, rtol=1e-12)
    labels = ("a", "b", "c")
    classes = replace(
        SIGNATURE,
        target=Target("y", "multiclass", labels),
        output=replace(SIGNATURE.output, shape=(3,)),
        decisions={"int8": (0.1, -0.2, 0.0)},
        margins={},
        sets={"int8": (0.9, 0.7, 0.95)},
        adaptive={"int8": 1.2},
    )
    raw = np.random.default_rng(1).normal(0, 2, (200, 3)).astype(np.float32)
    made = node("answer", signature=classes.to_json(), form="int8", raw=raw.tolist(), prepared=rows)
    wanted = answer(classes, raw, form="int8").sets
    assert [tuple(each["set"]) for each in made] == wanted.tolist()


def test_words():
    bounds = np.array([[0.0, 1.0], [0.0, 3.0]])
    scores = margin_scores(np.array([0.5, 4.0]), bounds)
    assert scores == {"coverage": 0.5, "interval_width": 2.0}
    report = {"judge": {"coverage": 0.8}, "scores": {"litert_int8": scores}}
    assert "80% of rows; of the test rows they hold 50.0%" in margin_words(report)
    assert margin_words({"scores": {}}) == ""


@pytest.mark.full
@pytest.mark.parametrize(
    ("name", "settings", "least"),
    [
        ("penguins_mlp", ("judge.coverage=0.8",), 0.66),
        ("storms_mlp", ("judge.coverage=0.9", "judge.sets=adaptive"), 0.82),
    ],
)
def test_measured_coverage_of_a_real_recipe(name, settings, least):
    """Printed with -s; a part of few test rows, or of whole storms, holds less by chance."""
    recipe = catalog.override(catalog.RECIPES[name], "judge.peers=False", *settings)
    if name == "storms_mlp":
        recipe = catalog.override(
            recipe, "training.epochs=2", "teacher=None", "judge.tolerance=0.05"
        )
    targets = catalog.targets_named("litert,c,web")
    recipe = replace(recipe, shipping=replace(recipe.shipping, targets=targets))
    splits = frame(recipe, split(recipe, read(recipe).dataset))
    evaluation = judge(recipe, ship(recipe, fit(recipe, splits.train, splits.valid)), splits.test)
    assert evaluation.failed == ""
    for rung in evaluation.rungs:
        print(rung.form, rung.num_rows, rung.scores, rung.agreement)
    for rung in evaluation.rungs:
        assert rung.scores["coverage"] >= least
