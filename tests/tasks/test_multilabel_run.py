"""Several labels a row, from a table to a bundle that answers: every runtime says the same."""

import csv
import json
from dataclasses import replace
from io import StringIO

import numpy as np
import pytest

from pipelines import run
from pipelines.balance import Smote, WeightByClass
from pipelines.bundle.explain import explain
from pipelines.device.__main__ import main
from pipelines.device.runner import Runner
from pipelines.device.tasks.multilabel import split_labels
from pipelines.errors import PipelineError, RecipeError
from pipelines.recipe import tiny
from pipelines.steps import ScaleStandard
from pipelines.tabular import ForestTeacher, LoadTable, table_recipe
from pipelines.targets.web.runner import browser_program
from pipelines.targets.web.spec import TargetWeb
from pipelines.training.optimizers import AdamW

LABELS = ("high", "low", "wide")


def table(num_rows=600):
    generator = np.random.default_rng(0)
    a, b = generator.normal(size=(2, num_rows))
    has = {"high": a > 0.5, "wide": np.abs(b) > 1, "low": a + b < -1.5}
    cells = ["|".join(name for name in has if has[name][row]) for row in range(num_rows)]
    return {"a": a, "b": b, "kind": generator.choice(list("xyz"), num_rows), "what": cells}


def recipe(**more):
    load = LoadTable("memory.csv", "what", empty_class="none")
    made = tiny(table_recipe(load, name="labels"))
    training = replace(made.training, epochs=4, batch_size=32, optimizer=AdamW(learning_rate=1e-2))
    return replace(made, training=training, **more)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    plain = recipe()
    targets = plain.shipping.targets
    if browser_program():
        targets = (*targets, TargetWeb())
    shipping = replace(plain.shipping, targets=targets, probabilities="temperature")
    wanted = replace(plain, balance=WeightByClass(strength=0.5), shipping=shipping)
    return run(wanted, table(), folder=tmp_path_factory.mktemp("models"))


def test_every_runtime_gives_the_runners_labels(made):
    report = json.loads((made.folder / "report.json").read_text())
    forms = {rung["form"]: rung for rung in report["ladder"]}
    assert {"keras", "litert_int8", "micro_int8", "c_int8"} <= forms.keys()
    assert forms["c_int8"]["runner_agreement"] == 1.0
    for form in forms:
        assert forms[form]["agreement"] > 0.95
        assert forms[form]["scores"]["mean_average_precision"] > 0.7
    assert [way["balance"] for way in report["balancing"]][1] == "no balancing"
    assert {line["label"] for line in report["per_class"]} == set(LABELS)


def test_answers_are_joined_labels_with_a_score_each(made):
    runner = Runner.load(made.folder)
    rows = {name: list(cells) for name, cells in table().items() if name != "what"}
    answers = runner.predict(rows)
    assert answers.scores.shape == (600, 3)
    has = split_labels(answers.labels, runner.signature.target)
    raw = runner.signature.output.to_float(answers.raw)
    offsets = np.float32(runner.signature.offsets("int8"))
    np.testing.assert_array_equal(has, raw + offsets >= 0)
    truth = np.array([[label in cell.split("|") for label in LABELS] for cell in table()["what"]])
    assert np.mean(has == truth) > 0.85


def test_golden_rows_have_joined_labels(made):
    golden = json.loads((made.folder / "golden.json").read_text())
    assert all(len(each["scores"]) == 3 for each in golden)
    assert all(set(each["label"].split("|")) <= {*LABELS, ""} for each in golden)


def test_csv_on_the_device(made, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", StringIO("a,b,kind\n1.5,2,x\n0,0,y\nno,0,y\n"))
    assert main([str(made.folder)]) == 1
    lines = list(csv.reader(StringIO(capsys.readouterr().out)))
    headings = ["row", "labels", "score high", "score low", "score wide", "note", "error"]
    assert lines[0] == headings
    assert "high" in lines[1][1].split("|") and lines[3][1] == "" and lines[3][-1]


def test_explain_shows_the_labels(made):
    row = {"a": 0.0, "b": 0.0, "kind": "x"}
    lines = explain(Runner.load(made.folder), row)
    assert lines[-1][0] == "answer" and lines[-1][2] == "no label"
    assert "high" in next(line[2] for line in lines if line[0] == "score")


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"teacher": ForestTeacher()}, RecipeError, "several labels a row|multilabel target"),
        (
            {"balance": Smote(), "encode": (ScaleStandard(),)},
            PipelineError,
            "several labels a row|multilabel target",
        ),
        ({"deciding": "accuracy"}, RecipeError, "mean_average_precision"),
        ({"probabilities": "platt"}, RecipeError, "several labels a row"),
    ],
)
def test_what_has_no_meaning_is_refused_before_training(changes, error, message, tmp_path):
    wanted = recipe()
    if "deciding" in changes:
        wanted = replace(wanted, judge=replace(wanted.judge, deciding=changes.pop("deciding")))
    if "probabilities" in changes:
        shipping = replace(wanted.shipping, probabilities=changes.pop("probabilities"))
        wanted = replace(wanted, shipping=shipping)
    wanted = replace(wanted, **changes)
    source = {name: cells for name, cells in table().items() if name != "kind"}
    with pytest.raises(error, match=message):
        run(wanted, source, folder=tmp_path)
