"""Ensembles of nets of every modality convert to int8, and there give the answers of Keras."""

import pytest

from pipelines import text, timeseries, vision
from pipelines.run import fit, judge, ship
from pipelines.training.ensembles import Bagging, Boosting, Seeds, Snapshots, Stacking
from tests.contracts.test_networks import recipe_of, sample_of, suited

ENSEMBLES = (
    Bagging(of=vision.Cnn()),
    Boosting(of=text.TextCnn()),
    Snapshots(of=text.TransformerEncoder()),
    Seeds(of=text.TokenTable()),
    Boosting(of=timeseries.SeriesFcn()),
    Stacking(of=(timeseries.SeriesMlp(), timeseries.NLinear())),
    Bagging(of=timeseries.ConvAutoencoder()),
)


@pytest.mark.full
@pytest.mark.parametrize("ensemble", ENSEMBLES, ids=lambda each: type(each.kinds[0]).__name__)
def test_ships(ensemble):
    network = ensemble.tiny()
    make = suited(network)[0]
    recipe = recipe_of(network, make)
    parts = sample_of(make).splits()
    trained = fit(recipe, parts.train, parts.valid)
    evaluation = judge(recipe, ship(recipe, trained), parts.test)
    assert evaluation.failed == ""
    forms = {rung.form: rung for rung in evaluation.rungs}
    assert forms["litert_int8"].agreement >= 0.98
