"""The estimators of tables on real rows: what they answer, and what they refuse."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score, r2_score

from pipelines import Runner
from pipelines.errors import EstimatorError, PipelineError
from pipelines.estimators import PipelineClassifier, PipelineRegressor


def test_importing_loads_no_tensorflow():
    code = (
        "import sys, pipelines.estimators\n"
        "heavy = {'tensorflow', 'keras', 'matplotlib'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_answers_are_those_of_the_int8_file(classifier, birds_of_ice):
    rows = birds_of_ice.rows
    runner = Runner.load(classifier.bundle_.folder)
    answers = runner.predict(rows)
    assert runner.form == "int8"
    np.testing.assert_array_equal(classifier.predict(rows), answers.labels)
    np.testing.assert_array_equal(classifier.classes_, ["FEMALE", "MALE"])
    place = runner.signature.target.labels.index("MALE")
    np.testing.assert_array_equal(classifier.predict_proba(rows)[:, 1], answers.scores[:, place])


def test_scores_are_those_of_the_answers(classifier, regressor, birds_of_ice):
    rows = birds_of_ice.rows
    score = classifier.score(rows, birds_of_ice.sex)
    assert score == accuracy_score(birds_of_ice.sex, classifier.predict(rows)) > 0.7
    score = regressor.score(rows, birds_of_ice.grams)
    assert score == r2_score(birds_of_ice.grams, regressor.predict(rows)) > 0.5


def test_a_part_is_kept_for_the_check_of_the_int8_file(classifier, birds_of_ice):
    num_rows = classifier.bundle_.report["rows"]
    assert (num_rows["train"], num_rows["valid"], num_rows["test"]) == (254, 45, 34)
    assert len(birds_of_ice.rows) == 254 + 45 + 34
    assert classifier.bundle_.report["gate"]["passed"]
    assert classifier.bundle_.report.get("peers") is None


def test_a_fitted_estimator_is_pickled_with_its_files(classifier, birds_of_ice):
    rows = birds_of_ice.rows
    content = pickle.dumps(classifier)
    for other in (pickle.loads(content), copy.deepcopy(classifier)):
        np.testing.assert_array_equal(other.predict_proba(rows), classifier.predict_proba(rows))
        assert other.bundle_.folder != classifier.bundle_.folder
        assert other.bundle_.files() == classifier.bundle_.files()


def test_the_folder_of_the_bundle_goes_with_the_estimator(classifier):
    other = copy.deepcopy(classifier)
    folder = other.bundle_.folder
    assert folder.is_dir()
    del other
    assert not folder.exists()


def test_a_bundle_is_saved(classifier, tmp_path):
    saved = classifier.save_bundle(tmp_path / "models" / "penguins")
    assert saved.check()
    assert saved.files() == classifier.bundle_.files()
    (tmp_path / "notes").mkdir()
    with pytest.raises(EstimatorError, match="is there and is not a bundle"):
        classifier.save_bundle(tmp_path / "notes")


def test_rows_that_cannot_be_answered(classifier, birds_of_ice):
    rows = birds_of_ice.rows[:3]
    wrong = rows.astype({"Flipper Length (mm)": object})
    wrong.iloc[1, 3] = "long"
    with pytest.raises(ValueError, match="row 1, column 'Flipper Length .mm.': not a number"):
        classifier.predict(wrong)
    with pytest.raises(ValueError, match="feature names should match"):
        classifier.predict(rows.rename(columns={"Island": "Place"}))
    with pytest.raises(ValueError, match="minimum of 1 is required"):
        classifier.predict(rows[:0])


def test_a_clone_is_not_fitted(classifier):
    with pytest.raises(NotFittedError):
        _ = clone(classifier).bundle_


NUMBERS = np.arange(60, dtype=float).reshape(30, 2)


@pytest.mark.parametrize(
    ("model", "y", "words"),
    [
        (PipelineClassifier(), np.ones(30), "has one class, '1'"),
        (PipelineClassifier(), np.arange(30) // 29, "class '1' of the target 'target' has one row"),
        (PipelineRegressor(), np.full(30, 7.5), "is 7.5 in all rows"),
        (PipelineRegressor(), np.full(30, 1e31), "beyond 1e\\+30"),
        (
            PipelineRegressor(knobs={"training.epoch": 3}),
            np.arange(30.0),
            "no knob 'training.epoch'",
        ),
        (PipelineRegressor(runs_on="abacus"), np.arange(30.0), "the target 'abacus'"),
        (PipelineRegressor(test_size=0.0), np.arange(30.0), "split.test"),
    ],
)
def test_what_cannot_be_learned_is_a_value_error(model, y, words):
    with pytest.raises(ValueError, match=words) as caught:
        model.fit(NUMBERS, y)
    assert isinstance(caught.value, PipelineError)


def test_a_fix_names_the_argument_and_not_the_option():
    model = PipelineRegressor(knobs={"judge.threshold": "f1"})
    with pytest.raises(EstimatorError) as caught:
        model.fit(NUMBERS, np.arange(30.0))
    assert "knobs={'judge.threshold': 'macro_f1'}," in caught.value.fix
    assert "--set" not in caught.value.fix


def test_a_column_of_two_kinds_is_refused_until_its_kind_is_given():
    rows = pd.DataFrame({"size": [*map(float, range(29)), "large"], "x": range(30)})
    with pytest.raises(EstimatorError, match="has 29 numbers and 1 other values") as caught:
        PipelineRegressor().fit(rows, np.arange(30.0))
    assert "knobs={'load.kinds': {'size': 'categorical'}}" in caught.value.fix
    # The given kind is taken; what is wrong is found after it.
    given = {"load.kinds": {"size": "categorical"}, "load.drop": ("x", "size")}
    with pytest.raises(EstimatorError, match="no feature column is left"):
        PipelineRegressor(knobs=given).fit(rows, np.arange(30.0))


def test_labels_and_numbers_as_scikit_learn_wants_them():
    with pytest.raises(ValueError, match="Unknown label type"):
        PipelineClassifier().fit(NUMBERS, np.linspace(0, 1, 30))
    with pytest.raises(ValueError, match="y to be passed"):
        PipelineRegressor().fit(pd.DataFrame(NUMBERS), None)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        PipelineClassifier().fit(NUMBERS, np.arange(29) % 2)


def test_nothing_is_printed(birds_of_ice, capfd):
    with pytest.raises(EstimatorError, match="no knob"):
        PipelineClassifier(knobs={"x": 1}).fit(birds_of_ice.rows, birds_of_ice.sex)
    assert capfd.readouterr() == ("", "")
