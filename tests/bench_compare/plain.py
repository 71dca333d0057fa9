"""Pipelines of scikit-learn and imbalanced-learn for tables, slot by slot: what a practitioner
would write without this package, on the same rows.

Numbers are filled and standardized, categories one-hot; what samples stands between, where a row is
still one value a column.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from pipelines.peers.alongside import fit_peer
from pipelines.peers.outputs import fit_outputs
from pipelines.peers.peer import Predict
from pipelines.peers.tables import TablePeer
from pipelines.recipe import Recipe
from pipelines.rows.parts import Splits, TrainSet
from pipelines.rows.split_fold import SplitFold
from pipelines.run import frame, read, split
from pipelines.tabular.plain_features import boosting_knobs, tree_features
from pipelines.tasks import task_of

SEED = 0
MOST_NEIGHBORS = 5


@dataclass(frozen=True)
class Layout:
    """What a pipeline is made for.

    Attributes:
        is_code: Which columns of the matrix are codes of categories, bool [columns]; the others
            are numbers, NaN where one is missing.
        fewest: Rows of the rarest class.
    """

    is_code: np.ndarray
    fewest: int

    @property
    def num_codes(self) -> int:
        """How many columns are codes."""
        return int(self.is_code.sum())

    @property
    def neighbors(self) -> int:
        """How many neighbours a rare row has to be joined with."""
        return max(1, min(MOST_NEIGHBORS, self.fewest - 1))


Make = Callable[[Layout], Any]


@dataclass(frozen=True)
class PlainPipeline(TablePeer):
    """A pipeline as a peer, so that its decision is chosen on validation rows as a network's is.

    Attributes:
        make: Makes it, unfitted.
    """

    name: ClassVar[str] = "pipeline"
    make: Make = None

    def row_seconds(self, train: TrainSet) -> float:
        """Returns next to nothing: no budget is kept here."""
        return 1e-9

    def learn(self, train: TrainSet) -> Predict:
        """Fits the codes of categories and the pipeline."""
        features, is_code = tree_features(train)

        def classifier(y):
            return self.make(Layout(is_code, np.bincount(y).min()))

        outputs = fit_outputs(
            features(train.x),
            train.y,
            train.schema.target,
            classifier=classifier,
            regressor=classifier,
        )
        return lambda x: outputs(features(x))


def _numbers_filled(layout, imputer):
    """Returns what fills and standardizes numbers; a category that is missing becomes one of its
    own. Codes stand first: flags of what was missing make the number of the others uncertain.
    """
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    absent = SimpleImputer(strategy="constant", fill_value=-1, keep_empty_features=True)
    return make_column_transformer(
        (absent, np.flatnonzero(layout.is_code)),
        (make_pipeline(imputer, StandardScaler()), np.flatnonzero(~layout.is_code)),
    )


def _codes_first(num_codes):
    """Returns what makes the first columns one-hot."""
    from sklearn.compose import make_column_transformer
    from sklearn.preprocessing import OneHotEncoder

    onehot = OneHotEncoder(handle_unknown="ignore")
    return make_column_transformer(
        (onehot, slice(num_codes)),
        remainder="passthrough",
        sparse_threshold=0,
    )


def _median():
    from sklearn.impute import SimpleImputer

    return SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)


def _logistic(**knobs):
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=300, **knobs)


def pipeline(layout, model, *, imputer=None, sampler=None):
    """Returns imputer, sampler, encoder and model as a pipeline."""
    from imblearn.pipeline import make_pipeline

    steps = [_numbers_filled(layout, imputer or _median())]
    if sampler is not None:
        steps.append(sampler)
    if layout.num_codes:
        steps.append(_codes_first(layout.num_codes))
    return make_pipeline(*steps, model)


def _boosting(layout, **knobs):
    from sklearn.ensemble import HistGradientBoostingClassifier

    given = boosting_knobs(SEED, layout.fewest)
    codes = layout.is_code
    return HistGradientBoostingClassifier(**given, categorical_features=codes, **knobs)


def _smote(layout):
    """Returns SMOTE of numbers, or SMOTE-NC where there are categories."""
    from imblearn.over_sampling import SMOTE, SMOTENC

    knobs = {"k_neighbors": layout.neighbors, "random_state": SEED}
    if not layout.num_codes:
        return SMOTE(**knobs)
    return SMOTENC(categorical_features=list(range(layout.num_codes)), **knobs)


def _imputers() -> Mapping[str, Make]:
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer

    def filled_by(imputer):
        return lambda layout: pipeline(layout, _logistic(), imputer=imputer())

    def mean():
        return SimpleImputer(strategy="mean", keep_empty_features=True)

    def chained():
        return IterativeImputer(random_state=SEED, keep_empty_features=True, add_indicator=True)

    def nearest():
        return KNNImputer(keep_empty_features=True, add_indicator=True)

    return {
        "SimpleImputer(median, flags), LogisticRegression": filled_by(_median),
        "SimpleImputer(mean), LogisticRegression": filled_by(mean),
        "KNNImputer(flags), LogisticRegression": filled_by(nearest),
        "IterativeImputer(flags), LogisticRegression": filled_by(chained),
        "HistGradientBoosting, gaps as they are": _boosting,
    }


def _balancers() -> Mapping[str, Make]:
    from imblearn import combine, ensemble, over_sampling, under_sampling

    def sampled_by(kind, **knobs):
        return lambda layout: pipeline(layout, _logistic(), sampler=kind(**knobs))

    def smote(layout):
        return pipeline(layout, _logistic(), sampler=_smote(layout))

    def weighted(layout):
        return pipeline(layout, _logistic(class_weight="balanced"))

    def weighted_boosting(layout):
        return _boosting(layout, class_weight="balanced")

    def forest(layout):
        return pipeline(layout, ensemble.BalancedRandomForestClassifier(200, random_state=SEED))

    def smote_tomek(layout):
        smote = over_sampling.SMOTE(k_neighbors=layout.neighbors, random_state=SEED)
        return pipeline(
            layout, _logistic(), sampler=combine.SMOTETomek(smote=smote, random_state=SEED)
        )

    return {
        "LogisticRegression": lambda layout: pipeline(layout, _logistic()),
        "LogisticRegression(class_weight=balanced)": weighted,
        "RandomOverSampler, LogisticRegression": sampled_by(
            over_sampling.RandomOverSampler, random_state=SEED
        ),
        "RandomUnderSampler, LogisticRegression": sampled_by(
            under_sampling.RandomUnderSampler, random_state=SEED
        ),
        "SMOTE or SMOTENC, LogisticRegression": smote,
        "SMOTETomek on codes, LogisticRegression": smote_tomek,
        "TomekLinks, LogisticRegression": sampled_by(under_sampling.TomekLinks),
        "NearMiss, LogisticRegression": sampled_by(under_sampling.NearMiss, n_neighbors=1),
        "BalancedRandomForest": forest,
        "HistGradientBoosting": _boosting,
        "HistGradientBoosting(class_weight=balanced)": weighted_boosting,
    }


def _losses() -> Mapping[str, Make]:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.linear_model import SGDClassifier
    from sklearn.svm import LinearSVC

    def hinge(layout):
        calibrated = CalibratedClassifierCV(LinearSVC(C=0.05), cv=2)
        return pipeline(layout, calibrated)

    def modified_huber(layout):
        model = SGDClassifier(loss="modified_huber", alpha=1e-3, random_state=SEED)
        return pipeline(layout, model)

    return {
        "LogisticRegression: cross-entropy": lambda layout: pipeline(layout, _logistic()),
        "LinearSVC: squared hinge, calibrated": hinge,
        "SGDClassifier: modified Huber": modified_huber,
        "HistGradientBoosting: cross-entropy": _boosting,
    }


def _net():
    """Returns a dense net of scikit-learn as wide as ours. It stops after its epochs: stopped by
    the accuracy of a tenth of so few rows, it was worse.
    """
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier((64,), alpha=0.01, max_iter=60, random_state=SEED)


def _ensembles() -> Mapping[str, Make]:
    from imblearn import ensemble as balanced
    from sklearn import ensemble

    def alone(layout):
        return pipeline(layout, _net())

    def bagged(layout):
        return pipeline(layout, ensemble.BaggingClassifier(_net(), 3, random_state=SEED))

    def stacked(layout):
        members = [("net", _net()), ("linear", _logistic())]
        return pipeline(layout, ensemble.StackingClassifier(members, cv=3))

    def forest(layout):
        model = ensemble.RandomForestClassifier(200, min_samples_leaf=2, random_state=SEED)
        return pipeline(layout, model)

    def easy(layout):
        return pipeline(layout, balanced.EasyEnsembleClassifier(3, random_state=SEED))

    def balanced_bags(layout):
        bags = balanced.BalancedBaggingClassifier(_net(), n_estimators=3, random_state=SEED)
        return pipeline(layout, bags)

    return {
        "MLPClassifier(64)": alone,
        "BaggingClassifier of 3 MLPClassifier": bagged,
        "StackingClassifier of MLPClassifier and LogisticRegression": stacked,
        "BalancedBaggingClassifier of 3 MLPClassifier": balanced_bags,
        "EasyEnsembleClassifier of 3": easy,
        "RandomForest": forest,
        "HistGradientBoosting": _boosting,
    }


PIPELINES: Mapping[str, Callable[[], Mapping[str, Make]]] = MappingProxyType(
    {
        "impute": _imputers,
        "balance": _balancers,
        "loss": _losses,
        "ensemble": _ensembles,
    }
)


def fold_splits(recipe: Recipe, *, num_folds: int, most_rows: int) -> list[Splits]:
    """Returns the rows of each fold that `compare` judges on, raw."""
    found = []
    dataset = read(recipe).dataset
    for place in range(num_folds):
        fold = SplitFold(recipe.split, num_folds, place, inside=True, most=most_rows)
        judged = replace(recipe, split=fold)
        found.append(frame(judged, split(judged, dataset)))
    return found


def plain_scores(
    slot: str,
    folds: list[Splits],
    *,
    threshold: str,
    metric: str,
) -> dict[str, list[float]]:
    """Returns each pipeline of a slot → the metric of each fold.

    Args:
        slot: That the pipelines are of.
        folds: Raw rows.
        threshold: The metric that decisions are chosen for on validation rows.
        metric: That is wanted.
    """
    found = {}
    for words, make in PIPELINES[slot]().items():
        peer = PlainPipeline(seed=SEED, make=make)
        scores = [_scores(peer, splits, threshold) for splits in folds]
        found[words] = [each[metric] for each in scores]
    return found


def _scores(peer, splits, threshold):
    train, valid, test = splits.train, splits.valid, splits.test
    num_rows = len(train) + len(valid)
    fitted, _ = fit_peer(
        peer,
        train,
        valid,
        threshold=threshold,
        most=num_rows,
    )
    target = train.schema.target
    return task_of(target).plain_scores(test.y, fitted.answers(test), target)
