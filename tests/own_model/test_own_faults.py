"""Own Keras models: what a runtime or the converter refuses is named with the layer, nothing ends
the process, and the gate looks at rows, probabilities and numbers as they are.
"""

import importlib

import numpy as np
import pytest

from pipelines.catalog import targets_named
from pipelines.convert.convert import convert
from pipelines.convert.forms import TfliteFiles
from pipelines.convert.kernels import ReferenceKernels, XnnpackKernels
from pipelines.convert.refusals import converter_reason, layer_of, micro_reason
from pipelines.device.answers import Answers
from pipelines.device.ports import Port
from pipelines.device.signature import Signature
from pipelines.device.target import Target
from pipelines.errors import ExportError, RecipeError, VerifyError
from pipelines.own_model.export import export_model
from pipelines.own_model.gate import changed_too_much, failed_own, num_rows_wanted
from pipelines.rows.parts import Schema, TrainSet
from pipelines.targets.micro.kernels import MicroKernels
from pipelines.targets.refusals import ask_targets
from pipelines.verify.ladder import Rung
from pipelines.verify.tolerance import failed_step
from tests import own_architectures as nets
from tests.folders import left_in
from tests.own_model.test_own_architectures import made, web_runs

FOR_TFLM = TfliteFiles(kernels=(XnnpackKernels(), ReferenceKernels(), MicroKernels()))
CONVERT = importlib.import_module("pipelines.convert.convert")


def rows_as_ports(**ports):
    num_rows = len(next(iter(ports.values())))
    return TrainSet(
        x=ports,
        y=np.zeros(num_rows),
        ids=np.arange(num_rows),
        schema=Schema((), Target("y", "regression")),
    )


@pytest.mark.parametrize("num_outputs, shape", [(1, (2,)), (3, (2, 3))])
def test_answers_of_a_page_have_every_output(monkeypatch, num_outputs, shape):
    from pipelines.targets.web.runner import Browser

    said = [
        {"label": None, "scores": [0.5] * num_outputs, "raw": [0.5] * num_outputs} for _ in range(2)
    ]
    browser = Browser.__new__(Browser)  # without a process: what it makes of the page's words
    browser.signature = signature_of(num_outputs)
    monkeypatch.setattr(browser, "_predict", lambda columns: said)
    assert browser.predict_columns({}).scores.shape == shape


@pytest.mark.full
def test_several_numbers_in_the_browser_and_a_target_that_is_optional(tmp_path):
    """MediaPipe takes no such model: the others are written, and the report has its reason."""
    from pipelines.targets.web.runner import Browser

    if not web_runs():
        pytest.skip("needs LiteRT.js and Chromium")
    model, rows = made("of_activation", "tanh")
    bundle = export_model(
        model, rows, name="own", folder=tmp_path, targets=targets_named("web,mediapipe?")
    )
    rungs = {rung["form"]: rung for rung in bundle.report["ladder"]}
    assert (
        rungs["web"]["scores"]["r2"] > 0.95
        and "classifies pictures and texts" in rungs["mediapipe"]["note"]
    )
    with Browser(bundle.folder / "web", bundle.signature) as browser:
        row = {f"x{place}": rows[0, place] for place in range(8)}
        shown = browser.ask_page(row).split()
        assert len(shown) == 2  # a number for each output
        np.testing.assert_allclose(
            np.array(shown, float), model.predict(rows[:1], verbose=0)[0], atol=0.1
        )


def test_a_picture_and_numbers(tmp_path):
    model, rows = made("picture_and_numbers")
    bundle = export_model(model, rows, name="own", folder=tmp_path, targets=targets_named("litert"))
    assert [rung["form"] for rung in bundle.report["ladder"]] == [
        "keras",
        "litert_float32",
        "litert_int8",
        "litert_uint8",
    ]
    columns = {
        "photo": rows["photo"],
        **{f"weather{place}": rows["weather"][:, place] for place in range(4)},
    }
    wanted = model.predict(rows, verbose=0)
    for form in ("float32", "int8", "uint8"):
        found = bundle.runner(form=form).predict(columns).scores
        assert np.median(np.abs(found - wanted)) < 0.02, (
            form
        )  # the most is of a row beyond the range of int8


def test_a_file_that_ends_the_process_is_named_by_its_layer(tmp_path):
    model, rows = made("one_channel")
    with pytest.raises(
        ExportError, match=r"LiteRT's process by signal \d+ at the operator \w+ of the layer 'norm'"
    ):
        export_model(model, rows, name="own", folder=tmp_path, targets=targets_named("litert"))
    assert not left_in(tmp_path)


def test_what_only_microcontrollers_refuse_leaves_the_other_targets(tmp_path):
    pytest.importorskip("tflite_micro")
    model, rows = made("operation", "sqrt")
    bundle = export_model(
        model, rows, name="own", folder=tmp_path, targets=targets_named("litert,micro?,c?")
    )
    notes = {rung["form"]: rung["note"] for rung in bundle.report["ladder"]}
    assert "TFLM fails to invoke the operator SQRT" in notes["micro_int8"]
    assert "INT8 != FLOAT32" in notes["micro_int8"]
    assert "SQRT" in notes["c_int8"] and "has no C code" in notes["c_int8"]
    assert notes["litert_int8"] == "" and not (bundle.folder / "c").exists()


def test_an_operator_that_is_lacking_is_found_before_int8(monkeypatch):
    """Nothing but the float32 file is made, and the layer is named."""
    pytest.importorskip("tflite_micro")
    import keras

    written = []

    def watched(folder, real=CONVERT._in_child):
        done = real(folder)
        written.extend(path.name for path in folder.glob("*.tflite"))
        return done

    monkeypatch.setattr(CONVERT, "_in_child", watched)
    model = keras.Sequential(
        [
            keras.Input((8,), name="x"),
            keras.layers.Dense(4, "gelu", name="bent"),
            keras.layers.Dense(1),
        ]
    )
    with pytest.raises(
        VerifyError, match=r"TFLM has no operator GELU, which the file holds \(the layer 'bent'\)"
    ):
        convert(model, rows_as_ports(x=nets.numbers(8)), files=FOR_TFLM)
    assert written == ["float32.tflite"]


def test_an_operation_that_tflite_lacks_is_named_with_its_layer():
    import keras

    x = keras.Input((8,), name="x")
    model = keras.Model({"x": x}, keras.layers.Dense(1)(keras.ops.erf(x)))
    with pytest.raises(
        ExportError,
        match="converting the whole model to float32: TFLite has no operator for TensorFlow's Erf",
    ):
        convert(model, rows_as_ports(x=nets.numbers(8)))


MLIR = """loc(callsite(fused["Erf:", "bent_1/Erf@__inference_call_87"] at callsite(fused["PartitionedCall:", "P@x"])): \
error: 'tf.Erf' op is neither a custom op nor a flex op
error: failed while converting: 'main':
TF Select ops: Erf
"""


@pytest.mark.parametrize(
    "text, words",
    [
        (MLIR, "TFLite has no operator for TensorFlow's Erf of the layer 'bent'"),
        ("x\nTF Select ops: Cholesky, Qr\n", "TFLite has no operator for TensorFlow's Cholesky"),
        (
            'loc(fused["MatMul:", "bent/MatMul@f"]): error: \'tfl.batch_matmul\' op operand #0 '
            "must be ranked\n",
            "the layer 'bent': 'tfl.batch_matmul' op operand #0 must be ranked",
        ),
        ("Traceback\nValueError: x\n", ""),
    ],
)
def test_words_of_the_converter(text, words):
    assert converter_reason(text, ("be", "bent", "bent_2")) == words


@pytest.mark.parametrize(
    "text, words",
    [
        (
            "Didn't find op for builtin opcode 'TILE'\nFailed to get registration from op code "
            "TILE\n",
            "TFLM has no operator TILE, which the file holds",
        ),
        (
            "tensorflow/lite/micro/kernels/exp.cc:41 input->type != kTfLiteFloat32 (INT8 != "
            "FLOAT32)\n"
            "Node EXP (number 3) failed to prepare with status 1\n",
            "TFLM fails to prepare the operator EXP (number 3): "
            "exp.cc:41: input->type != kTfLiteFloat32 (INT8 != FLOAT32)",
        ),
        (
            "Node SQRT (number 1) failed to invoke with status 1",
            "TFLM fails to invoke the operator SQRT (number 1): it gives no reason",
        ),
        ("", ""),
        ("Failed to resize buffer. Requested: 9, available 1, missing: 8\n", ""),
    ],
)
def test_words_of_tflm(text, words):
    assert micro_reason(text) == words


def test_the_layer_of_a_tensor():
    layers = ("norm", "norm_1", "dense")
    assert layer_of("norm_1/moments/mean", layers) == "the layer 'norm_1'"
    assert (
        layer_of("norm_2/add", layers) == "the layer 'norm'"
        and layer_of("tfl.quantize", layers) == ""
    )


def test_optional_targets_are_named_with_a_question_mark():
    micro, media = targets_named("micro, mediapipe?")
    assert micro.required and not media.required
    assert targets_named("web?,web")[0].required and not targets_named("web?")[0].required
    for word in ("moon?", "?", "micro??"):
        with pytest.raises(RecipeError, match="'micro,web\\?' where web is optional"):
            targets_named(word)
    numbers = Signature(
        columns=(),
        target=Target("y", "regression"),
        primitives=(),
        inputs=(),
        output=Port("output", (2,), "float32", "x"),
        decisions={},
    )
    with pytest.raises(
        RecipeError, match=r"(?s)TargetMediaPipe for this net: .*mediapipe\? among the names"
    ):
        ask_targets(targets_named("mediapipe"), numbers, None)
    assert "mediapipe" in ask_targets(targets_named("mediapipe?"), numbers, None)


def rung(form, num_rows, **scores):
    return Rung(form, scores, 1.0, 0.0, 1, 1.0, 1.0, num_rows)


def test_a_share_of_rows_is_compared_as_rows():
    """0.98 - 0.96 is 0.0200000000000000018: of 50 rows one."""
    steps = [rung("keras", 50, accuracy=0.98), rung("litert_float32", 50, accuracy=0.98)]
    assert failed_step([*steps, rung("litert_int8", 50, accuracy=0.96)], "accuracy", 0.02) == ""
    said = failed_step([*steps, rung("litert_int8", 50, accuracy=0.94)], "accuracy", 0.02)
    assert "2 of 50 rows, of which 1 may be lost" in said
    assert num_rows_wanted(0.02) == 50 and num_rows_wanted(0.05) == 20


def signature_of(num_outputs, labels=()):
    if labels:
        target = Target("label", "multiclass", labels)
    else:
        target = Target("output", "regression")
    return Signature(
        columns=(),
        target=target,
        primitives=(),
        inputs=(),
        output=Port("output", (num_outputs,), "float32", "x", scale=0.01, zero_point=0),
        decisions={},
    )


def gate(keras, int8, labels=()):
    """What the gate says of values [rows, outputs] of two forms; float32 is as Keras."""

    def answers(values):
        if labels:
            said = np.array(labels, object)[values.argmax(axis=1)]
        else:
            said = None
        return Answers(said, values, keras.astype(np.float32))

    rungs = [
        rung(form, len(keras), accuracy=1.0, r2=1.0)
        for form in ("keras", "litert_float32", "litert_int8")
    ]
    return failed_own(
        signature_of(keras.shape[1], labels),
        rungs,
        {"keras": answers(keras), "litert_float32": answers(keras), "litert_int8": answers(int8)},
    )


def test_probabilities_are_looked_at_where_labels_agree():
    random = np.random.default_rng(0)
    sure = np.array([0.9, 0.06, 0.04]) + 0.01 * random.normal(size=(100, 3))
    assert gate(sure, sure + 2e-4, ("a", "b", "c")) == ""
    said = gate(sure, sure + [[-0.06, 0.03, 0.03]], ("a", "b", "c"))
    assert "lost" in said and "the probabilities' r2" in said and "on 100 rows" in said


def test_an_output_that_hardly_varies_may_be_rounded():
    nearly = np.ones((50, 1), np.float32)
    nearly[::2] += np.float32(6e-8)
    assert changed_too_much(nearly + np.float32(6e-8), nearly, 1e-2) == ""
    assert "on some row" in changed_too_much(nearly + np.float32(0.1), nearly, 1e-2)
    assert gate(nearly, nearly + 0.009) == ""  # less than a step of the output
    assert "the output 0, which is 1 on all rows, differs by 0.1" in gate(nearly, nearly + 0.1)
    varied = np.random.default_rng(0).normal(size=(50, 1))
    assert gate(np.hstack([nearly, varied]), np.hstack([nearly, varied + 0.01])) == ""
    assert "of r2" in gate(np.hstack([nearly, varied]), np.hstack([nearly, 0 * varied]))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_no_numbers_pass_no_gate(value):
    varied = np.random.default_rng(0).normal(size=(50, 2))
    constant = np.hstack([varied, np.ones((50, 1))])
    for keras, column in ((varied, 1), (constant, 2)):
        spoiled = keras.copy()
        spoiled[7, column] = value
        assert gate(keras, keras) == ""
        assert "litert_float32 → litert_int8" in gate(keras, spoiled)
    sure = np.array([0.9, 0.06, 0.04]) + 0.01 * varied[:, :1]
    spoiled = sure.copy()
    spoiled[7, 2] = value
    assert "of the probabilities' r2" in gate(sure, spoiled, ("a", "b", "c"))


def test_numbers_too_large_to_be_squared_in_float32_are_judged():
    """The variance of float32 beyond 1e19 is infinite, and so was what they might differ by."""
    large = np.random.default_rng(0).normal(size=(50, 1)).astype(np.float32) * np.float32(1e25)
    assert changed_too_much(large, large, 1e-2) == ""
    assert "on some row" in changed_too_much(-large, large, 1e-2)
    assert "of r2" in gate(large, -large)


def test_few_rows_are_asked_to_be_more(tmp_path):
    """Ten rows judge, of which one is 10 %."""
    from pipelines.own_model.export import _rows_wanted

    assert _rows_wanted(10) == "provide at least 100 rows (10 judge here, of which one is 10%)"
    assert _rows_wanted(50) == "provide more rows"
