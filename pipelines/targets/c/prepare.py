"""The Signature as plain C99 without allocation: raw row in, int8 model inputs out, bit for bit as
in Python.

Every float operation here is one subtraction followed by one multiplication, one division followed
by one addition: nothing that a compiler could fuse into a multiply-add, which would round
otherwise.
"""

import math
import re

from ...convert.pack_file import without_words
from ...device.cells import MAX_NUMBER, PICTURE, SERIES
from ...device.notes import short_number
from ...device.primitives import DATE_PARTS, Fill, FillPrevious
from ...device.series import FillSteps, StepIds
from ...device.signature import Signature
from ...tasks import task_of
from ...tasks.c_text import comment, literal, quoted
from .helpers import needed_helpers

TYPES = {
    "numeric": "float",
    "categorical": "const char *",
    "boolean": "const char *",
    "date": "int64_t",
    "text": "const char *",
    "picture": "const uint8_t *",
    "series": "const float *",
}
_MISSING_NOTES = {
    "numeric": "NAN where missing",
    "categorical": "UTF-8 without white space around it, 4.0 written as 4; NULL where missing",
    "boolean": '"true" or "false"; NULL where missing',
    "text": "UTF-8; NULL where missing",
    "date": "seconds since 1970-01-01 UTC; INT64_MIN where missing",
}
_POINTERS = ("categorical", "boolean", "text", "picture", "series")


def c_files(signature: Signature, int8_model: bytes, name: str) -> dict[str, str]:
    """File name → text: signature.h, prepare.c and model.c (the model as an array)."""
    int8_model = without_words(int8_model)
    return {
        "signature.h": _header(signature, name, len(int8_model)),
        "prepare.c": _Writer(signature, name).source(),
        "model.c": _model_array(int8_model),
    }


def _header(signature, name, num_bytes):
    fields = [
        f"  {TYPES[column.kind]}{'' if column.kind in _POINTERS else ' '}"
        f"{identifier(place, column.name)}; /* {comment(column.name)}: {column.kind}, "
        f"{_note(column)}"
        f"{_range_note(signature, column)} */"
        for place, column in enumerate(signature.columns)
    ]
    ports = [
        f"  {'int8_t' if port.dtype == 'float32' else 'int32_t'} "
        f"{port.name}[{math.prod(port.shape)}];"
        f" /* {port.unit}, scale {literal(port.scale)}, zero point {port.zero_point} */"
        for port in signature.inputs
    ]
    task = task_of(signature.target)
    if task.keeps_own_scale:
        ports += ["  float base, spread; /* the row's own scale */"]
    return f"""/* Raw row to the int8 inputs of the model '{name}'. Made by pipelines; do not edit. Plain C99. */
#ifndef SIGNATURE_H
#define SIGNATURE_H

#include <stdint.h>

#define MODEL_INT8_BYTES {num_bytes}
#define SIGNATURE_NUM_OUTPUTS {signature.output.shape[0] * signature.output.num_copies}

typedef struct {{
{chr(10).join(fields)}
}} signature_row;

typedef struct {{
{chr(10).join(ports)}
}} signature_inputs;

extern const unsigned char model_int8[MODEL_INT8_BYTES];

/* Forgets the rows before, for columns that fill a hole with the last value seen. */
void prepare_reset(void);

/* Returns 0; or 1 + the place of the column whose number is infinite, is missing where nothing fills it or is no id, or
   whose picture is not there; and then the inputs mean nothing. */
int prepare(const signature_row *row, signature_inputs *inputs);

{task.c_declaration(signature)}
#endif
"""


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


class _Writer:
    """Walks the primitives and writes what each does; keeps what C knows each column as."""

    def __init__(self, signature, name):
        self.signature, self.name = signature, name
        self.tables, self.state, self.lines = [], [], []
        self.variables = {
            column.name: (column.kind, f"v{place}")
            for place, column in enumerate(signature.columns)
        }
        self.finished = {}
        # What nothing fills may not be missing: no answer is better than one to another row.
        self.filled = {
            primitive.column
            for primitive in signature.primitives
            if isinstance(primitive, (Fill, FillPrevious, FillSteps, StepIds))
        }
        self.checks = [
            (place, identifier(place, column.name), column.name)
            for place, column in enumerate(signature.columns)
            if column.kind == "numeric"
        ]
        self.arrays = [
            (place, identifier(place, column.name))
            for place, column in enumerate(signature.columns)
            if column.kind in (PICTURE, SERIES)
        ]
        self.steps = {
            column.name: column.shape[0] for column in signature.columns if column.kind == SERIES
        }
        for column in signature.columns:
            if column.kind == PICTURE:
                self.finished[column.name] = (
                    "picture",
                    self.variables[column.name][1],
                    math.prod(column.shape),
                )

    def source(self):
        for place, column in enumerate(self.signature.columns):
            if column.kind == SERIES:
                self._read_series(place, column)
            else:
                self.lines.append(
                    f"  {TYPES[column.kind]} v{place} = row->{identifier(place, column.name)};"
                )
        for number, primitive in enumerate(self.signature.primitives):
            getattr(self, f"_{type(primitive).__name__.lower()}")(primitive, f"t{number}")
        refused = [
            *((place, self._is_odd(f"row->{name}", column)) for place, name, column in self.checks),
            *((place, f"row->{name} == NULL") for place, name in self.arrays),
        ]
        refusals = "\n".join(
            f"  if ({condition}) return {place + 1};" for place, condition in refused
        )
        if task_of(self.signature.target).keeps_own_scale:
            self._keep_own_scale()
        statics = "\n".join(
            f"static float {name} = {literal(first)};" for name, first in self.state
        )
        resets = "\n".join(f"  {name} = {literal(first)};" for name, first in self.state)
        body = "\n".join(self.lines)
        helpers = "\n\n".join(needed_helpers("\n".join([*self.tables, body])))
        return f"""/* Made by pipelines from the signature of '{self.name}'; do not edit. Plain C99, no allocation. */
#include "signature.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

{helpers}

{chr(10).join(self.tables)}
{statics}

void prepare_reset(void) {{
{resets}
}}

int prepare(const signature_row *row, signature_inputs *inputs) {{
{refusals}
{body}
  return 0;
}}

{self._answer()}"""

    def _read_series(self, place, column):
        """A copy of the row's steps, to be changed."""
        (size,) = column.shape
        self.tables.append(f"static float v{place}[{size}];")
        self.lines.append(
            f"  for (int32_t i = 0; i < {size}; ++i) {{\n"
            f"    v{place}[i] = row->{identifier(place, column.name)}[i];\n"
            f"    if ({self._is_odd(f'v{place}[i]', column.name)}) return {place + 1};\n  }}"
        )

    def _is_odd(self, x, column):
        most = literal(MAX_NUMBER)
        if column in self.filled:
            return f"{x} > {most} || {x} < -{most}"
        return f"!({x} <= {most} && {x} >= -{most})"

    def _keep_own_scale(self):
        target = self.signature.target
        for field, column, otherwise in (
            ("base", target.base, "0.0f"),
            ("spread", target.spread, "1.0f"),
        ):
            self.lines.append(
                f"  inputs->{field} = {self.variables[column][1] if column else otherwise};"
            )

    def _for_each(self, column, change):
        """Every step of a series changed: `change` makes the C of one."""
        variable = self.variables[column][1]
        self.lines.append(
            f"  for (int32_t i = 0; i < {self.steps[column]}; ++i) "
            f"{variable}[i] = {change(f'{variable}[i]')};"
        )

    def _new_series(self, name, size, into):
        self.tables.append(f"static float {name}[{size}];")
        self.variables[into], self.steps[into] = ("series", name), size
        self.finished[into] = ("series", name, size)

    def _fillsteps(self, step, _):
        variable = self.variables[step.column][1]
        size = self.steps[step.column]
        if step.how == "season":
            season = f", {step.season}"
        else:
            season = ""
        self.lines.append(f"  fill_{step.how}({variable}, {size}{season}, {literal(step.first)});")

    def _sinceseen(self, step, name):
        variable = self.variables[step.column][1]
        size = self.steps[step.column]
        self._new_series(name, size, step.into)
        self.lines.append(f"  since_seen({variable}, {size}, {step.most}, {name});")

    def _ownscale(self, step, name):
        variable = self.variables[step.column][1]
        size = self.steps[step.column]
        into = f"{name}_own"
        self._new_series(into, size, step.into)
        for column, what in ((step.into_offset, "offset"), (step.into_factor, "factor")):
            self.lines.append(f"  float {name}_{what};")
            self.variables[column] = ("numeric", f"{name}_{what}")
        offset = {
            "none": "0.0f",
            "last": f"{variable}[{size - 1}]",
            "mean": f"mean({variable}, {size})",
        }[step.offset]
        self.lines.append(
            f"  {name}_offset = {offset};\n  own_scale({variable}, {size}, {name}_offset, "
            f"{int(step.scaled)}, {literal(step.least)}, {into}, &{name}_factor);"
        )

    def _stepids(self, step, name):
        ((place, column),) = (
            (place, column)
            for place, column in enumerate(self.signature.columns)
            if column.name == step.column
        )
        variable, (size,) = self.variables[step.column][1], column.shape
        self.tables.append(f"static int32_t {name}[{size}];")
        self.lines.append(
            f"  for (int32_t i = 0; i < {size}; ++i) {{\n"
            f"    float id = {variable}[i] != {variable}[i] ? 0.0f : {variable}[i];\n"
            f"    if (!(id >= 0.0f && id < {literal(step.num_ids)} && id == floorf(id))) "
            f"return {place + 1};\n    {name}[i] = (int32_t)id;\n  }}"
        )
        self.variables[step.column] = ("tokens", name)
        self.finished[step.column] = ("tokens", name, size)

    def _packsteps(self, step, _):
        port = next(port for port in self.signature.inputs if port.name == step.into)
        size, width = port.shape
        for place, column in enumerate(step.columns):
            value = (
                f"quantize({self.variables[column][1]}[i], {literal(port.scale)}, "
                f"{port.zero_point}.0f)"
            )
            self.lines.append(
                f"  for (int32_t i = 0; i < {size}; ++i) inputs->{port.name}[i * {width} + "
                f"{place}] = {value};"
            )

    def _fill(self, step, _):
        kind, variable = self.variables[step.column]
        if kind == "numeric":
            self.lines.append(
                f"  if ({variable} != {variable}) {variable} = {literal(step.value)};"
            )
        else:
            self.lines.append(f"  if ({variable} == NULL) {variable} = {quoted(step.value)};")

    def _fillprevious(self, step, name):
        variable = self.variables[step.column][1]
        self.state.append((f"last_{name}", step.first))
        self.lines.append(
            f"  if ({variable} != {variable}) {variable} = last_{name}; else last_{name} = "
            f"{variable};"
        )

    def _missing(self, step, name):
        kind, variable = self.variables[step.column]
        if kind == "series":
            size = self.steps[step.column]
            self._new_series(name, size, step.into)
            self.lines.append(
                f"  for (int32_t i = 0; i < {size}; ++i) "
                f"{name}[i] = {variable}[i] != {variable}[i] ? 1.0f : 0.0f;"
            )
            return
        test = {"numeric": f"{variable} != {variable}", "date": f"{variable} == INT64_MIN"}.get(
            kind, f"{variable} == NULL"
        )
        self.lines.append(f"  float {name} = {test} ? 1.0f : 0.0f;")
        self.variables[step.into] = ("numeric", name)

    def _affine(self, step, _):
        kind, variable = self.variables[step.column]
        if kind == "series":
            self._for_each(
                step.column, lambda x: f"({x} - {literal(step.offset)}) * {literal(step.factor)}"
            )
            return
        self.lines.append(
            f"  {variable} = ({variable} - {literal(step.offset)}) * {literal(step.factor)};"
        )
        self.finished[step.column] = ("scalar", variable, 1)

    def _clip(self, step, _):
        kind, variable = self.variables[step.column]
        if kind == "series":
            self._for_each(
                step.column, lambda x: f"clip({x}, {literal(step.low)}, {literal(step.high)})"
            )
            return
        self.lines.append(
            f"  {variable} = clip({variable}, {literal(step.low)}, {literal(step.high)});"
        )

    def _bins(self, step, name):
        self._constant("float", f"{name}_left", [literal(edge) for edge in step.edges[:-1]])
        self._constant("float", f"{name}_factor", [literal(factor) for factor in step.factors])
        self.finished[step.column] = (
            "bins",
            self.variables[step.column][1],
            len(step.factors),
            name,
        )

    def _lookup(self, step, name):
        variable = self.variables[step.column][1]
        self._constant(
            "char *const", f"{name}_keys", [quoted(key) for key in step.keys] or ["NULL"]
        )
        self.lines.append(
            f"  int32_t {name} = lookup({variable}, {name}_keys, {len(step.keys)}, {step.first}, "
            f"{step.unknown}, {step.missing});"
        )
        self.variables[step.column] = ("id", name)
        self.finished[step.column] = ("id", name, 1)

    def _onehot(self, step, _):
        self.finished[step.column] = ("onehot", self.variables[step.column][1], step.depth)

    def _table(self, step, name):
        width = len(step.rows[0])
        self._constant("float", name, [literal(value) for row in step.rows for value in row])
        self.finished[step.column] = ("table", self.variables[step.column][1], width, name)

    def _datepart(self, step, name):
        variable = self.variables[step.column][1]
        size = DATE_PARTS[step.part]
        self.lines.append(
            f"  int32_t {name} = {variable} == INT64_MIN ? {size} : date_{step.part}({variable});"
        )
        self.variables[step.into] = ("id", name)

    def _words(self, step, name):
        self._tokens(step, name, "words")

    def _characters(self, step, name):
        self._tokens(step, name, "characters")

    def _subwords(self, step, name):
        merges = sorted(
            (left, right, rank, both) for rank, (left, right, both) in enumerate(step.merges)
        )
        self._constant(
            "merge",
            f"{name}_merges",
            [f"{{{left}, {right}, {rank}, {both}}}" for left, right, rank, both in merges]
            or ["{0, 0, 0, 0}"],
        )
        self._tokens(step, name, "subwords", f", {name}_merges, {len(merges)}")

    def _tokens(self, step, name, function, more=""):
        variable = self.variables[step.column][1]
        if step.letters:
            codes, spelled = zip(*step.letters, strict=True)
        else:
            codes, spelled = ((0,), ("",))
        self._constant("uint32_t", f"{name}_codes", [str(code) for code in codes])
        self._constant("char *const", f"{name}_spelled", [quoted(text) for text in spelled])
        self._constant(
            "char *const", f"{name}_keys", [quoted(key) for key in step.keys] or ["NULL"]
        )
        self.tables.append(
            f"static const vocabulary {name}_vocabulary = {{{name}_codes, {name}_spelled, "
            f"{len(step.letters)}, {name}_keys, {len(step.keys)}, {step.num_buckets}}};\n"
            f"static int32_t {name}[{step.window}];"
        )
        self.lines.append(
            f"  {function}({variable}, &{name}_vocabulary, {step.window}, {name}{more});"
        )
        self.variables[step.column] = ("tokens", name)
        self.finished[step.column] = ("tokens", name, step.window)

    def _bigrams(self, step, name):
        _, tokens, window = self.finished[step.column]
        self.tables.append(f"static int32_t {name}[{window}];")
        self.lines.append(f"  bigrams({tokens}, {window}, {step.num_buckets}u, {name});")
        self.finished[step.into] = ("tokens", name, window)

    def _pack(self, step, _):
        port = next(port for port in self.signature.inputs if port.name == step.into)
        place = 0
        for column in step.columns:
            kind, variable, width, *table = self.finished[column]
            many = width > 1 or kind in ("bins", "onehot", "table", "tokens", "picture")
            target = f"inputs->{port.name}[{place}{' + i' if many else ''}]"
            value = {
                "scalar": variable,
                "id": variable,
                "tokens": f"{variable}[i]",
                "bins": f"clip(({variable} - {table[0] if table else ''}_left[i]) * "
                f"{table[0] if table else ''}_factor[i], 0.0f, 1.0f)",
                "onehot": f"{variable} == i ? 1.0f : 0.0f",
                "table": f"{table[0] if table else ''}[{variable} * {width} + i]",
                "picture": f"(int8_t)({variable}[i] - 128)",
            }[kind]
            if port.scale == 0.0 or kind == "picture":
                written = value
            else:
                written = f"quantize({value}, {literal(port.scale)}, {port.zero_point}.0f)"
            if many:
                loop = f"for (int32_t i = 0; i < {width}; ++i) "
            else:
                loop = ""
            self.lines.append(f"  {loop}{target} = {written};")
            place += width

    def _constant(self, kind, name, values):
        rows = [", ".join(values[start : start + 8]) for start in range(0, len(values), 8)]
        body = ",\n  ".join(rows)
        self.tables.append(f"static const {kind} {name}[{len(values)}] = {{\n  {body}}};")

    def _answer(self):
        output = self.signature.output
        copies = output.num_copies
        outputs = output.shape[0]
        total = (
            "/* The sum of the staggered copies of an output, as a whole number of fine steps. */\n"
            "static int32_t fine_steps(const int8_t *output, int i) {\n"
            f"  int32_t sum = {-copies * output.zero_point};\n"
            f"  for (int copy = 0; copy < {copies}; ++copy) sum += output[copy * {outputs} + i];\n"
            "  return sum;\n}\n\n"
        )
        return total + task_of(self.signature.target).c_definition(self.signature)


def _model_array(content):
    rows = [
        ", ".join(f"0x{byte:02x}" for byte in content[start : start + 16])
        for start in range(0, len(content), 16)
    ]
    return (
        '#include "signature.h"\n\n/* TFLite flatbuffer; interpreters want it aligned. */\n'
        "#if defined(__GNUC__)\n__attribute__((aligned(16)))\n#endif\n"
        "const unsigned char model_int8[MODEL_INT8_BYTES] = {\n  " + ",\n  ".join(rows) + "};\n"
    )


def identifier(place, name):
    """A C name for a column: its place makes it unique, its letters make it readable."""
    return f"c{place}_{re.sub(r'[^A-Za-z0-9]+', '_', name)[:40].strip('_')}".rstrip("_")
