"""scikit-learn's own checks, and those that cannot hold, each with the reason."""

from collections.abc import Iterator

from sklearn.base import BaseEstimator
from sklearn.utils.estimator_checks import estimator_checks_generator

OF_CLASSES = {
    "check_classifiers_train": "predict decides by a threshold that was chosen on validation rows, "
    "as it ships, and not by the larger probability"
}
# These train nothing, or are refused before.
TRAIN_NOTHING = (
    "check_estimator_cloneable",
    "check_estimator_tags_renamed",
    "check_valid_tag_types",
    "check_estimator_repr",
    "check_no_attributes_set_in_init",
    "check_estimators_unfitted",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_mixin_order",
    "check_complex_data",
    "check_estimators_empty_data_messages",
    "check_estimator_sparse_tag",
    "check_estimator_sparse_array",
    "check_estimator_sparse_matrix",
    "check_classifiers_one_label",
    "check_classifiers_regression_target",
    "check_supervised_y_no_nan",
    "check_parameters_default_constructible",
    "check_fit2d_1sample",
    "check_get_params_invariance",
    "check_set_params",
    "check_fit1d",
    "check_requires_y_none",
)


def checks_of(estimator: BaseEstimator, *, trains: bool) -> Iterator[tuple]:
    """Yields (estimator, check) of scikit-learn's checks.

    Args:
        estimator: Not fitted.
        trains: Whether those that train are wanted, or the others.
    """
    for each, check in estimator_checks_generator(estimator, legacy=True, mark=None):
        if (name_of(check) not in TRAIN_NOTHING) == trains:
            yield each, check


def name_of(check) -> str:
    """Returns the name of a check."""
    return check.func.__name__
