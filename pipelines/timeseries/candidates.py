"""What series of one's own may start from."""

from dataclasses import replace

from ..convert.quantize import Quantize
from ..recipe import Candidate
from ..targets.shipping import Shipping
from ..training.optimizers import AdamW
from ..training.schedules import Cosine
from .load import LoadSeries
from .load_classes import LoadSeriesArrays, LoadSeriesTfds, LoadTsFiles
from .minirocket import MiniRocket
from .networks import NLinear
from .recipes import anomaly_recipe, series_classes_recipe, series_recipe, shared_steps_recipe

# Quiet hours have small errors: one step of an int8 output would be as large as most of them.
FINE = Quantize(copies=4)


def series_candidates(
    load: LoadSeries, *, horizon: int, window: int = 0, season: int = 0, name: str = "my_model"
) -> tuple[Candidate, ...]:
    """Returns the recipes among which one is chosen for a forecast, the usual one first."""
    usual = series_recipe(load, horizon=horizon, window=window, season=season, name=name).refitted()
    shared = shared_steps_recipe(
        load,
        horizon=horizon,
        window=window,
        season=season,
        name=name,
    ).refitted()
    usual = replace(usual, shipping=Shipping(quantize=FINE))
    linear = replace(
        usual,
        build=NLinear(regularizer=1e-4),
        training=replace(
            usual.training,
            epochs=30,
            optimizer=AdamW(learning_rate=1e-2),
            schedule=Cosine(warmup_epochs=1),
        ),
    )
    return (
        Candidate("dense net with a linear one inside", usual),
        Candidate("linear net", linear),
        Candidate("small net that all steps ahead share", shared),
    )


def series_classes_candidates(
    load: LoadTsFiles | LoadSeriesArrays | LoadSeriesTfds, *, name: str = "my_model"
) -> tuple[Candidate, ...]:
    """Returns the recipes among which one is chosen for whole series with a class each."""
    usual = series_classes_recipe(load, name=name).refitted()
    fixed = replace(usual, augment=(), build=MiniRocket())
    finer = replace(fixed, build=MiniRocket(num_features=1008))
    return (
        Candidate("three convolutional nets", usual),
        Candidate("MiniRocket, 504 features", fixed),
        Candidate("MiniRocket, 1,008 features", finer),
    )


def anomaly_candidates(
    load: LoadSeries, *, window: int = 0, name: str = "my_model"
) -> tuple[Candidate, ...]:
    """Returns the one recipe for anomalies: normal windows alone cannot tell which is better."""
    return (Candidate("autoencoder", anomaly_recipe(load, window=window, name=name)),)
