"""Missing numbers drawn several times: one answer, its spread, the same in C; and a whole run."""

import csv
import io
import shutil
from dataclasses import replace

import numpy as np
import pytest

from pipelines import catalog
from pipelines.device import primitives as p
from pipelines.device.__main__ import write_answers
from pipelines.device.cells import Column
from pipelines.device.draws import pooled, spread
from pipelines.device.ports import Port
from pipelines.device.runner import Runner
from pipelines.device.signature import Signature
from pipelines.device.target import Target
from pipelines.run import fit, frame, judge, read, ship, split
from pipelines.steps import ImputeAutoencoder, ImputeMedian, ImputeMultiple
from tests.device.test_row_fills import GAUSSIAN, NAMES, hostile_rows
from tests.targets.c.stand_in import CodeAround

OUTPUT = Port("output", (1,), "float32", "", 0.0371, -5, num_copies=2)
SIGNATURE = Signature(
    columns=tuple(Column(name, "numeric") for name in NAMES),
    target=Target("y", "binary", ("no", "yes")),
    primitives=(
        GAUSSIAN,
        *(
            p.Affine(name, 0.1, factor)
            for name, factor in zip(NAMES, (0.2, 0.2, 1e-3), strict=True)
        ),
        p.Pack(NAMES, "numbers"),
    ),
    inputs=(Port("numbers", (3,), "float32", "", 1 / 64, 0),),
    output=OUTPUT,
    decisions={"int8": (0.2,)},
)


class Linear:
    """An interpreter of an int8 model with two copies of an output."""

    def run(self, inputs):
        total = inputs["numbers"].astype(np.int32) @ np.array([[1, 1], [-1, -1], [2, 2]])
        return np.clip(total // 2 + np.array([0, 1]), -128, 127).astype(np.int8)


def test_the_answer_is_the_mean_of_the_draws_and_whole_rows_have_no_spread():
    columns = hostile_rows()
    answers = Runner(SIGNATURE, Linear()).predict_columns(columns)
    outputs = []
    for draw in range(GAUSSIAN.num_draws):
        prepared = p.run_primitives(p.at_draw(SIGNATURE.primitives, draw), columns)
        raw = Linear().run(Runner(SIGNATURE, None).quantize(prepared))
        outputs.append(OUTPUT.dequantize(raw))
    np.testing.assert_allclose(answers.raw, np.mean(outputs, axis=0), rtol=1e-5, atol=1e-5)
    is_whole = ~np.isnan(np.stack(list(columns.values()))).any(axis=0)
    assert (answers.spread[is_whole] == 0).all() and (answers.spread[~is_whole] > 0).mean() > 0.8
    again = Runner(SIGNATURE, Linear()).predict_columns({n: x[::-1] for n, x in columns.items()})
    np.testing.assert_array_equal(again.raw[::-1], answers.raw)


def test_rules_of_rubin():
    """Rubin 1987, equation 3.1.5: of the draws 1, 2 and 6 the mean is 3, the variance 7."""
    raws = [np.full((2, 1), value, np.float32) for value in (1, 2, 6)]
    assert pooled(raws, OUTPUT).tolist() == [[3.0], [3.0]]
    np.testing.assert_allclose(spread(raws, OUTPUT), np.sqrt(7 * 4 / 3))


@pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc: apt-get install gcc")
def test_c_answers_by_all_draws_too():
    columns = hostile_rows()
    wanted = Runner(SIGNATURE, Linear()).predict_columns(columns)
    found = CodeAround(SIGNATURE, Linear()).predict_columns(columns)
    np.testing.assert_array_equal(found.raw, wanted.raw)
    assert found.labels.tolist() == wanted.labels.tolist()
    assert len(set(wanted.labels)) == 2


def test_the_spread_stands_in_the_table_of_answers():
    written = io.StringIO()
    runner = Runner(SIGNATURE, Linear())
    rows = [["1", "", "900"], ["1", "2", "3"], ["x", "2", "3"]]
    write_answers(runner, list(NAMES), rows, csv.writer(written))
    first, one, two, refused = csv.reader(io.StringIO(written.getvalue()))
    place = first.index("spread")
    assert float(one[place]) > 0 and float(two[place]) == 0 and refused[place] == ""


@pytest.mark.full
@pytest.mark.parametrize("step", [ImputeMultiple(), ImputeAutoencoder()], ids=repr)
def test_a_recipe_runs_with_it_on_every_runtime(step):
    """On birds: the score of the median within .02, and each runtime answers as Keras does."""
    recipe = catalog.override(
        catalog.RECIPES["birds_mlp"],
        "teacher=None",
        "build=Mlp(widths=(32,), num_members=1)",
        "training.epochs=8",
        "judge.peers=False",
    )
    prepare = [step if each == ImputeMedian() else each for each in recipe.prepare]
    targets = catalog.targets_named("litert,micro,c,web")
    shipping = replace(recipe.shipping, targets=targets)
    recipe = replace(recipe, prepare=tuple(prepare), shipping=shipping)
    splits = frame(recipe, split(recipe, read(recipe).dataset))
    evaluation = judge(recipe, ship(recipe, fit(recipe, splits.train, splits.valid)), splits.test)
    assert evaluation.failed == ""
    for rung in evaluation.rungs:
        print(rung.form, rung.scores, rung.agreement, rung.runner_agreement, rung.int8_steps)
        if rung.num_rows:
            assert rung.agreement >= 0.98 and rung.scores["roc_auc"] >= 0.8
            assert rung.runner_agreement in (None, 1.0)
