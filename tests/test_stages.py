"""The stages of a run, each called alone."""

import json
import math
from dataclasses import replace

import pytest

from pipelines import catalog
from pipelines.recipe import tiny
from pipelines.run import compare, fit, frame, judge, read, run, ship, split, write
from tests.byte_check import read_record


@pytest.fixture(scope="module")
def recipe():
    """Bird strikes: a small real table of uneven classes, so that there is a comparison model."""
    recipe = tiny(catalog.RECIPES["birds_mlp"])
    return replace(recipe, judge=replace(recipe.judge, tolerance=1.0, min_agreement=0.0))


@pytest.fixture(scope="module")
def stages(recipe, tmp_path_factory):
    """(TrainedModel, Bundle) of the stages one by one."""
    data = read(recipe)
    splits = frame(recipe, split(recipe, data.dataset))
    trained = fit(recipe, splits.train, splits.valid)
    shipped = ship(recipe, trained)
    comparison = compare(recipe, trained)
    evaluation = judge(recipe, shipped, splits.test, comparison=comparison)
    folder = tmp_path_factory.mktemp("stages")
    return trained, write(recipe, data, splits, shipped, evaluation, folder=folder)


def test_the_stages_one_by_one_give_the_bytes_of_a_run(recipe, stages, tmp_path):
    _, bundle = stages
    whole = run(recipe, folder=tmp_path)
    assert read_record(bundle.folder) == read_record(whole.folder)
    one, other = bundle.report, whole.report
    assert one.keys() == other.keys()
    timed = {"seconds", "ladder"}
    for part in one.keys() - timed:
        assert json.dumps(one[part]) == json.dumps(other[part]), part
    for part in ("model.keras", "README.md", "recipe.json"):
        assert (bundle.folder / part).is_file() and (whole.folder / part).is_file()


def test_a_trained_model_has_its_validation_score(recipe, stages):
    trained, bundle = stages
    deciding = bundle.report["judge"]["deciding"]
    assert math.isfinite(trained.validation_score)
    best = max(trained.history[f"val_{deciding}"])
    assert 0 < trained.validation_score <= 1 and abs(trained.validation_score - best) < 0.5
    assert trained.num_rows == bundle.report["rows"]["trained_on"]
    assert trained.compression == ()


@pytest.mark.full  # `engine/test_resume` and `training/test_optimizers` call them in the normal run
def test_fit_calls_keras_callbacks(recipe):
    import keras

    class Recorder(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.epochs = []

        def on_epoch_end(self, epoch, logs=None):
            self.epochs.append((epoch, sorted(logs)))

    recorder = Recorder()
    data = read(recipe)
    splits = split(recipe, data.dataset)
    trained = fit(recipe, splits.train, splits.valid, callbacks=[recorder])
    assert [epoch for epoch, _ in recorder.epochs] == list(range(len(trained.history["loss"])))
    assert all("val_loss" in logs for _, logs in recorder.epochs)


def test_the_package_and_its_module_give_the_same_stages():
    import pipelines

    for name in ("run", "read", "split", "frame", "fit", "ship", "judge", "write"):
        assert getattr(pipelines, name) is globals()[name], name
