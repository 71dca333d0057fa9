"""The streaming form as plain C99: one step of a series in, the int8 inputs and states of the model
out, bit for bit as `device.stream` has them.

`signature.h` and `prepare.c` next to it are those of windows, but for the scales, which are the
streaming model's: the windows are kept raw and prepared whole, so that a step is prepared as it is
in a window, and the model gets the newest.
"""

import math
from dataclasses import replace

from ...device.calendar import SECOND
from ...device.cells import MAX_NUMBER, SERIES
from ...device.signature import Signature
from ...errors import ExportError
from ...tasks.c_text import comment, literal
from .names import TYPES, identifier
from .prepare import c_files


def stream_files(signature: Signature, stream_int8: bytes, name: str) -> dict[str, str]:
    """File name → text: stream.h, stream.c, and signature.h, prepare.c and model.c of the streaming
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
    inputs = tuple(replace(port, shape=ports[port.name].shape) for port in signature.stream.inputs)
    as_windows = replace(signature, inputs=inputs, output=signature.stream.output, stream=None)
    return {
        **c_files(as_windows, stream_int8, name),
        "stream.h": _header(signature, name),
        "stream.c": _source(signature, name),
    }


def _fields(signature):
    """Of each column but the time: (its place, its name in C, its C type in a step, whether steps
    of it are kept).
    """
    frame = signature.frame
    for place, column in enumerate(signature.columns):
        if column.name != frame.time:
            kept = column.kind == SERIES and column.name not in frame.known
            yield (
                place,
                identifier(place, column.name),
                "float" if kept else TYPES[column.kind].strip(),
                kept,
            )


def _number_type(port):
    if port.dtype == "float32":
        return "int8_t"
    return "int32_t"


def _header(signature, name):
    stream = signature.stream
    columns = signature.columns
    fields = "\n".join(
        f"  {kind}{'' if kind.endswith('*') else ' '}{field}; /* {comment(columns[place].name)}"
        f"{', NAN where missing' if kept else ''} */"
        for place, field, kind, kept in _fields(signature)
    )
    ports = "\n".join(
        f"  {_number_type(port)} {port.name}[{math.prod(port.shape)}];"
        for port in (*stream.inputs, *stream.states)
    )
    given = ", ".join(f"const int8_t *{port.name}" for port in stream.states)
    return f"""/* Step after step of a series to the model '{comment(name)}'. Made by pipelines; do not edit. Plain C99.

   stream_reset();
   for every step of {signature.frame.step_seconds:g} seconds, the oldest first:
     if (stream_push(&step) == 0)
       while (stream_next(&inputs)) {{ run the model on inputs; stream_keep(its states); }}
     if (stream_ready()) stream_forecast(its output, values);
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

#endif
"""


def _source(signature, name):
    stream = signature.stream
    frame = signature.frame
    kept = [(place, field) for place, field, _, is_kept in _fields(signature) if is_kept]
    sizes = {place: signature.columns[place].shape[0] for place, _ in kept}
    phase = frame.calendar.phase_seconds
    early = frame.calendar.early_seconds
    windows = "\n".join(f"static float past{place}[{size}];" for place, size in sizes.items())
    states = "\n".join(
        f"static int8_t kept_{port.name}[{math.prod(port.shape)}];" for port in stream.states
    )
    given = ", ".join(f"const int8_t *{port.name}" for port in stream.states)
    return f"""/* Made by pipelines from the signature of '{comment(name)}'; do not edit. Plain C99, no allocation. */
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
{_lines(f"for (int32_t i = 0; i < {size}; ++i) past{place}[i] = NAN;" for place, size in sizes.items())}
{_lines(f"memset(kept_{port.name}, {port.zero_point}, sizeof kept_{port.name});" for port in stream.states)}
  has_steps = 0;
  next_step = 0;
  last_step = -1;
  num_steps = 0;
}}

int stream_push(const stream_step *step) {{
  const int64_t seconds = {round(frame.step_seconds)};
  const int64_t time = step->time == INT64_MIN ? 0 : step->time{_plus(early - phase)};
  const int64_t into = (time % seconds + seconds) % seconds;
  const int64_t place = (time - into) / seconds;
{_lines(_checks(signature))}
  if (step->time == INT64_MIN || (has_steps && place < next_step)) return -1;
  if (has_steps && place - next_step >= {max(sizes.values())}) stream_reset();
  now = *step;
  if (!has_steps) next_step = place;
  last_step = place;
  has_steps = 1;
  return 0;
}}

int stream_next(stream_inputs *inputs) {{
  signature_row row;
  if (next_step > last_step) return 0;
{_lines(_shift(place, field, sizes[place]) for place, field in kept)}
{_lines(_row(signature))}
  prepare_reset();
  prepare(&row, &prepared); /* what it would refuse was refused before */
{_lines(_newest(signature))}
{_lines(f"memcpy(inputs->{port.name}, kept_{port.name}, sizeof kept_{port.name});" for port in stream.states)}
  ++next_step;
  ++num_steps;
  return 1;
}}

void stream_keep({given}) {{
{_lines(f"memcpy(kept_{port.name}, {port.name}, sizeof kept_{port.name});" for port in stream.states)}
}}

int stream_ready(void) {{
  return num_steps >= {stream.num_steps};
}}

void stream_forecast(const int8_t *output, double *values) {{
  signature_forecast(output, &prepared, values);
}}
"""


def _plus(seconds):
    """A whole number to be added, as C; nothing where it is 0."""
    if seconds == 0:
        return ""
    return f" {'+' if seconds > 0 else '-'} {abs(seconds)}"


def _lines(lines):
    return "\n".join(f"  {line}" for line in lines)


def _shift(place, field, size):
    return (
        f"memmove(past{place}, past{place} + 1, {size - 1} * sizeof(float));\n"
        f"  past{place}[{size - 1}] = next_step == last_step ? now.{field} : NAN;"
    )


def _checks(signature):
    """A number too large for prepare() is refused before anything has changed."""
    most = literal(MAX_NUMBER)
    for place, field, _, kept in _fields(signature):
        column = signature.columns[place]
        if kept or column.kind == "numeric":
            yield f"if (step->{field} > {most} || step->{field} < -{most}) return {place + 1};"
        elif column.kind == SERIES:
            yield (
                f"if (step->{field} == NULL) return {place + 1};\n"
                f"  for (int32_t i = 0; i < {column.shape[0]}; ++i)\n    if (step->{field}[i] "
                f"> {most} || "
                f"step->{field}[i] < -{most}) return {place + 1};"
            )


def _row(signature):
    """The row of the window that ends with this step."""
    for place, column in enumerate(signature.columns):
        if column.name == signature.frame.time:
            yield (
                f"row.{identifier(place, column.name)} = (next_step + 1) * "
                f"{round(signature.frame.step_seconds)}{_plus(signature.frame.calendar.phase_seconds)};"
            )
    for place, field, _, kept in _fields(signature):
        yield f"row.{field} = {f'past{place}' if kept else f'now.{field}'};"


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
