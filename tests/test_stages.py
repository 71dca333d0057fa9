"""The stages of a run, each called alone."""

import json
import math
import sys
from dataclasses import replace

import pytest

from pipelines.run import compare, fit, frame, judge, read, ship, split, write
from tests.byte_check import read_record


@pytest.fixture(scope="module")
def recipe(birds_recipe):
    """That of `bundle`: uneven classes, so that there is a comparison model."""
    return replace(birds_recipe, judge=replace(birds_recipe.judge, tolerance=1.0))


@pytest.fixture(scope="module")
def stages(recipe, birds, tmp_path_factory):
    """(TrainedModel, Bundle) of the stages one by one."""
    data = read(recipe, birds)
    splits = frame(recipe, split(recipe, data.dataset))
    trained = fit(recipe, splits.train, splits.valid)
    shipped = ship(recipe, trained)
    comparison = compare(recipe, trained)
    evaluation = judge(recipe, shipped, splits.test, comparison=comparison)
    folder = tmp_path_factory.mktemp("stages")
    return trained, write(recipe, data, splits, shipped, evaluation, folder=folder)


def test_the_stages_one_by_one_give_the_bytes_of_a_run(stages, bundle):
    """`bundle` is that of the run."""
    _, by_stages = stages
    assert read_record(by_stages.folder) == read_record(bundle.folder)
    one, other = by_stages.report, bundle.report
    assert one.keys() == other.keys()
    timed = {"seconds", "ladder"}
    for part in one.keys() - timed:
        assert json.dumps(one[part]) == json.dumps(other[part]), part
    for part in ("model.keras", "README.md", "recipe.json"):
        assert (by_stages.folder / part).is_file() and (bundle.folder / part).is_file()


def test_a_trained_model_has_its_validation_score(recipe, stages):
    trained, bundle = stages
    deciding = bundle.report["judge"]["deciding"]
    assert math.isfinite(trained.validation_score)
    best = max(trained.history[f"val_{deciding}"])
    assert 0 < trained.validation_score <= 1 and abs(trained.validation_score - best) < 0.5
    assert trained.num_rows == bundle.report["rows"]["trained_on"]
    assert trained.compression == ()


@pytest.mark.full  # `engine/test_resume` and `training/test_optimizers` call them in the normal run
def test_fit_calls_keras_callbacks(recipe, birds):
    import keras

    class Recorder(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.epochs = []

        def on_epoch_end(self, epoch, logs=None):
            self.epochs.append((epoch, sorted(logs)))

    recorder = Recorder()
    data = read(recipe, birds)
    splits = split(recipe, data.dataset)
    trained = fit(recipe, splits.train, splits.valid, callbacks=[recorder])
    assert [epoch for epoch, _ in recorder.epochs] == list(range(len(trained.history["loss"])))
    assert all("val_loss" in logs for _, logs in recorder.epochs)


def test_the_package_and_its_module_give_the_same_stages():
    import pipelines

    # The package's `run` is the function; its module has the same name.
    module = sys.modules["pipelines.run"]
    for name in ("run", "read", "split", "frame", "fit", "ship", "judge", "write"):
        assert getattr(pipelines, name) is getattr(module, name), name
