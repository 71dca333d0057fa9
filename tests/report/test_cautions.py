"""What a reader of the scores must not miss is said; what is fine is not."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from pipelines import catalog
from pipelines.device.target import Target
from pipelines.recipe import Judge, override
from pipelines.report.cautions import find_cautions
from pipelines.report.text_cuts import count_cuts
from pipelines.report.write import caution_lines, ladder_lines, ladder_table
from pipelines.rows.parts import HeldOut, Schema, TrainSet
from pipelines.targets.exported_model import ExportedModel
from pipelines.tasks import task_of
from pipelines.tasks.metrics import score_classes, score_values
from pipelines.training.schedules import Cosine
from pipelines.verify.agreement import labels_apart
from pipelines.verify.ladder import Rung

RECIPE = catalog.RECIPES["credit_mlp"]


def rung(form="litert_int8", agreement=1.0, num_rows=1000, **more):
    return {
        "form": form,
        "scores": {},
        "agreement": agreement,
        "largest_difference": 0.1,
        "size_bytes": 1000,
        "latency_ms": 0.1,
        "latency_ms_p95": 0.2,
        "num_rows": num_rows,
        "arena_bytes": None,
        "intervals": {},
        "note": "",
        **more,
    }


def facts(task="binary", labels=("no", "yes"), **more):
    """The content of a report that nothing is to be said about."""
    scores = {
        "binary": {"accuracy": 0.97, "macro_f1": 0.8, "roc_auc": 0.9},
        "regression": {"rmse": 1.0, "mae": 0.7, "r2": 0.8},
        "forecast": {"mase": 0.5},
        "anomaly": {"roc_auc": 0.9},
    }[task]
    constant = {
        "binary": {"answer": "no", "scores": {"accuracy": 0.96, "macro_f1": 0.49}},
        "regression": {"answer": "3", "scores": {"rmse": 2.0, "mae": 1.5, "r2": 0.0}},
    }.get(task)
    deciding = {"binary": "roc_auc", "regression": "rmse", "forecast": "mase", "anomaly": "mae"}[
        task
    ]
    return {
        "target": {"task": task, "labels": labels, "name": "y"},
        "scores": {"litert_int8": scores},
        "judge": {"deciding": deciding, "threshold": "macro_f1"},
        "ladder": [rung()],
        "constant": constant,
        "rows": {"train": 1400, "valid": 156, "test": 1000},
        "baselines": None,
        "texts": None,
        "history": {f"val_{deciding}": [0.5, 0.9, 0.8]},
        **more,
    }


def said(recipe=RECIPE, **more):
    return " | ".join(find_cautions(recipe, facts(**more)))


@pytest.mark.parametrize(
    "task, labels",
    [
        ("binary", ("no", "yes")),
        ("regression", ()),
        ("forecast", ()),
        ("anomaly", ("normal", "anomaly")),
    ],
)
def test_nothing_is_said_of_what_is_fine(task, labels):
    assert said(task=task, labels=labels) == ""


def test_labels_worse_than_the_majority():
    words = said(scores={"litert_int8": {"accuracy": 0.844, "macro_f1": 0.61, "roc_auc": 0.83}})
    for part in (
        "right for 84.4% of the test rows",
        "always answering 'no' is right for 96.0%",
        "macro F1 (0.610; that answer alone: 0.490) on 156 validation rows, which are few",
        "--set judge.threshold=accuracy",
    ):
        assert part in words
    words = said(scores={"litert_int8": {"accuracy": 0.96, "macro_f1": 0.49, "roc_auc": 0.48}})
    assert (
        "no better than always answering 'no': macro F1 0.490" in words and "ROC-AUC 0.480" in words
    )
    assert (
        "no threshold"
        in said(
            scores={"litert_int8": {"accuracy": 0.8, "macro_f1": 0.6, "roc_auc": None}},
            judge={"deciding": "roc_auc", "threshold": "none"},
        ).lower()
    )
    # Within the chance of a thousand rows, and of ten.
    assert not said(scores={"litert_int8": {"accuracy": 0.956, "macro_f1": 0.7, "roc_auc": 0.8}})
    assert said(scores={"litert_int8": {"accuracy": 0.94, "macro_f1": 0.7, "roc_auc": 0.8}})
    assert not said(
        scores={"litert_int8": {"accuracy": 0.9, "macro_f1": 0.7, "roc_auc": 0.8}},
        rows={"train": 10, "valid": 5, "test": 10},
    )


def test_values_worse_than_the_mean():
    words = said(
        task="regression", labels=(), scores={"litert_int8": {"rmse": 2.1, "mae": 1.4, "r2": -0.1}}
    )
    assert (
        "No better than always answering the mean or the median of training: rmse of y 2.1 and 2"
        in words
    )
    assert "mae" not in words


def test_scores_of_a_few_rows():
    few = {"train": 60, "valid": 12, "test": 1}
    assert "in the test part; provide more" in said(task="regression", labels=(), rows=few)
    words = said(task="forecast", labels=(), rows=few)
    assert "has 1 to forecast; --set frame.origin_step=1" in words


def test_a_plain_rule_that_does_better():
    lines = [
        {"what": "this model, int8", "scores": {"mase": 0.9, "roc_auc": 0.6}},
        {"what": "DLinear()", "scores": {"mase": 0.85, "roc_auc": 0.55}},
        {"what": "seasonal naive", "scores": {"mase": 0.7, "roc_auc": None}},
    ]
    words = said(task="forecast", labels=(), baselines=lines, scores={"litert_int8": {"mase": 0.9}})
    assert "seasonal naive does better than this model: mase 0.700 and 0.900" in words
    words = said(
        task="anomaly", labels=("a", "b"), baselines=lines, scores={"litert_int8": {"roc_auc": 0.5}}
    )
    assert "DLinear does better than this model: roc auc 0.550 and 0.500" in words
    assert not said(
        task="anomaly",
        labels=("a", "b"),
        baselines=lines,
        scores={"litert_int8": {"roc_auc": None}},
    )


def test_labels_apart_from_keras():
    ladder = [rung("keras"), rung("litert_int8", 0.966, 382), rung("micro_int8", 0.95, 200)]
    words = said(ladder=ladder)
    assert (
        "micro_int8 gives another label for 5.0% of 200 rows" in words
        and "litert_int8, micro_int8" in words
    )
    assert "QuantizeAware()" in words and not said(
        ladder=[rung("keras"), rung("litert_int8", 0.98)]
    )
    words = said(task="forecast", labels=(), ladder=[rung("litert_int8", 0.8249)])
    assert "more than 5 % of a standard deviation off for 17.5%" in words
    assert not said(task="forecast", labels=(), ladder=[rung("litert_int8", 0.95)])
    assert not said(ladder=[rung("ethosu", None, 0)])


@pytest.mark.parametrize(
    "agreement, num_rows, fails",
    [
        (0.74, 2000, True),
        (0.74, 50, True),
        (0.88, 2000, True),
        (0.9, 2000, False),
        (0.966, 382, False),
        (0.87, 50, False),
        (0.6, 5, True),
        (1.0, 5, False),
        (None, 0, False),
    ],
)
def test_the_gate_of_labels(agreement, num_rows, fails):
    """README's least are .966 of labels (382 test pictures), and .8249 of values, which have no
    label.
    """
    target = Target("y", "multiclass", ("a", "b", "c"))
    rungs = [
        Rung("keras", {}, 1.0, 0.0, 1, 1.0, 1.0, num_rows),
        Rung("litert_int8", {}, agreement, 0.0, 1, 1.0, 1.0, num_rows),
    ]
    words = labels_apart(rungs, Judge().min_agreement, target)
    assert bool(words) is fails and (
        not fails or "litert_int8 gives the label of keras to 0." in words
    )
    assert (
        labels_apart(rungs, 0.0, target) == "" == labels_apart(rungs, 0.9, Target("y", "forecast"))
    )


def test_a_form_that_answers_otherwise_fails_the_ladder_whatever_it_scores(
    bundle, birds_recipe, birds_splits, monkeypatch
):
    from pipelines.run import judge
    from pipelines.targets.export import ShippedModel

    test = birds_splits.test
    answers = bundle.runner().predict_columns(
        {column.name: test.x[column.name] for column in bundle.signature.columns}
    )
    scores = task_of(bundle.signature.target).score(test.y, answers, bundle.signature.target)
    rungs = [
        Rung(form, scores, agreement, 0.0, 1, 1.0, 1.0, len(test))
        for form, agreement in (("keras", 1.0), ("litert_int8", 0.74))
    ]
    monkeypatch.setattr(
        sys.modules["pipelines.targets.climbing"],
        "climb_all",
        lambda *_, **__: (rungs, {"keras": answers, "litert_int8": answers}),
    )
    exported = ExportedModel("m", bundle.signature, None, {}, None, 0, None)
    learned = ShippedModel(exported, None, birds_splits.train.ids)
    recipe = replace(birds_recipe, judge=replace(birds_recipe.judge, deciding="macro_f1"))
    assert (
        "litert_int8 gives the label of keras to 0.7400 of 400 rows"
        in judge(recipe, learned, test).failed
    )
    recipe = override(recipe, "judge.min_agreement=0.5", catalog.SPECS)
    assert judge(recipe, learned, test).failed == ""


def test_the_bound_is_a_knob():
    recipe = override(RECIPE, "judge.min_agreement=0.99", catalog.SPECS)
    assert recipe.judge.min_agreement == 0.99


@pytest.mark.parametrize(
    "metric, values, words",
    [
        ("roc_auc", [0.5, 0.6, 0.7], "was still rising: --set training.epochs=6"),
        ("log_loss", [0.7, 0.6, 0.5], "was still falling: --set training.epochs=6"),
        ("roc_auc", [0.5, 0.7, 0.6], ""),
        ("roc_auc", [0.5, 0.6], ""),
        ("roc_auc", [0.5, 0.7, 0.7], "still rising"),
        ("roc_auc", [], ""),
    ],
)
def test_training_that_ended_too_soon(metric, values, words):
    recipe = replace(RECIPE, training=replace(RECIPE.training, epochs=3))
    found = said(
        recipe,
        judge={"deciding": metric, "threshold": "macro_f1"},
        history={f"val_{metric}": values},
    )
    assert words in found and bool(found) is bool(words)
    cosine = replace(recipe, training=replace(recipe.training, schedule=Cosine()))
    assert not said(
        cosine,
        judge={"deciding": metric, "threshold": "macro_f1"},
        history={f"val_{metric}": values},
    )


def test_texts_that_are_cut():
    recipe = catalog.RECIPES["remarks_cnn"]
    words = said(recipe, texts={"window": 64, "cut_share": 0.688, "most_tokens": 180})
    assert "68.8% of the training texts are longer than the window of 64 tokens" in words
    assert "--set 'encode=(TokenizeWords(min_count=3, window=180),)'" in words
    setting = words.split("--set '")[1].rstrip("'")
    assert override(recipe, setting, catalog.SPECS).encode[0].window == 180, (
        "what is to be typed is understood"
    )
    assert "window=256)" in said(
        recipe, texts={"window": 64, "cut_share": 0.7, "most_tokens": 9000}
    )
    assert not said(recipe, texts={"window": 64, "cut_share": 0.05, "most_tokens": 64})


def test_the_cut_texts_are_counted_as_the_picture_counts_them():
    from tests.targets.web.test_web import TEXTS

    texts = np.array(["ab " * count for count in (1, 5, 6, 7, 20)], np.dtypes.StringDType())
    train = TrainSet(
        {"t": texts}, np.zeros(5, np.int64), np.arange(5), Schema(TEXTS.columns, TEXTS.target)
    )
    assert count_cuts(TEXTS, train) == {"window": 5, "cut_share": 0.6, "most_tokens": 20}
    assert count_cuts(replace(TEXTS, primitives=()), train) is None


def test_the_constant_answer_is_of_training_rows():
    def rows(kind, y, target):
        return kind({"x": np.zeros(len(y))}, np.array(y), np.arange(len(y)), Schema((), target))

    target = Target("y", "multiclass", ("a", "b", "c"))
    test = rows(HeldOut, [0, 0, 0, 1, 2], target)
    found = task_of(target).constant_answer(rows(TrainSet, [1, 1, 0, 2, 1], target), test, target)
    plain = score_classes(test.y, np.full(5, 1), np.full((5, 3), 1 / 3))
    assert found == {
        "answer": "b",
        "scores": {"accuracy": 0.2, "macro_f1": pytest.approx(plain["macro_f1"])},
    }
    target = Target("y", "regression")
    test = rows(HeldOut, [0.0, 1.0, 5.0], target)
    found = task_of(target).constant_answer(rows(TrainSet, [1.0, 2.0, 9.0], target), test, target)
    assert (
        found["answer"] == "4"
        and found["scores"]["mae"] == score_values(test.y, np.full(3, 2.0))["mae"]
    )
    assert found["scores"]["rmse"] == score_values(test.y, np.full(3, 4.0))["rmse"]
    forecast = Target("y", "forecast")
    assert task_of(forecast).constant_answer(test, test, forecast) is None


def test_scores_of_a_part_of_the_rows_stand_below_those_of_keras_on_the_same():
    ladder = [
        rung("keras", scores={"accuracy": 0.9}),
        rung("litert_int8", scores={"accuracy": 0.89}),
        rung("micro_int8", num_rows=500, scores={"accuracy": 0.8}, reference={"accuracy": 0.81}),
        rung("c_int8", num_rows=500, scores={"accuracy": 0.8}, reference={"accuracy": 0.81}),
        rung("ethosu", None, 0),
        rung("web", num_rows=400, scores={"accuracy": 0.7}, reference={"accuracy": 0.71}),
    ]
    target = {"task": "binary", "name": "y"}
    report = {"ladder": ladder, "rows": {"test": 1000}, "target": target}
    assert [
        (line.form, line.scores.get("accuracy"), line.is_rung) for line in ladder_lines(report)
    ] == [
        ("keras", 0.9, True),
        ("litert_int8", 0.89, True),
        ("keras, the same 500 rows", 0.81, False),
        ("micro_int8 (500 rows)", 0.8, True),
        ("c_int8 (500 rows)", 0.8, True),
        ("ethosu", None, True),
        ("keras, the same 400 rows", 0.71, False),
        ("web (400 rows)", 0.7, True),
    ]
    assert any(
        line.startswith("| keras, the same 500 rows | 0.8100 |")
        for line in ladder_table(report, ("accuracy",))
    )
    for each in ladder:  # of a bundle from before
        each.pop("reference", None)
    assert all(line.is_rung for line in ladder_lines(report))


def test_cautions_on_the_card():
    assert caution_lines({}) == [] == caution_lines({"cautions": []})
    lines = caution_lines({"cautions": ["always answering '# <b>' is right"]})
    assert lines == ["## Cautions", "", "- always answering '\\# &lt;b&gt;' is right.", ""]


def test_too_few_test_rows_of_a_class():
    few = {"train": {"no": 900, "yes": 3}, "test": {"no": 300, "yes": 1}}
    words = said(class_rows=few)
    assert "1 of the test rows and 3 of the training rows have the class 'yes'" in words
    enough = {"train": {"no": 900, "yes": 30}, "test": {"no": 300, "yes": 5}}
    assert said(class_rows=enough) == "" == said(class_rows=None)


def test_labels_that_are_likely_wrong():
    doubts = [{"wrong_share": 0.249, "reason": "", "fix": "", "rows": [3]}]
    words = said(source={"doubtful_rows": doubts})
    assert "24.9% of the training labels are likely wrong" in words
    doubts[0]["wrong_share"] = 0.0
    assert said(source={"doubtful_rows": doubts}) == ""
