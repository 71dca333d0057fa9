"""Diagnosing: what is fitted, what is advised, and that test rows are in no fit."""

import time
from dataclasses import replace

import numpy as np
import pytest

from pipelines import catalog
from pipelines.errors import RecipeError
from pipelines.rows.split_fold import SplitFold
from pipelines.run import read, split
from pipelines.slots.layers import Layers
from pipelines.studies.diagnosis import advice as findings
from pipelines.studies.diagnosis.advice import advice
from pipelines.studies.diagnosis.decomposition import Decomposition
from pipelines.studies.diagnosis.diagnose import diagnose
from pipelines.studies.diagnosis.fitted import Fitted, fit_once
from pipelines.studies.diagnosis.held import Held
from pipelines.studies.diagnosis.runs import DiagnosisPlan, DiagnosisRuns, Runs
from pipelines.studies.diagnosis.turned import regularizers, wider, width_knob
from pipelines.tabular import Mlp

PENGUINS = catalog.RECIPES["penguins_mlp"]
NONE = np.zeros(0)


def runs(words, learned, judged, *, factor=1.0):
    """Fits on as many folds as there are scores."""
    fits = []
    for one, other in zip(learned, judged, strict=True):
        rows = {"train": 80, "valid": 10, "test": 30}
        fits.append(Fitted("roc_auc", one, other, rows, NONE, NONE))
    return Runs(words, factor, fits)


def held(*, learned=0.9, share=0.8, wide=0.8, dropout=0.8):
    """Five folds whose scores on rows not seen are about .8."""
    noise = np.array([-0.01, 0.005, 0.0, -0.005, 0.01])

    def about(score):
        other = np.roll(noise, 1) / 4
        return list(score + noise + other)

    usual = runs("as it is", 0.002 * noise + learned, 0.8 + noise)
    return Held(
        DiagnosisRuns(
            usual=usual,
            shares=[runs("50 % of the rows", [0.9] * 5, about(share), factor=0.5)],
            widths=[runs("build.widths times 2", [0.9] * 5, about(wide), factor=2.0)],
            regularizers=[runs("build.dropout=0.5", [0.9] * 5, about(dropout))],
            draws=None,
            refused={},
        )
    )


def parts(variance):
    return Decomposition(0.2, 0.2 * (1 - variance), 0.2 * variance, 0.0, 8, 100)


@pytest.mark.parametrize(
    "scores, variance, finding",
    [
        ({"share": 0.7}, 0.1, findings.OVERFITTING),
        ({}, 0.6, findings.OVERFITTING),
        ({"share": 0.7, "wide": 0.9}, 0.1, findings.BOTH),
        ({"learned": 0.801, "wide": 0.9}, 0.1, findings.UNDERFITTING),
        ({"learned": 0.801}, 0.1, findings.NEITHER),
        ({"learned": 0.801, "dropout": 0.9}, 0.1, findings.UNDERFITTING),
        ({"dropout": 0.9}, 0.1, findings.OVERFITTING),
        ({}, 0.1, findings.GAP),
    ],
)
def test_the_finding_follows_from_the_evidence(scores, variance, finding):
    found, words = advice(held(**scores), parts(variance))
    assert found == finding
    assert "on rows that it learned from and 0.8 on others" in words


def test_a_regularizer_that_helps_is_named_with_its_interval():
    _, words = advice(held(dropout=0.85), parts(0.1))
    assert "build.dropout=0.5 (better by 0.0500, lead within [+0.04" in words
    _, words = advice(held(), None)
    assert "none is better beyond noise" in words


def test_rows_are_drawn_from_the_other_folds_alone():
    """A share of the rows, other rows for each draw; the fold that is judged on stays the same, and
    test rows of the recipe are in no part.
    """
    random = np.random.default_rng(0)
    dataset = read(PENGUINS).dataset
    _, _, test = PENGUINS.split.parts(dataset)
    whole = SplitFold(PENGUINS.split, 3, 1, inside=True).parts(dataset)
    drawn = []
    for draw in random.permutation([1, 2]):
        fold = SplitFold(PENGUINS.split, 3, 1, inside=True, share=0.5, draw=int(draw))
        train, valid, judged = fold.parts(dataset)
        np.testing.assert_array_equal(judged, whole[2])
        assert len(train) + len(valid) == round(0.5 * (len(whole[0]) + len(whole[1])))
        assert not np.intersect1d(np.concatenate([train, valid, judged]), test).size
        drawn.append(np.sort(np.concatenate([train, valid])))
    assert not np.array_equal(*drawn)


def test_regularizers_turn_one_knob_each():
    recipe = replace(PENGUINS, build=Mlp(widths=(16, 8), dropout=0.2, num_members=4))
    words = [each.words for each in regularizers(recipe)]
    assert "build.dropout=0.0" in words and "build.dropout=0.4" in words
    assert "build.num_members=1" in words and "build.layers.l2=0.001" in words
    assert width_knob(recipe) == "build.widths"
    assert wider(recipe, 0.5).build.widths == (8, 4)


def test_weights_that_are_solved_for_are_refused():
    solving = [each for each in catalog.RECIPES.values() if each.build.solves]
    with pytest.raises(RecipeError, match="solved for"):
        diagnose(solving[0])


@pytest.mark.full
def test_an_overfitting_net_has_a_gap_that_dropout_narrows():
    """A wide net without dropout on few rows: Srivastava et al. 2014, section 6.5."""
    base = replace(PENGUINS.training, epochs=150)
    net = Mlp(widths=(256, 256), dropout=0.0, num_members=1, layers=Layers(initializer="HeNormal"))
    fold = SplitFold(PENGUINS.split, 3, 0, inside=True, share=0.3)
    recipe = replace(
        PENGUINS,
        split=fold,
        build=net,
        training=replace(base, schedule=base.schedule.to_the_end()),
    )
    splits = split(recipe, read(recipe).dataset)
    close = fit_once(recipe, splits)
    dropped = fit_once(replace(recipe, build=replace(net, dropout=0.5)), splits)
    assert close.judged > 1.3 * close.learned
    assert dropped.judged / dropped.learned < close.judged / close.learned


SMALL = replace(
    PENGUINS,
    build=Mlp(widths=(8,), dropout=0.2, num_members=1),
    training=replace(PENGUINS.training, epochs=2),
)


@pytest.mark.full
def test_changed_test_rows_change_no_fit(tmp_path):
    """Targets of the recipe's test rows are other ones: every answer stays, bit for bit."""
    import pandas as pd

    dataset = read(SMALL).dataset
    _, _, test = SMALL.split.parts(dataset)
    table = pd.read_csv(SMALL.load.source)
    table.loc[dataset.ids[test], "Body Mass (g)"] *= 3
    table.to_csv(tmp_path / "changed.csv", index=False)
    changed = replace(SMALL, load=replace(SMALL.load, source=str(tmp_path / "changed.csv")))
    fits = []
    for recipe in (SMALL, changed):
        fold = replace(recipe, split=SplitFold(recipe.split, 3, 0, inside=True, share=0.5))
        fits.append(fit_once(fold, split(fold, read(fold).dataset)))
    np.testing.assert_array_equal(fits[0].answers, fits[1].answers)
    np.testing.assert_array_equal(fits[0].truth, fits[1].truth)


@pytest.mark.full
def test_a_whole_diagnosis_goes_on_from_what_is_finished(tmp_path):
    """The second one takes every fit from the cache, and writes the same numbers."""
    from pipelines.studies.workers import Workers

    plan = DiagnosisPlan(num_folds=2, shares=(0.5,), widths=(0.5,), num_draws=2)
    contents = []
    seconds = []
    for _ in range(2):
        start = time.monotonic()
        result = diagnose(SMALL, plan=plan, workers=Workers(folder=tmp_path))
        seconds.append(time.monotonic() - start)
        contents.append((result.place.parent / "diagnosis.json").read_bytes())
        assert result.place.is_file()
    assert contents[0] == contents[1]
    assert seconds[1] < seconds[0] / 3
    titles = [reading.title for reading in result.readings]
    assert "Learning curve over rows" in titles and "Bias and variance" in titles
