"""Sets of labels: fitted on few rows, answered in Python and in C alike, written and read back."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from pipelines.device import primitives as p
from pipelines.device.cells import Column
from pipelines.device.class_sets import (
    ALWAYS,
    adaptive_sets,
    behind_largest,
    label_sets,
    probability_before,
)
from pipelines.device.ports import Port
from pipelines.device.runner import Runner, answer
from pipelines.device.signature import Signature
from pipelines.device.target import Target
from pipelines.errors import RecipeError
from pipelines.rows.sketch import DataSketch
from pipelines.targets.c.c_files import c_files
from pipelines.tasks import task_of
from pipelines.tasks.class_sets import fit_reach, set_scores, set_words
from pipelines.verify.judge import Judge
from tests.targets.c.stand_in import CodeAround

LABELS = ("a", "b", "c", "d")
COLUMNS = {"x": np.zeros(500, np.float32)}


def signature_of(num_labels, reach):
    """A model of one number, whose int8 outputs come four times."""
    width = 1 if num_labels == 2 else num_labels
    task = "binary" if num_labels == 2 else "multiclass"
    offsets = tuple(np.linspace(-0.4, 0.3, width))
    return Signature(
        (Column("x", "numeric"),),
        Target("y", task, LABELS[:num_labels]),
        (p.Fill("x", 0.0), p.Affine("x", 0.0, 1.0), p.Pack(("x",), "numbers")),
        (Port("numbers", (1,), "float32", "one", scale=0.1, zero_point=3),),
        Port("output", (width,), "float32", "log-odds", 0.031, -7, num_copies=4),
        decisions={"float32": offsets, "int8": offsets},
        sets={"float32": reach, "int8": reach},
    )


class Given:
    """An interpreter that answers what was given."""

    def __init__(self, raw):
        self.raw = raw

    def run(self, inputs):
        return self.raw[: len(inputs["numbers"])]


def raw_of(signature):
    generator = np.random.default_rng(0)
    width = signature.output.shape[0] * 4
    return generator.integers(-128, 128, (500, width), dtype=np.int8)


@pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc: apt-get install gcc")
@pytest.mark.parametrize(("num_labels", "reach"), [(2, (0.3, 1.7)), (4, (0.0, 2.1, ALWAYS, 0.62))])
def test_c_names_the_sets_that_python_names(num_labels, reach):
    signature = signature_of(num_labels, reach)
    raw = raw_of(signature)
    wanted = answer(signature, raw, form="int8")
    found = CodeAround(signature, Given(raw)).predict_columns(COLUMNS)
    assert found.sets.tolist() == wanted.sets.tolist()
    assert all(label in held for label, held in zip(found.labels, found.sets, strict=True))
    assert len(set(map(len, found.sets))) > 1


@pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc: apt-get install gcc")
@pytest.mark.parametrize(("num_labels", "reach"), [(2, (0.5, 0.9)), (4, (0.5, 0.95, ALWAYS, 0.9))])
def test_c_names_the_adaptive_sets_that_python_names(num_labels, reach):
    signature = signature_of(num_labels, reach)
    signature = replace(signature, adaptive={"float32": 0.9, "int8": 1.3})
    raw = raw_of(signature)
    wanted = answer(signature, raw, form="int8")
    found = CodeAround(signature, Given(raw)).predict_columns(COLUMNS)
    assert found.sets.tolist() == wanted.sets.tolist()
    assert all(label in held for label, held in zip(found.labels, found.sets, strict=True))
    assert len(set(map(len, found.sets))) > 1
    again = Signature.from_json(json.loads(json.dumps(signature.to_json())))
    assert again == signature and again.likeness("uint8") == 1.3


def test_adaptive_sets_are_the_labels_up_to_a_sum_of_probabilities():
    """Romano, Sesia and Candès 2020, equation 3, of probabilities .6, .3 and .1."""
    behind = behind_largest(np.log(np.array([[0.6, 0.3, 0.1]], np.float32)), (0.0,) * 3)
    np.testing.assert_allclose(probability_before(behind, 1.0), [[0.0, 0.6, 0.9]], rtol=1e-6)
    for most, wanted in ((0.5, ("a",)), (0.61, ("a", "b")), (1.0, ("a", "b", "c"))):
        found = adaptive_sets(behind, 1.0, (most,) * 3, ("a", "b", "c"))
        assert found.tolist() == [wanted]


@pytest.mark.parametrize(
    "wrong",
    [
        {"adaptive": {"int8": 0.0}},
        {"sets": {}, "adaptive": {"int8": 1.0}},
        {"margins": {"int8": 1.0}},
    ],
)
def test_adaptive_sets_and_margins_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match="adaptive|margins"):
        replace(signature_of(2, (0.3, 0.3)), **wrong).check()


def test_what_has_no_sets_stays_as_it_was():
    signature = replace(signature_of(2, (0.0, 0.0)), sets={})
    assert "sets" not in signature.to_json()
    assert Signature.from_json(json.loads(json.dumps(signature.to_json()))) == signature
    assert "signature_set" not in "".join(map(str, c_files(signature, "t").values()))
    answers = answer(signature, raw_of(signature), form="int8")
    assert answers.sets is None and signature.reach("uint8") == ()
    assert task_of(signature.target).device.headings(signature) == ["label", "score a", "score b"]


def test_sets_are_written_read_and_shown():
    signature = signature_of(4, (0.5, 0.5, ALWAYS, 0.5))
    again = Signature.from_json(json.loads(json.dumps(signature.to_json())))
    assert again == signature and again.reach("uint8") == signature.sets["int8"]
    runner = Runner(signature, Given(raw_of(signature)), form="int8")
    answers = runner.predict({"x": ["1", "2"]})
    device = task_of(signature.target).device
    assert device.headings(signature)[-1] == "set"
    assert device.cells(answers, 0)[-1] == " | ".join(answers.sets[0])
    assert answers.take(np.array([1])).sets[0] == answers.sets[1]


@pytest.mark.parametrize("reach", [(0.1,), (0.1, -1.0), (0.1, float("inf")), (0.1, float("nan"))])
def test_sets_that_cannot_be_are_refused(reach):
    with pytest.raises(ValueError, match="sets"):
        signature_of(2, reach).check()


def test_the_rank_is_that_of_n_plus_one():
    behind = np.zeros((9, 2), np.float32)
    behind[:, 1] = np.arange(9)
    y = np.ones(9, int)
    assert fit_reach(behind, y, coverage=0.9, by_class=False) == (8, 8)
    assert fit_reach(behind, y, coverage=0.5, by_class=False) == (4, 4)
    assert fit_reach(behind, y, coverage=0.91, by_class=False) == (ALWAYS, ALWAYS)
    assert fit_reach(behind, y, coverage=0.9, by_class=True) == (ALWAYS, 8)


def test_distances_of_one_output_are_of_two_labels():
    behind = behind_largest(np.array([[2.0], [-1.0]], np.float32), (0.5,))
    np.testing.assert_array_equal(behind, np.array([[2.5, 0], [0, 0.5]], np.float32))
    sets = label_sets(behind, (1.0, 0.5), ("a", "b"))
    assert sets.tolist() == [("b",), ("a", "b")]
    scores = set_scores(np.array([0, 1]), sets, ("a", "b"))
    assert scores == {"coverage": 0.5, "set_size": 1.5}
    report = {
        "judge": {"coverage": 0.9, "coverage_by_class": True},
        "scores": {"litert_int8": scores},
    }
    assert "90% of rows, of each class by itself" in set_words(report)
    assert set_words({"scores": {"litert_int8": {}}}) == ""


def test_the_knob_is_of_classes():
    from pipelines.tasks import TASKS

    assert Judge(coverage=0.9).suits(DataSketch(tasks=(TASKS["regression"],))) == ""
    sketch = DataSketch(tasks=(TASKS["regression"],))
    assert "judge.sets" in str(Judge(coverage=0.9, sets="adaptive").suits(sketch))
    sketch = DataSketch(tasks=(TASKS["multilabel"],))
    assert "judge.coverage=0.9" in str(Judge(coverage=0.9).suits(sketch))
    for wrong in (Judge(coverage=0.9, sets="largest"), Judge(sets="adaptive")):
        with pytest.raises(RecipeError, match="judge.sets"):
            wrong.check()
    assert Judge(coverage=0.9).suits(DataSketch(tasks=(TASKS["binary"],))) == ""
    with pytest.raises(RecipeError, match="coverage_by_class"):
        Judge(coverage_by_class=True).check()
