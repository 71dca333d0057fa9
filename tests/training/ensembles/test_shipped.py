"""Every ensemble on real rows: a stated score, and an int8 file that agrees with Keras."""

import pytest

from pipelines import catalog
from pipelines.errors import RecipeError
from pipelines.run import fit, frame, judge, read, ship, split

ONE = "Mlp(widths=(32,), num_members=1)"
LINEAR = "Mlp(widths=(), num_members=1)"
ENSEMBLES = {
    "Seeds": f"Seeds(of={ONE}, num_members=3)",
    "Bagging": f"Bagging(of={ONE}, num_members=3)",
    "Boosting": f"Boosting(of={ONE}, num_members=3)",
    "Snapshots": f"Snapshots(of={ONE}, num_members=3)",
    "Stacking": f"Stacking(of=({ONE}, {LINEAR}), num_folds=2)",
    "BalancedBagging": f"BalancedBagging(of={ONE}, num_members=3)",
    "EasyEnsemble": f"EasyEnsemble(of={ONE}, num_members=2)",
    "Distilled": f"Distilled(of={ONE}, teacher=Bagging(of={ONE}, num_members=2), num_folds=2)",
}
LEAST = 0.63  # average precision of credit_mlp's 891 test rows; .28 are bad


def recipe_with(name, ensemble, *settings):
    """A named recipe with an ensemble."""
    return catalog.override(catalog.RECIPES[name], f"build={ensemble}", *settings)


def scores_of(recipe):
    """Form → rung of the ladder, on test rows."""
    splits = frame(recipe, split(recipe, read(recipe).dataset))
    trained = fit(recipe, splits.train, splits.valid)
    evaluation = judge(recipe, ship(recipe, trained), splits.test)
    assert evaluation.failed == ""
    return {rung.form: rung for rung in evaluation.rungs}


@pytest.mark.full
@pytest.mark.parametrize("name", ENSEMBLES)
def test_classes(name):
    recipe = recipe_with("credit_mlp", ENSEMBLES[name], "balance=None", "training.epochs=12")
    found = scores_of(recipe)
    for form in ("litert_int8", "micro_int8"):
        assert found[form].agreement >= 0.98
        assert found[form].scores["average_precision"] >= LEAST


@pytest.mark.parametrize(
    ("name", "setting", "reason"),
    [
        ("credit_mlp", f"BalancedBagging(of={ONE})", "an empty slot"),
        ("birds_mlp", f"EasyEnsemble(of={ONE})", "an empty slot"),
        ("birds_mlp", f"Distilled(of={ONE}, teacher={LINEAR})", "teacher"),
        ("fashion_cnn", "Boosting(of=Cnn())", "augment"),
        ("glucose_mlp", "BalancedBagging(of=SeriesMlp())", "forecast"),
        ("fashion_cnn", f"Bagging(of={ONE})", "a dense net for tables"),
        ("weather_anomaly", "Boosting(of=LinearAutoencoder())", "no sum"),
        ("credit_mlp", f"Snapshots(of=Bagging(of={ONE}))", "by epochs"),
        ("gun_point_minirocket", "Bagging(of=MiniRocket())", "a grid of its own"),
        ("credit_mlp", f"Boosting(of=Bagging(of={ONE}))", "by epochs"),
        ("credit_mlp", f"Distilled(of=({ONE}, {LINEAR}), teacher={ONE})", "one net is taught"),
        ("credit_mlp", "Bagging(of=())", "of no net"),
    ],
)
def test_what_cannot_work_is_refused_before_a_row_is_read(name, setting, reason):
    with pytest.raises(RecipeError, match=reason):
        recipe_with(name, setting).check()


def test_folds_of_redrawn_rows_are_refused():
    recipe = recipe_with("credit_mlp", ENSEMBLES["Stacking"], "balance=SmoteNC()")
    with pytest.raises(RecipeError, match="cuts rows into folds"):
        recipe.check()
    recipe_with("credit_mlp", ENSEMBLES["Stacking"], "balance=WeightByClass()").check()


def test_choices_of_layers_stand_in_the_nets():
    with pytest.raises(RecipeError, match="no layer of its own"):
        recipe_with("credit_mlp", ENSEMBLES["Seeds"], "build.layers.l1=0.1").check()
    recipe_with("credit_mlp", ENSEMBLES["Seeds"], "build.of.layers.l1=0.1").check()
