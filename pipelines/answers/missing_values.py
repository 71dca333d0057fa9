"""Question 47: imputers by mechanism, by the cells and by the model."""

from dataclasses import dataclass

import numpy as np

from .. import steps
from ..device.cells import Column
from ..rows.parts import Schema, TrainSet
from ..tabular import CREDIT
from .frame import Answer, Findings, above, bars, below, estimate
from .frame.plain import fold_scores

IMPUTERS = {
    "mean": steps.ImputeMean(),
    "median": steps.ImputeMedian(),
    "neighbours": steps.ImputeNeighbors(),
    "linear": steps.ImputeLinear(),
    "random": steps.ImputeRandom(),
}
NAMES = ("Seniority", "Age", "Income", "Expenses", "Amount", "Price")
SHARE = 0.3


@dataclass(frozen=True)
class MissingValues(Answer):
    """Makes holes in six columns of credit, at random or where values are large, and fills them."""

    number = 47
    question = "How are missing values handled?"
    claim = (
        "The better an imputer guesses the cells, the better the model: means distort, "
        "neighbours and regression guess best and should be used."
    )
    known = (
        "Regression and neighbours guess cells best where columns predict each other, and "
        "models hardly care: a constant and a flag are hard to beat, and where values are "
        "missing because of what they are the flag itself informs. Imputers are learned inside "
        "the fold, as all that learns."
    )
    sources = (
        "Le Morvan and Varoquaux 2024, https://arxiv.org/abs/2407.19804",
        "Perez-Lebel et al. 2022, https://doi.org/10.1093/gigascience/giac013",
        "Rubin 1976, mechanisms, https://doi.org/10.1093/biomet/63.3.581",
    )
    by_hand = """
import numpy as np
x = np.array([1.0, np.nan, 5.0])
print(np.where(np.isnan(x), np.nanmedian(x), x), np.isnan(x) * 1)  # filled, and its flag
"""
    num_draws: int = 5

    def measure(self) -> Findings:
        whole = _whole_rows()
        found = {}
        for mechanism in ("at random", "large values"):
            draws = [_of_draw(whole, mechanism, draw) for draw in range(self.num_draws)]
            found[mechanism] = np.moveaxis(draws, 0, 2)
        table = {}
        for place, name in enumerate(IMPUTERS):
            table[name] = {
                f"cells, {each}": estimate(values[place, 0]) for each, values in found.items()
            }
            table[name].update(
                {f"model, {each}": estimate(values[place, 1]) for each, values in found.items()}
            )
        cells, model, flagged = np.moveaxis(found["at random"], 1, 0)
        flags = np.array([each[1, 2] - each[1, 1] for each in found.values()])
        return Findings(
            f"Credit, {len(whole.y):,} rows without holes in six columns; {SHARE:.0%} of "
            f"the cells taken out, {self.num_draws} draws; error of cells in standard "
            "deviations, accuracy of logistic regressions on held-out rows.",
            bars("Imputers, by cells and by model", table, y="error, accuracy"),
            (
                below("linear guesses cells better than the mean", estimate(cells[3] - cells[0])),
                below("neighbours too", estimate(cells[2] - cells[0])),
                above(
                    "the model is better with linear, by .01", estimate(model[3] - model[0]), 0.01
                ),
                above("with neighbours, by .01", estimate(model[2] - model[0]), 0.01),
                above("flags help where large values are missing", estimate(flags[1])),
            ),
        )


def _whole_rows():
    dataset, _ = CREDIT.load.read()
    x = {name: dataset.x[name].astype(np.float64) for name in NAMES}
    has_all = np.isfinite(np.array(list(x.values()))).all(axis=0)
    columns = {name: values[has_all].astype(np.float32) for name, values in x.items()}
    schema = Schema(tuple(Column(name, "numeric") for name in NAMES), dataset.schema.target)
    y = dataset.y[has_all]
    return TrainSet(x=columns, y=y, ids=np.arange(len(y)), schema=schema)


def _of_draw(whole, mechanism, draw):
    """float64 [imputers, 3]: error of cells, accuracy, accuracy with flags."""
    random = np.random.default_rng(draw)
    values = np.array(list(whole.x.values())).T
    ranks = random.random(values.shape)
    if mechanism == "large values":
        ranks = values.argsort(axis=0).argsort(axis=0) / len(values) + 0.3 * ranks
    is_hole = ranks >= np.quantile(ranks, 1 - SHARE, axis=0)
    holed = np.where(is_hole, np.float32(np.nan), values)
    halves = np.array_split(random.permutation(len(values)), 2)
    rows = whole.with_columns(dict(zip(NAMES, holed.T, strict=True)))
    spread = values.std(axis=0)
    found = []
    for imputer in IMPUTERS.values():
        filled = imputer.fit(rows.take(halves[0])).apply(rows)
        given = np.array([filled.x[name] for name in NAMES]).T
        error = np.sqrt(np.mean(((given - values) / spread)[is_hole] ** 2))
        scaled = (given - given.mean(axis=0)) / spread
        both = np.concatenate([scaled, is_hole], axis=1)
        scores = [fold_scores(each, whole.y, halves[1:])[0] for each in (scaled, both)]
        found.append([error, *scores])
    return found
