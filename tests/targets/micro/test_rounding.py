"""TFLM against LiteRT: rounding of operators that adds up is told from another computation."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.convert.convert import convert
from pipelines.convert.forms import TfliteFiles
from pipelines.convert.graph import Graph
from pipelines.convert.one_operator import single_operators
from pipelines.device.runner import LiteRT
from pipelines.targets.micro.rounding import explain_steps, operator_differences
from pipelines.targets.micro.runner import micro_available
from pipelines.verify.ladder import unscored
from pipelines.verify.tolerance import failed_step
from tests.convert.test_recurrent import lstm_both_ways, train_set

pytestmark = pytest.mark.skipif(not micro_available(), reason="needs tflite-micro (Linux)")


@pytest.fixture(scope="module")
def int8():
    """An int8 file with two LSTMs, and int8 rows for it."""
    model, rows = lstm_both_ways(1.0)
    rows_to_learn = train_set({"series": rows})
    content = convert(model, rows_to_learn, files=TfliteFiles(("int8",)), copies=1)["int8"]
    scale, zero_point = LiteRT(content).quantization()["series"]
    steps = np.clip(np.round(rows / scale + zero_point), -128, 127)
    return content, {"series": steps.astype(np.int8)[:8]}


def with_small_cells(content):
    """The file with a scale of each LSTM's cell that LiteRT has no tangent for."""
    graph = Graph(content)
    for operator in graph.subgraph.operators:
        if graph.kind(operator) == "UNIDIRECTIONAL_SEQUENCE_LSTM":
            graph.tensor(operator.inputs[19]).quantization.scale = [2.0**-17]
    return graph.to_bytes()


def rung_of(form, **known):
    """A rung of one row that loses nothing."""
    return replace(unscored(form, 1, ""), num_rows=1, scores={"accuracy": 1.0}, **known)


KERAS = rung_of("keras")
MICRO = rung_of("micro_int8", int8_steps=5, most_int8_steps=2)


def test_each_operator_is_a_file_of_its_own(int8):
    content, rows = int8
    operators = list(single_operators(content))
    names = [each.name for each in operators]
    assert names.count("UNIDIRECTIONAL_SEQUENCE_LSTM") == 2 and "CONCATENATION" in names
    for each in operators:
        inputs = LiteRT(each.content).inputs()
        assert len(inputs) == len(each.inputs)


def test_rounding_that_adds_up_is_allowed(int8):
    content, rows = int8
    differences = operator_differences(content, rows)
    assert all(each.is_rounding() for each in differences)
    rung = explain_steps(MICRO, content, rows, most_steps=6)
    assert rung.most_int8_steps == 6 and "adds up" in rung.note
    assert failed_step([KERAS, rung], "accuracy", 1.0) == ""


def test_an_operator_that_computes_something_else_is_named(int8):
    content, rows = int8
    broken = with_small_cells(content)
    rung = explain_steps(MICRO, broken, rows, most_steps=100)
    assert rung.most_int8_steps == 2
    assert "UNIDIRECTIONAL_SEQUENCE_LSTM" in rung.note
    assert rung.note in failed_step([KERAS, rung], "accuracy", 1.0)
