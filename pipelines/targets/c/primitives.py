"""What each primitive is in C: it adds tables and lines to a `writer.PrepareWriter`.

A function takes the writer, the primitive and a name that no other primitive has. Every float
operation is one subtraction followed by one multiplication, one division followed by one addition:
nothing that a compiler could fuse into a multiply-add, which would round otherwise.
"""

from collections.abc import Callable

from ...device.primitives import (
    DATE_PARTS,
    Affine,
    Bigrams,
    Bins,
    Characters,
    Clip,
    DatePart,
    Fill,
    FillPrevious,
    FillSteps,
    Lookup,
    Missing,
    Onehot,
    OwnScale,
    Pack,
    PackSteps,
    Primitive,
    SinceSeen,
    StepIds,
    Subwords,
    Table,
    Words,
)
from ...tasks.c_text import literal, quoted


def _fill(writer, step, _):
    kind, variable = writer.variables[step.column]
    if kind == "numeric":
        writer.lines.append(f"  if ({variable} != {variable}) {variable} = {literal(step.value)};")
    else:
        writer.lines.append(f"  if ({variable} == NULL) {variable} = {quoted(step.value)};")


def _fill_previous(writer, step, name):
    variable = writer.variables[step.column][1]
    writer.state.append((f"last_{name}", step.first))
    writer.lines.append(
        f"  if ({variable} != {variable}) {variable} = last_{name}; else last_{name} = {variable};"
    )


def _missing(writer, step, name):
    kind, variable = writer.variables[step.column]
    if kind == "series":
        size = writer.steps[step.column]
        writer.new_series(name, size, step.into)
        writer.lines.append(
            f"  for (int32_t i = 0; i < {size}; ++i) "
            f"{name}[i] = {variable}[i] != {variable}[i] ? 1.0f : 0.0f;"
        )
        return
    test = {"numeric": f"{variable} != {variable}", "date": f"{variable} == INT64_MIN"}.get(
        kind, f"{variable} == NULL"
    )
    writer.lines.append(f"  float {name} = {test} ? 1.0f : 0.0f;")
    writer.variables[step.into] = ("numeric", name)


def _affine(writer, step, _):
    kind, variable = writer.variables[step.column]
    if kind == "series":
        writer.for_each(
            step.column, lambda x: f"({x} - {literal(step.offset)}) * {literal(step.factor)}"
        )
        return
    writer.lines.append(
        f"  {variable} = ({variable} - {literal(step.offset)}) * {literal(step.factor)};"
    )
    writer.finished[step.column] = ("scalar", variable, 1)


def _clip(writer, step, _):
    kind, variable = writer.variables[step.column]
    if kind == "series":
        writer.for_each(
            step.column, lambda x: f"clip({x}, {literal(step.low)}, {literal(step.high)})"
        )
        return
    writer.lines.append(
        f"  {variable} = clip({variable}, {literal(step.low)}, {literal(step.high)});"
    )


def _bins(writer, step, name):
    writer.constant("float", f"{name}_left", [literal(edge) for edge in step.edges[:-1]])
    writer.constant("float", f"{name}_factor", [literal(factor) for factor in step.factors])
    writer.finished[step.column] = (
        "bins",
        writer.variables[step.column][1],
        len(step.factors),
        name,
    )


def _lookup(writer, step, name):
    variable = writer.variables[step.column][1]
    writer.constant("char *const", f"{name}_keys", [quoted(key) for key in step.keys] or ["NULL"])
    writer.lines.append(
        f"  int32_t {name} = lookup({variable}, {name}_keys, {len(step.keys)}, {step.first}, "
        f"{step.unknown}, {step.missing});"
    )
    writer.variables[step.column] = ("id", name)
    writer.finished[step.column] = ("id", name, 1)


def _onehot(writer, step, _):
    writer.finished[step.column] = ("onehot", writer.variables[step.column][1], step.depth)


def _table(writer, step, name):
    width = len(step.rows[0])
    writer.constant("float", name, [literal(value) for row in step.rows for value in row])
    writer.finished[step.column] = ("table", writer.variables[step.column][1], width, name)


def _date_part(writer, step, name):
    variable = writer.variables[step.column][1]
    size = DATE_PARTS[step.part]
    writer.lines.append(
        f"  int32_t {name} = {variable} == INT64_MIN ? {size} : date_{step.part}({variable});"
    )
    writer.variables[step.into] = ("id", name)


def _words(writer, step, name):
    _tokens(writer, step, name, "words")


def _characters(writer, step, name):
    _tokens(writer, step, name, "characters")


def _subwords(writer, step, name):
    merges = sorted(
        (left, right, rank, both) for rank, (left, right, both) in enumerate(step.merges)
    )
    writer.constant(
        "merge",
        f"{name}_merges",
        [f"{{{left}, {right}, {rank}, {both}}}" for left, right, rank, both in merges]
        or ["{0, 0, 0, 0}"],
    )
    _tokens(writer, step, name, "subwords", f", {name}_merges, {len(merges)}")


def _tokens(writer, step, name, function, more=""):
    variable = writer.variables[step.column][1]
    if step.letters:
        codes, spelled = zip(*step.letters, strict=True)
    else:
        codes, spelled = ((0,), ("",))
    writer.constant("uint32_t", f"{name}_codes", [str(code) for code in codes])
    writer.constant("char *const", f"{name}_spelled", [quoted(text) for text in spelled])
    writer.constant("char *const", f"{name}_keys", [quoted(key) for key in step.keys] or ["NULL"])
    writer.tables.append(
        f"static const vocabulary {name}_vocabulary = {{{name}_codes, {name}_spelled, "
        f"{len(step.letters)}, {name}_keys, {len(step.keys)}, {step.num_buckets}}};\n"
        f"static int32_t {name}[{step.window}];"
    )
    writer.lines.append(
        f"  {function}({variable}, &{name}_vocabulary, {step.window}, {name}{more});"
    )
    writer.variables[step.column] = ("tokens", name)
    writer.finished[step.column] = ("tokens", name, step.window)


def _bigrams(writer, step, name):
    _, tokens, window = writer.finished[step.column]
    writer.tables.append(f"static int32_t {name}[{window}];")
    writer.lines.append(f"  bigrams({tokens}, {window}, {step.num_buckets}u, {name});")
    writer.finished[step.into] = ("tokens", name, window)


def _fill_steps(writer, step, _):
    variable = writer.variables[step.column][1]
    size = writer.steps[step.column]
    if step.how == "season":
        season = f", {step.season}"
    else:
        season = ""
    writer.lines.append(f"  fill_{step.how}({variable}, {size}{season}, {literal(step.first)});")


def _since_seen(writer, step, name):
    variable = writer.variables[step.column][1]
    size = writer.steps[step.column]
    writer.new_series(name, size, step.into)
    writer.lines.append(f"  since_seen({variable}, {size}, {step.most}, {name});")


def _own_scale(writer, step, name):
    variable = writer.variables[step.column][1]
    size = writer.steps[step.column]
    into = f"{name}_own"
    writer.new_series(into, size, step.into)
    for column, what in ((step.into_offset, "offset"), (step.into_factor, "factor")):
        writer.lines.append(f"  float {name}_{what};")
        writer.variables[column] = ("numeric", f"{name}_{what}")
    offset = {
        "none": "0.0f",
        "last": f"{variable}[{size - 1}]",
        "mean": f"mean({variable}, {size})",
    }[step.offset]
    writer.lines.append(
        f"  {name}_offset = {offset};\n  own_scale({variable}, {size}, {name}_offset, "
        f"{int(step.scaled)}, {literal(step.least)}, {into}, &{name}_factor);"
    )


def _step_ids(writer, step, name):
    ((place, column),) = (
        (place, column)
        for place, column in enumerate(writer.signature.columns)
        if column.name == step.column
    )
    variable, (size,) = writer.variables[step.column][1], column.shape
    writer.tables.append(f"static int32_t {name}[{size}];")
    writer.lines.append(
        f"  for (int32_t i = 0; i < {size}; ++i) {{\n"
        f"    float id = {variable}[i] != {variable}[i] ? 0.0f : {variable}[i];\n"
        f"    if (!(id >= 0.0f && id < {literal(step.num_ids)} && id == floorf(id))) "
        f"return {place + 1};\n    {name}[i] = (int32_t)id;\n  }}"
    )
    writer.variables[step.column] = ("tokens", name)
    writer.finished[step.column] = ("tokens", name, size)


def _pack(writer, step, _):
    port = next(port for port in writer.signature.inputs if port.name == step.into)
    place = 0
    for column in step.columns:
        kind, variable, width, *table = writer.finished[column]
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
        writer.lines.append(f"  {loop}{target} = {written};")
        place += width


def _pack_steps(writer, step, _):
    port = next(port for port in writer.signature.inputs if port.name == step.into)
    size, width = port.shape
    for place, column in enumerate(step.columns):
        value = (
            f"quantize({writer.variables[column][1]}[i], {literal(port.scale)}, "
            f"{port.zero_point}.0f)"
        )
        writer.lines.append(
            f"  for (int32_t i = 0; i < {size}; ++i) inputs->{port.name}[i * {width} + "
            f"{place}] = {value};"
        )


# A primitive that is not in it has no C; a test holds it against `PRIMITIVES`.
WRITERS: dict[type[Primitive], Callable] = {
    Fill: _fill,
    FillPrevious: _fill_previous,
    Missing: _missing,
    Affine: _affine,
    Clip: _clip,
    Bins: _bins,
    Lookup: _lookup,
    Onehot: _onehot,
    Table: _table,
    DatePart: _date_part,
    Words: _words,
    Characters: _characters,
    Subwords: _subwords,
    Bigrams: _bigrams,
    FillSteps: _fill_steps,
    SinceSeen: _since_seen,
    OwnScale: _own_scale,
    StepIds: _step_ids,
    Pack: _pack,
    PackSteps: _pack_steps,
}
