"""The program of a bundle's c/: raw rows through prepare.c and model.c to their answers, held
against what they gave when the bundle was verified; and how it is built.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from ...device.primitives import num_draws
from ...device.signature import Signature
from ...tasks import task_of
from ...tasks.c_text import comment
from .golden_code import answer_code, row_code, wrapped
from .model.write import ModelCode
from .packages import library_name, symbol
from .push import may_be_pushed


def program_files(
    signature: Signature,
    code: ModelCode,
    name: str,
    *,
    rows: Sequence[Mapping[str, np.ndarray]],
    outputs: np.ndarray,
) -> dict[str, str]:
    """Returns file name → text: main.c, Makefile, CMakeLists.txt and README.md.

    Args:
        signature: Of the model.
        code: The model in C.
        name: Of the bundle.
        rows: Raw rows that are built into the program, column → array [1, ...].
        outputs: What the model gives for them, int8 [rows, outputs].
    """
    tables = []
    setters = []
    for place, row in enumerate(rows):
        golden = row_code(
            signature,
            row,
            f"golden{place}",
        )
        tables.append(golden.tables)
        setters.append(_setter(place, golden.fields))
    answer = answer_code(signature)
    wanted = _tables(outputs)
    main = _MAIN.format(
        name=comment(name),
        tables="".join(tables),
        setters="\n".join(setters),
        names=", ".join(f"set_row{place}" for place in range(len(rows))),
        num_rows=len(rows),
        wanted=wanted,
        answer=answer.statements,
        print_value=answer.functions,
        answer_row=answer.row,
    )
    readme = _readme(
        signature,
        code,
        name,
    )
    return {"main.c": main, "README.md": readme, **_build_files(signature)}


def _build_files(signature):
    """Returns the text of Makefile and CMakeLists.txt."""
    sources = " ".join(library_sources(signature))
    headers = sources.replace("prepare", "signature").replace(".c", ".h")
    return {
        "Makefile": _MAKEFILE.format(sources=sources, headers=headers),
        "CMakeLists.txt": _CMAKE.replace("@SOURCES@", sources),
    }


def library_sources(signature: Signature) -> list[str]:
    """Returns the C files of the folder but the program's."""
    sources = ["prepare.c", "model.c"]
    if may_be_pushed(signature):
        sources.append("push.c")
    return sources


def _setter(place, fields):
    """Returns the function that fills a raw row."""
    return f"static void set_row{place}(signature_row *row) {{\n{fields}\n}}\n"


def _tables(outputs):
    """Returns the outputs of each row as C."""
    rows = []
    for output in np.asarray(outputs, np.int8):
        rows.append(f"  {{{wrapped(map(str, output.tolist()))}}}")
    return ",\n".join(rows)


def _readme(signature, code, name):
    """Returns the text of README.md."""
    reset = ""
    push = ""
    draws = ""
    stream = ""
    if num_draws(signature.primitives) > 1:
        draws = _DRAWS
    if signature.stream is not None:
        stream = _STREAM
    if may_be_pushed(signature):
        push = _PUSH
    if code.state_bytes:
        reset = " An LSTM keeps what the row before left: call `model_reset()` before every row."
    return _README.format(
        name=comment(name),
        answer=task_of(signature.target).c_function(signature),
        arena=code.arena_bytes,
        state=code.state_bytes,
        reset=reset,
        push=push,
        draws=draws,
        stream=stream,
        example=_prefix_of(name),
        run=_run_lines(signature),
        library=library_name(name),
        symbol=symbol(name),
    )


def _prefix_of(name):
    """Returns the name of a bundle as a prefix in C."""
    words = re.sub("[^a-z0-9]+", "_", name.lower())
    return re.sub("^[^a-z]+", "", words) or "one"


def _run_lines(signature):
    """Returns C that runs the model on a row that was prepared."""
    begin, again = task_of(signature.target).c_loop(signature)
    if not begin:
        return "  model_reset();\n  model_run(&inputs, output);"
    return f"  {begin}\n  do model_run(&inputs, output); while ({again});"


_MAIN = """/* Rows through the model '{name}', held against what they gave when it was verified.
   Made by pipelines; change it as you like. How it is built: README.md. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "model.h"
#include "signature.h"

#define NUM_ROWS {num_rows}
#define print_line(...) (printf(__VA_ARGS__), printf("\\n"))

typedef void (*row_setter)(signature_row *row);

{tables}
{setters}
static const row_setter setters[NUM_ROWS] = {{{names}}};

static const int8_t wanted[NUM_ROWS][SIGNATURE_NUM_OUTPUTS] = {{
{wanted}}};

static signature_row row;
static signature_inputs inputs;
static int8_t output[SIGNATURE_NUM_OUTPUTS];
{print_value}
static void print_answer(void) {{
{answer}
}}

/* Returns what prepare returns. */
static int answer_row(void) {{
{answer_row}
  return 0;
}}

int main(void) {{
  int place, wrong = 0;
  for (place = 0; place < NUM_ROWS; ++place) {{
    int refused;
    setters[place](&row);
    refused = answer_row();
    if (refused != 0) {{
      printf("row %d: column %d is none that the model takes\\n", place, refused - 1);
      return 1;
    }}
    print_answer();
    if (memcmp(output, wanted[place], sizeof output) != 0) ++wrong;
  }}
  printf("%d of %d rows as verified\\n", NUM_ROWS - wrong, NUM_ROWS);
  return wrong != 0;
}}
"""

_MAKEFILE = """# make && ./main
CC ?= cc
CFLAGS ?= -std=c99 -O2 -Wall -Wextra

main: main.c {sources} {headers}
\t$(CC) $(CFLAGS) main.c {sources} -lm -o main

clean:
\trm -f main

.PHONY: clean
"""

_CMAKE = """cmake_minimum_required(VERSION 3.13)
project(model C)

# The library for a program of your own, and the self-test.
add_library(model STATIC @SOURCES@)
target_include_directories(model PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_compile_features(model PUBLIC c_std_99)
if(UNIX)
  target_link_libraries(model PUBLIC m)
endif()

set(CMSIS_NN "" CACHE PATH "A checkout of CMSIS-NN, whose functions then compute the model")
if(CMSIS_NN)
  add_subdirectory(${CMSIS_NN} cmsis_nn)
  target_link_libraries(model PUBLIC cmsis-nn)
  target_compile_definitions(model PUBLIC MODEL_USE_CMSIS_NN)
endif()

add_executable(self_test main.c)
target_link_libraries(self_test PRIVATE model)

enable_testing()
add_test(NAME self_test COMMAND self_test)
"""

_README = """# {name} in C

A raw row to its answer, in plain C99: no runtime, no heap, no library but libm.

    gcc -std=c99 -O2 *.c -lm && ./a.out

`main.c` answers a few rows, prints the answers, and ends with 0 if every output of the model is what it was when it was
verified. `make` and `cmake` build the same.

| file | what it is |
|---|---|
| `signature.h` | the raw row, the model's inputs, and the functions of `prepare.c` |
| `prepare.c` | `prepare()`: a raw row to int8 inputs, bit for bit as in Python; `{answer}()`: the answer |
| `model.h`, `model.c` | `model_run()`: the int8 model itself, with the numbers of TensorFlow Lite for Microcontrollers |
| `main.c` | the self-test, and how the functions are called |
| `library.properties`, `src/`, `examples/` | the folder as a library of Arduino |
| `zephyr/` | the folder as a module of Zephyr |
| `tflm/` | the same model as a TFLite file for TensorFlow Lite for Microcontrollers |{stream}

## In a program of your own

```c
#include "model.h"

signature_row row = {{0}};
signature_inputs inputs;
int8_t output[SIGNATURE_NUM_OUTPUTS];
/* Fill the row: signature.h has a comment for each column: its kind, its range in training, and how a missing cell is
   written. set_row0() of main.c is an example. */
if (prepare(&row, &inputs) == 0) {{
{run}
  /* {answer}() gives the answer: print_answer() of main.c */
}}
```
{draws}
The model takes {arena:,} bytes of memory between the start and the end of a call, and {state:,} that stay.{reset}
`model_run_in()` takes both from the caller, so that several threads or models can share memory; compile with
`-DMODEL_OWN_MEMORY` to leave the static memory out. Compile with `-O2`: `-Os` can halve the speed of convolutions.

On a Cortex-M with the DSP extension (M4, M7, M33) [CMSIS-NN](https://github.com/ARM-software/CMSIS-NN) computes
convolutions and dense layers in about half the instructions, LSTMs in two thirds, with the same numbers: `cmake -DCMSIS_NN=FOLDER`, or all
files with `-DMODEL_USE_CMSIS_NN -IFOLDER/Include`, linked with the library's.

**Several models in one program**: each bundle needs a prefix of its own,
`--set 'shipping.targets=(TargetC(prefix="{example}"),)'`, which stands before every name that the headers declare
(`{example}_model_run()`, `{example}_prepare()`). Keep the folders apart and include `"FOLDER/model.h"`; leave their `main.c` out.
{push}
## Arduino and Zephyr

Arduino: copy the folder to `libraries/{library}` of the sketchbook; the example `self_test` answers a row and prints
`as verified`. Constants of 8-bit AVR boards lie in RAM: take a board of 32 bits. Before it is published, write your
own author, maintainer and url into `library.properties`.

Zephyr: name the folder as a module and switch the model on:

    west build -b BOARD YOUR_APPLICATION -- -DZEPHYR_EXTRA_MODULES=/path/to/this/folder -DCONFIG_{symbol}=y
"""
_DRAWS = """
Missing numbers of this model are drawn `SIGNATURE_NUM_DRAWS` times: the row is prepared and the model run for each value of
`signature_draw`, as `answer_row()` of main.c does; all outputs together give the answer.
"""
_STREAM = """
| `stream/` | the form that takes one step a call: a program of its own, `gcc -std=c99 -O2 *.c -lm` in there; `stream.h` |"""
_PUSH = """
## Steps that arrive one by one

`push.h` keeps the window: `prepare_push()` takes one step and returns 1 when the window is full and `inputs` are those
of its newest steps.

```c
#include "model.h"
#include "push.h"

prepare_push_reset();
/* for every step, the oldest first */
if (prepare_push(&step, &inputs) == 1) {
  model_reset();
  model_run(&inputs, output);
}
```

Gaps in time, rows that share a step, and what is refused: `push.h`.
"""
