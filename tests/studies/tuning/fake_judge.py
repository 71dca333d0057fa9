"""A judge that trains nothing: what a recipe scores is a formula of its knobs."""

import math
from dataclasses import dataclass, field, replace

from pipelines import catalog
from pipelines.errors import EngineError, RecipeError
from pipelines.recipe import tiny
from pipelines.studies.tuning.judge import RecipeJudge, Score
from pipelines.studies.tuning.parse import parse_search
from pipelines.targets.budgets import Cost

RATE = "training.optimizer.learning_rate"
SEARCH = (f"{RATE}=0.0001..0.1:log", "build.dropout=0..0.6", "build.num_members=1|2|4")


def fake_recipe(*, epochs=9):
    small = tiny(catalog.RECIPES["penguins_mlp"])
    small = replace(small, name="faked")
    return replace(small, training=replace(small.training, epochs=epochs))


RECIPE = fake_recipe()
SPACE = parse_search(SEARCH, RECIPE)


def loss_of(recipe):
    """Least near a rate of .0006, a dropout of .4 and four members; more epochs are better."""
    rate = math.log10(recipe.training.optimizer.learning_rate / 0.0006)
    dropout = 5 * (recipe.build.dropout - 0.4)
    return 1 + rate**2 + dropout**2 + 1 / recipe.build.num_members + 3 / recipe.training.epochs


def size_of(recipe):
    return 1000 * recipe.build.num_members


@dataclass
class FakeJudge(RecipeJudge):
    """Counts what it was asked; ends like a killed process after so many recipes."""

    ends_after: int = 10_000
    breaks: object = None
    failed: str = ""
    seen: list = field(default_factory=list)
    asked_costs: int = 0

    def scores(self, recipes):
        found = []
        for recipe in recipes:
            if len(self.seen) >= self.ends_after:
                raise EngineError("killed", expected="life", fix="start again")
            self.seen.append(recipe)
            found.append(self._score(recipe))
        return found

    def _score(self, recipe):
        if self.breaks is not None and self.breaks(recipe):
            return RecipeError("it breaks\nmore", expected="whole", fix="none")
        cost = Cost(size_of(recipe), 2 * size_of(recipe), 0.5)
        return Score("rmse", loss_of(recipe), cost, self.failed)

    def costs(self, recipes):
        self.asked_costs += len(recipes)
        return [Cost(size_of(recipe), 2 * size_of(recipe)) for recipe in recipes]
