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
    order = np.argsort(probability, kind="stable")
    curve = []
    for rows in np.array_split(order, NUM_BINS):
        if len(rows) == 0:
            continue
        observed, low, high = share_interval(truth[rows])
        predicted = float(probability[rows].mean())
        curve.append(
            Reliability(
                len(rows),
                predicted,
                observed,
                low,
                high,
            )
        )
    return curve


def calibration_error(truth: np.ndarray, probability: np.ndarray) -> float:
    """Returns the expected calibration error in bins of as many rows each (Naeini et al. 2015,
    https://ojs.aaai.org/index.php/AAAI/article/view/9602; Nixon et al. 2019,
    https://arxiv.org/abs/1904.01685): the mean distance of observed and predicted.
    """
    order = np.argsort(probability, kind="stable")
    surplus = truth[order] - probability[order]
    total = 0.0
    for rows in np.array_split(surplus, NUM_BINS):
        total += abs(rows.sum())
    return float(total / len(truth))


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
    return _reading(
        opened,
        truth,
        probability,
        words,
    )


def _reading(opened, truth, probability, words):
    curve = reliability(truth, probability)
    error = calibration_error(truth, probability)
    chance = chance_error(probability, seed=opened.seed)
    squares = (probability - truth) ** 2
    bounds = bootstrap_intervals(
        lambda places: {"brier": float(squares[places].mean())},
        len(truth),
        seed=opened.seed,
    )["brier"]
    share = truth.mean()
    constant = share * (1 - share)
    surplus = probability.mean() - share
    verdict = _verdict(
        opened,
        error,
        chance,
        surplus,
    )
    verdict += (
        f" Brier score {squares.mean():.4f} [{bounds[0]:.4f}, {bounds[1]:.4f}]; the share of all "
        f"rows as the only probability has {constant:.4f}."
    )
    return Reading(
        TITLE,
        verdict,
        headings=("probability", "came true", "95 %", "rows"),
        lines=tuple(_line(each) for each in curve),
        pictures=(Picture(TITLE, _drawing(curve, words)),),
        note=f"Probability of {words}, the int8 file on {len(truth):,} {opened.part} rows, in "
        f"{NUM_BINS} bins of as many rows each. A calibrated model is not an accurate one: the "
        "share of all rows as the only probability is calibrated",
        values={
            "ece": error,
            "ece_of_chance": chance,
            "brier": float(squares.mean()),
            "brier_95": bounds,
        },
    )


def _line(each):
    interval = f"{each.low:.3f} to {each.high:.3f}"
    return f"{each.predicted:.3f}", f"{each.observed:.3f}", interval, f"{each.num_rows:,}"


def _verdict(opened, error, chance, surplus):
    if error <= chance:
        return (
            f"Nothing here shows that the probabilities are not calibrated: the calibration error "
            f"is {error:.4f}, and calibrated ones stay below {chance:.4f} on so many rows."
        )
    side = "too high"
    if surplus < 0:
        side = "too low"
    words = (
        f"The probabilities are not calibrated: the calibration error is {error:.4f}, calibrated "
        f"ones stay below {chance:.4f}; on average they are {side} by {abs(surplus):.3f}."
    )
    choices = opened.task.calibrations[1:]
    if opened.recipe.shipping.probabilities == "none" and choices:
        words += f" To try: --set shipping.probabilities={choices[0]}."
    return words


def _drawing(curve, words):
    def draw(axes):
        predicted = np.array([each.predicted for each in curve])
        observed = np.array([each.observed for each in curve])
        low = np.array([each.low for each in curve])
        high = np.array([each.high for each in curve])
        axes.plot(
            [0, 1],
            [0, 1],
            color=GREY,
            linestyle=":",
            label="calibrated",
        )
        axes.errorbar(
            predicted,
            observed,
            # An interval ends at 0 or 1 within rounding, where every row came true.
            yerr=np.maximum([observed - low, high - observed], 0.0),
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
