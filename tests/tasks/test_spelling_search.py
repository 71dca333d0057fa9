"""A text that is spelled a character a call: the search in Python and C, and its net."""

import ctypes
import itertools
import json
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from pipelines.device.cells import Column
from pipelines.device.ports import Port
from pipelines.device.primitives import Pack
from pipelines.device.runner import Runner
from pipelines.device.signature import Signature
from pipelines.device.spelling_search import UNITS, num_calls, search_text
from pipelines.device.target import Target
from pipelines.device.units import SPELLED_ID
from pipelines.errors import RecipeError
from pipelines.tasks import SpellingTask
from pipelines.text import AttentionDecoder, AutoregressiveDecoder

POSITIONS = 3
CHOICES = 3  # "a", "b" and none
TASK = SpellingTask()


def signature(beam):
    target = Target("y", "spelled", characters="ab", positions=POSITIONS, beam=beam)
    made = Signature(
        (Column("n", "numeric"),),
        target,
        (Pack(("n",), "x"),),
        (
            Port("x", (1,), "float32", "", scale=0.1),
            Port("spelled", (POSITIONS,), "int32", SPELLED_ID, num_ids=CHOICES + 1),
        ),
        Port("output", (POSITIONS * CHOICES,), "float32", "", scale=0.05, zero_point=3),
    )
    made.check()
    return made


def table_of(seed):
    """int8 outputs by what was spelled, [4, 4, 4, outputs]: those of a place are made of the ids
    before it alone.
    """
    random = np.random.default_rng(seed)
    table = np.zeros((*[CHOICES + 1] * POSITIONS, POSITIONS, CHOICES), np.int8)
    table[..., 0, :] = random.integers(-128, 128, CHOICES)
    table[..., 1, :] = random.integers(-128, 128, (CHOICES + 1, 1, 1, CHOICES))
    table[..., 2, :] = random.integers(-128, 128, (CHOICES + 1, CHOICES + 1, 1, CHOICES))
    return table.reshape(*[CHOICES + 1] * POSITIONS, -1)


class InTable:
    """A runtime whose outputs stand in a table; counts its rows."""

    def __init__(self, table):
        self.table = table
        self.num_rows = 0

    def run(self, inputs):
        ids = inputs["spelled"]
        self.num_rows += len(ids)
        return self.table[tuple(ids.T)]


def best_by_hand(made, table):
    """The text of the largest sum of logarithms among all, and its probability."""
    found = {}
    for ids in itertools.product(range(1, CHOICES + 1), repeat=POSITIONS):
        ends = [place for place, each in enumerate(ids) if each == CHOICES]
        if ends and any(each != CHOICES for each in ids[ends[0] :]):
            continue
        logits = made.output.to_float(table[ids][None])[0].reshape(POSITIONS, CHOICES)
        logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        last = ends[0] + 1 if ends else POSITIONS
        found[ids] = sum(logs[place, ids[place] - 1] for place in range(last))
    best = max(found, key=found.get)
    return "".join("ab"[each - 1] for each in best if each < CHOICES), np.exp(found[best])


@pytest.mark.parametrize("seed", range(8))
def test_a_wide_beam_finds_the_most_probable_text(seed):
    made = signature(beam=16)
    table = table_of(seed)
    runner = Runner(made, InTable(table))
    answers = runner.predict({"n": [1.0, 2.0]})
    text, chance = best_by_hand(made, table)
    assert answers.labels.tolist() == [text, text]
    np.testing.assert_allclose(answers.scores, chance, rtol=1e-5)


def test_a_beam_of_one_takes_the_best_character_of_each_call():
    made = signature(beam=1)
    for seed in range(8):
        interpreter = InTable(table_of(seed))
        ids = np.zeros(POSITIONS, np.int64)
        for place in range(POSITIONS):
            outputs = interpreter.table[tuple(ids)].reshape(POSITIONS, CHOICES)
            ids[place] = outputs[place].argmax() + 1
            if place and ids[place - 1] == CHOICES:
                ids[place] = CHOICES
        answers = Runner(made, interpreter).predict({"n": [1.0]})
        wanted = "".join("ab"[each - 1] for each in ids if each < CHOICES)
        assert answers.labels[0] == wanted
        assert interpreter.num_rows == num_calls(made) == POSITIONS


def test_the_raw_output_is_that_of_the_text_that_was_found():
    for beam in (1, 2, 4):
        made = signature(beam)
        interpreter = InTable(table_of(5))
        runner = Runner(made, interpreter)
        raw, found = runner.run(runner.prepared({"n": np.float32([1.0])}))
        assert interpreter.num_rows == num_calls(made)
        assert (raw == interpreter.table[tuple(found["spelled"].T)]).all()


def test_true_beginnings_give_the_exact_matches_of_the_greedy_search():
    made = signature(beam=1)
    num_exact = 0
    for seed, *choices in itertools.product(range(6), *[range(CHOICES)] * POSITIONS):
        table = table_of(seed)
        truth = np.array(choices)
        ends = np.flatnonzero(truth == CHOICES - 1)
        if len(ends):
            truth[ends[0] :] = CHOICES - 1
        forced = TASK.forced_inputs(truth[None], made)["spelled"]
        outputs = table[tuple(forced.T)].reshape(POSITIONS, CHOICES)
        _, found = search_text(made, InTable(table).run, {"x": np.zeros((1, 1)), "spelled": forced})
        is_found = (found["spelled"] == forced).all()
        # A text that has ended needs no more characters, which a net learns to be none.
        last = ends[0] + 1 if len(ends) else POSITIONS
        assert is_found == (outputs.argmax(axis=1)[:last] == truth[:last]).all()
        num_exact += int(is_found)
    assert num_exact >= 6


def test_c_finds_the_same_texts(tmp_path):
    for beam in (1, 3):
        made = signature(beam)
        library = compiled(made, tmp_path / str(beam))
        for seed in range(40):
            interpreter = InTable(table_of(seed))
            answers = Runner(made, interpreter).predict({"n": [1.0]})
            inputs = (ctypes.c_int32 * POSITIONS)()
            library.signature_begin(inputs)
            num_rows, is_asked = 0, True
            while is_asked:
                output = np.ascontiguousarray(interpreter.table[tuple(inputs)])
                num_rows += 1
                is_asked = library.signature_next(inputs, output.ctypes.data_as(ctypes.c_void_p))
            assert num_rows == num_calls(made)
            text = ctypes.create_string_buffer(10)
            library.signature_text(inputs, text)
            assert text.value.decode() == answers.labels[0]


def compiled(made, folder):
    folder.mkdir()
    code = (
        "#include <stdint.h>\n#include <math.h>\n"
        f"typedef struct {{ int32_t spelled[{POSITIONS}]; }} signature_inputs;\n"
        + TASK.c_declaration(made)
        + "static int32_t fine_steps(const int8_t *output, int i) {\n"
        + f"  return output[i] - ({made.output.zero_point});\n}}\n"
        + TASK.c_definition(made)
    )
    (folder / "s.c").write_text(code)
    command = ["gcc", "-std=c99", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "s.c", "-o", "s"]
    subprocess.run([*command, "-lm"], cwd=folder, check=True)
    return ctypes.CDLL(str(folder / "s"))


def test_a_signature_keeps_the_beam_and_needs_its_input():
    made = signature(beam=4)
    values = json.loads(json.dumps(made.to_json()))
    assert Signature.from_json(values) == made
    without = json.loads(json.dumps(signature(beam=1).to_json()))
    assert without["target"]["beam"] == 1
    for damaged in (
        replace(made, target=replace(made.target, beam=17)),
        replace(made, target=replace(made.target, beam=0)),
        replace(made, inputs=made.inputs[:1]),
        replace(made, inputs=(made.inputs[0], replace(made.inputs[1], num_ids=3))),
    ):
        with pytest.raises(ValueError):
            damaged.check()


def net_signature(window=7):
    target = Target("y", "spelled", characters="ab", positions=POSITIONS)
    port = Port("tokens", (window,), "int32", "token id", num_ids=9)
    return Signature(
        (), target, (), (port,), Port("output", (POSITIONS * CHOICES,), "float32", "log-odds")
    )


def test_no_place_reads_what_is_spelled_after_it():
    net = AutoregressiveDecoder().tiny()
    made = net.with_inputs(net_signature())
    assert made.target.beam == 2 and made.inputs[1].unit == SPELLED_ID
    model = net.build(made, seed=1)
    tokens = np.int32([[0, 0, 3, 4, 5, 6, 7]])
    before = np.int32([[1, 2, 3]])
    outputs = {}
    for place in range(POSITIONS + 1):
        ids = before.copy()
        ids[0, place:] = [2, 1, 1][place:]
        given = {"tokens": tokens, "spelled": ids}
        outputs[place] = np.asarray(model(given)).reshape(POSITIONS, CHOICES)
    for place in range(POSITIONS):
        # Ids from `place` on are others: outputs up to that place are the same.
        same = outputs[place][: place + 1] == outputs[POSITIONS][: place + 1]
        assert same.all()
    assert not np.allclose(outputs[0][1:], outputs[POSITIONS][1:])


def test_padding_before_a_text_changes_nothing():
    net = AutoregressiveDecoder().tiny()
    answers = []
    for window in (5, 9):
        model = net.build(net.with_inputs(net_signature(window)), seed=2)
        model.set_weights(
            [
                np.sin(np.arange(x.size)).reshape(x.shape) * 0.3 if "mask" not in w.path else x
                for w, x in zip(model.weights, model.get_weights(), strict=True)
            ]
        )
        tokens = np.zeros((1, window), np.int32)
        tokens[0, -4:] = [3, 1, 4, 1]
        answers.append(np.asarray(model({"tokens": tokens, "spelled": np.int32([[1, 2, 1]])})))
    np.testing.assert_allclose(answers[0], answers[1], atol=1e-4)


def test_where_it_cannot_be_built():
    with pytest.raises(RecipeError, match="to spell"):
        AutoregressiveDecoder().with_inputs(
            replace(net_signature(), target=Target("y", "binary", ("a", "b")))
        )
    with pytest.raises(RecipeError, match="what was spelled"):
        AutoregressiveDecoder().build(net_signature())
    with pytest.raises(RecipeError, match="one net"):
        AutoregressiveDecoder(num_members=2).check()
    assert AttentionDecoder().with_inputs(net_signature()) == net_signature()


def test_probabilities_are_whole_numbers_of_small_units():
    made = signature(beam=1)
    table = table_of(3)
    logits = made.output.to_float(table[0, 0, 0][None])[0][:CHOICES].astype(np.float64)
    logs = logits - np.log(np.exp(logits).sum())
    assert (np.abs(np.round(logs * UNITS) / UNITS - logs) < 1e-5).all()
