"""Every member of the slots of training through to an int8 file that answers as Keras does."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines import slots
from pipelines.device.target import Target
from pipelines.run import fit, judge, ship
from pipelines.tabular import Mlp
from pipelines.training.schedules import Cosine
from pipelines.training.training import Training
from tests.contracts.samples import NUM_ROWS, members, name_of, table, with_defaults
from tests.contracts.test_networks import recipe_of


def classes():
    """A table with a class that its first column gives."""
    first = np.nan_to_num(table().dataset.x["n"], nan=5.0)
    y = (first > 5).astype(np.int64)
    return table(y=y, target=Target("y", "binary", ("no", "yes")))


def amounts():
    """The same with an amount of zero and more."""
    first = np.nan_to_num(table().dataset.x["n"], nan=5.0)
    return table(y=np.maximum(first - 5, 0.0), target=Target("y", "regression"))


def sample_for(training):
    if training.suits(classes().sketch()):
        return amounts
    return classes


def trainings():
    """A training with each member of each slot of training."""
    places = {
        "loss": slots.Loss,
        "optimizer": slots.Optimizer,
        "clip": slots.Clipping,
        "average": slots.Averaging,
        "schedule": slots.Schedule,
    }
    for place, slot in places.items():
        for kind in members(slot):
            yield pytest.param(place, kind, id=name_of(kind))


@pytest.mark.full
@pytest.mark.parametrize(("place", "kind"), list(trainings()))
def test_trains_ships_int8_and_agrees(place, kind):
    if kind.__name__ == "Pinball":
        pytest.skip("of forecasts of quantiles: tests/timeseries")
    training = Training(epochs=15, batch_size=24)
    if place == "average":
        training = replace(training, schedule=Cosine())
    training = replace(training, **{place: with_defaults(kind)})
    training.check()
    make = sample_for(training)
    network = Mlp(widths=(16,), num_members=1, dropout=0.0)
    recipe = replace(recipe_of(network, make), training=training)
    recipe = replace(recipe, judge=replace(recipe.judge, min_agreement=0.0))
    parts = make().splits()
    trained = fit(recipe, parts.train, parts.valid)
    assert np.isfinite(trained.validation_score)
    answers = judge(recipe, ship(recipe, trained), parts.test).answers
    scores = [answers[form].scores for form in ("keras", "litert_int8")]
    spread = max(float(np.std(scores[0])), 1e-3)
    assert len(scores[0]) == NUM_ROWS // 5
    assert np.mean(np.abs(scores[0] - scores[1]) < 0.15 * spread) >= 0.95
