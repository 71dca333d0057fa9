"""Recipes for tables: four real sets, and the one that any CSV file starts from."""

from dataclasses import replace

from ..balance import WeightByClass
from ..recipe import Judge, Recipe
from ..rows.split import SplitGrouped, SplitRandom
from ..sources.label_sets import target_title
from ..steps import (
    DropColumns,
    EncodeBins,
    EncodeDate,
    EncodeOnehot,
    FlagMissing,
    ImputeMedian,
    ScaleStandard,
)
from ..training.optimizers import AdamW
from ..training.rule_loss import WithRules
from ..training.schedules import Constant
from ..training.training import Training
from .load import LoadTable
from .monotone import MonotoneMlp
from .networks import Mlp
from .teacher import ForestTeacher

PREPARE = (DropColumns(), EncodeDate(), FlagMissing(), ImputeMedian())
ENCODE = (EncodeBins(), EncodeOnehot())


def table_recipe(load: LoadTable, *, name: str = "my_model", split: object = None) -> Recipe:
    """The recipe for an unseen table: drop what is empty or constant, dates to
    cycles, flags and medians for holes, quantile bins, one-hot, four nets side by side. Nothing is
    balanced: the decision threshold is chosen for rare classes, and the report shows what class
    weights would do.
    """
    how = split or (SplitGrouped() if load.group else SplitRandom())
    return Recipe(
        name=name,
        load=load,
        split=how,
        prepare=PREPARE,
        encode=ENCODE,
        build=Mlp(),
        about=f"Predicts {target_title(load.target)} from a table.",
    )


BIRDS = Recipe(
    name="birds_mlp",
    about="Bird strikes reported to the US Federal Aviation Administration, 1990-97: did the "
    "strike have an effect on "
    "the flight? One row in ten; nine columns with missing values. `make run`.",
    load=LoadTable(
        "data/birds.csv.gz",
        "effect",
        target_kind="presence",
        columns=(
            "operator",
            "atype",
            "phase_of_flt",
            "ac_mass",
            "num_engs",
            "time_of_day",
            "state",
            "height",
            "speed",
            "sky",
            "species",
            "birds_struck",
            "date",
        ),
    ),
    split=SplitRandom(test=0.2, valid=0.1, seed=0),
    prepare=(DropColumns(), EncodeDate(parts=("month",)), FlagMissing(), ImputeMedian()),
    encode=(EncodeBins(num_bins=16), EncodeOnehot(min_count=5)),
    teacher=ForestTeacher(share=0.7),
    build=Mlp(widths=(128, 64), num_members=4),
    training=Training(epochs=40, batch_size=128, schedule=Constant(patience=6)),
)

CREDIT = Recipe(
    name="credit_mlp",
    about="Credit scoring: which customers turn out bad? `python -m pipelines run credit_mlp`.",
    load=LoadTable("data/credit_data.csv.gz", "Status", positive="bad"),
    split=SplitRandom(test=0.2, valid=0.15, seed=0),
    # Plain quantiles: half of the bins for the rarer values gave the same scores, means of three
    # seeds, and more bytes.
    prepare=PREPARE,
    balance=WeightByClass(strength=0.5),
    encode=(EncodeBins(least_share=0.0), EncodeOnehot(min_count=2)),
    build=Mlp(widths=(64, 32), num_members=8),
    training=Training(batch_size=64),
)

CREDIT_MONOTONE = replace(
    CREDIT,
    name="credit_monotone",
    about="The same customers, by a net that never holds a longer employment, a higher income or "
    "more assets against one, nor a larger loan or debt in favour of one.",
    encode=(ScaleStandard(), EncodeOnehot(min_count=2)),
    build=MonotoneMlp(
        rising=("Amount", "Debt"),
        falling=("Seniority", "Income", "Assets"),
    ),
)

STORMS = Recipe(
    name="storms_mlp",
    about="NOAA storm tracks: which of nine kinds of storm is it, from place, time, wind and "
    "pressure? Whole storms are held out. `python -m pipelines run storms_mlp`.",
    load=LoadTable(
        "data/storms.csv.gz",
        "status",
        drop=("category",),
        group=("name", "year"),
    ),
    split=SplitGrouped(test=0.2, valid=0.15, seed=0),
    # Plain quantiles, as above: macro-F1 .471 and .470.
    prepare=PREPARE,
    balance=WeightByClass(strength=0.25),
    encode=(EncodeBins(num_bins=24, least_share=0.0),),
    build=Mlp(widths=(128, 64), num_members=4),
    judge=Judge(deciding="macro_f1"),
)

STORMS_RULES = replace(
    STORMS,
    name="storms_rules",
    about="The same storms, with NOAA's definitions of five kinds by their wind as rules: in the "
    "loss, and counted (`rules`).",
    # Bins have edges of their own at 34 and 64 knots: with them nothing is broken, rules or not.
    encode=(ScaleStandard(),),
    training=Training(
        loss=WithRules(
            (
                "status == 'hurricane' implies wind >= 64",
                "status == 'tropical storm' implies 34 <= wind < 64",
                "status == 'subtropical storm' implies 34 <= wind",
                "status in ('tropical depression', 'subtropical depression') implies wind < 34",
            )
        )
    ),
)

PENGUINS = Recipe(
    name="penguins_mlp",
    about="Palmer penguins: body mass in grams from species, island, sex and measures: the "
    "regression example. `python -m pipelines run penguins_mlp`.",
    load=LoadTable(
        "data/penguins.csv.gz",
        "Body Mass (g)",
        target_kind="number",
        columns=(
            "Species",
            "Island",
            "Sex",
            "Culmen Length (mm)",
            "Culmen Depth (mm)",
            "Flipper Length (mm)",
            "Clutch Completion",
            "Date Egg",
        ),
    ),
    split=SplitRandom(test=0.2, valid=0.2, seed=0),
    prepare=PREPARE,
    encode=(EncodeBins(num_bins=8), EncodeOnehot(min_count=2)),
    teacher=ForestTeacher(max_features=0.5),
    build=Mlp(widths=(192, 64), num_members=2, dropout=0.2),
    training=Training(
        epochs=200,
        batch_size=32,
        optimizer=AdamW(learning_rate=3e-3),
        schedule=Constant(patience=25),
    ),
)
