"""Texts that are spelled: how they are read, learned, answered in Python and C, and scored."""

import ctypes
import json
import subprocess
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipelines.device.answers import Answers
from pipelines.device.cells import Column
from pipelines.device.ports import Port
from pipelines.device.primitives import Pack
from pipelines.device.runner import answer
from pipelines.device.signature import Signature
from pipelines.device.target import Target
from pipelines.device.tasks.spelling import spelled
from pipelines.errors import LoadError
from pipelines.sources.spelled_texts import read_texts_to_spell
from pipelines.studies.interpret.attention import attention_by_character
from pipelines.tasks import SpellingTask
from pipelines.text import LoadTexts

TARGET = Target("y", "spelled", characters="-12é", positions=3)
NUM_OUTPUTS = 15
TASK = SpellingTask()


def signature(**output):
    port = Port("output", (NUM_OUTPUTS,), "float32", "", scale=0.04, zero_point=-7, **output)
    made = Signature(
        (Column("n", "numeric"),),
        TARGET,
        (Pack(("n",), "x"),),
        (Port("x", (1,), "float32", "", scale=0.1),),
        port,
    )
    made.check()
    return made


def outputs(num_rows):
    random = np.random.default_rng(0)
    return random.integers(-128, 128, (num_rows, NUM_OUTPUTS), np.int8)


def test_texts_become_places_and_texts_again():
    cells = ["2021", " 1-2", "é", "1-2"]
    y, target, notes = read_texts_to_spell(cells, "iso")
    assert (target.characters, target.positions, len(notes)) == ("-012é", 4, 1)
    assert y[1].tolist() == [2, 0, 3, 5]
    assert spelled(y, target).tolist() == ["2021", "1-2", "é", "1-2"]


@pytest.mark.parametrize(
    "cells, message",
    [(["a", "b" * 65], "row 1 has 65 characters"), (["a", "a "], "in all rows")],
)
def test_what_cannot_be_spelled_is_refused(cells, message):
    with pytest.raises(LoadError, match=message):
        read_texts_to_spell(cells, "iso")
    with pytest.raises(LoadError, match="written with 300"):
        read_texts_to_spell([chr(200 + place) for place in range(300)], "iso")


def test_the_loader_keeps_answers_of_one_group_together():
    rows = {"t": ["3 Mar", "March 3", "4 May"], "iso": ["03-03", "03-03", "05-04"]}
    load = LoadTexts("", "t", "iso", target_kind="characters", group=("iso",))
    dataset, _ = load.read(pd.DataFrame(rows))
    assert dataset.y.shape == (3, 5) and dataset.group[0] == dataset.group[1] != dataset.group[2]
    assert [task.name for task in load.sketch().tasks] == ["spelled"]
    assert all(not task.spells for task in replace(load, target_kind="").sketch().tasks)


def test_the_loss_is_the_cross_entropy_of_each_character():
    random = np.random.default_rng(0)
    logits = random.normal(size=(4, 2, NUM_OUTPUTS)).astype(np.float32)
    y = random.integers(0, 5, (4, 3))
    truth = TASK.training_truth(y, TARGET)
    by_place = logits.reshape(4, 2, 3, 5)
    logs = by_place - np.log(np.exp(by_place).sum(axis=-1, keepdims=True))
    wanted = -np.take_along_axis(logs, y[:, None, :, None], axis=-1)[..., 0].mean(axis=-1)
    loss = TASK.default_loss(TARGET)(truth[:, None], logits)
    np.testing.assert_allclose(np.asarray(loss), wanted, rtol=1e-5)
    chosen = by_place[:, 0].argmax(axis=-1)
    answers = Answers(spelled(chosen, TARGET), np.ones(4), logits[:, 0])
    scores = TASK.score(y, answers, TARGET)
    for metric in ("exact_match", "character_accuracy"):
        found = float(TASK.keras_metric(metric, TARGET)(truth, logits[:, 0]))
        is_right = y == chosen
        share = is_right.all(axis=1) if metric == "exact_match" else is_right
        assert abs(found - share.mean()) < 1e-6
    assert scores["exact_match"] == (y == chosen).all(axis=1).mean()


def test_scores_of_texts_of_other_lengths():
    y = np.array([[0, 1, 4], [1, 2, 3], [1, 2, 4]])  # "-1", "12é", "12"
    answers = Answers(np.array(["-1", "12", "2"], object), np.ones(3), np.zeros((3, 1)))
    scores = TASK.score(y, answers, TARGET)
    assert scores["exact_match"] == 1 / 3
    np.testing.assert_allclose(scores["character_accuracy"], (1 + 2 / 3 + 1 / 3) / 3)
    assert TASK.row_errors(y, answers, TARGET).tolist() == [0, 1, 1]


def test_each_place_takes_its_largest_output():
    made = signature()
    raw = outputs(50)
    logits = (raw.astype(np.float64) + 7) * 0.04
    chances = np.exp(logits.reshape(50, 3, 5))
    chances /= chances.sum(axis=2, keepdims=True)
    answers = answer(made, raw, form="int8")
    assert answers.labels.tolist() == spelled(chances.argmax(axis=2), TARGET).tolist()
    np.testing.assert_allclose(answers.scores, chances.max(axis=2).prod(axis=1), rtol=1e-6)
    values = json.loads(json.dumps(made.to_json()))
    assert Signature.from_json(values).target == TARGET
    with pytest.raises(ValueError, match="logits in"):
        replace(made, target=replace(TARGET, positions=4)).check()


def test_c_spells_as_python(tmp_path):
    made = signature()
    code = (
        "#include <stdint.h>\n"
        + TASK.c_declaration(made)
        + "static int32_t fine_steps(const int8_t *output, int i) {\n"
        + f"  return output[i] - ({made.output.zero_point});\n}}\n"
        + TASK.c_definition(made)
    )
    (tmp_path / "s.c").write_text(code)
    command = ["gcc", "-std=c99", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "s.c", "-o", "s"]
    subprocess.run(command, cwd=tmp_path, check=True)
    library = ctypes.CDLL(str(tmp_path / "s"))
    raw = outputs(300)
    pointer = ctypes.POINTER(ctypes.c_int8)
    calls = [(row.ctypes.data_as(pointer), None) for row in raw]
    answers = answer(made, raw, form="int8")
    in_c = TASK.c_answers(library, made, answers, calls)
    assert in_c.labels.tolist() == answers.labels.tolist()


def test_attention_of_a_character_is_that_of_the_queries_it_counts():
    shares = np.float32([[[1, 0, 0], [0, 0.5, 0.5]]])
    kernel = np.zeros((4, 4), np.float32)  # two queries of width 2, two places of two choices
    kernel[0, 0] = 2  # the first place reads the first query
    kernel[1, 2] = kernel[3, 3] = 1  # the second reads both
    found = attention_by_character(shares, kernel, 2)
    np.testing.assert_allclose(found[0], [[1, 0, 0], [0.5, 0.25, 0.25]])


@pytest.mark.full
@pytest.mark.parametrize("name", ["dates_attention", "dates_stepwise"])
def test_dates_of_days_never_learned_are_spelled(name, tmp_path):
    """The whole line in a few epochs: most characters are right, and every form answers alike."""
    from pipelines import catalog, run

    recipe = catalog.override(
        catalog.RECIPES[name],
        "training.epochs=6",
        "judge.tolerance=1",
        "judge.peers=False",
        "shipping.targets=(TargetLiteRT(), TargetMicro(), TargetC())",
    )
    report = run(recipe, folder=tmp_path).report
    assert report["scores"]["litert_int8"]["character_accuracy"] > 0.8
    forms = {rung["form"]: rung for rung in report["ladder"]}
    assert forms["litert_int8"]["agreement"] > 0.9
    assert forms["c_int8"]["int8_steps"] == 0 and forms["c_int8"]["runner_agreement"] == 1
