"""A linear function of token counts, fitted by a linear SVM or ridge regression; how tokens are
weighted and how strongly it is regularized is chosen by folds inside the training rows.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engine.bars import progress_bar
from .margins import is_constant, lines_of_each, lines_together

# Of a linear SVM on sums of squares of 1, before and after the rest is chosen.
FIRST_STRENGTH = 0.3
MAX_ITERATIONS = 10_000
# Of a token before the fit: one whose ratio is 0 can still get a weight.
LEAST_IMPORTANCE = 1e-3

# Outputs float64 [rows, outputs] → a number, the higher the better.
Scorer = Callable[[np.ndarray], float]


@dataclass(frozen=True)
class TokenWeighting:
    """One way to fit a linear function of token counts.

    Attributes:
        blend: 0 weighs a token by its inverse document frequency, 1 by its naive-Bayes log-count
            ratio, between them by a geometric mean of both.
        exponent: Counts are divided by the number of tokens to this power.
        strength: C of the linear SVM, 1 / alpha of ridge regression, for rows scaled to squares
            that sum to 1 on average.
    """

    blend: float
    exponent: float
    strength: float


@dataclass(frozen=True, eq=False)
class TokenCounts:
    """How often each row has each id.

    Attributes:
        matrix: A scipy.sparse CSR matrix [rows, ids], of tokens and what else is counted.
        lengths: int64 [rows], how many tokens a row has.
    """

    matrix: Any
    lengths: NDArray[np.int64]

    def take(self, places: np.ndarray) -> TokenCounts:
        """Returns the rows at `places`, int [n]."""
        return TokenCounts(self.matrix[places], self.lengths[places])


@dataclass(frozen=True, eq=False)
class LinearTokens:
    """output = bias + factor of the number of tokens * sum of the weights of the tokens.

    Attributes:
        weights: float64 [ids, outputs]; those of padding are 0.
        bias: float64 [outputs].
        factors: float64 [window + 1], by the number of tokens.
    """

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    factors: NDArray[np.float64]

    def sums(self, counts: TokenCounts) -> NDArray[np.float64]:
        """Returns float64 [rows, outputs]: the sums of the weights of the tokens of each row."""
        return counts.matrix @ self.weights

    def outputs(self, counts: TokenCounts) -> NDArray[np.float64]:
        """Returns float64 [rows, outputs]."""
        factors = self.factors[counts.lengths]
        return self.bias + factors[:, None] * self.sums(counts)


@dataclass(frozen=True, eq=False)
class TokenRows:
    """Rows to fit a linear function on.

    Attributes:
        counts: Of the rows.
        truth: float32 [rows, outputs]: 0 or 1, or standardized values.
        weight: float32 [rows], what each row counts.
        window: Tokens of the longest text.
        output_kind: As tasks have it: "softmax", "sigmoid" or "values".
    """

    counts: TokenCounts
    truth: NDArray[np.float32]
    weight: NDArray[np.float32]
    window: int
    output_kind: str

    def take(self, places: np.ndarray) -> TokenRows:
        """Returns the rows at `places`, int [n]."""
        return replace(
            self,
            counts=self.counts.take(places),
            truth=self.truth[places],
            weight=self.weight[places],
        )


def length_factors(window: int, exponent: float) -> np.ndarray:
    """Returns float64 [window + 1]: the number of tokens to minus `exponent`, 1 for no token."""
    lengths = np.maximum(np.arange(window + 1), 1)
    return lengths.astype(np.float64) ** -exponent


def count_ids(columns: Sequence[tuple[np.ndarray, int]]) -> TokenCounts:
    """Counts the ids of every row.

    Args:
        columns: (int32 [rows, window], how many ids there are) of tokens, then of what is made of
            them; 0 is padding, which is not counted.
    """
    from scipy import sparse

    matrices = [_count_matrix(ids, num_ids) for ids, num_ids in columns]
    tokens, _ = columns[0]
    is_token = tokens != 0
    joined = sparse.hstack(matrices)
    return TokenCounts(joined.tocsr(), is_token.sum(axis=1))


def _count_matrix(ids, num_ids):
    """Returns a CSR matrix [rows, ids] of how often each row has each id."""
    from scipy import sparse

    rows, places = np.nonzero(ids)
    found = ids[rows, places]
    ones = np.ones(len(rows))
    matrix = sparse.csr_matrix(
        (ones, (rows, found)),
        shape=(len(ids), num_ids),
    )
    matrix.sum_duplicates()
    return matrix


def log_count_ratios(counts, positive: np.ndarray, weight: np.ndarray, smoothing: float):
    """Returns float64 [ids]: the logarithm of how much more often a token stands in positive rows
    than in the others, of all tokens there (Wang and Manning 2012,
    https://aclanthology.org/P12-2018). A row counts each of its tokens once.

    Args:
        counts: A CSR matrix [rows, ids] of how often each row has each token.
        positive: bool [rows].
        weight: float [rows], what each row counts.
        smoothing: What is added to each count.
    """
    is_there = (counts > 0).astype(np.float64)
    by_token = is_there.T
    of_positive = by_token @ (weight * positive)
    of_others = by_token @ (weight * ~positive)
    return _log_shares(of_positive + smoothing) - _log_shares(of_others + smoothing)


def _log_shares(numbers):
    """Returns the logarithm of what share of all each number is."""
    total = numbers.sum()
    return np.log(numbers / total)


def inverse_document_frequencies(counts) -> np.ndarray:
    """Returns float64 [ids]: 1 + log((1 + rows) / (1 + rows with the token))."""
    is_there = counts > 0
    num_rows = counts.shape[0]
    rows_with = np.asarray(is_there.sum(axis=0))
    frequencies = rows_with.ravel()
    inverse = (1 + num_rows) / (1 + frequencies)
    return np.log(inverse) + 1


def fit_linear(
    rows: TokenRows, way: TokenWeighting, *, smoothing: float, seed: int
) -> LinearTokens:
    """Fits a linear function in one way, each output by itself."""
    counts = rows.counts.matrix
    factors = length_factors(rows.window, way.exponent)
    factor_of_row = factors[rows.counts.lengths]
    scaled = _times_rows(counts, factor_of_row)
    columns = []
    biases = []
    for truth in rows.truth.T:
        importance = _importance(counts, truth, rows, way.blend, smoothing)
        features = _times_columns(scaled, importance)
        scale = _even_scale(features)
        solved, bias = _solve(
            features * scale,
            truth,
            rows,
            strength=way.strength,
            seed=seed,
        )
        columns.append(solved * importance * scale)
        biases.append(bias)
    weights = np.stack(columns, axis=1)
    weights[0] = 0.0
    return LinearTokens(weights, np.array(biases), factors)


def _times_rows(matrix, factors):
    """Returns a CSR matrix, each row times a factor of its own."""
    product = matrix.multiply(factors[:, None])
    return product.tocsr()


def _times_columns(matrix, factors):
    """Returns a CSR matrix, each column times a factor of its own."""
    product = matrix.multiply(factors[None, :])
    return product.tocsr()


def _even_scale(features):
    """Returns what makes the squares of a row sum to 1 on average."""
    total = features.power(2).sum()
    if not total:
        return 1.0
    num_rows = features.shape[0]
    return np.sqrt(num_rows / total)


def _importance(counts, truth, rows, blend, smoothing):
    """Returns float64 [ids]: the weight of each token before the fit."""
    positive = truth > 0
    ratios = log_count_ratios(counts, positive, rows.weight, smoothing)
    frequencies = inverse_document_frequencies(counts)
    by_ratio = _even(np.abs(ratios)) ** blend
    by_frequency = _even(frequencies) ** (1 - blend)
    return by_ratio * by_frequency


def _even(values):
    """Returns values whose squares are 1 on average, none of them zero."""
    values = np.maximum(values, LEAST_IMPORTANCE)
    square = np.mean(values**2)
    return values / np.sqrt(square)


def _solve(features, truth, rows, *, strength, seed):
    """Returns (weights float64 [ids], bias) for one output."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import Ridge
    from sklearn.svm import LinearSVC

    if rows.output_kind == "values":
        ridge = Ridge(alpha=1 / strength, solver="sparse_cg", tol=1e-6)
        ridge.fit(features, truth.astype(np.float64), sample_weight=rows.weight)
        return ridge.coef_, float(ridge.intercept_)
    positive = truth > 0.5
    if is_constant(positive):
        # A fold without a rare class knows nothing of it.
        bias = 1.0
        if not positive.any():
            bias = -1.0
        return np.zeros(features.shape[1]), bias
    machine = LinearSVC(
        C=strength,
        dual=True,
        random_state=seed,
        max_iter=MAX_ITERATIONS,
    )
    with warnings.catch_warnings():
        # The last digits of weights are not what rows are ranked by.
        warnings.simplefilter("ignore", ConvergenceWarning)
        machine.fit(features, positive, sample_weight=rows.weight)
    bias = float(machine.intercept_.item())
    return machine.coef_[0], bias


@dataclass(frozen=True)
class WeightingChoice:
    """What is tried, and by how many folds.

    Attributes:
        blends: Of `TokenWeighting`.
        exponents: Of `TokenWeighting`.
        strengths: Of `TokenWeighting`.
        smoothing: Of the log-count ratios.
        seed: Of the solver.
    """

    blends: tuple[float, ...]
    exponents: tuple[float, ...]
    strengths: tuple[float, ...]
    smoothing: float
    seed: int

    def first_ways(self) -> Iterator[TokenWeighting]:
        """Yields every blend and exponent at a middle strength."""
        middle = min(self.strengths, key=lambda each: abs(np.log(each / FIRST_STRENGTH)))
        for exponent in self.exponents:
            for blend in self.blends:
                yield TokenWeighting(blend, exponent, middle)

    def ways_like(self, way: TokenWeighting) -> Iterator[TokenWeighting]:
        """Yields a way with every strength."""
        for strength in self.strengths:
            yield replace(way, strength=strength)

    def num_ways(self) -> int:
        """Returns how many ways are tried."""
        return len(self.exponents) * len(self.blends) + len(self.strengths)


def fit_by_folds(
    rows: TokenRows,
    folds: list[tuple[np.ndarray, np.ndarray]],
    choice: WeightingChoice,
    score: Scorer,
) -> tuple[LinearTokens, np.ndarray]:
    """Fits a linear function in the way whose out-of-fold answers score best.

    Everything is refitted in each fold, the log-count ratios too: those of all rows would flatter
    the folds by .01 of average precision. The outputs of classes become log-odds, by a line that is
    fitted to the out-of-fold answers: those to the training rows themselves are too sure.

    Args:
        rows: Training rows.
        folds: Places of rows to learn from and to answer, int64 each.
        choice: What is tried.
        score: Of the out-of-fold outputs.

    Returns:
        The function, and its out-of-fold answers, float64 [rows, outputs].
    """
    tried: dict[TokenWeighting, tuple[float, np.ndarray]] = {}

    def best_of(ways):
        ways = list(ways)
        for way in ways:
            if way not in tried:
                answers = _fold_answers(rows, folds, way, choice)
                slopes, offsets = _lines(answers, rows)
                tried[way] = (score(answers * slopes + offsets), answers)
            progress.update()
        return max(ways, key=lambda each: tried[each][0])

    with progress_bar(total=choice.num_ways(), desc="folds", unit="way") as progress:
        best = best_of(choice.ways_like(best_of(choice.first_ways())))
    linear = fit_linear(rows, best, smoothing=choice.smoothing, seed=choice.seed)
    answers = tried[best][1]
    slopes, offsets = _lines(answers, rows)
    calibrated = LinearTokens(
        linear.weights * slopes, linear.bias * slopes + offsets, linear.factors
    )
    return calibrated, answers * slopes + offsets


def _fold_answers(rows, folds, way, choice):
    """Returns float64 [rows, outputs]: what functions fitted on the other folds answer."""
    answers = np.zeros(rows.truth.shape)
    for learned, answered in folds:
        linear = fit_linear(
            rows.take(learned),
            way,
            smoothing=choice.smoothing,
            seed=choice.seed,
        )
        unseen = rows.counts.take(answered)
        answers[answered] = linear.outputs(unseen)
    return answers


def _lines(answers, rows):
    """Returns (slopes, offsets), float64 [outputs] each, from margins to log-odds; values stay as
    they are.
    """
    if rows.output_kind == "softmax":
        return lines_together(answers, rows.truth, rows.weight)
    if rows.output_kind == "sigmoid":
        return lines_of_each(answers, rows.truth, rows.weight)
    num_outputs = answers.shape[1]
    return np.ones(num_outputs), np.zeros(num_outputs)
