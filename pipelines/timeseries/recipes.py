"""Recipes for series: glucose an hour ahead, the weather a day ahead, three sets of whole series
with classes, and those that any series start from.
"""

from dataclasses import replace

from ..recipe import Judge, Recipe
from ..rows.split import SplitByTime, SplitGiven, SplitRandom
from ..steps import EncodeDate, FillGaps, FlagGaps, ScaleByItself, ScaleSeries
from ..training.optimizers import AdamW
from ..training.schedules import Cosine
from ..training.training import Training
from .anomaly import ConvAutoencoder
from .augment import AugmentJitter, AugmentScaling, AugmentTimeWarp
from .classifiers import SeriesFcn
from .faults import InjectFaults
from .load import LoadSeries
from .load_classes import LoadSeriesArrays, LoadSeriesTfds, LoadTsFiles
from .minirocket import MiniRocket
from .networks import NLinear, SeriesMlp
from .segments import CutSegments
from .step_net import StepNet
from .windows import CutWindows


def series_recipe(
    load: LoadSeries, *, horizon: int, window: int = 0, season: int = 0, name: str = "my_model"
) -> Recipe:
    """The recipe for series that nobody has seen before: the last fifth of the time is test, the
    fifteen hundredths before it validation; windows of four horizons (or `window`), of fewer steps
    where training steps are few, less their newest value, and the hour and the weekday; a small net
    with a linear one inside, and an interval that holds eight in ten.
    """
    return Recipe(
        name=name,
        about=f"Forecasts {load.target}, {horizon} steps ahead.",
        load=load,
        split=SplitByTime(),
        frame=CutWindows(window=window, horizon=horizon, season=season, horizons=4),
        prepare=(EncodeDate(parts=("hour", "weekday"), harmonics=(3, 3)),),
        encode=(FlagGaps(), FillGaps(), ScaleByItself(level=True), ScaleSeries()),
        build=SeriesMlp(widths=(64,), dropout=0.2),
        training=Training(epochs=12, batch_size=64, schedule=Cosine(warmup_epochs=1)),
    )


def shared_steps_recipe(
    load: LoadSeries, *, horizon: int, window: int = 0, season: int = 0, name: str = "my_model"
) -> Recipe:
    """Returns the recipe for series with a rhythm of days and weeks: the parts of `series_recipe`,
    windows of four weeks where the training steps allow it (or `window`), gaps filled from the same
    time a week before, and small nets that all steps ahead share. The day of the year is read where
    the training steps hold two years.

    Args:
        load: Series with a target.
        horizon: How many steps ahead are forecast.
        window: Steps of a window; 0: see `CutWindows`.
        season: Steps of a season; 0: those that series of this step usually have.
        name: Of the bundle.
    """
    usual = series_recipe(load, horizon=horizon, season=season, name=name)
    return replace(
        usual,
        frame=CutWindows(window=window, horizon=horizon, season=season),
        prepare=(
            EncodeDate(
                parts=("hour", "weekday", "day_of_year"),
                # Twelve of the year name a holiday's fortnight: of sixteen years of days the error
                # of validation rows fell from .86 to .75.
                harmonics=(3, 3, 12),
                least_cycles=2,
            ),
        ),
        encode=(
            FlagGaps(),
            FillGaps(how="season", season=season),
            ScaleByItself(level=True, base="season"),
            ScaleSeries(),
        ),
        # The mean of three: one alone follows the noise of its start.
        build=StepNet(season=season, num_members=3),
        training=replace(usual.training, optimizer=AdamW(learning_rate=2e-3)),
    )


def anomaly_recipe(load: LoadSeries, *, window: int = 0, name: str = "my_model") -> Recipe:
    """Returns the recipe that finds anomalies in series of any kind: the last fifth of the time is
    the test part; windows of 24 steps (or `window`); an autoencoder of convolutions. Without a
    column of labels, faults are injected into copies of test windows, to judge the model with.

    Args:
        load: series without a target; `load.label` may mark the anomalies.
        window: steps of a window; 0 is 24.
        name: of the bundle.
    """
    if load.label:
        faults = None
    else:
        faults = InjectFaults()
    return Recipe(
        name=name,
        about="Finds anomalies in series.",
        load=load,
        split=SplitByTime(),
        frame=CutSegments(window=window or 24, faults=faults),
        prepare=(EncodeDate(parts=("hour", "weekday"), harmonics=(3, 3)),),
        # What is clipped cannot be an anomaly: five standard deviations are far enough.
        encode=(FillGaps(), ScaleSeries(clip=5.0)),
        build=ConvAutoencoder(),
        training=Training(
            epochs=40, batch_size=64, optimizer=AdamW(learning_rate=3e-3), schedule=Cosine()
        ),
    )


GLUCOSE = Recipe(
    name="glucose_mlp",
    about="A glucose monitor, every five minutes: the hour ahead, with an interval that holds "
    "eight in ten.",
    load=LoadSeries(
        "data/cgm_glucose.csv.gz",
        "datetime",
        "glucose",
        columns=("glucose",),
    ),
    split=SplitByTime(test=0.2, valid=0.15),
    frame=CutWindows(window=72, horizon=12, stride=2, origin_step=6, season=288),
    prepare=(EncodeDate(parts=("hour",)),),
    encode=(FlagGaps(), FillGaps(), ScaleByItself(level=True), ScaleSeries()),
    build=SeriesMlp(widths=(64,), dropout=0.2),
    training=Training(epochs=12, batch_size=64, schedule=Cosine(warmup_epochs=1)),
    judge=Judge(deciding="mase"),
)

WEATHER = Recipe(
    name="weather_linear",
    about="Temperature at Newark airport, hour by hour: the day ahead. With one year of data a "
    "linear net does best.",
    load=LoadSeries(
        "data/nyc_weather.csv.gz",
        "time_hour",
        "temp",
        series="origin",
        only=("EWR",),
        columns=("temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib"),
    ),
    split=SplitByTime(test=0.2, valid=0.1),
    frame=CutWindows(window=24, horizon=24, season=24),
    prepare=(EncodeDate(parts=("hour", "day_of_year"), harmonics=(6, 1)),),
    encode=(FlagGaps(), FillGaps(), ScaleByItself(level=True), ScaleSeries()),
    build=NLinear(regularizer=1e-4),
    training=Training(
        epochs=30,
        batch_size=64,
        optimizer=AdamW(learning_rate=1e-2),
        schedule=Cosine(warmup_epochs=1),
    ),
    judge=Judge(deciding="mase"),
)


def series_classes_recipe(
    load: LoadTsFiles | LoadSeriesArrays | LoadSeriesTfds, *, name: str = "my_model"
) -> Recipe:
    """The recipe for whole series with classes that nobody has seen before: the parts that the
    source gives, else a random split; gaps marked and filled; convolutions over series in one unit,
    three nets side by side.
    """
    return Recipe(
        name=name,
        load=load,
        split=SplitGiven() if load.names_parts() else SplitRandom(),
        encode=(FlagGaps(), FillGaps(), ScaleSeries()),
        augment=(AugmentJitter(), AugmentScaling(), AugmentTimeWarp()),
        build=SeriesFcn(num_members=3),
        training=Training(
            epochs=200, batch_size=16, optimizer=AdamW(learning_rate=3e-3), schedule=Cosine()
        ),
        judge=Judge(threshold="none"),
        about="Separates classes of whole series.",
    )


# The official parts have 40 to 67 training rows: as few as can be are kept out to watch training
# by, and the threshold stays where the net puts it. Net, augmentation and epochs were chosen by
# cross-validation inside the training parts.
FEW = SplitGiven(valid=0.1)

ITALY_POWER = Recipe(
    name="italy_power",
    about="Days of electricity in Italy, hour by hour: winter or summer? 67 days to learn from. "
    "Accuracy .964, the mean of five seeds.",
    load=LoadTsFiles(
        "data/ItalyPowerDemand_TRAIN.ts.gz",
        "data/ItalyPowerDemand_TEST.ts.gz",
    ),
    split=FEW,
    encode=(ScaleSeries(),),
    augment=(AugmentJitter(deviation=0.3), AugmentScaling(), AugmentTimeWarp(deviation=0.1)),
    build=SeriesFcn(num_members=4),
    training=Training(
        epochs=150, batch_size=16, optimizer=AdamW(learning_rate=2e-3), schedule=Cosine()
    ),
    judge=Judge(deciding="accuracy", threshold="none"),
)

GUN_POINT = Recipe(
    name="gun_point",
    about="A hand's way from the hip and back: a gun drawn, or a finger pointed? 50 motions to "
    "learn from. Accuracy .996, the mean of five seeds.",
    load=LoadTsFiles("data/GunPoint_TRAIN.ts.gz", "data/GunPoint_TEST.ts.gz"),
    split=FEW,
    encode=(ScaleSeries(),),
    augment=(AugmentJitter(), AugmentScaling(), AugmentTimeWarp()),
    build=SeriesFcn(num_members=3),
    training=Training(
        epochs=400, batch_size=16, optimizer=AdamW(learning_rate=3e-3), schedule=Cosine()
    ),
    judge=Judge(deciding="accuracy", threshold="none"),
)

GUN_POINT_MINIROCKET = replace(
    GUN_POINT,
    name="gun_point_minirocket",
    about="The same motions by MiniRocket: fixed convolutions and a head by ridge regression, "
    "fitted in seconds. Accuracy .991, the mean of three seeds, in a fifth of the bytes.",
    augment=(),
    build=MiniRocket(),
    training=Training(),
)

BASIC_MOTIONS = Recipe(
    name="basic_motions",
    about="A smart watch's accelerometer and gyroscope: standing, walking, running or badminton? "
    "40 motions to learn from. Accuracy 1.000, the mean of five seeds.",
    load=LoadTsFiles(
        "data/BasicMotions_TRAIN.ts.gz",
        "data/BasicMotions_TEST.ts.gz",
        channels=(
            "acceleration x",
            "acceleration y",
            "acceleration z",
            "rotation x",
            "rotation y",
            "rotation z",
        ),
    ),
    split=FEW,
    encode=(ScaleSeries(),),
    augment=(AugmentJitter(), AugmentScaling(), AugmentTimeWarp()),
    build=SeriesFcn(num_members=3),
    training=Training(
        epochs=200, batch_size=16, optimizer=AdamW(learning_rate=3e-3), schedule=Cosine()
    ),
    judge=Judge(deciding="accuracy", threshold="none"),
)

WEATHER_ANOMALY = Recipe(
    name="weather_anomaly",
    about="Hourly weather at JFK in 2013: windows of a day that are not like those from January "
    "to August. Anomalies are unlabelled: the labels of the test part are faults of sensors that "
    "were injected into copies of a quarter of its windows, and the real windows, storms among "
    "them, are taken as normal. A stuck sensor is not found, and a linear autoencoder does as "
    "well.",
    load=LoadSeries(
        "data/nyc_weather.csv.gz",
        "time_hour",
        series="origin",
        only=("JFK",),
        columns=("temp", "dewp", "humid", "wind_speed", "pressure", "visib"),
    ),
    split=SplitByTime(test=0.2, valid=0.15),
    frame=CutSegments(window=24, test_stride=2, season=24, faults=InjectFaults()),
    prepare=(EncodeDate(parts=("hour",)),),
    encode=(FillGaps(), ScaleSeries(clip=5.0)),  # what is cut off cannot be anomalous
    build=ConvAutoencoder(widths=(12,), code=32),
    training=Training(
        epochs=40, batch_size=64, optimizer=AdamW(learning_rate=3e-3), schedule=Cosine()
    ),
    judge=Judge(tolerance=0.03),
)  # rounding adds to a small error; the threshold of int8 is its own
