"""The search with a judge that trains nothing: the same again, after kills, limits, halving."""

import random
from dataclasses import replace

import pytest

from pipelines import catalog
from pipelines.bundle.saved_recipe import load_recipe
from pipelines.errors import BundleError, EngineError, RecipeError
from pipelines.studies.tune import search_with
from pipelines.studies.tuning.halving import survivors
from pipelines.studies.tuning.objectives import Limits
from pipelines.studies.tuning.parse import parse_search
from pipelines.studies.tuning.plan import SearchPlan
from pipelines.studies.tuning.trials import DONE, FAILED, PRUNED
from pipelines.studies.workers import Workers
from pipelines.targets.budgets import Cost
from tests.studies.tuning.fake_judge import (
    RATE,
    RECIPE,
    SEARCH,
    SPACE,
    FakeJudge,
    loss_of,
    size_of,
)

pytest.importorskip("optuna", reason="Optuna is missing: pip install 'pipelines[tune]'")


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch):
    monkeypatch.setattr("pipelines.studies.tune.write_pictures", lambda folder, result: [])


def search(folder, judge=None, *, recipe=RECIPE, space=SPACE, num_trials=14, fresh=False, **plan):
    return search_with(
        judge or FakeJudge(),
        recipe,
        space,
        num_trials=num_trials,
        plan=SearchPlan(**plan),
        workers=Workers(folder=folder, is_fresh=fresh),
    )


def search_with_deaths(folder, *, seed, most=5, **more):
    """Starts a search again and again, each time with a judge that ends at some moment."""
    draw = random.Random(seed)
    judged = []
    for _ in range(200):
        judge = FakeJudge(ends_after=draw.randint(0, most))
        try:
            return search(folder, judge, **more), judged
        except EngineError:
            judged += judge.seen
    raise AssertionError("it never ends")


def test_the_first_trial_is_the_recipe_and_later_ones_learn(tmp_path):
    result = search(tmp_path, num_trials=40)
    assert [trial.number for trial in result.trials] == list(range(40))
    assert result.trials[0].score == loss_of(RECIPE)
    assert result.before is result.trials[0]
    assert result.best.score == min(trial.score for trial in result.trials)
    first = [trial.score for trial in result.trials[1:11]]
    last = [trial.score for trial in result.trials[-10:]]
    assert sum(last) < sum(first), "the sampler learns"
    assert all(trial.params[RATE] != 0.003 for trial in result.trials[1:])


def test_the_result_is_a_recipe_that_run_takes(tmp_path):
    result = search(tmp_path)
    tuned = load_recipe(result.path, catalog.SPECS)
    assert tuned == result.recipe
    assert tuned.name == "faked_tuned"
    assert tuned.split == RECIPE.split
    assert loss_of(tuned) == result.best.score
    assert tuned.training.optimizer.learning_rate == result.best.params[RATE]
    table = result.table()
    assert list(table["number"]) == list(range(14))
    assert list(table["score"]) == [trial.score for trial in result.trials]


@pytest.mark.parametrize("plan", [{"sampler": "tpe"}, {"sampler": "random"}, {"is_halving": True}])
def test_the_same_study_again(plan, tmp_path):
    one = search(tmp_path / "one", **plan)
    two = search(tmp_path / "two", **plan)
    assert one.trials == two.trials
    others = search(tmp_path / "three", seed=1, **plan)
    assert others.trials[1].params != one.trials[1].params


def test_a_finished_study_judges_nothing(tmp_path):
    one = search(tmp_path)
    judge = FakeJudge()
    assert search(tmp_path, judge).trials == one.trials
    assert judge.seen == []


@pytest.mark.parametrize("num_first", range(1, 12))
def test_more_trials_are_those_of_a_longer_study(num_first, tmp_path):
    whole = search(tmp_path / "whole", num_trials=14)
    search(tmp_path, num_trials=num_first)
    assert search(tmp_path, num_trials=14).trials == whole.trials


@pytest.mark.parametrize("plan", [{}, {"is_halving": True}, {"objectives": ("score", "bytes")}])
@pytest.mark.parametrize("seed", range(3))
def test_a_study_that_was_killed_equals_one_that_was_not(plan, seed, tmp_path):
    """The engine's cache, which gives finished results at once, is left out: the judge dies at any
    place of a batch, and more often than a batch can end.
    """
    whole = search(tmp_path / "whole", num_trials=22, **plan)
    found, _ = search_with_deaths(tmp_path, seed=seed, most=14, num_trials=22, **plan)
    assert found.trials == whole.trials
    assert found.recipe == whole.recipe


@pytest.mark.parametrize("storage", ["", "sqlite"])
def test_a_process_that_ends_between_two_writes(storage, tmp_path, monkeypatch):
    from pipelines.studies.tuning.store import TrialStore

    where = {}
    if storage:
        where["storage"] = f"sqlite:///{tmp_path}/trials.db"
    whole = search(tmp_path / "whole", num_trials=9)
    add = TrialStore.add
    for most in (1, 2, 3, 2):
        written = []

        def add_some(self, trial, most=most, written=written, **more):
            if len(written) == most:
                raise KeyboardInterrupt
            written.append(trial)
            add(self, trial, **more)

        monkeypatch.setattr(TrialStore, "add", add_some)
        with pytest.raises(KeyboardInterrupt):
            search(tmp_path, num_trials=9, **where)
        monkeypatch.setattr(TrialStore, "add", add)
    assert search(tmp_path, num_trials=9, **where).trials == whole.trials


@pytest.mark.parametrize("num_bytes", [1, 30, 200, 700])
def test_a_torn_last_line(num_bytes, tmp_path):
    whole = search(tmp_path)
    journal = tmp_path / "faked.trials.log"
    content = journal.read_bytes()
    journal.write_bytes(content[:-num_bytes])
    judge = FakeJudge()
    assert search(tmp_path, judge).trials == whole.trials
    assert len(judge.seen) <= 4
    assert journal.read_bytes().count(b"\n") == content.count(b"\n")


@pytest.mark.parametrize("kept", [0, 1, 100])
def test_a_study_that_had_hardly_begun(kept, tmp_path):
    whole = search(tmp_path)
    journal = tmp_path / "faked.trials.log"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:1]) + lines[1][:kept] if kept else b"")
    assert search(tmp_path).trials == whole.trials


def test_a_journal_of_something_else(tmp_path):
    (tmp_path / "faked.trials.log").write_text("no\njournal\n")
    with pytest.raises(BundleError) as caught:
        search(tmp_path)
    assert "faked.trials.log" in caught.value.received and "--fresh" in caught.value.fix
    search(tmp_path, fresh=True)


@pytest.mark.parametrize("place", ["nothing://here", "sqlite:////no/such/folder/trials.db"])
def test_a_database_that_is_not_there(place, tmp_path):
    with pytest.raises(BundleError, match="cannot be read"):
        search(tmp_path, storage=place)


def test_another_study_under_the_same_name(tmp_path):
    search(tmp_path, num_trials=4)
    others = (
        {"space": parse_search(SEARCH[:2], RECIPE)},
        {"recipe": replace(RECIPE, training=replace(RECIPE.training, epochs=12))},
        {"seed": 3},
        {"num_folds": 2},
        {"limits": Limits(max_bytes=9)},
        {"objectives": ("score", "bytes")},
    )
    for other in others:
        with pytest.raises(BundleError, match="another study") as caught:
            search(tmp_path, num_trials=4, **other)
        assert "--name" in caught.value.fix and "--fresh" in caught.value.fix
    result = search(tmp_path, num_trials=4, seed=3, fresh=True)
    assert len(result.trials) == 4


@pytest.mark.parametrize("storage", ["", "sqlite:///{}/trials.db"])
def test_two_names_in_one_place(storage, tmp_path):
    where = {"storage": storage.format(tmp_path)}
    where["num_trials"] = 5
    one = search(tmp_path, **where)
    other = search(tmp_path, recipe=replace(RECIPE, name="other"), **where)
    assert [each.params for each in one.trials] == [each.params for each in other.trials]
    assert search(tmp_path, FakeJudge(ends_after=0), **where).trials == one.trials


def test_trials_that_fail_stand_in_the_result(tmp_path):
    judge = FakeJudge(breaks=lambda recipe: recipe.build.num_members == 2)
    result = search(tmp_path, judge, num_trials=20)
    assert result.failed
    assert {trial.reason for trial in result.failed} == {"it breaks"}
    assert {trial.params["build.num_members"] for trial in result.failed} == {"2"}
    assert result.before is None, "the recipe itself has two members"
    assert result.best.params["build.num_members"] != "2"
    assert [trial.state for trial in result.trials].count(FAILED) == len(result.failed)


def test_a_setting_that_the_recipe_refuses_is_a_failed_trial(tmp_path):
    """A teacher answers rows that a balancer has not redrawn; here the two meet in some trials."""
    credit = replace(catalog.RECIPES["credit_mlp"], name="faked")
    space = parse_search(["teacher=None|ForestTeacher()", "balance=None|SmoteNC()"], credit)
    result = search(tmp_path, recipe=credit, space=space, num_trials=16)
    assert result.failed and all("a teacher together with" in each.reason for each in result.failed)
    assert result.before is not None and result.before not in result.trials


def test_a_recipe_of_which_no_trial_works(tmp_path):
    with pytest.raises(RecipeError, match="it breaks"):
        search(tmp_path, FakeJudge(breaks=lambda recipe: True))
    assert not (tmp_path / "faked_tuned.json").exists()


def test_over_a_limit_before_an_epoch(tmp_path):
    judge = FakeJudge()
    result = search(tmp_path, judge, num_trials=20, limits=Limits(max_bytes=2500))
    assert all(size_of(recipe) <= 2500 for recipe in judge.seen)
    assert result.best.size_bytes <= 2500
    assert {trial.size_bytes for trial in result.pruned} == {4000}
    [trial, *_] = result.pruned
    assert trial.reason == "over the limit before an epoch: 4,000 bytes"
    assert trial.excess == {"bytes": pytest.approx(0.6)}


def test_a_first_batch_over_the_limit_ends_nothing(tmp_path):
    """The nets of the first batch are too large: later ones are not."""

    class Judge(FakeJudge):
        def costs(self, recipes):
            begun = self.asked_costs
            super().costs(recipes)
            sizes = [9000 if begun + place < 8 else 1000 for place in range(len(recipes))]
            return [Cost(size) for size in sizes]

    judge = Judge()
    result = search(tmp_path, judge, num_trials=20, limits=Limits(max_bytes=8000))
    assert [trial.size_bytes for trial in result.trials[:8]] == [9000] * 8
    assert len(judge.seen) == 12 + 1, "the recipe itself was over it, and is judged for comparison"
    assert len(result.trials) == 20 and len(result.pruned) == 8
    assert [trial.number for trial in result.trials] == list(range(20))


def test_a_limit_that_only_a_trained_network_shows(tmp_path):
    with pytest.raises(RecipeError, match="0.5 ms") as caught:
        search(tmp_path, limits=Limits(max_ms=0.1))
    assert "raise the limits" in caught.value.fix


def test_no_trial_within_the_limits(tmp_path):
    with pytest.raises(RecipeError, match="over the limit before an epoch"):
        search(tmp_path, limits=Limits(max_bytes=10))


def test_what_would_not_ship_is_not_kept(tmp_path):
    with pytest.raises(RecipeError, match="int8 loses"):
        search(tmp_path, FakeJudge(failed="int8 loses"))


def test_the_front_of_two_objectives(tmp_path):
    result = search(tmp_path, num_trials=30, objectives=("score", "bytes"))
    sizes = [trial.size_bytes for trial in result.front]
    scores = [trial.score for trial in result.front]
    assert len(set(sizes)) == len(sizes) >= 2
    assert scores == sorted(scores) and sizes == sorted(sizes, reverse=True)
    assert result.best is result.front[0]


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_a_front_within_limits_and_with_failures(sampler, tmp_path):
    judge = FakeJudge(breaks=lambda recipe: recipe.build.dropout > 0.5)
    result = search(
        tmp_path,
        judge,
        num_trials=30,
        objectives=("score", "bytes", "ms"),
        limits=Limits(max_arena=5000),
        sampler=sampler,
    )
    assert {trial.size_bytes for trial in result.front} <= {1000, 2000}
    assert result.pruned and result.failed
    assert all(trial.excess.keys() == {"arena"} for trial in result.pruned)


def test_a_network_that_tflm_cannot_run_is_over_every_limit_of_its_memory(tmp_path):
    class Judge(FakeJudge):
        def costs(self, recipes):
            return [Cost(size_of(recipe)) for recipe in recipes]

    with pytest.raises(RecipeError, match="TFLM cannot run it"):
        search(tmp_path, Judge(), limits=Limits(max_arena=5000))


def test_an_objective_that_cannot_be_measured_fails_the_trial(tmp_path):
    class Judge(FakeJudge):
        def scores(self, recipes):
            found = super().scores(recipes)
            small = [size_of(recipe) < 2000 for recipe in recipes]
            return [
                replace(each, cost=Cost(1, None, 0.5)) if is_small else each
                for each, is_small in zip(found, small, strict=True)
            ]

    result = search(tmp_path, Judge(), objectives=("score", "arena"))
    assert result.failed
    assert {trial.reason for trial in result.failed} == {
        "score, arena: one of them cannot be measured"
    }


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ({"objectives": ("score", "bytes"), "is_halving": True}, "--halving with several"),
        ({"objectives": ("bytes",)}, "without the score"),
        ({"objectives": ("score", "weight")}, "score, bytes, arena, ms"),
        ({"objectives": ("score", "score")}, "each once"),
        ({"sampler": "grid"}, "tpe or random"),
        ({"batch": 0}, "at least one"),
        ({"num_folds": 0}, "at least one"),
        ({"seed": -1}, "no seed below 0"),
    ],
)
def test_plans_that_are_refused(plan, words):
    with pytest.raises(RecipeError) as caught:
        SearchPlan(**plan).check()
    assert words in str(caught.value)


def test_halving_spends_most_epochs_on_the_best(tmp_path):
    judge = FakeJudge()
    result = search(tmp_path, judge, num_trials=20, is_halving=True)
    epochs = [recipe.training.epochs for recipe in judge.seen]
    assert set(epochs) == {1, 3, 9}
    assert epochs.count(1) == 20
    assert epochs.count(1) > epochs.count(3) > epochs.count(9) - 1
    whole = [trial for trial in result.trials if trial.state == DONE]
    assert all(len(trial.rungs) == 2 for trial in whole)
    assert {len(trial.rungs) for trial in result.trials if trial.state == PRUNED} <= {1, 2}
    assert result.best.score == min(trial.score for trial in whole)
    assert result.recipe.training.epochs == 9


def test_the_best_third_goes_on():
    scores = {number: float(number) for number in range(9)}
    assert survivors(scores, is_smaller_better=True) == {0, 1, 2}
    assert survivors(scores, is_smaller_better=False) == {6, 7, 8}
    assert survivors({4: 1.0, 2: 1.0}, is_smaller_better=True) == {2}
    assert survivors({}, is_smaller_better=True) == set()
