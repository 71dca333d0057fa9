"""An example program for TensorFlow Lite for Microcontrollers: one raw row through prepare.c and
the int8 model to an answer, checked against the answer of when the bundle was verified
(https://github.com/tensorflow/tflite-micro).
"""

import math

import numpy as np

from ...convert.operators import micro_name, operators
from ...convert.pack_file import without_words
from ...device.primitives import Columns, num_draws
from ...device.runner import LiteRT
from ...device.signature import Signature
from ...tasks import task_of
from ...tasks.c_text import comment
from .golden_code import example_code, row_code, wrapped

# Where no interpreter of microcontrollers could count: ample for most, and AllocateTensors reports
# if it is too small.
UNMEASURED_ARENA_BYTES = 2**18


def tflm_files(
    signature: Signature,
    int8: bytes,
    name: str,
    *,
    row: Columns,
    output: np.ndarray,
    arena_bytes: int | None = None,
    most_steps: int = 2,
) -> dict[str, str]:
    """File name → text of tflm/, whose files use signature.h and prepare.c of the folder above.

    `row`: typed columns as `Runner.read` gives them, of which the first row is built into the
    program; `output`: int8 [outputs], the model's for that row, from which the program's may differ
    by `most_steps`, as two runtimes round a tie differently. `arena_bytes`: as TFLM counted them,
    None where it could not.
    """
    int8 = without_words(int8)  # as it stands in model_int8.c
    names = [micro_name(each) for each in operators(int8)]
    draws = num_draws(signature.primitives)
    if arena_bytes is not None:
        arena = _with_room(arena_bytes)
    else:
        arena = UNMEASURED_ARENA_BYTES
    golden = row_code(signature, row, "golden")
    wanted = wrapped(map(str, np.asarray(output, np.int8).tolist()))
    main = _MAIN.format(
        name=comment(name),
        most_steps=most_steps,
        arena=arena,
        wanted=wanted,
        tables=golden.tables,
        fields=golden.fields,
        num_operators=len(names),
        added=_added(names),
        answer=example_code(signature),
        asked=_asked(signature, _copies(LiteRT(int8).port_names()), draws),
    )
    return {
        **array_files(int8, name),
        "tflm/main.cc": main,
        "tflm/README.md": _readme(
            signature,
            name,
            names,
            (len(int8), arena, arena_bytes),
            most_steps,
        ),
    }


def array_files(int8: bytes, name: str) -> dict[str, str]:
    """Returns file name → text of a TFLite file as an array, in tflm/."""
    content = without_words(int8)
    numbers = wrapped(f"0x{byte:02x}" for byte in content)
    return {
        "tflm/model_int8.h": _ARRAY_HEADER.format(name=comment(name), size=len(content)),
        "tflm/model_int8.c": _ARRAY.format(numbers=numbers),
    }


def _with_room(arena_bytes):
    """A tenth and a kilobyte more, in steps of 16: other builds of TFLM lay tensors otherwise."""
    return math.ceil((arena_bytes * 1.1 + 1024) / 16) * 16


def _added(operator_names):
    return " ||\n      ".join(f"resolver.Add{each}() != kTfLiteOk" for each in operator_names)


def _copies(port_names):
    return "\n".join(
        f"  memcpy(interpreter.input({place})->data.raw, inputs.{port}, sizeof inputs.{port});"
        for place, port in enumerate(port_names)
    )


def _asked(signature, copies, draws):
    """Returns C++ that takes a row through the model to `output`; row by row of its draws."""
    begin, again = task_of(signature.target).c_loop(signature)
    if begin:
        indented = f"{copies}\n{_INVOKED}".replace("\n", "\n  ")
        return f"{_PREPARED}\n{_OUTPUT}\n  {begin}\n  do {{\n  {indented}\n  }} while ({again});"
    if draws == 1:
        return f"{_PREPARED}\n{copies}\n{_INVOKED}\n{_OUTPUT}"
    once = f"{_PREPARED}\n{copies}\n{_INVOKED}\n{_KEPT}"
    indented = once.replace("\n", "\n  ")
    return f"{_OUTPUTS}\n  {indented}\n  }}"


_PREPARED = """  const int refused = prepare(&row, &inputs);
  if (refused != 0) {
    MicroPrintf("the row's column %d is none that the model takes", refused - 1);
    return 1;
  }"""
_INVOKED = "  if (interpreter.Invoke() != kTfLiteOk) return 1;"
_OUTPUT = "  const int8_t* output = interpreter.output(0)->data.int8;"
_OUTPUTS = """  static int8_t output[SIGNATURE_NUM_OUTPUTS];
  constexpr int kOutputs = SIGNATURE_NUM_OUTPUTS / SIGNATURE_NUM_DRAWS;
  for (signature_draw = 0; signature_draw < SIGNATURE_NUM_DRAWS; ++signature_draw) {"""
_KEPT = "  memcpy(output + signature_draw * kOutputs, interpreter.output(0)->data.int8, kOutputs);"


def _readme(signature, name, operator_names, sizes, most_steps):
    """Returns the text of README.md."""
    model_bytes, arena, arena_bytes = sizes
    reset = ""
    if "UnidirectionalSequenceLSTM" in operator_names:
        reset = _RESET
    return _README.format(
        name=comment(name),
        answer=task_of(signature.target).c_function(signature),
        model_bytes=model_bytes,
        most_steps=most_steps,
        operators=", ".join(operator_names),
        measured=_arena_in_words(arena, arena_bytes),
        reset=reset,
    )


def _arena_in_words(arena, arena_bytes):
    """Describes the arena of main.cc; `arena_bytes`: what TFLM counted, None if not measured."""
    if arena_bytes is None:
        return (
            "The arena was not measured here (no `tflite-micro` on this computer); main.cc has "
            f"{arena:,}: read `arena used` and change `kArenaBytes`."
        )
    return (
        f"TFLM counted {arena_bytes:,} bytes of arena on a 64-bit computer; main.cc has "
        f"{arena:,}. A 32-bit microcontroller needs less, as its pointers are half as long: "
        "read `arena used` and lower `kArenaBytes`."
    )


_RESET = (
    "\n\nAn LSTM keeps what the row before left in it: `interpreter.Reset()` "
    "before every further row."
)

_ARRAY_HEADER = """/* The int8 model '{name}' as a TFLite file. Made by pipelines; do not edit. */
#ifndef MODEL_INT8_H
#define MODEL_INT8_H

#define MODEL_INT8_BYTES {size}

extern const unsigned char model_int8[MODEL_INT8_BYTES];

#endif
"""

_ARRAY = """#include "model_int8.h"

/* TFLite flatbuffer; interpreters want it aligned. */
#if defined(__GNUC__)
__attribute__((aligned(16)))
#endif
const unsigned char model_int8[MODEL_INT8_BYTES] = {{
    {numbers}}};
"""

_README = """# {name} on TensorFlow Lite for Microcontrollers

The folder above has the model as plain C, which needs no runtime. This is the same model for its interpreter.

| file | what it is |
|---|---|
| `../signature.h` | the raw row, the model's inputs, and the functions below |
| `../prepare.c` | `prepare()`: a raw row to int8 inputs, bit for bit as in Python; `{answer}()`: the answer |
| `model_int8.c` | the int8 model, {model_bytes:,} bytes, as an array |
| `main.cc` | an example: one row through all of it |

It needs the sources of [TensorFlow Lite for Microcontrollers](https://github.com/tensorflow/tflite-micro), built as
its documentation describes for your target: `libtensorflow-microlite.a`. Then, with `TFLM` its folder:

    make -C $TFLM -f tensorflow/lite/micro/tools/make/Makefile microlite
    gcc -std=c99 -O2 -c ../prepare.c model_int8.c
    g++ -std=c++17 -O2 -DTF_LITE_STATIC_MEMORY -I. -I.. -I$TFLM \\
        -I$TFLM/tensorflow/lite/micro/tools/make/downloads/flatbuffers/include \\
        -I$TFLM/tensorflow/lite/micro/tools/make/downloads/gemmlowp \\
        main.cc prepare.o model_int8.o $TFLM/gen/*/lib/libtensorflow-microlite.a -lm -o example
    ./example

It prints the answer and by how many int8 steps the outputs differ from those of the verified model, and ends with 0
where these are at most {most_steps}.

Operators that it adds: {operators}. {measured}{reset}
"""

_MAIN = """// One row of the test set through the model '{name}' on TensorFlow Lite for Microcontrollers.
// Made by pipelines; change it as you like. How it is built: README.md.
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_log.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/micro/system_setup.h"
#include "tensorflow/lite/schema/schema_generated.h"

extern "C" {{
#include "model_int8.h"
#include "signature.h"
}}

#define print_line MicroPrintf

namespace {{

constexpr int kMostSteps = {most_steps};  // of int8, by which two runtimes may round otherwise
constexpr size_t kArenaBytes = {arena};
alignas(16) uint8_t arena[kArenaBytes];
signature_inputs inputs;

// What the model gave for the row where it was verified.
constexpr int8_t kWanted[SIGNATURE_NUM_OUTPUTS] = {{
    {wanted}}};
{tables}
signature_row golden_row() {{
  signature_row value;
  signature_row* const row = &value;
{fields}
  return value;
}}

// In whole numbers, because many targets print no fractions.
[[maybe_unused]] void print_value(double value) {{
  const double size = value < 0.0 ? -value : value;
  const int whole = static_cast<int>(size);
  MicroPrintf("value: %s%d.%03d", value < 0.0 ? "-" : "", whole, static_cast<int>(1000.0 * (size - whole)));
}}

}}  // namespace

int main() {{
  tflite::InitializeTarget();
  const tflite::Model* model = tflite::GetModel(model_int8);
  if (model->version() != TFLITE_SCHEMA_VERSION) {{
    MicroPrintf("the model is of schema %d", static_cast<int>(model->version()));
    return 1;
  }}
  static tflite::MicroMutableOpResolver<{num_operators}> resolver;
  if ({added}) {{
    return 1;
  }}
  static tflite::MicroInterpreter interpreter(model, resolver, arena, kArenaBytes);
  if (interpreter.AllocateTensors() != kTfLiteOk) {{
    MicroPrintf("the arena of %d bytes is too small", static_cast<int>(kArenaBytes));
    return 1;
  }}

  const signature_row row = golden_row();
  prepare_reset();
{asked}

{answer}
  int most = 0;
  for (int i = 0; i < SIGNATURE_NUM_OUTPUTS; ++i) {{
    const int steps = output[i] > kWanted[i] ? output[i] - kWanted[i] : kWanted[i] - output[i];
    if (steps > most) most = steps;
  }}
  MicroPrintf("largest difference: %d int8 steps; arena used: %d bytes", most,
              static_cast<int>(interpreter.arena_used_bytes()));
  return most > kMostSteps;
}}
"""
