"""What the estimators share: the knobs of a recipe as parameters, one run of the line, and the
bundle that it leaves.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .. import catalog
from ..bundle.folder import Bundle
from ..convert.warm import kept_warm
from ..recipe import Recipe
from ..slots import Loader, Split
from .errors import as_value_errors, one_fit
from .knobs import is_knob, knob_of, parameter_of, turned
from .shipped import NAME, ShippedFiles

SOURCE = "rows given to fit"
_MOST_SEED = 2**31 - 1


class PipelineEstimator(BaseEstimator):
    """The line as an estimator of scikit-learn.

    Attributes:
        knobs: Knobs of the recipe that are turned, or None.
        runs_on: The runtimes that the file must run on.
        random_state: Seed of the split and of the training.
        verbose: Whether the stages print what they do.
    """

    knobs: Mapping[str, Any] | None
    runs_on: str
    random_state: Any
    verbose: bool

    # Parameters ---------------------------------------------------------------------------------

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Returns the parameters; with `deep` each knob that is turned too, as training__epochs."""
        params = super().get_params(deep=False)
        # What is wrong with a parameter is for `fit` to report.
        if deep and isinstance(self.knobs, Mapping):
            for knob, value in self.knobs.items():
                params[parameter_of(knob)] = value
        return params

    def set_params(self, **params: Any) -> Self:
        """Sets parameters, and turns knobs of the recipe: training__epochs=5, build=Mlp()."""
        own = {}
        knobs = {}
        names = self._get_param_names()
        for name, value in params.items():
            if name not in names and is_knob(name):
                knobs[knob_of(name)] = value
            else:
                own[name] = value
        super().set_params(**own)
        if knobs:
            self.knobs = {**(self.knobs or {}), **knobs}
        return self

    # What was shipped ---------------------------------------------------------------------------

    @property
    def bundle_(self) -> Bundle:
        """The bundle of the last fit, in a temporary folder that goes with the estimator.

        `save_bundle` writes it to a folder that stays.
        """
        check_is_fitted(self)
        return self.shipped_.bundle()

    def save_bundle(self, folder: str | Path) -> Bundle:
        """Writes the bundle to a folder, such as saved_models/pump; an older bundle is replaced.

        Raises:
            EstimatorError: The folder holds something else, or cannot be written.
        """
        check_is_fitted(self)
        with as_value_errors():
            return self.shipped_.write(Path(folder))

    # The one run --------------------------------------------------------------------------------

    def _seed(self) -> int:
        """Returns the seed of split and training; an integer is that seed itself."""
        if isinstance(self.random_state, (int, np.integer)):
            return int(self.random_state)
        return check_random_state(self.random_state).randint(_MOST_SEED)

    def _run(self, recipe: Recipe, frame: Any, *, load: Loader, split: Split, seed: int) -> None:
        """Runs the line once, and keeps the files of its bundle.

        Args:
            recipe: How it is learned. Peers and the second model for comparison are left out: the
                caller compares by scikit-learn.
            frame: What `load` reads.
            load: Of the frame.
            split: Of its rows.
            seed: Of the training.

        Raises:
            PipelineError: Of the stage that could not go on.
        """
        recipe = replace(
            recipe,
            name=NAME,
            load=load,
            split=split,
            training=replace(recipe.training, seed=seed),
            shipping=replace(recipe.shipping, targets=catalog.targets_named(self.runs_on)),
            judge=replace(recipe.judge, beside=False, peers=False),
        )
        recipe = turned(recipe, self.knobs)
        # Folds and searches convert many times.
        with one_fit(prints=bool(self.verbose)), kept_warm():
            self.shipped_ = _shipped(recipe, frame)


def _shipped(recipe: Recipe, frame: Any) -> ShippedFiles:
    """Returns the files of the bundle that a recipe makes of a table."""
    # Late: it takes a second, and an estimator that was loaded only answers.
    from ..run import run

    with tempfile.TemporaryDirectory(prefix="pipelines_fit_") as folder:
        bundle = run(recipe, frame, folder=folder)
        return ShippedFiles(bundle.files())
