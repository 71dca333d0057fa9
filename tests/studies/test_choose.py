"""The choice among candidates: by folds inside the training rows, on as many as are needed."""

import json
from dataclasses import replace

import pytest

from pipelines import catalog, tabular, text, timeseries, vision
from pipelines.bundle.saved_recipe import load_recipe, write_recipe
from pipelines.engine.base import Handle
from pipelines.engine.task import Task
from pipelines.errors import EngineError, RecipeError, TrainError
from pipelines.recipe import Candidate
from pipelines.rows.split_fold import SplitFold
from pipelines.studies import choose as choosing
from pipelines.studies.choose import NUM_FOLDS, choose
from pipelines.studies.judged import RESULT

LOAD = tabular.LoadTable("data/penguins.csv.gz", "Body Mass (g)")


class FakeEngine:
    """Gives each candidate the score that stands for its seed; notes what was asked."""

    def __init__(self, scores, errors=None):
        self.scores = scores
        self.errors = errors or {}
        self.asked = []

    def open(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def submit(self, task, *, about):
        seed = task.spec["training"]["seed"]
        split = task.spec["split"]
        self.asked.append((seed, split["place"]))
        assert split["spec"] == "SplitFold" and split["inside"] and split["num"] == NUM_FOLDS
        handle = Handle(task, about, about)
        handle.error = self.errors.get(seed)
        handle.is_done = True
        return handle

    def wait(self, handles, *, num=None):
        return handles

    def result(self, handle):
        score = self.scores[handle.task.spec["training"]["seed"]]
        judged = {
            "deciding": "rmse",
            "scores": {"int8": {"rmse": score}, "float32": {"rmse": score}},
            "baselines": {},
            "num_rows": {"train": 60, "valid": 20, "test": 20},
            "size_bytes": 1000,
            "num_epochs": 10 + handle.task.spec["split"]["place"],
        }
        return {RESULT: json.dumps(judged).encode()}


def candidates(num=4):
    usual = tabular.table_recipe(LOAD)
    return [
        Candidate(f"seed {seed}", replace(usual, training=replace(usual.training, seed=seed)))
        for seed in range(num)
    ]


def chosen_seeds(recipes):
    return [recipe.training.seed for recipe in recipes]


def test_the_better_half_is_judged_on_more_folds():
    engine = FakeEngine([300, 310, 290, 320])
    recipes = choose(candidates(), workers=engine)
    assert chosen_seeds(recipes) == [2, 0, 1, 3]
    # The last fold first: of steps in time, the one with the most to learn from. The last
    # candidate first: it takes the longest as a rule.
    assert engine.asked[:4] == [(3, 4), (2, 4), (1, 4), (0, 4)]
    # Few rows: all folds.
    assert sorted(engine.asked[4:]) == [(seed, place) for seed in (0, 2) for place in (0, 1, 2, 3)]
    tried = recipes[0].tried
    assert [each.words for each in tried] == ["seed 2", "seed 0", "seed 1", "seed 3"]
    assert [each.num_folds for each in tried] == [5, 5, 1, 1]
    assert [each.score for each in tried] == [290, 300, 310, 320]


def test_slow_candidates_are_judged_on_fewer_folds():
    engine = FakeEngine([300, 310, 290, 320])
    recipes = choose(candidates(), workers=engine, most_folds=3)
    assert sorted(engine.asked[4:]) == [(seed, place) for seed in (0, 2) for place in (2, 3)]
    # The median of the best epochs of the folds 2, 3 and 4.
    assert recipes[0].training.epochs == 13


def test_many_rows_need_fewer_folds(monkeypatch):
    monkeypatch.setattr(choosing, "FEW_ROWS", 100)
    engine = FakeEngine([300, 310, 290, 320])
    choose(candidates(), workers=engine)
    assert sorted(engine.asked[4:]) == [(0, 3), (2, 3)]


def test_best_judges_all_on_all():
    engine = FakeEngine([300, 310, 290, 320])
    choose(candidates(), quality="best", workers=engine)
    assert len(engine.asked) == 4 * NUM_FOLDS


def test_of_a_tie_the_first_is_taken():
    recipes = choose(candidates(), workers=FakeEngine([290.1, 400, 290.0, 400]))
    assert chosen_seeds(recipes)[0] == 0


def test_fast_takes_the_usual_one_and_judges_none():
    engine = FakeEngine([])
    assert chosen_seeds(choose(candidates(), quality="fast", workers=engine)) == [0]
    assert engine.asked == []


def test_one_that_fails_is_left_out_and_named(capfd):
    error = TrainError("the loss is NaN", expected="a number", fix="a smaller rate")
    recipes = choose(candidates(3), workers=FakeEngine([300, 310, 290], {2: error}))
    assert chosen_seeds(recipes) == [0, 1]
    assert recipes[0].tried[-1].note == "the loss is NaN"
    assert recipes[0].tried[-1].score is None
    assert "seed 2: cannot be chosen: the loss is NaN" in capfd.readouterr().err


def test_if_all_fail_the_error_is_that_of_the_first():
    errors = {seed: TrainError(f"error {seed}", expected="none", fix="none") for seed in range(2)}
    with pytest.raises(TrainError, match="error 0"):
        choose(candidates(2), workers=FakeEngine([1, 1], errors))


def test_a_lost_worker_ends_the_choice():
    lost = EngineError("no memory", expected="memory", fix="fewer slots")
    with pytest.raises(EngineError):
        choose(candidates(2), workers=FakeEngine([1, 1], {0: lost}))


def test_a_knob_that_rules_some_out_leaves_the_others():
    usual = candidates(1)[0]
    broken = Candidate("broken", replace(usual.recipe, name="not a name"))
    assert choose([broken, usual], workers=FakeEngine([])) == [usual.recipe]
    with pytest.raises(RecipeError, match="not a name"):
        choose([broken], workers=FakeEngine([]))


def test_candidates_that_a_knob_makes_equal_are_one():
    usual = candidates(1)[0]
    assert choose([usual, usual], workers=FakeEngine([])) == [usual.recipe]


def test_what_was_tried_comes_back_from_a_file(tmp_path):
    recipe = choose(candidates(), workers=FakeEngine([300, 310, 290, 320]))[0]
    write_recipe(tmp_path / "mine.json", recipe)
    again = load_recipe(tmp_path / "mine.json", catalog.SPECS)
    assert again == recipe and again.tried == recipe.tried


def test_of_few_rows_the_folds_choose_the_epochs():
    recipes = choose(candidates(), workers=FakeEngine([300, 310, 290, 320]))
    best, second, third, fourth = (recipe.training for recipe in recipes)
    assert best.epochs == second.epochs == 12
    assert not best.schedule.keeps_best
    # These were judged on one fold alone.
    usual = candidates(1)[0].recipe.training
    assert third.epochs == fourth.epochs == usual.epochs
    assert third.schedule == fourth.schedule == usual.schedule


def test_of_many_rows_validation_rows_choose_the_epochs(monkeypatch):
    monkeypatch.setattr(choosing, "FEW_ROWS", 100)
    recipes = choose(candidates(), workers=FakeEngine([300, 310, 290, 320]), quality="best")
    assert recipes[0].training.schedule.keeps_best


class SlowEngine(FakeEngine):
    """Takes a minute of a clock that the test turns for each portion it is asked for."""

    clock = 0.0

    def wait(self, handles, *, num=None):
        if num == len(handles):
            self.clock += 60
        return handles


@pytest.mark.parametrize(
    ("minutes", "tried_first", "num_folds"), [(1, 2, 1), (2.5, 4, 1), (4.5, 4, 3), (60, 4, 5)]
)
def test_after_the_time_budget_nothing_is_begun(monkeypatch, minutes, tried_first, num_folds):
    engine = SlowEngine([300, 310, 290, 320])
    monkeypatch.setattr("pipelines.studies.time_budget.time.monotonic", lambda: engine.clock)
    recipes = choose(candidates(), workers=engine, minutes=minutes)
    assert [place for _, place in engine.asked].count(4) == tried_first
    tried = recipes[0].tried
    assert tried[0].num_folds == num_folds
    assert [each.note for each in tried if each.num_folds == 0] == [
        f"not tried: the time budget of {minutes:g} minutes was over"
    ] * (4 - tried_first)


def test_no_time_at_all():
    with pytest.raises(RecipeError, match="-1 minutes"):
        choose(candidates(), workers=FakeEngine([]), minutes=-1)


def test_an_unknown_quality():
    with pytest.raises(RecipeError, match="'superb'"):
        choose(candidates(), quality="superb", workers=FakeEngine([]))


FORECAST = timeseries.LoadSeries("data/cgm_glucose.csv.gz", "datetime", "glucose")
WHOLE = timeseries.LoadTsFiles("data/GunPoint_TRAIN.ts.gz", "data/GunPoint_TEST.ts.gz")
OFFERS = {
    "table": tabular.table_candidates(LOAD),
    "text": text.text_candidates(text.LoadTexts("data/birds.csv.gz", "remarks", "effect")),
    "forecast": timeseries.series_candidates(FORECAST, horizon=12),
    "classes": timeseries.series_classes_candidates(WHOLE),
    "pictures": vision.picture_candidates(vision.LoadFolder("pictures")),
}


def source_of(load):
    """A loader, of pictures without the size in which they are read."""
    if isinstance(load, vision.LoadFolder):
        return replace(load, height=64, width=64, channels=0)
    return load


@pytest.mark.parametrize("name", OFFERS)
def test_candidates_of_a_modality(name):
    offered = OFFERS[name]
    assert len({each.words for each in offered}) == len(offered) > 1
    for first, other in zip(offered, offered[1:], strict=False):
        assert first.recipe != other.recipe
        assert first.recipe.split == other.recipe.split
        assert source_of(first.recipe.load) == source_of(other.recipe.load)
        assert first.recipe.judge == replace(other.recipe.judge, beside=first.recipe.judge.beside)
    for each in offered:
        each.recipe.check()
        fold = replace(each.recipe, split=SplitFold(each.recipe.split, inside=True))
        assert Task("judged", {}) and fold.split.inside
