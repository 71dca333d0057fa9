"""A training that is killed after any epoch ends with the weights of the uninterrupted one, to the
last bit."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipelines import catalog
from pipelines.compress import ClusterWeights, PruneWeights, QuantizeAware
from pipelines.engine.cache import caching
from pipelines.engine.resume import EpochFile
from pipelines.recipe import tiny
from pipelines.run import compress, fit, frame, read, settle, split
from pipelines.text import MaskedPretraining, TransformerEncoder
from pipelines.training.fit import _Fitting
from pipelines.training.model_state import state_of
from pipelines.training.optimizers import AdamW
from pipelines.training.schedules import Constant, Cosine


class Killed(BaseException):
    """Stands in for SIGKILL: nothing in the package catches it."""


@pytest.fixture
def kill_after(monkeypatch):
    """Kills the process, as it were, after so many stored epochs from now on."""
    left = []
    write = EpochFile.write

    def write_and_die(self, state):
        write(self, state)
        if left:
            left[0] -= 1
            if left[0] == 0:
                left.clear()
                raise Killed

    monkeypatch.setattr(EpochFile, "write", write_and_die)
    # Every epoch is stored, however fast it is.
    monkeypatch.setattr("pipelines.engine.resume._MOST_SHARE", float("inf"))
    return lambda count: left.append(count)


def tabular():
    recipe = tiny(catalog.RECIPES["penguins_mlp"])
    build = replace(recipe.build, dropout=0.3, normalization=True, num_members=2)
    return replace(recipe, build=build, teacher=None)


def parts(recipe, source=None):
    splits = frame(recipe, split(recipe, read(recipe, source).dataset))
    return settle(recipe, splits.train.schema), splits.train, splits.valid


def assert_same(one, other):
    assert one.history == other.history
    assert one.validation_score == other.validation_score
    wanted, got = state_of(one.model), state_of(other.model)
    assert wanted["learns"] == got["learns"]
    for first, second in zip(wanted["variables"], got["variables"], strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("first", [pytest.param(1, marks=pytest.mark.full), 4])
@pytest.mark.parametrize(
    "schedule",
    [
        Constant(patience=2),
        pytest.param(Cosine(warmup_epochs=1), marks=pytest.mark.full),
    ],
    ids=["early stopping", "cosine"],
)
def test_a_training_goes_on_after_any_epoch(schedule, first, tmp_path, kill_after):
    recipe = tabular()
    optimizer = AdamW(learning_rate=0.02, weight_decay=0.01)
    training = replace(
        recipe.training, epochs=6, batch_size=32, schedule=schedule, optimizer=optimizer
    )
    recipe, train, valid = parts(replace(recipe, training=training))
    whole = fit(recipe, train, valid)
    for count in (first, 1):
        kill_after(count)
        with pytest.raises(Killed), caching(tmp_path, "test"):
            fit(recipe, train, valid)
    with caching(tmp_path, "test"):
        assert_same(whole, fit(recipe, train, valid))
    with caching(tmp_path, "test") as cache:
        assert_same(whole, fit(recipe, train, valid))
    assert "train" in cache.taken
    assert not list(tmp_path.glob(".cache/*.epochs"))


@pytest.mark.full
@pytest.mark.parametrize("first", [1, 3, 5])
def test_pretraining_goes_on_too(first, tmp_path, kill_after):
    recipe = tiny(catalog.RECIPES["remarks_cnn"])
    net = TransformerEncoder(token_dropout=0.2).tiny()
    build = MaskedPretraining(net, epochs=3)
    training = replace(recipe.training, epochs=3)
    source = pd.read_csv("data/birds.csv.gz", dtype=str, keep_default_na=False).iloc[::12]
    recipe, train, valid = parts(
        replace(recipe, build=build, training=training, teacher=None), source
    )
    whole = fit(recipe, train, valid)
    kill_after(first)
    with pytest.raises(Killed), caching(tmp_path, "test"):
        fit(recipe, train, valid)
    with caching(tmp_path, "test") as cache:
        assert_same(whole, fit(recipe, train, valid))
    assert ("warm-up" in cache.taken) == (first > 3)


@pytest.mark.full
@pytest.mark.parametrize("first", [1, 3, 5, 8])
def test_compression_goes_on_too(first, tmp_path, kill_after):
    recipe = tabular()
    steps = (PruneWeights(epochs=3), ClusterWeights(epochs=2), QuantizeAware(epochs=3))
    shipping = replace(recipe.shipping, compress=steps)
    recipe, train, valid = parts(replace(recipe, shipping=shipping))
    trained = fit(recipe, train, valid)
    whole = compress(recipe, trained)
    kill_after(first)
    with pytest.raises(Killed), caching(tmp_path, "test"):
        compress(recipe, trained)
    with caching(tmp_path, "test"):
        assert_same(whole, compress(recipe, trained))
    with caching(tmp_path, "test") as cache:
        assert_same(whole, compress(recipe, trained))
    assert cache.taken == ["PruneWeights", "ClusterWeights", "QuantizeAware"]


@pytest.fixture
def trains_once(monkeypatch):
    """One real training; those that follow give its result again: their keys are looked at."""
    results = []
    run = _Fitting.run

    def run_once(self, callbacks):
        if not results:
            results.append(run(self, callbacks))
        return results[0]

    monkeypatch.setattr(_Fitting, "run", run_once)


def test_other_rows_or_knobs_are_another_training(trains_once, tmp_path):
    recipe, train, valid = parts(tabular())
    others = [
        (replace(recipe, training=replace(recipe.training, seed=1)), train),
        (replace(recipe, build=replace(recipe.build, dropout=0.1)), train),
        (recipe, train.take(np.arange(len(train) - 1))),
    ]
    with caching(tmp_path, "test") as cache:
        for each, rows in [(recipe, train), *others]:
            fit(each, rows, valid)
        assert cache.taken == []
        fit(recipe, train, valid)
        assert cache.taken == ["train"]


def test_a_training_with_callbacks_of_the_caller_is_not_kept(trains_once, tmp_path, capsys):
    import keras

    recipe, train, valid = parts(tabular())
    for _ in range(2):
        with caching(tmp_path, "test") as cache:
            fit(recipe, train, valid, callbacks=[keras.callbacks.Callback()])
        assert cache.taken == []
    assert "callbacks of the caller" in capsys.readouterr().err
