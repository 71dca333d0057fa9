"""The streaming form as plain C99: one step of a series in, the int8 inputs and states of the model
out, bit for bit as `device.stream` has them.

`signature.h` and `prepare.c` next to it are those of windows, but for the scales, which are the
streaming model's: the windows are kept raw and prepared whole, so that a step is prepared as it is
in a window, and the model gets the newest.
"""

import math
from dataclasses import replace

from ...device.calendar import SECOND
from ...device.history import num_past_steps
from ...device.signature import Signature
from ...errors import ExportError
from ...tasks.c_text import comment
from .c_files import c_files
from .past_steps import (
    check_lines,
    clear_lines,
    declarations,
    indented,
    plus,
    row_lines,
    step_fields,
    window_lines,
)


def stream_files(signature: Signature, name: str) -> dict[str, str]:
    """File name → text: stream.h, stream.c, and signature.h and prepare.c of the streaming
    form, for a folder of their own. Raises ExportError for a signature without a streaming form.
    """
    if signature.stream is None:
        raise ExportError(
            f"the model {name!r} has no streaming form",
            expected="one",
            fix="--set build.stream=True",
        )
    if signature.frame.calendar.unit != SECOND:
        raise ExportError(
            f"a stream of {signature.frame.calendar.unit} steps in C",
            expected="steps of equal seconds",
            fix="--set build.stream=False",
        )
    ports = {port.name: port for port in signature.inputs}
    inputs = []
    for port in signature.stream.inputs:
        shape = ports[port.name].shape
        inputs.append(replace(port, shape=shape))
    as_windows = replace(
        signature,
        inputs=tuple(inputs),
        output=signature.stream.output,
        stream=None,
    )
    return {
        **c_files(as_windows, name),
        "stream.h": _header(signature, name),
        "stream.c": _source(signature, name),
    }


def _number_type(port):
    if port.dtype == "float32":
        return "int8_t"
    return "int32_t"


def _header(signature, name):
    """Returns the text of stream.h."""
    stream = signature.stream
    ports = []
    for port in (*stream.inputs, *stream.states):
        size = math.prod(port.shape)
        ports.append(f"  {_number_type(port)} {port.name}[{size}];")
    return _HEADER.format(
        name=comment(name),
        seconds=signature.frame.step_seconds,
        fields=declarations(signature),
        ports="\n".join(ports),
        given=_state_arguments(stream),
    )


def _state_arguments(stream):
    return ", ".join(f"const int8_t *{port.name}" for port in stream.states)


def _source(signature, name):
    """Returns the text of stream.c."""
    stream = signature.stream
    calendar = signature.frame.calendar
    kept = [each for each in step_fields(signature) if each.is_kept]
    return _SOURCE.format(
        name=comment(name),
        seconds=round(signature.frame.step_seconds),
        shift_seconds=plus(calendar.early_seconds - calendar.phase_seconds),
        num_steps=stream.num_steps,
        most_steps=num_past_steps(signature),
        given=_state_arguments(stream),
        checks=check_lines(signature, _refused_code),
        windows=window_lines(signature),
        clear_windows=clear_lines(signature),
        shifts="\n".join(map(_shift, kept)),
        row=row_lines(signature, step="now.", date="(next_step + 1)"),
        newest=indented(_newest(signature)),
        **_state_parts(stream.states),
    )


def _state_parts(ports):
    """Returns the parts of stream.c that keep the states of the model."""
    states = []
    clear = []
    give = []
    keep = []
    for port in ports:
        name = port.name
        size = math.prod(port.shape)
        states.append(f"static int8_t kept_{name}[{size}];")
        clear.append(f"memset(kept_{name}, {port.zero_point}, sizeof kept_{name});")
        give.append(f"memcpy(inputs->{name}, kept_{name}, sizeof kept_{name});")
        keep.append(f"memcpy(kept_{name}, {name}, sizeof kept_{name});")
    return {
        "states": "\n".join(states),
        "clear_states": indented(clear),
        "give_states": indented(give),
        "keep_states": indented(keep),
    }


def _refused_code(place):
    """Returns what stream_push returns where the number of a column is too large."""
    return place + 1


def _shift(field):
    window = field.window
    newest = field.num_steps - 1
    return (
        f"  memmove({window}, {window} + 1, {newest} * sizeof(float));\n"
        f"  {window}[{newest}] = next_step == last_step ? now.{field.name} : NAN;"
    )


def _newest(signature):
    """Of past steps the last one; what is known of the steps to forecast has as many as the
    port.
    """
    windows = {port.name: math.prod(port.shape) for port in signature.inputs}
    for port in signature.stream.inputs:
        yield (
            f"memcpy(inputs->{port.name}, prepared.{port.name} + "
            f"{windows[port.name] - math.prod(port.shape)}, sizeof inputs->{port.name});"
        )


_HEADER = """/* Step after step of a series to the model '{name}'. Made by pipelines; do not edit. Plain C99.

   stream_reset();
   for every step of {seconds:g} seconds, the oldest first:
     if (stream_push(&step) == 0)
       while (stream_next(&inputs)) {{ model_run(&inputs, &outputs); stream_keep(states of outputs, each by itself); }}
     if (stream_ready()) stream_forecast(outputs.output, values);
*/
#ifndef STREAM_H
#define STREAM_H

#include "signature.h"

/* One step. What it points to stays as it is until stream_next returns 0. */
typedef struct {{
  int64_t time; /* seconds since 1970-01-01 UTC, anywhere in the step */
{fields}
}} stream_step;

typedef struct {{
{ports}
}} stream_inputs;

#ifdef __cplusplus
extern "C" {{
#endif

/* Forgets every step: the next one begins a series. */
void stream_reset(void);

/* Returns 0; -1 where the time is not in a later step than the one before; or 1 + the place of the column whose number
   is infinite. The stream is then as it was. */
int stream_push(const stream_step *step);

/* Returns 1 as long as there is a step for the model: those left out, as missing, and then the one that was pushed. */
int stream_next(stream_inputs *inputs);

/* The states that the model gave. */
void stream_keep({given});

/* Whether there were as many steps since the reset as the model looks back on. */
int stream_ready(void);

/* The forecast after the newest step; see signature_forecast. */
void stream_forecast(const int8_t *output, double *values);

#ifdef __cplusplus
}}
#endif

#endif
"""

_SOURCE = """/* Made by pipelines from the signature of '{name}'; do not edit. Plain C99, no allocation. */
#include "stream.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

{windows}
{states}
static stream_step now;
static signature_inputs prepared;
static int64_t next_step, last_step;
static int has_steps;
static int32_t num_steps;

void stream_reset(void) {{
{clear_windows}
{clear_states}
  has_steps = 0;
  next_step = 0;
  last_step = -1;
  num_steps = 0;
}}

int stream_push(const stream_step *step) {{
  const int64_t seconds = {seconds};
  const int64_t time = step->time == INT64_MIN ? 0 : step->time{shift_seconds};
  const int64_t into = (time % seconds + seconds) % seconds;
  const int64_t place = (time - into) / seconds;
{checks}
  if (step->time == INT64_MIN || (has_steps && place < next_step)) return -1;
  if (has_steps && place - next_step >= {most_steps}) stream_reset();
  now = *step;
  if (!has_steps) next_step = place;
  last_step = place;
  has_steps = 1;
  return 0;
}}

int stream_next(stream_inputs *inputs) {{
  signature_row row;
  if (next_step > last_step) return 0;
{shifts}
{row}
  prepare_reset();
  prepare(&row, &prepared); /* what it would refuse was refused before */
{newest}
{give_states}
  ++next_step;
  ++num_steps;
  return 1;
}}

void stream_keep({given}) {{
{keep_states}
}}

int stream_ready(void) {{
  return num_steps >= {num_steps};
}}

void stream_forecast(const int8_t *output, double *values) {{
  signature_forecast(output, &prepared, values);
}}
"""
