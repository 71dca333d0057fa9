"""A network that learns anew from all rows: what validation rows chose stays."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.compress import QuantizeAware
from pipelines.errors import LeakError, VerifyError
from pipelines.rows.joined import learned_from_both
from pipelines.rows.parts import require_unseen
from pipelines.run import export, fit, judge, refit, settle, ship
from pipelines.studies.judged import alone
from pipelines.training.schedules import Constant, Cosine
from pipelines.verify.fitting import best_epoch, train_on_all
from pipelines.verify.kept import check_kept


@pytest.fixture(scope="module")
def recipe(birds_recipe):
    """One whose epochs are chosen."""
    recipe = alone(birds_recipe).refitted()
    training = replace(recipe.training, epochs=3, schedule=Constant(patience=3))
    return replace(recipe, training=training)


@pytest.fixture(scope="module")
def models(recipe, birds_splits):
    """What ships without the validation rows, and with them."""
    trained = fit(recipe, birds_splits.train, birds_splits.valid)
    first = ship(recipe, trained)
    return first, refit(recipe, trained, first)


def test_it_learns_from_training_and_validation_rows(models, birds_splits):
    first, again = models
    rows = np.concatenate([birds_splits.train.ids, birds_splits.valid.ids])
    assert set(first.trained.inputs.train_rows.ids) == set(birds_splits.train.ids)
    assert sorted(again.trained.inputs.train_rows.ids) == sorted(rows)
    assert first.tflite["int8"] != again.tflite["int8"]
    # The steps are fitted on them too.
    assert first.signature.ranges != again.signature.ranges


def test_what_a_target_refused_before_training_stays_refused(models, recipe, birds_splits):
    trained = models[0].trained
    recipe = settle(recipe, birds_splits.train.schema)
    refused = {"web": "no such operator"}
    first = replace(trained, inputs=replace(trained.inputs, refused=refused))
    assert train_on_all(recipe, first).inputs.refused == refused


def test_what_validation_rows_chose_while_held_out_stays(models):
    first, again = models
    assert set(first.signature.decisions) == {"float32", "int8"}
    assert again.signature.decisions == first.signature.decisions
    assert again.signature.calibrations == first.signature.calibrations
    assert again.trained.signature.decisions == first.signature.decisions
    assert again.trained.validation_score == first.trained.validation_score
    assert again.trained.history == first.trained.history
    assert again.trained.compression == first.trained.compression


@pytest.mark.full
def test_after_a_compression_the_decision_stays_too(recipe, birds_splits):
    shipping = replace(recipe.shipping, compress=(QuantizeAware(epochs=1),))
    recipe = replace(recipe, shipping=shipping)
    trained = fit(recipe, birds_splits.train, birds_splits.valid)
    first = ship(recipe, trained)
    again = refit(recipe, trained, first)
    assert again.signature.decisions == first.signature.decisions
    assert again.trained.compression == first.trained.compression
    assert len(again.trained.compression) == 2


def test_int8_that_loses_on_validation_rows_ends_before_a_second_training(models, recipe):
    """So that another recipe is taken without a look at the test rows."""
    import keras

    first, _ = models
    recipe = settle(recipe, first.trained.inputs.train_rows.schema)
    check_kept(recipe, first.trained, first)
    strict = replace(recipe, judge=replace(recipe.judge, tolerance=-1.0))
    check_kept(strict, first.trained, first)  # a loss that is noise passes
    broken = keras.models.clone_model(first.trained.model)
    broken.set_weights(first.trained.model.get_weights())
    broken.layers[-1].set_weights([-each for each in broken.layers[-1].get_weights()])
    with pytest.raises(VerifyError, match=r"lost 0\.\d+ of \w+ on [\d,]+ validation rows"):
        check_kept(recipe, first.trained, export(recipe, replace(first.trained, model=broken)))


def test_test_rows_are_unseen_and_validation_rows_are_not(models, recipe, birds_splits):
    _, again = models
    evaluation = judge(recipe, again, birds_splits.test)
    assert np.isfinite(evaluation.rungs[-1].scores["roc_auc"])
    require_unseen(birds_splits.test, again.seen_ids)
    with pytest.raises(LeakError, match="were seen in training or validation"):
        judge(recipe, again, birds_splits.valid)


def test_the_rows_of_both_are_whole(birds_splits):
    train, valid = birds_splits.train, birds_splits.valid
    rows = learned_from_both(train, valid)
    assert type(rows) is type(train) and len(rows) == len(train) + len(valid)
    for name, column in rows.x.items():
        np.testing.assert_array_equal(column[len(train) :], valid.x[name])
    np.testing.assert_array_equal(rows.y[: len(train)], train.y)


@pytest.mark.parametrize(
    "deciding, values, epochs",
    [("average_precision", [0.2, 0.5, 0.4], 2), ("log_loss", [0.5, 0.3, 0.1], 3), ("rmse", [], 7)],
)
def test_the_best_epoch_is_that_of_the_kept_weights(recipe, deciding, values, epochs):
    training = replace(recipe.training, epochs=7)
    recipe = replace(recipe, training=training, judge=replace(recipe.judge, deciding=deciding))
    assert best_epoch(recipe, {f"val_{deciding}": values}) == epochs
    cosine = replace(recipe, training=replace(training, schedule=Cosine()))
    assert best_epoch(cosine, {f"val_{deciding}": values}) == 7


def test_a_constant_rate_to_the_end_stops_nowhere():
    schedule = Constant(patience=4)
    assert schedule.keeps_best and len(schedule.callbacks("val_loss", "min")) == 1
    to_the_end = schedule.to_the_end()
    assert not to_the_end.keeps_best and to_the_end.callbacks("val_loss", "min") == []
    assert Cosine().to_the_end() == Cosine()
