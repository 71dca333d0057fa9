"""prepare.c: walks the primitives of a signature and writes what each does to a raw row."""

import math

from ...device.cells import MAX_NUMBER, PICTURE, SERIES
from ...device.primitives import Fill, FillPrevious, FillSteps, RowFill, StepIds, num_draws
from ...tasks import task_of
from ...tasks.c_text import literal
from .helpers import needed_helpers
from .names import TYPES, identifier
from .primitives import WRITERS
from .rules import rules_definition


class PrepareWriter:
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
        for primitive in signature.primitives:
            if isinstance(primitive, RowFill):
                self.filled.update(primitive.columns)
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
            WRITERS[type(primitive)](self, primitive, f"t{number}")
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

{self._draw()}{helpers}

{chr(10).join(self.tables)}
{statics}

void prepare_reset(void) {{
{resets}
}}

int prepare(const signature_row *row, signature_inputs *inputs) {{
{self._refusals()}
{body}
  return 0;
}}

{self._answer()}"""

    def _draw(self):
        """The variable that states which draw is made, where numbers are drawn."""
        if num_draws(self.signature.primitives) == 1:
            return ""
        return "int32_t signature_draw = 0;\n\n"

    def _refusals(self):
        """The rows that C refuses, before anything is computed."""
        refused = [
            *(
                (place, self._is_invalid(f"row->{name}", column))
                for place, name, column in self.checks
            ),
            *((place, f"row->{name} == NULL") for place, name in self.arrays),
        ]
        return "\n".join(f"  if ({condition}) return {place + 1};" for place, condition in refused)

    def _read_series(self, place, column):
        """A copy of the row's steps, to be changed."""
        (size,) = column.shape
        self.tables.append(f"static float v{place}[{size}];")
        self.lines.append(
            f"  for (int32_t i = 0; i < {size}; ++i) {{\n"
            f"    v{place}[i] = row->{identifier(place, column.name)}[i];\n"
            f"    if ({self._is_invalid(f'v{place}[i]', column.name)}) return {place + 1};\n  }}"
        )

    def _is_invalid(self, x, column):
        most = literal(MAX_NUMBER)
        if column in self.filled:
            return f"{x} > {most} || {x} < -{most}"
        return f"!({x} <= {most} && {x} >= -{most})"

    def _keep_own_scale(self):
        target = self.signature.target
        if self.signature.base_steps():
            steps = self.variables[target.base][1]
            self.lines.append(f"  memcpy(inputs->base, {steps}, sizeof inputs->base);")
        else:
            self._keep_number("base", target.base, "0.0f")
        self._keep_number("spread", target.spread, "1.0f")

    def _keep_number(self, field, column, otherwise):
        number = otherwise
        if column:
            number = self.variables[column][1]
        self.lines.append(f"  inputs->{field} = {number};")

    def for_each(self, column, change):
        """Every step of a series changed: `change` makes the C of one."""
        variable = self.variables[column][1]
        self.lines.append(
            f"  for (int32_t i = 0; i < {self.steps[column]}; ++i) "
            f"{variable}[i] = {change(f'{variable}[i]')};"
        )

    def new_series(self, name, size, into):
        self.tables.append(f"static float {name}[{size}];")
        self.variables[into], self.steps[into] = ("series", name), size
        self.finished[into] = ("series", name, size)

    def constant(self, kind, name, values):
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
        answer = task_of(self.signature.target).c_definition(self.signature)
        return total + answer + rules_definition(self.signature)
