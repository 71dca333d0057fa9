"""Vela's word on int8 files: what it compiles them to, and what stays on the CPU."""

import pytest

from pipelines.convert.graph import Graph
from pipelines.convert.operators import micro_name, operators
from pipelines.errors import ExportError, RecipeError, VerifyError
from pipelines.targets.ethosu.runner import ACCELERATORS, available, estimate

needs_vela = pytest.mark.skipif(bool(available()), reason=f"needs Vela: {available()}")


@pytest.fixture(scope="module")
def int8(bundle):
    return (bundle.folder / "model_int8.tflite").read_bytes()


@needs_vela
def test_a_net_of_dense_layers_runs_on_the_accelerator(int8):
    small = estimate(int8, ACCELERATORS[0])
    large = estimate(int8, "ethos-u55-128")
    assert operators(large.content) == ["ethos-u"] and large.size_bytes == len(large.content)
    assert large.npu_share == 1.0 and large.cpu_operators == () and large.remark() == ""
    assert large.cycles > 0 and small.cycles > 0 and large.num_macs == small.num_macs > 0
    assert large.latency_ms == pytest.approx(1000 * large.cycles / large.clock_hz, rel=1e-3)
    assert 0 < large.sram_bytes < len(int8) and large.flash_bytes > 0


@needs_vela
def test_operators_that_stay_on_the_cpu_are_named(int8):
    graph = Graph(int8)
    (output,) = graph.subgraph.outputs
    real = graph.add_tensor("real", tuple(graph.tensor(output).shape), "float32")
    graph.add_operator("DEQUANTIZE", [output], real, version=2)
    graph.subgraph.outputs = [real]
    found = estimate(graph.to_bytes())
    assert (
        found.cpu_operators == (("DEQUANTIZE", 1),) and found.remark() == "on the CPU: DEQUANTIZE"
    )
    assert 0.5 < found.npu_share < 1.0


@needs_vela
def test_what_vela_cannot_compile_is_an_error_in_bounded_time(int8):
    with pytest.raises(RecipeError, match="ethos-u55-128"):
        estimate(int8, "ethos-u99")
    with pytest.raises(VerifyError, match="killed by signal|refused"):
        estimate(int8[: len(int8) // 2])
    with pytest.raises(VerifyError, match="still at work after 0.01 s"):
        estimate(int8, seconds=0.01)


def test_operators_of_a_file(int8):
    assert "FULLY_CONNECTED" in operators(int8) and len(set(operators(int8))) == len(
        operators(int8)
    )
    for name, of_micro in (
        ("CONV_2D", "Conv2D"),
        ("FULLY_CONNECTED", "FullyConnected"),
        ("REVERSE_V2", "ReverseV2"),
        ("UNIDIRECTIONAL_SEQUENCE_LSTM", "UnidirectionalSequenceLSTM"),
        ("CUMSUM", "CumSum"),
    ):
        assert micro_name(name) == of_micro
    for broken in (b"", b"abc", int8[:1000], b"\xff" * 100):
        with pytest.raises(ExportError, match="no TFLite file"):
            operators(broken)
