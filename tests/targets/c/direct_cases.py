"""Functions of kernels that are called by themselves, of numbers that no net gives them often: held
against the same in numpy.
"""

import numpy as np

from pipelines.targets.c.model.arithmetic import Multiplier, rescale, shifted_down
from pipelines.targets.c.model.fixed_point import reciprocal_of_sum
from pipelines.targets.c.model.lstm import sigmoid_of, sigmoid_table, tanh_of
from pipelines.targets.c.model.source import fragment_text, without_includes
from tests.targets.c.many_models import SANE, ManyModels

NUM_ROWS = 4000
_HEADER = "typedef struct { int32_t numbers[3]; } signature_inputs;\n"
_MODEL = """
static const uint16_t sigmoids[256] = {%s};
static void model_reset() {}
static void model_run(const signature_inputs *inputs, int8_t *output) {
  const int32_t *numbers = inputs->numbers;
  const int32_t result = %s;
  memcpy(output, &result, sizeof result);
}
"""
_SIGMOIDS = ", ".join(map(str, sigmoid_table().tolist()))
_OF_LSTM = (
    "numbers[1] == 0 ? sigmoid_of(sigmoids, numbers[0]) : "
    "numbers[1] == 1 ? tanh_of(sigmoids, numbers[0]) : int16_clamped(numbers[0])"
)


def _of_lstm(value, what, _):
    functions = (sigmoid_of, tanh_of, lambda each: np.clip(each, -(2**15), 2**15 - 1))
    return functions[what](np.int64(value))


# Kernel → the call, the kernels that it uses, what numpy gives, and the greatest of each number.
_CALLS = {
    "shifted_down": (
        "shifted_down(numbers[0], numbers[1])",
        (),
        lambda value, shift, _: shifted_down(value, shift),
        (2**31 - 1, 40, 0),
    ),
    "reciprocal": (
        "reciprocal_of_sum(numbers[0] < 0 ? -numbers[0] : numbers[0])",
        ("fixed_point",),
        lambda value, _, __: reciprocal_of_sum(abs(value)),
        (2**31 - 1, 0, 0),
    ),
    "fixed_point": (
        "rescale(numbers[0], numbers[1], numbers[2] - 31)",
        (),
        lambda value, factor, shift: rescale(value, Multiplier(factor, shift - 31)),
        (2**20, 2**31 - 1, 40),
    ),
    "lstm": (_OF_LSTM, ("fixed_point", "dot"), _of_lstm, (3 * 2**15, 2, 0)),
}


class DirectCase:
    """A kernel whose function is called with numbers; has what a `Case` of a file has."""

    def __init__(self, fragment):
        call, self._used, in_numpy, most = _CALLS[fragment]
        self._call = _MODEL % (_SIGMOIDS, call)
        rows = _rows(most)
        self._rows = rows.tobytes()
        results = [int(in_numpy(*row)) for row in rows.tolist()]
        self._wanted = np.array(results, np.int32).tobytes()

    def found(self, folder, fragment, mutants, *, of_library=False):
        """The mutants that give other numbers, and those that are no C."""
        models = ManyModels(folder, _HEADER, 4)
        before = [without_includes(fragment_text(each)) for each in self._used]
        codes = ["\n".join([*before, each, self._call]) for each in mutants]
        no_c = models.compile(codes, SANE)
        found = []
        for place, mutant in enumerate(mutants):
            if place not in no_c and models.outputs(place, self._rows) != self._wanted:
                found.append(mutant)
        return found, {mutants[place] for place in no_c}


def direct_cases(fragment):
    """The case of a kernel, if its function can be called by itself."""
    return [DirectCase(fragment)] if fragment in _CALLS else []


def _rows(most):
    """Numbers of every size, the first of both signs; halves of each power of two and the bounds
    of int16 among them.
    """
    random = np.random.default_rng(0)
    rows = np.zeros((NUM_ROWS, 3), np.int32)
    for place, each in enumerate(most):
        if each:
            sizes = 2.0 ** random.uniform(0, np.log2(each), NUM_ROWS)
            rows[:, place] = sizes if each > 100 else random.integers(0, each + 1, NUM_ROWS)
    rows[::2, 0] *= -1
    edges = [sign * 2**15 + each for sign in (-1, 1) for each in range(-3, 4)]
    rows[: len(edges), 0] = edges
    rows[: len(edges), 1] = most[1]
    halves = 2 ** np.minimum(np.maximum(rows[:, 1], 1) - 1, 29)
    if 2 < most[1] < 100:
        near = random.integers(-1, 2, NUM_ROWS) + halves * random.choice([-3, -1, 1, 3], NUM_ROWS)
        rows[100::3, 0] = near[100::3].clip(-(2**30), 2**30)
    return rows
