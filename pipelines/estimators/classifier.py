"""A classifier of scikit-learn whose answers are the int8 file's."""

from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_consistent_length

from .frames import class_names
from .table import TableEstimator


class PipelineClassifier(ClassifierMixin, TableEstimator):
    """Classes of the rows of a table, answered by the int8 file of a bundle.

    `fit` runs the whole line once: steps, training, conversion to int8, and the check of that file
    on rows that no stage has seen. `predict` and `predict_proba` are answered by
    `model_int8.tflite` through `pipelines.device.Runner`: a score in scikit-learn is the score of
    what ships. `predict` decides by the threshold that was chosen on validation rows (knob
    `judge.threshold`), so that it need not be the largest of `predict_proba`.

    Of the rows given to `fit`, `test_size` are kept for the check of the int8 file and for the
    scores in its report, and 15 % of the others are those that training is stopped by and the
    threshold is chosen on. With few test rows the check grants the deciding metric two rows.

    Args:
        recipe: How it is learned; None is `tabular.table_recipe`. Of a recipe given, what it reads,
            how it splits and its targets are replaced.
        knobs: Knobs of the recipe to turn, such as {"training.epochs": 20}. `set_params`, and so
            GridSearchCV, also take them one by one: training__epochs, build__dropout, build.
        runs_on: The runtimes that the file must run on, as `--runs-on` takes them.
        test_size: Share of the rows given to `fit` that the int8 file is checked on.
        random_state: Seed of the split and of the training.
        verbose: Whether the stages print what they do.

    Attributes:
        classes_: The labels, sorted.
        bundle_: The `Bundle` that was shipped.
        n_features_in_: The number of columns.
        feature_names_in_: Their names, if they are text.

    Example:
        model = PipelineClassifier().fit(frame, frame.pop("fault"))
        model.save_bundle("saved_models/pump")
    """

    _target_kind = "classes"

    def fit(self, X: Any, y: Any, *, groups: Any = None) -> Self:
        """Learns from rows and ships an int8 file.

        Args:
            X: A DataFrame of numbers, texts, truth values, dates, with missing cells; or an array
                [rows, columns].
            y: Labels of any kind [rows]; at least three rows of each.
            groups: Rows of one group stay together on one side of the split, or None.

        Raises:
            EstimatorError: The rows cannot be learned from, or the int8 file loses too much.
        """
        X = self._check_rows(X, reset=True)
        y = self._check_labels(y)
        check_consistent_length(X, y, groups)
        self.classes_, codes = np.unique(y, return_inverse=True)
        names = np.array(class_names(self.classes_), object)
        self._fit_table(X, names[codes], groups)
        return self

    def _check_labels(self, y):
        """Returns labels [rows] as scikit-learn accepts them."""
        y = self._check_target(y)
        y = check_array(y, ensure_2d=False, dtype=None, input_name="y", ensure_all_finite=True)
        check_classification_targets(y)
        return y

    def predict(self, X: Any) -> np.ndarray:
        """Returns the label of each row, [rows], by the decision that ships."""
        answers = self._answer(X)
        places = {name: place for place, name in enumerate(class_names(self.classes_))}
        codes = [places[name] for name in answers.given()]
        return self.classes_[np.array(codes, np.int64)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Returns probabilities, float64 [rows, classes], in the order of `classes_`."""
        answers = self._answer(X)
        labels = self.shipped_.runner().signature.target.labels
        order = [labels.index(name) for name in class_names(self.classes_)]
        return answers.scores[:, order]
