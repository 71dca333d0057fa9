"""signature.h: the row that C takes, the inputs that it fills, and what answers."""

import math

from ...device.cells import PICTURE, SERIES
from ...device.notes import short_number
from ...device.primitives import num_draws
from ...device.signature import Signature
from ...tasks import task_of
from ...tasks.c_text import comment, literal
from .names import TYPES, identifier
from .rules import rules_declaration

_MISSING_NOTES = {
    "numeric": "NAN where missing",
    "categorical": "UTF-8 without white space around it, 4.0 written as 4; NULL where missing",
    "boolean": '"true" or "false"; NULL where missing',
    "text": "UTF-8; NULL where missing",
    "date": "seconds since 1970-01-01 UTC; INT64_MIN where missing",
}


def write_header(signature: Signature, name: str) -> str:
    """Returns the text of signature.h."""
    task = task_of(signature.target)
    fields = "\n".join(_field(signature, place) for place in range(len(signature.columns)))
    ports = "\n".join(map(_port, signature.inputs))
    if task.keeps_own_scale:
        ports += f"\n  {_own_scale(signature)} /* the row's own scale */"
    return f"""/* Raw row to the int8 inputs of the model '{name}'. Made by pipelines; do not edit. Plain C99. */
#ifndef SIGNATURE_H
#define SIGNATURE_H

#include <stdint.h>

#define SIGNATURE_NUM_OUTPUTS {signature.output.shape[0] * signature.output.num_copies}
{_draws(signature)}
typedef struct {{
{fields}
}} signature_row;

typedef struct {{
{ports}
}} signature_inputs;

#ifdef __cplusplus
extern "C" {{
#endif

/* Forgets the rows before, for columns that fill a hole with the last value seen. */
void prepare_reset(void);

/* Returns 0; or 1 + the place of the column whose number is infinite, is missing where nothing fills it or is no id, or
   whose picture is not there; and then the inputs mean nothing. */
int prepare(const signature_row *row, signature_inputs *inputs);

{task.c_declaration(signature)}{rules_declaration(signature)}
#ifdef __cplusplus
}}
#endif

#endif
"""


def _draws(signature):
    """Returns what states which draw of the missing numbers `prepare` makes; "" if none is drawn."""
    draws = num_draws(signature.primitives)
    if draws == 1:
        return ""
    return (
        f"#define SIGNATURE_NUM_DRAWS {draws}\n\n"
        "/* Missing numbers are drawn. For each value from 0 to SIGNATURE_NUM_DRAWS - 1: set it,\n"
        "   prepare the row, run the model. The outputs of all draws, one after the other, are what\n"
        "   answers are computed from. */\n"
        "extern int32_t signature_draw;\n"
    )


def _field(signature, place):
    column = signature.columns[place]
    space = " "
    if TYPES[column.kind].endswith("*"):
        space = ""
    return (
        f"  {TYPES[column.kind]}{space}{identifier(place, column.name)}; "
        f"/* {comment(column.name)}: {column.kind}, {_note(column)}{_range_note(signature, column)} */"
    )


def _own_scale(signature):
    """Returns the fields of what a forecast is added to, and multiplied by before."""
    steps = signature.base_steps()
    if steps:
        return f"float base[{steps}], spread;"
    return "float base, spread;"


def _port(port):
    kind = "int32_t"
    if port.dtype == "float32":
        kind = "int8_t"
    return (
        f"  {kind} {port.name}[{math.prod(port.shape)}];"
        f" /* {port.unit}, scale {literal(port.scale)}, zero point {port.zero_point} */"
    )


def _note(column):
    if column.kind == SERIES:
        return f"{column.shape[0]} steps, the newest last, NAN where missing"
    if column.kind != PICTURE:
        return _MISSING_NOTES[column.kind]
    height, width, channels = column.shape
    note = (
        f"pixels 0..255, {height} rows of {width} pixels of {channels} "
        f"channel{'s' if channels > 1 else ''}"
    )
    if column.white:
        note += (
            f"; 16-bit values v become (v * 255 + {column.white // 2}) / {column.white}, "
            "before any resizing"
        )
    return note


def _range_note(signature, column):
    """C answers any number; what training knew stands where its caller looks."""
    if column.name not in signature.ranges:
        return ""
    low, high = map(short_number, signature.ranges[column.name])
    return f"; {low} to {high} in training"
