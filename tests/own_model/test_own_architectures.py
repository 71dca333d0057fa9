"""Where nets of other people's kinds run: on all runtimes, or on those whose operators they have,
and the words of the refusal.
"""

import pytest

from pipelines.catalog import targets_named
from pipelines.errors import PipelineError
from pipelines.own_model.export import export_model
from pipelines.targets.web.page import litert_folder
from pipelines.targets.web.runner import browser_program
from tests import own_architectures as nets

EVERYWHERE = ""
ABSENT = "TFLM has no operator {}, which the file holds"
INT8_EXP = "TFLM fails to prepare the operator EXP"
# (what, its function, arguments, why not on TFLM and in C, where it is refused altogether in which
# words)
PLAIN = (
    "prelu",
    "leaky_relu",
    "convolutions_1d",
    "separable_1d",
    "separable_pictures",
    "squeeze_and_excite",
    "transposed",
    "two_recurrent",
    "over_time",
    "attention",
    "positions",
    "embedded",
    "layer_normalization",
    "group_normalization",
    "shared_layers",
    "fixed_batch",
    "mixed_precision",
    "noisy",
    "resized",
    "picture_and_numbers",
)
LACKING = {
    "u_net": ABSENT.format("TILE"),
    "three_dimensional": ABSENT.format("CONV_3D"),
    "grouped_attention": ABSENT.format("TILE"),
    "spectrum": ABSENT.format("RFFT2D"),
}
ACTIVATIONS = {
    **dict.fromkeys(
        ("elu", "silu", "hard_sigmoid", "hard_silu", "tanh", "relu6", "softmax", "softsign"),
        EVERYWHERE,
    ),
    "selu": ABSENT.format("SELECT"),
    "gelu": ABSENT.format("GELU"),
    "mish": INT8_EXP,
    "softplus": INT8_EXP,
}
OPERATIONS = {
    "square": EVERYWHERE,
    "sqrt": "TFLM fails to invoke the operator SQRT",
    "tile": ABSENT.format("TILE"),
    "sort": ABSENT.format("TOPK_V2"),
    "where": ABSENT.format("SELECT"),
}
RUN = [
    *(pytest.param(name, (), EVERYWHERE, id=name) for name in PLAIN),
    *(pytest.param(name, (), words, id=name) for name, words in LACKING.items()),
    *(
        pytest.param("of_activation", (name,), words, id=name)
        for name, words in ACTIVATIONS.items()
    ),
    *(pytest.param("operation", (name,), words, id=name) for name, words in OPERATIONS.items()),
    *(
        pytest.param("recurrent", (name,), EVERYWHERE, id=name)
        for name in ("LSTM", "GRU", "SimpleRNN")
    ),
]
REFUSED = {
    (
        "one_channel",
    ): "the int8 file ends LiteRT's process by signal 6 at the operator ADD of the layer 'norm'",
    ("operation", "erf"): "TFLite has no operator for TensorFlow's Erf",
    ("operation", "exp"): "litert_float32 → litert_int8 lost",
    ("unit_normalization",): "micro_int8 differs from LiteRT's reference kernels by",
}


def made(name, *given):
    import keras

    keras.utils.set_random_seed(1)
    return getattr(nets, name)(*given)


def web_runs():
    try:
        litert_folder()
    except PipelineError:
        return False
    return bool(browser_program())


@pytest.mark.full
@pytest.mark.parametrize("name, given, lacks", RUN)
def test_where_it_runs(name, given, lacks, tmp_path):
    pytest.importorskip("tflite_micro")
    model, rows = made(name, *given)
    if web_runs():
        words = "litert,micro?,c?,web?"
    else:
        words = "litert,micro?,c?"
    bundle = export_model(model, rows, name="own", folder=tmp_path, targets=targets_named(words))
    notes = {rung["form"]: rung["note"] for rung in bundle.report["ladder"]}
    assert bundle.report["gate"]["passed"] and notes["litert_int8"] == ""
    if name == "of_activation" and given == ("softsign",):
        assert "DIV (operator" in notes.pop("c_int8")
    # What it takes of a microcontroller, where that is measured.
    if notes.get("c_int8", "").startswith("on a Cortex-M4"):
        notes["c_int8"] = ""
    for form in notes.keys() & {"micro_int8", "c_int8"}:
        assert notes[form].startswith(f"not possible: {lacks}" if lacks else "") and bool(
            notes[form]
        ) == bool(lacks)
    if "web" in words:
        both = name == "picture_and_numbers"
        assert ("its page takes one picture" in notes["web"]) == both


@pytest.mark.full
@pytest.mark.parametrize("given", REFUSED, ids="_".join)
def test_why_it_is_refused(given, tmp_path):
    pytest.importorskip("tflite_micro")
    model, rows = made(*given)
    with pytest.raises(PipelineError) as refused:
        export_model(
            model, rows, name="own", folder=tmp_path, targets=targets_named("litert,micro?")
        )
    assert REFUSED[given] in str(refused.value) and refused.value.fix
