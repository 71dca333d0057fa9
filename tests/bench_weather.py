"""`python -m tests.bench_weather`: how far linear models and kernels come with the temperature a
day ahead, by what they read. What decides is the error of validation hours; the test part is shown,
and chooses nothing.

The parts are those of `weather_linear`: of the time the first 70 % to learn from, 10 % to choose
the strength of the penalty by, 20 % to test; then learned anew from the first 80 %. MASE by the
error of the same hour a day before.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

HOURS_AHEAD = 24
COLUMNS = ("temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib")
WIND = ("wind_east", "wind_north")
AIRPORTS = ("EWR", "JFK", "LGA")
PENALTIES = (10, 30, 100, 300, 1000, 3000, 10_000)
WIDTHS = (0.02, 0.05, 0.1, 0.2)
KERNEL_PENALTIES = (0.03, 0.1, 0.3, 1)


@dataclass
class Windows:
    """Hours that a forecast begins at, what is read before each, and what followed."""

    starts: np.ndarray
    inputs: np.ndarray
    changes: np.ndarray
    num_hours: int

    def part(self, first, last):
        """Whether a window lies in a part of the time."""
        begins = self.starts >= first * self.num_hours
        return begins & (self.starts + HOURS_AHEAD <= last * self.num_hours)


def read_airport(name):
    """An hourly table; the wind also as a vector."""
    table = pd.read_csv("data/nyc_weather.csv.gz")
    table = table[table.origin == name].drop_duplicates("time_hour")
    table.index = pd.to_datetime(table.time_hour, utc=True)
    angle = np.deg2rad(table.wind_dir)
    table["wind_east"] = table.wind_speed * np.sin(angle)
    table["wind_north"] = table.wind_speed * np.cos(angle)
    hours = pd.date_range(table.index.min(), table.index.max(), freq="h")
    return table.reindex(hours)


def windows(airports, columns, num_steps):
    """The last steps of all columns, the hour and the day of the year."""
    tables = [read_airport(name) for name in airports]
    hours = tables[0].index
    num_hours = len(hours)
    values = [table[list(columns)].interpolate(limit_direction="both") for table in tables]
    values = StandardScaler().fit_transform(np.concatenate(values, axis=1))
    starts = np.arange(num_steps, num_hours - HOURS_AHEAD)
    past = np.stack([values[start - num_steps : start].ravel() for start in starts])
    angles = [2 * np.pi * k * hours.hour / 24 for k in range(1, 7)]
    angles.append(2 * np.pi * hours.day_of_year / 365.25)
    waves = [wave(angle) for angle in angles for wave in (np.sin, np.cos)]
    inputs = np.concatenate([past, np.stack(waves, axis=1)[starts]], axis=1)
    truth = tables[0].temp.to_numpy()
    last = tables[0].temp.ffill().to_numpy()[starts - 1]
    ahead = np.stack([truth[start : start + HOURS_AHEAD] for start in starts])
    changes = ahead - last[:, None]
    is_known = np.isfinite(changes).all(axis=1)
    return Windows(starts[is_known], inputs[is_known], changes[is_known], num_hours)


def season_error():
    """The error of the same hour a day before, of the hours to learn from."""
    temperature = read_airport("EWR").temp.to_numpy()
    learned = temperature[: int(0.7 * len(temperature))]
    return np.nanmean(np.abs(learned[24:] - learned[:-24]))


def scores(made, models, scale):
    """The model of least validation error, that error, and the error of the test part."""
    train, valid, test = made.part(0, 0.7), made.part(0.7, 0.8), made.part(0.8, 1)
    both = made.part(0, 0.8)
    spread = StandardScaler().fit(made.inputs[train])
    inputs = spread.transform(made.inputs)

    def error(model, learned, judged):
        model.fit(inputs[learned], made.changes[learned])
        return np.abs(model.predict(inputs[judged]) - made.changes[judged]).mean() / scale

    found = [(error(model, train, valid), place) for place, model in enumerate(models)]
    least, place = min(found)
    return models[place], least, error(models[place], both, test)


def main():
    ridges = [Ridge(alpha=alpha) for alpha in PENALTIES]
    tried = [
        ("hours 24, as weather_linear", AIRPORTS[:1], COLUMNS, 24, ridges),
        ("hours 48", AIRPORTS[:1], COLUMNS, 48, ridges),
        ("hours 72", AIRPORTS[:1], COLUMNS, 72, ridges),
        ("hours 24, wind as a vector", AIRPORTS[:1], COLUMNS + WIND, 24, ridges),
        ("hours 48, wind as a vector", AIRPORTS[:1], COLUMNS + WIND, 48, ridges),
        ("hours 24, three airports", AIRPORTS, COLUMNS + WIND, 24, ridges),
        ("hours 48, three airports", AIRPORTS, COLUMNS + WIND, 48, ridges),
    ]
    made = windows(AIRPORTS[:1], COLUMNS + WIND, 24)
    kernels = [
        KernelRidge(kernel="rbf", gamma=width / made.inputs.shape[1], alpha=alpha)
        for width in WIDTHS
        for alpha in KERNEL_PENALTIES
    ]
    tried.append(("the same, a Gaussian kernel", AIRPORTS[:1], COLUMNS + WIND, 24, kernels))
    scale = season_error()
    print("| reads | validation MASE | test MASE | penalty |\n|---|---|---|---|")
    for words, airports, columns, num_steps, models in tried:
        model, valid, test = scores(windows(airports, columns, num_steps), models, scale)
        print(f"| {words} | {valid:.3f} | {test:.3f} | {model.alpha:g} |", flush=True)


if __name__ == "__main__":
    main()
