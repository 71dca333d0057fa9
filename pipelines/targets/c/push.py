"""Windows whose steps arrive one by one, as plain C99: a step in, and once a window is full, the
inputs of the model, bit for bit as `device.history.newest_windows` cuts them from the same steps.
"""

from __future__ import annotations

from ...device.calendar import SECOND
from ...device.history import num_past_steps
from ...device.primitives import num_draws
from ...device.signature import Signature
from ...tasks.c_text import comment
from .past_steps import (
    check_lines,
    clear_lines,
    declarations,
    indented,
    plus,
    row_lines,
    step_fields,
    time_name,
    window_lines,
)


def push_files(signature: Signature, name: str) -> dict[str, str]:
    """Returns file name → text: push.h and push.c.

    Args:
        signature: Of the model.
        name: Of the bundle.

    Returns:
        {} for a model without series, for steps of months or weekdays, and where missing numbers
        are drawn several times: a step is then no whole input.
    """
    if not may_be_pushed(signature):
        return {}
    return {"push.h": _header(signature, name), "push.c": _source(signature, name)}


def may_be_pushed(signature: Signature) -> bool:
    """Tests whether steps of a model can arrive one by one in C."""
    if not signature.past_series() or num_draws(signature.primitives) > 1:
        return False
    return signature.frame is None or signature.frame.calendar.unit == SECOND


def _header(signature, name):
    """Returns the text of push.h."""
    time = ""
    order = "the oldest first"
    gaps = _NO_TIME_NOTE
    if time_name(signature):
        time = "  int64_t time; /* seconds since 1970-01-01 UTC, anywhere in the step */\n"
        order = f"one a step of {signature.windows().step_seconds:g} seconds, the oldest first"
        gaps = _TIME_NOTE
    return _HEADER.format(
        name=comment(name),
        order=order,
        fields=f"{time}{declarations(signature)}",
        gaps=gaps,
        num_steps=num_past_steps(signature),
    )


def _source(signature, name):
    """Returns the text of push.c."""
    kept = [each for each in step_fields(signature) if each.is_kept]
    return _SOURCE.format(
        name=comment(name),
        num_steps=num_past_steps(signature),
        windows=window_lines(signature),
        num_series=len(kept),
        clear=clear_lines(signature),
        checks=check_lines(signature, _refused_code),
        place=_place(signature, kept),
        moves=indented(f"move_on({each.window}, {each.num_steps}, by);" for each in kept),
        adds=indented(_add(number, each) for number, each in enumerate(kept)),
        row=row_lines(signature, step="step->", date=_stamped_step(signature)),
    )


def _refused_code(place):
    """Returns what prepare_push returns where the number of a column is too large."""
    return -2 - place


def _stamped_step(signature):
    """Returns the step whose date is the time of a window that ends with the newest step."""
    if signature.frame is None or signature.frame.horizon == 0:
        return "newest_step"
    return "(newest_step + 1)"


def _add(number, field):
    newest = field.num_steps - 1
    return f"{field.window}[{newest}] = with_value({number}, step->{field.name});"


def _place(signature, kept):
    """Returns the statements that find the number of the step that a row lies in."""
    if not time_name(signature):
        return _NEXT_PLACE
    frame = signature.windows()
    early = frame.calendar.early_seconds - frame.calendar.phase_seconds
    values = (f"step->{each.name} == step->{each.name}" for each in kept)
    return _TIMED_PLACE.format(
        seconds=round(frame.step_seconds),
        shift_seconds=plus(early),
        has_value=" || ".join(values),
    )


_NO_TIME_NOTE = "Every call is the next step."
_TIME_NOTE = """Rows of one step count as their mean. Steps that were left out are missing; after a whole window of them it
   begins anew. A row in a later step whose values are all missing is not kept: what was left out is missing anyway."""

_HEADER = """/* Windows of the model '{name}', a step a call. Made by pipelines; do not edit. Plain C99.

   prepare_push_reset();
   for every row, {order}:
     if (prepare_push(&step, &inputs) == 1) {{ model_reset(); model_run(&inputs, output); }}
*/
#ifndef PUSH_H
#define PUSH_H

#include "signature.h"

/* The steps of a window. */
#define PUSH_NUM_STEPS {num_steps}

/* One row. What it points to is read during the call alone. */
typedef struct {{
{fields}
}} signature_step;

#ifdef __cplusplus
extern "C" {{
#endif

/* Forgets every step: the next one begins a series. */
void prepare_push_reset(void);

/* Takes a row. {gaps}
   Returns 1: there were PUSH_NUM_STEPS steps, and the inputs are those of the newest window. 0: not yet, or nothing
   new; the inputs are not written. -1: the time is missing, or in an earlier step than the newest. -2 - the place of a
   column: its number is infinite, and everything is as it was; or prepare() refuses the window, because something is
   missing there that nothing fills or is no id, and the row is kept. */
int prepare_push(const signature_step *step, signature_inputs *inputs);

#ifdef __cplusplus
}}
#endif

#endif
"""

_SOURCE = """/* Made by pipelines from the signature of '{name}'; do not edit. Plain C99, no allocation. */
#include "push.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/* The newest steps of each series, the oldest of them first, as prepare() reads them. */
{windows}
/* Of the values of each series in the newest step. */
static double sums[{num_series}];
static int32_t counts[{num_series}];
static int64_t newest_step;
static int32_t num_steps;

/* Moves a window on by some steps, which are missing. */
static void move_on(float *past, int32_t size, int32_t by) {{
  const int32_t kept = by < size ? size - by : 0;
  memmove(past, past + (size - kept), (size_t)kept * sizeof(float));
  for (int32_t i = kept; i < size; ++i) past[i] = NAN;
}}

/* The mean of the newest step with one more value of a series. */
static float with_value(int32_t series, float value) {{
  if (value == value) {{
    sums[series] += (double)value;
    ++counts[series];
  }}
  return counts[series] > 0 ? (float)(sums[series] / (double)counts[series]) : NAN;
}}

void prepare_push_reset(void) {{
{clear}
  newest_step = 0;
  num_steps = 0;
}}

static void move_windows(int32_t by) {{
{moves}
  memset(sums, 0, sizeof sums);
  memset(counts, 0, sizeof counts);
  num_steps = by < PUSH_NUM_STEPS - num_steps ? num_steps + by : PUSH_NUM_STEPS;
}}

int prepare_push(const signature_step *step, signature_inputs *inputs) {{
  signature_row row;
  int refused;
{checks}
{place}
  if (num_steps == 0 || place > newest_step) {{
    if (num_steps == 0 || place - newest_step > PUSH_NUM_STEPS) {{
      prepare_push_reset();
      move_windows(1);
    }} else {{
      move_windows((int32_t)(place - newest_step));
    }}
    newest_step = place;
  }}
{adds}
  if (num_steps < PUSH_NUM_STEPS) return 0;
{row}
  prepare_reset();
  refused = prepare(&row, inputs);
  return refused != 0 ? -1 - refused : 1;
}}
"""
_NEXT_PLACE = "  const int64_t place = newest_step + 1;"
_TIMED_PLACE = """  const int64_t seconds = {seconds};
  const int64_t time = step->time == INT64_MIN ? 0 : step->time{shift_seconds};
  const int64_t into = (time % seconds + seconds) % seconds;
  const int64_t place = (time - into) / seconds;
  const int is_known = {has_value};
  if (step->time == INT64_MIN || (num_steps > 0 && place < newest_step)) return -1;
  if (!is_known && (num_steps == 0 || place > newest_step)) return 0;"""
