"""Real rows for the estimators, and one that is fitted in seconds."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.tabular import Mlp

# One small net; the checks ask how an estimator behaves, not how good it is.
SMALL = Mlp(widths=(32,), num_members=1)
QUICK = {
    "build": Mlp(widths=(32,), num_members=1, dropout=0.0),
    "training.epochs": 8,
    "training.batch_size": 32,
    "training.optimizer.learning_rate": 0.01,
}


@dataclass(frozen=True)
class Penguins:
    """Rows of penguins with missing cells, texts and dates: what they weigh, and their sex."""

    rows: pd.DataFrame
    sex: pd.Series
    grams: pd.Series


def penguins() -> Penguins:
    """Returns the 333 penguins whose sex and weight are known."""
    table = pd.read_csv("data/penguins.csv.gz")
    table = table[table["Sex"].isin(["MALE", "FEMALE"])].reset_index(drop=True)
    names = ["Species", "Island", "Culmen Length (mm)", "Flipper Length (mm)", "Date Egg"]
    rows = table[[*names, "Delta 15 N (o/oo)"]]
    return Penguins(rows, table["Sex"], table["Body Mass (g)"])


def temperatures(num_hours: int) -> pd.Series:
    """Returns the first hours of Newark's temperature, in UTC."""
    table = pd.read_csv("data/nyc_weather.csv.gz")
    table = table[table["origin"] == "EWR"].iloc[:num_hours]
    hours = pd.to_datetime(table["time_hour"])
    return pd.Series(table["temp"].to_numpy(np.float64), index=pd.DatetimeIndex(hours), name="temp")
