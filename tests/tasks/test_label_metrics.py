"""Scores of several labels a row are those of scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics

from pipelines.tasks.label_metrics import label_table, score_decided, score_label_sets


def draw(seed, num_rows=400):
    generator = np.random.default_rng(seed)
    y = (generator.random((num_rows, 5)) < [0.5, 0.2, 0.05, 0.9, 0.3]).astype(np.int64)
    scores = np.clip(y * 0.3 + generator.random(y.shape).round(2) * 0.7, 0.01, 0.99)
    return y, scores > 0.5, scores


@pytest.mark.parametrize("seed", range(4))
def test_every_score(seed):
    y, chosen, scores = draw(seed)
    found = score_label_sets(y, chosen, scores)
    plain = {"average": "macro", "zero_division": 0}
    wanted = {
        "mean_average_precision": metrics.average_precision_score(y, scores, average="macro"),
        "roc_auc": metrics.roc_auc_score(y, scores, average="macro"),
        "macro_f1": metrics.f1_score(y, chosen, **plain),
        "micro_f1": metrics.f1_score(y, chosen, average="micro"),
        "exact_match": metrics.accuracy_score(y, chosen),
        "hamming_loss": metrics.hamming_loss(y, chosen),
        "precision": metrics.precision_score(y, chosen, **plain),
        "recall": metrics.recall_score(y, chosen, **plain),
        "log_loss": np.mean([metrics.log_loss(*each) for each in zip(y.T, scores.T, strict=True)]),
        "brier": np.mean(
            [metrics.brier_score_loss(*each) for each in zip(y.T, scores.T, strict=True)]
        ),
    }
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        assert found[name] == pytest.approx(value, abs=1e-12), name


def test_label_by_label():
    y, chosen, scores = draw(7)
    table = label_table(y, chosen, scores, tuple("abcde"))
    wanted = metrics.precision_recall_fscore_support(y, chosen, zero_division=0)
    for place, line in enumerate(table):
        assert line["label"] == "abcde"[place]
        for name, values in zip(("precision", "recall", "f1", "rows"), wanted, strict=True):
            assert line[name] == pytest.approx(values[place])
        each = metrics.average_precision_score(y[:, place], scores[:, place])
        assert line["average_precision"] == pytest.approx(each)


def test_labels_that_no_row_has_do_not_count():
    y, chosen, scores = draw(1)
    wider = [np.pad(each, ((0, 0), (0, 1))) for each in (y, chosen, scores)]
    one = score_label_sets(y, chosen, scores)
    other = score_label_sets(*wider)
    for name in ("macro_f1", "micro_f1", "mean_average_precision", "roc_auc", "exact_match"):
        assert one[name] == pytest.approx(other[name]), name
    assert label_table(*wider, tuple("abcdef"))[5]["average_precision"] is None


def test_right_and_wrong():
    y = np.array([[1, 0], [0, 1], [0, 0]])
    right = score_decided(y, y == 1)
    assert right["exact_match"] == right["micro_f1"] == right["macro_f1"] == 1
    assert right["hamming_loss"] == 0
    wrong = score_decided(y, y == 0)
    assert wrong["exact_match"] == wrong["micro_f1"] == 0 and wrong["hamming_loss"] == 1
