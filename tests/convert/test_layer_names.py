"""Files that Netron and profilers can show: a description, and the names of layers."""

import numpy as np
import pytest

from pipelines.convert.description import describe
from pipelines.convert.layer_names import layer_names
from pipelines.convert.pack_file import pack_file, with_description, without_words
from pipelines.device.ports import Port
from pipelines.device.runner import LiteRT
from pipelines.device.signature import Signature
from pipelines.device.target import Target
from pipelines.targets.c.tflm import array_files
from tests.convert.test_group_joins import join_of, rows_for


def model_of(content):
    from ai_edge_litert import schema_py_generated as schema

    return schema.ModelT.InitFromPackedBuf(content, 0)


def inner_names(content):
    """The names of what the operators of a file give, but for its outputs."""
    graph = model_of(content).subgraphs[0]
    return [
        graph.tensors[place].name.decode()
        for operator in graph.operators
        for place in operator.outputs
        if place not in graph.outputs
    ]


@pytest.mark.parametrize("form", ["int8", "float32"])
def test_the_files_of_a_bundle_have_names_and_a_description(bundle, form):
    content = (bundle.folder / f"model_{form}.tflite").read_bytes()
    description = model_of(content).description.decode()
    names = inner_names(content)
    assert description == describe(bundle.report["name"], bundle.signature)
    assert (
        description.startswith(f"{bundle.report['name']}, made with pipelines ")
        and "/" not in description
    )
    assert bundle.signature.target.name in description
    assert all(names) and any("dense0" in name for name in names)
    assert len(content) - len(without_words(content)) <= 0.1 * len(content)


def test_the_array_for_microcontrollers_has_none(bundle):
    content = (bundle.folder / "model_int8.tflite").read_bytes()
    text = (bundle.folder / "c" / "tflm" / "model_int8.c").read_text(encoding="utf-8")
    assert text.count("0x") == len(without_words(content)) < len(content)
    assert array_files(content, bundle.report["name"])["tflm/model_int8.c"] == text
    assert (
        not any(inner_names(without_words(content)))
        and model_of(without_words(content)).description is None
    )


def renamed(content, names):
    """The file with these names of what its operators give."""
    graph = model_of(content).subgraphs[0]
    places = [int(place) for operator in graph.operators for place in operator.outputs]
    return pack_file(content, names=dict(zip(places, names, strict=True)))


def test_names_of_the_converter_become_those_of_layers():
    content = renamed(
        _chain(), ["a_1/Relu;b_1/MatMul", "model/a_1_2/Relu", "a_1/add", "tfl.quantize", "y"]
    )
    assert list(layer_names(content, ["a", "a_1", "b"]).values()) == [
        "a",
        "a_1",
        "a:1",
        "tfl.quantize",
    ]


def test_numbers_tell_operators_of_one_layer_apart_where_they_cost_little():
    long = "a" * 40
    content = renamed(_chain(), [f"{long}_1/x", f"{long}_1/y", f"{long}_2/z", "b", "y"])
    assert list(layer_names(content, [long, "b"]).values()) == [long, long, long, "b"]
    large = content + b"\0" * 10_000
    assert list(layer_names(large, [long, "b"]).values()) == [long, f"{long}:1", f"{long}:2", "b"]


def _chain():
    """A file of five operators."""
    from pipelines.convert.group_joins import group_joins

    return group_joins(join_of([1] * 46))


def test_words_change_no_answer_and_are_the_same_again():
    content = _chain()
    rows = rows_for([1] * 46)
    worded = with_description(renamed(content, ["a", "b", "c", "d", "y"]), "zwölf")
    assert with_description(renamed(content, ["a", "b", "c", "d", "y"]), "zwölf") == worded
    assert model_of(worded).description.decode() == "zwölf"
    np.testing.assert_array_equal(LiteRT(worded).run(rows), LiteRT(content).run(rows))
    assert without_words(worded) == pack_file(content) and without_words(b"abc") == b"abc"


def test_a_description_is_short_whatever_the_names():
    port = Port("output", (1,), "float32", "log-odds")
    labels = tuple(f"{'x' * 5000}{place}" for place in range(2))
    text = describe("n" * 64, Signature((), Target("t" * 10_000, "binary", labels), (), (), port))
    assert len(text) < 400
