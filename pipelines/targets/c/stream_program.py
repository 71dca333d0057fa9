"""The program of c/stream/: the steps of a window through the streaming form, held against what
they gave when the bundle was verified.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ...device.signature import Signature
from ...device.stream import StepInterpreter, Stream
from ...tasks.c_text import comment
from .golden_code import PRINT_VALUE, cell_code, table_code, wrapped
from .past_steps import step_fields

# Of the newest steps: each is what all steps before it led to.
MOST_OUTPUTS = 5
Steps = Sequence[Mapping[str, np.ndarray]]


class _Recorder:
    """An interpreter that keeps the outputs that it gave."""

    def __init__(self, interpreter: StepInterpreter):
        self.outputs: list[np.ndarray] = []
        self._interpreter = interpreter

    def call(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        found = self._interpreter.call(inputs)
        output = np.asarray(found["output"], np.int8)
        self.outputs.append(output.ravel())
        return found


def stream_program(
    signature: Signature,
    name: str,
    steps: Steps,
    interpreter: StepInterpreter,
) -> str:
    """Returns the text of main.c.

    Args:
        signature: With a streaming form.
        name: Of the bundle.
        steps: The raw rows of steps that follow each other, the oldest first.
        interpreter: Gives the outputs that C must give.
    """
    recorder = _Recorder(interpreter)
    stream = Stream(signature, recorder)
    for step in steps:
        stream.push(step)
    wanted = recorder.outputs[-MOST_OUTPUTS:]
    written = [f"  {{{wrapped(map(str, each.tolist()))}}}" for each in wanted]
    states = (f"outputs.{port.name}" for port in signature.stream.states)
    return _MAIN.format(
        name=comment(name),
        num_steps=len(steps),
        num_outputs=len(wanted),
        tables="\n".join(_tables(signature, steps)),
        fields="\n".join(_fields(signature, steps[-1])),
        wanted=",\n".join(written),
        states=", ".join(states),
        print_value=PRINT_VALUE,
    )


def _tables(signature, steps):
    """Yields the times, and the values of each series, of all steps."""
    time = signature.windows().time
    seconds = [step[time].astype("datetime64[s]").astype(np.int64) for step in steps]
    numbers = wrapped(f"INT64_C({each})" for each in seconds)
    yield f"static const int64_t times[NUM_STEPS] = {{\n    {numbers}}};"
    for field in step_fields(signature):
        if field.is_kept:
            values = np.array([step[field.column.name] for step in steps])
            yield table_code(values, field.column.kind, f"golden{field.place}")
        elif field.column.shape:
            values = steps[-1][field.column.name]
            yield table_code(values, field.column.kind, f"golden{field.place}")


def _fields(signature, step):
    """Yields the statements that fill a step; what is no past series stays as it is."""
    for field in step_fields(signature):
        value = f"golden{field.place}"
        if field.is_kept:
            value = f"{value}[place]"
        elif not field.column.shape:
            value = cell_code(step[field.column.name], field.column.kind)
        yield f"  step.{field.name} = {value};"


_MAIN = """/* Steps through the streaming form of the model '{name}', held against what they gave when it was verified.
   Made by pipelines; change it as you like. gcc -std=c99 -O2 *.c -lm && ./a.out */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "model.h"
#include "stream.h"

#define NUM_STEPS {num_steps}
#define NUM_WANTED {num_outputs}
#define print_line(...) (printf(__VA_ARGS__), printf("\\n"))

{tables}

/* Of the newest steps. */
static const int8_t wanted[NUM_WANTED][SIGNATURE_NUM_OUTPUTS] = {{
{wanted}}};

static stream_step step;
static stream_inputs inputs;
static model_outputs outputs;
static double values[SIGNATURE_NUM_OUTPUTS];
{print_value}
static void set_step(int place) {{
  step.time = times[place];
{fields}
}}

int main(void) {{
  int place, i, wrong = 0;
  stream_reset();
  for (place = 0; place < NUM_STEPS; ++place) {{
    set_step(place);
    if (stream_push(&step) != 0) {{
      printf("step %d is none that the model takes\\n", place);
      return 1;
    }}
    while (stream_next(&inputs)) {{
      model_run(&inputs, &outputs);
      stream_keep({states});
    }}
    if (place >= NUM_STEPS - NUM_WANTED) {{
      const int8_t *golden = wanted[place - (NUM_STEPS - NUM_WANTED)];
      if (memcmp(outputs.output, golden, sizeof outputs.output) != 0) ++wrong;
    }}
  }}
  stream_forecast(outputs.output, values);
  for (i = 0; i < SIGNATURE_NUM_OUTPUTS; ++i) print_value(values[i]);
  printf("%d of %d steps as verified\\n", NUM_WANTED - wrong, NUM_WANTED);
  return wrong != 0;
}}
"""
