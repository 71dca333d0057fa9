"""Pictures and the table of a study."""

import matplotlib
import pytest

from pipelines.cli.tune import print_tuned
from pipelines.studies.tuning.space import Choice
from tests.studies.tuning.fake_judge import FakeJudge, fake_recipe
from tests.studies.tuning.test_search import search

pytest.importorskip("optuna", reason="Optuna is missing: pip install 'pipelines[tune]'")

BINS = tuple(f"(EncodeBins({knob}), EncodeOnehot(),)" for knob in ("", "num_bins=8", "num_bins=16"))


def names_in(folder):
    return {path.name for path in folder.iterdir()}


def test_the_pictures_of_one_objective(tmp_path):
    before = matplotlib.get_backend(), dict(matplotlib.rcParams)
    search(tmp_path, num_trials=12)
    assert names_in(tmp_path / "faked.tune") == {"history.png", "slices.png", "importance.png"}
    assert (matplotlib.get_backend(), dict(matplotlib.rcParams)) == before
    assert matplotlib.pyplot.get_fignums() == []
    sizes = [path.stat().st_size for path in (tmp_path / "faked.tune").iterdir()]
    assert min(sizes) > 5000


def test_the_pictures_of_two_objectives(tmp_path):
    search(tmp_path, num_trials=8, objectives=("score", "bytes"))
    assert "front.png" in names_in(tmp_path / "faked.tune")


def test_few_trials_have_no_importance(tmp_path):
    search(tmp_path, num_trials=2)
    assert names_in(tmp_path / "faked.tune") == {"history.png", "slices.png"}


def test_values_are_shown_by_what_they_differ_in():
    assert list(Choice("encode", BINS).labels().values()) == [
        "default",
        "num_bins=8",
        "num_bins=16",
    ]
    assert Choice("build.widths", ("(8,)", "(16,)")).labels() == {"(8,)": "(8,)", "(16,)": "(16,)"}
    words = ("None", "WeightByClass(strength=0.5)", "WeightByClass()")
    assert tuple(Choice("balance", words).labels().values()) == words


def test_the_table(tmp_path, capsys):
    result = search(tmp_path, num_trials=20)
    print_tuned(result)
    shown = capsys.readouterr().out
    assert "20 trials, judged by the int8 file's rmse on an inner fold" in shown
    assert "as it was" in shown and "num_members=" in shown
    assert f"rmse {result.best.score:.4g}; the recipe as it was: {result.before.score:.4g}" in shown
    assert "optimistic" in shown
    assert f"python -m pipelines run {result.path}" in shown


def test_the_table_names_what_failed_and_what_ended_early(tmp_path, capsys):
    judge = FakeJudge(breaks=lambda recipe: recipe.build.num_members == 2)
    print_tuned(search(tmp_path, judge, num_trials=12, is_halving=True))
    shown = capsys.readouterr().out
    assert "failed: trial 0" in shown and "it breaks" in shown
    assert "ended early: trial" in shown and "not in the best third at 11% of epochs" in shown
    assert "as it was could not be judged" in shown


def test_the_front_is_shown_as_a_whole(tmp_path, capsys):
    result = search(tmp_path, num_trials=20, objectives=("score", "bytes"), num_folds=2)
    print_tuned(result)
    shown = capsys.readouterr().out
    assert "2 inner folds" in shown
    assert all(f"│{trial.number:>6} │" in shown for trial in result.front)


def test_the_best_is_the_recipe_itself(tmp_path, capsys):
    result = search(tmp_path, num_trials=1, recipe=fake_recipe(epochs=18))
    print_tuned(result)
    assert "the recipe as it was: no other was better" in capsys.readouterr().out
