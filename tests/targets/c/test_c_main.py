"""The example for microcontrollers: compiled against headers that declare TFLM's interface, its row
prepared in C, the interpreter's part played by a file.
"""

import json
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from pipelines.bundle.folder import read_golden_rows
from pipelines.convert.convert import convert
from pipelines.convert.operators import micro_name, operators
from pipelines.convert.scales import with_scales
from pipelines.device import primitives as p
from pipelines.device.cells import Column
from pipelines.device.frame import Frame
from pipelines.device.ports import Port
from pipelines.device.primitives.series import FillSteps, PackSteps
from pipelines.device.primitives.texts import Words
from pipelines.device.runner import LiteRT, Runner
from pipelines.device.signature import Signature
from pipelines.device.target import Target
from pipelines.rows.parts import Schema, TrainSet
from pipelines.steps.tokens import spelling
from pipelines.targets.c.c_files import c_files
from pipelines.targets.c.tflm import tflm_files

pytestmark = pytest.mark.skipif(
    not (shutil.which("gcc") and shutil.which("g++")),
    reason="needs gcc and g++: apt-get install g++",
)
# What main.cc uses of TensorFlow Lite for Microcontrollers, as its headers declare it. In the
# interpreter's place stand two files: inputs are written to one, outputs come from the other.
HEADERS = {
    "micro_log.h": "#include <cstdio>\n#define MicroPrintf(...) (std::printf(__VA_ARGS__), "
    'std::printf("\\n"))\n',
    "system_setup.h": "namespace tflite { inline void InitializeTarget() {} }\n",
    "../schema/schema_generated.h": """
#include <cstdint>
namespace tflite {
struct Model { uint32_t version() const { return 3; } };
inline const Model* GetModel(const void* content) { return static_cast<const Model*>(content); }
}
""",
    "micro_mutable_op_resolver.h": """
enum TfLiteStatus { kTfLiteOk = 0, kTfLiteError = 1 };
namespace tflite {
class MicroOpResolver {};
template <unsigned int tOpCount>
class MicroMutableOpResolver : public MicroOpResolver {
 public:
%s
 private:
  TfLiteStatus Add() { return ++count_ <= tOpCount ? kTfLiteOk : kTfLiteError; }
  unsigned int count_ = 0;
};
}
"""
    % "\n".join(
        f"  TfLiteStatus Add{name}() {{ return Add(); }}"
        for name in (
            "Add",
            "Concatenation",
            "Conv2D",
            "FullyConnected",
            "Gather",
            "Mean",
            "Mul",
            "Reshape",
            "Sub",
            "Logistic",
        )
    ),
    "micro_interpreter.h": """
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"
#define TFLITE_SCHEMA_VERSION (3)
union TfLitePtrUnion { char* raw; int8_t* int8; };
struct TfLiteTensor { TfLitePtrUnion data; };
namespace tflite {
class MicroInterpreter {
 public:
  MicroInterpreter(const Model*, const MicroOpResolver&, uint8_t* arena, size_t size) : size_(size) { arena[0] = 0; }
  TfLiteStatus AllocateTensors() {
    for (int i = 0; i < 4; ++i) tensors_[i].data.raw = bytes_[i];
    return kTfLiteOk;
  }
  TfLiteStatus Invoke() {
    FILE* in = fopen("inputs.bin", "wb");
    for (int i = 0; i < 3; ++i) fwrite(bytes_[i], sizeof bytes_[i], 1, in);
    fclose(in);
    FILE* out = fopen("outputs.bin", "rb");
    const size_t read = fread(bytes_[3], 1, sizeof bytes_[3], out);
    fclose(out);
    return read > 0 ? kTfLiteOk : kTfLiteError;
  }
  TfLiteTensor* input(size_t index) { return &tensors_[index]; }
  TfLiteTensor* output(size_t index) { return &tensors_[3 + index]; }
  size_t arena_used_bytes() const { return size_; }
 private:
  size_t size_;
  TfLiteTensor tensors_[4];
  alignas(16) char bytes_[4][4096];
};
}
""",
}


def compile_example(folder, files):
    """main.cc and its companions as a program in `folder`."""
    folder.mkdir()
    for name, content in {
        **files,
        **{f"tensorflow/lite/micro/{name}": text for name, text in HEADERS.items()},
    }.items():
        path = folder / name
        (folder / "tensorflow/lite/micro").mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            ("#pragma once\n" if path.parent.name in ("micro", "schema") else "") + content,
            encoding="utf-8",
        )
    warnings = ["-Wall", "-Wextra", "-Werror", "-O1"]
    subprocess.run(
        ["gcc", "-std=c99", *warnings, "-c", "prepare.c", "tflm/model_int8.c"],
        cwd=folder,
        check=True,
    )
    subprocess.run(
        [
            "g++",
            "-std=c++17",
            *warnings,
            "-I.",
            "tflm/main.cc",
            "prepare.o",
            "model_int8.o",
            "-lm",
            "-o",
            "example",
        ],
        cwd=folder,
        check=True,
    )
    return folder


def run_example(folder, outputs):
    """(exit code, what is printed, int8 bytes [3, 4096] of the inputs) of the program, the model
    giving `outputs`.
    """
    (folder / "outputs.bin").write_bytes(np.asarray(outputs, np.int8).tobytes())
    done = subprocess.run(["./example"], cwd=folder, capture_output=True, text=True)
    return (
        done.returncode,
        done.stdout,
        np.fromfile(folder / "inputs.bin", np.int8).reshape(3, 4096),
    )


def test_a_golden_row_through_the_example(bundle, tmp_path):
    int8 = (bundle.folder / "model_int8.tflite").read_bytes()
    signature = bundle.signature
    golden = json.loads((bundle.folder / "golden.json").read_text())[0]
    rows, bad = Runner.load(bundle.folder).read(read_golden_rows(bundle.folder))
    files = {
        **c_files(signature, "t"),
        **tflm_files(
            signature, int8, "birds */", row=rows, output=golden["output"], arena_bytes=5000
        ),
    }
    code, said, inputs = run_example(compile_example(tmp_path / "c", files), golden["output"])
    assert not bad and code == 0, said
    assert (
        f"label: {golden['label']}\n" in said
        and "0 int8 steps" in said
        and "arena used: 6528 bytes" in said
    )
    for given, name in zip(inputs, LiteRT(int8).port_names(), strict=False):
        wanted = golden["inputs"][name]
        np.testing.assert_array_equal(given[: len(wanted)], wanted)
    for each in operators(int8):
        assert f"resolver.Add{micro_name(each)}()" in files["tflm/main.cc"]
    assert f"MicroMutableOpResolver<{len(operators(int8))}>" in files["tflm/main.cc"]
    assert "counted 5,000 bytes" in files["tflm/README.md"] and "```" not in files["tflm/README.md"]


@pytest.fixture(scope="module")
def every():
    """(signature, int8 file, raw rows) of a net that takes every kind of column."""
    import keras

    texts = ["Ring-billed GULL, 2 of them", "", '"so" it goes \U0001f600']
    words = Words(
        "note", spelling(np.array(texts)), ("goes", "gull", "it"), num_buckets=3, window=4
    )
    columns = (
        Column("picture", "picture", shape=(4, 5, 1)),
        Column("note", "text"),
        Column("wind", "series", shape=(3,)),
        Column("n", "numeric"),
        Column("seen", "boolean"),
        Column("day", "date"),
        Column("kind", "categorical"),
    )
    primitives = (
        words,
        p.Pack(("note",), "tokens"),
        p.Pack(("picture",), "image"),
        FillSteps("wind", "previous", 1, 1.0),
        PackSteps(("wind",), "steps"),
        p.Missing("n", "none"),
        p.Fill("n", 2.0),
        p.Affine("n", 1.0, 0.5),
        p.Bins("none", (0.0, 1.0), (1.0,)),
        p.Lookup("seen", ("false", "true"), 2, 0, 1),
        p.Onehot("seen", 4),
        p.DatePart("day", "month", "month"),
        p.Table("month", tuple((k / 12,) for k in range(13))),
        p.Lookup("kind", ("a", 'b"\\'), 2, 0, 1),
        p.Onehot("kind", 4),
        p.Pack(("n", "none", "seen", "month", "kind"), "cells"),
    )
    shapes = {"tokens": (4,), "image": (4, 5, 1), "steps": (3, 1), "cells": (11,)}
    ports = tuple(
        Port(name, shape, "float32", "") for name, shape in shapes.items() if name != "tokens"
    )
    ports += (Port("tokens", shapes["tokens"], "int32", "token id", num_ids=7),)
    inputs = {
        each.name: keras.Input(each.shape, name=each.name, dtype=each.dtype) for each in ports
    }
    flat = [
        keras.layers.Embedding(7, 2)(inputs["tokens"])
        if each.name == "tokens"
        else inputs[each.name]
        for each in ports
    ]
    parts = [keras.layers.Dense(4)(keras.layers.Flatten()(each)) for each in flat]
    model = keras.Model(inputs, keras.layers.Dense(3, name="logits")(keras.layers.Add()(parts)))
    signature = Signature(
        columns,
        Target("y", "multiclass", ("a%d", "b*/", "c\\")),
        primitives,
        ports,
        Port("output", (3,), "float32", "log-odds"),
        decisions={"int8": (0.1, 0.0, -0.1)},
    )
    signature.check()
    generator = np.random.default_rng(0)
    rows = {
        "tokens": generator.integers(0, 7, (20, 4)).astype(np.int32),
        "image": generator.integers(0, 256, (20, 4, 5, 1), np.uint8),
        "steps": generator.normal(size=(20, 3, 1)).astype(np.float32),
        "cells": generator.normal(size=(20, 11)).astype(np.float32),
    }
    int8 = convert(
        model, TrainSet(rows, np.zeros(20, int), np.arange(20), Schema((), signature.target))
    )["int8"]
    raw = [
        {
            "picture": generator.integers(0, 256, (4, 5, 1), np.uint8),
            "note": note,
            "wind": wind,
            "n": n,
            "seen": seen,
            "day": day,
            "kind": kind,
        }
        for note, wind, n, seen, day, kind in (
            (texts[0], [1.5, None, -2], 0.1, "yes", "1969-05-04T03:02:01", 'b"\\'),
            (texts[1], [None, None, None], None, None, None, None),
            (texts[2], [3], 1e20, "no", "2026-11-23", "?"),
        )
    ]
    return with_scales(signature, LiteRT(int8), model), int8, raw


@pytest.mark.parametrize(
    "place, target, frame, wanted",
    [
        (0, None, None, "label: "),
        (1, None, None, "label: "),
        (2, Target("y", "regression", offset=-9.0, factor=-0.5), None, "value: "),
        (
            0,
            Target("y", "forecast", step_offsets=(0.0, 1.0, 2.0), step_factors=(1.0, 1.0, -3e4)),
            Frame("t", 3600.0, 3),
            "value: ",
        ),
        (2, Target("y", "anomaly", ("usual", "odd"), base="steps"), None, "value: "),
    ],
    ids=["label", "missing cells", "value", "forecast", "anomaly"],
)
def test_every_kind_of_column_and_answer(every, tmp_path, place, target, frame, wanted):
    signature, int8, raw = every
    if target is not None:
        signature = replace(
            signature,
            target=target,
            frame=frame,
            decisions={"int8": (-0.5,)} if target.labels else {},
        )
    runner = Runner(signature, LiteRT(int8), form="int8")
    rows, bad = runner.read([raw[place]])
    inputs = runner.prepare(rows)
    output = runner.interpreter.run(inputs)[0]
    answers = runner.predict_columns(rows)
    files = {
        **c_files(signature, "t"),
        **tflm_files(signature, int8, "t", row=rows, output=output),
    }
    code, said, given = run_example(compile_example(tmp_path / "c", files), output)
    assert not bad and code == 0 and wanted in said
    names = LiteRT(int8).port_names()
    for name, array in zip(names[:3], given, strict=True):  # the stand-in keeps three of the four
        np.testing.assert_array_equal(
            array.view(inputs[name].dtype)[: inputs[name].size], inputs[name].ravel()
        )
    if answers.labels is not None:
        assert f"label: {answers.labels[0]}\n" in said
    shown = [float(line.split()[1]) for line in said.splitlines() if line.startswith("value:")]
    np.testing.assert_allclose(shown, answers.scores[0] if shown else [], atol=2e-3)
    assert "not measured" in files["tflm/README.md"]
    code, said, _ = run_example(tmp_path / "c", np.where(output > 0, output - 3, output + 3))
    assert (code, "3 int8 steps" in said) == (1, True)
