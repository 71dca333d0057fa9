"""Named recipes, and every spec that a recipe can hold: the one place that knows the modalities."""

from . import balance, steps, tabular
from . import recipe as recipes
from .recipe import Judge, Recipe
from .split import SplitByTime, SplitGrouped, SplitRandom
from .train import Training

RECIPES = {
    "birds_mlp": tabular.BIRDS,
    "credit_mlp": tabular.CREDIT,
    "storms_mlp": tabular.STORMS,
    "penguins_mlp": tabular.PENGUINS,
}

SPECS = (Recipe, Judge, Training, SplitRandom, SplitGrouped, SplitByTime,
         steps.DropColumns, steps.DropRowsWithMissing, steps.FlagMissing, steps.ImputeConstant, steps.ImputeMean,
         steps.ImputeMedian, steps.ImputeMostFrequent, steps.ImputePrevious, steps.ScaleStandard, steps.ScaleMinMax,
         steps.ScaleRobust, steps.EncodeBins, steps.EncodeOnehot, steps.EncodeIds, steps.EncodeDate,
         balance.WeightByClass, balance.OversampleRandom, balance.UndersampleRandom, balance.Smote, balance.SmoteNC,
         balance.SmoteBorderline, balance.Adasyn, balance.SmoteTomek, balance.SmoteENN,
         tabular.LoadTable, tabular.Reading, tabular.Mlp, tabular.ForestTeacher)


def override(recipe: Recipe, *settings: str) -> Recipe:
    """The recipe with knobs turned: override(recipe, "training.epochs=3", "balance=SmoteNC()"). Raises RecipeError."""
    for setting in settings:
        recipe = recipes.override(recipe, setting, SPECS)
    return recipe
