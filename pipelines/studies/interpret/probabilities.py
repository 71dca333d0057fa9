"""Whether probabilities are calibrated: the reliability curve, the expected calibration error and
the Brier score.

The error of a calibrated model is not 0 on a few rows: it is held against what labels drawn by the
model's own probabilities would give (consistency resampling, Bröcker and Smith 2007,
https://doi.org/10.1175/WAF993.1).
"""

from dataclasses import dataclass

import numpy as np

from ...report.figures import BLUE, GREY, Picture, drawable
from ...tasks.intervals import bootstrap_intervals
from .intervals import share_interval
from .opened import OpenedBundle
from .reading import NotRead, Reading

TITLE = "Calibration"
NUM_BINS = 10
NUM_DRAWS = 500
LEAST_ROWS = 50


@dataclass(frozen=True)
class Reliability:
    """One bin of a reliability curve.

    Attributes:
        num_rows: In it.
        predicted: The mean probability.
        observed: The share of rows where it came true.
        low: Lower end of the observed share's 95 % interval.
        high: Its upper end.
    """

    num_rows: int
    predicted: float
    observed: float
    low: float
    high: float


def reliability(truth: np.ndarray, probability: np.ndarray) -> list[Reliability]:
    """Returns the curve in bins of about as many rows each.

    Args:
        truth: bool [rows].
        probability: float64 [rows].
    """
    places = np.array_split(np.argsort(probability, kind="stable"), NUM_BINS)
    curve = []
    for rows in places:
        if len(rows) == 0:
            continue
        observed, low, high = share_interval(truth[rows])
        predicted = float(probability[rows].mean())
        curve.append(Reliability(len(rows), predicted, observed, low, high))
    return curve


def calibration_error(truth: np.ndarray, probability: np.ndarray) -> float:
    """Returns the expected calibration error in bins of as many rows each (Naeini et al. 2015,
    https://ojs.aaai.org/index.php/AAAI/article/view/9602; Nixon et al. 2019,
    https://arxiv.org/abs/1904.01685): the mean distance of observed and predicted.
    """
    order = np.argsort(probability, kind="stable")
    distance = 0.0
    for rows in np.array_split(order, NUM_BINS):
        if len(rows):
            distance += abs(truth[rows].mean() - probability[rows].mean()) * len(rows)
    return float(distance / len(truth))


def chance_error(probability: np.ndarray, *, seed: int) -> float:
    """Returns what a calibrated model's calibration error stays below in 95 of 100 draws of the
    labels, by these probabilities.
    """
    generator = np.random.default_rng(seed)
    drawn = []
    for _ in range(NUM_DRAWS):
        truth = generator.random(len(probability)) < probability
        drawn.append(calibration_error(truth, probability))
    return float(np.quantile(drawn, 0.95))


def read_calibration(opened: OpenedBundle) -> Reading | NotRead:
    """Holds probabilities against what came true; of more than two classes those of the most
    probable one.
    """
    task = opened.task
    if not task.has_classes:
        return NotRead(TITLE, f"a {task.name} target has no probability of one class a row")
    if len(opened.rows) < LEAST_ROWS:
        return NotRead(TITLE, f"{len(opened.rows)} rows are too few, at least {LEAST_ROWS}")
    labels = opened.target.labels
    scores = opened.answers.scores
    truth = opened.rows.y == scores.argmax(axis=1)
    probability = scores.max(axis=1)
    words = "the most probable class"
    if len(labels) == 2:
        truth = opened.rows.y == 1
        probability = scores[:, 1]
        words = repr(labels[1])
    return _reading(opened, truth, probability, words)


def _reading(opened, truth, probability, words):
    curve = reliability(truth, probability)
    error = calibration_error(truth, probability)
    chance = chance_error(probability, seed=opened.seed)
    brier = float(np.mean((probability - truth) ** 2))
    constant = float(truth.mean() * (1 - truth.mean()))
    bounds = bootstrap_intervals(
        lambda places: {"brier": float(np.mean((probability[places] - truth[places]) ** 2))},
        len(truth),
        seed=opened.seed,
    )["brier"]
    lines = [
        (
            f"{each.predicted:.3f}",
            f"{each.observed:.3f}",
            f"{each.low:.3f} to {each.high:.3f}",
            f"{each.num_rows:,}",
        )
        for each in curve
    ]
    verdict = _verdict(error, chance, truth, probability, opened)
    verdict += (
        f" Brier score {brier:.4f} [{bounds[0]:.4f}, {bounds[1]:.4f}]; the share of all rows as "
        f"the only probability has {constant:.4f}."
    )
    return Reading(
        TITLE,
        verdict,
        headings=("probability", "came true", "95 %", "rows"),
        lines=tuple(lines),
        pictures=(Picture(TITLE, _drawing(curve, words)),),
        note=f"Probability of {words}, the int8 file on {len(truth):,} {opened.part} rows, in "
        f"{NUM_BINS} bins of as many rows each. A calibrated model is not an accurate one: the "
        "share of all rows as the only probability is calibrated",
        values={"ece": error, "ece_of_chance": chance, "brier": brier, "brier_95": bounds},
    )


def _verdict(error, chance, truth, probability, opened):
    if error <= chance:
        return (
            f"Nothing here shows that the probabilities are not calibrated: the calibration error "
            f"is {error:.4f}, and calibrated ones stay below {chance:.4f} on so many rows."
        )
    side = "too low" if truth.mean() > probability.mean() else "too high"
    words = (
        f"The probabilities are not calibrated: the calibration error is {error:.4f}, calibrated "
        f"ones stay below {chance:.4f}; on average they are {side} by "
        f"{abs(truth.mean() - probability.mean()):.3f}."
    )
    if opened.recipe.shipping.probabilities == "none":
        choices = [each for each in opened.task.calibrations if each != "none"]
        if choices:
            words += f" To try: --set shipping.probabilities={choices[0]}."
    return words


def _drawing(curve, words):
    def draw(axes):
        predicted = np.array([each.predicted for each in curve])
        observed = np.array([each.observed for each in curve])
        below = observed - [each.low for each in curve]
        above = np.array([each.high for each in curve]) - observed
        axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", label="calibrated")
        axes.errorbar(
            predicted,
            observed,
            yerr=[below, above],
            fmt="o-",
            color=BLUE,
            capsize=3,
            label="int8, 95 % intervals",
        )
        axes.set(
            xlabel=f"probability of {drawable(words, 40)}",
            ylabel="share that came true",
            title=TITLE,
        )
        axes.legend(fontsize=8, frameon=False)

    return draw
