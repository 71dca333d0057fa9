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
    DenseFill,
    DistinctIds,
    DrawFill,
    Fill,
    FillPrevious,
    FillSteps,
    GaussianDraw,
    KnownPairs,
    LinearFill,
    Lookup,
    Missing,
    NeighborFill,
    Onehot,
    OwnScale,
    Pack,
    PackSteps,
    Primitive,
    SeasonMean,
    SinceSeen,
    StepIds,
    Subwords,
    Table,
    Words,
)
from ...tasks.c_text import literal, quoted
from .row_fills import (
    write_dense_fill,
    write_draw_fill,
    write_gaussian_draw,
    write_linear_fill,
    write_neighbor_fill,
)


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
    if kind == "numeric":
        is_missing = f"{variable} != {variable}"
    elif kind == "date":
        is_missing = f"{variable} == INT64_MIN"
    else:
        is_missing = f"{variable} == NULL"
    writer.lines.append(f"  float {name} = {is_missing} ? 1.0f : 0.0f;")
    writer.variables[step.into] = ("numeric", name)


def _affine(writer, step, _):
    kind, variable = writer.variables[step.column]
    offset = literal(step.offset)
    factor = literal(step.factor)
    if kind == "series":
        writer.for_each(step.column, lambda x: f"({x} - {offset}) * {factor}")
        return
    writer.lines.append(f"  {variable} = ({variable} - {offset}) * {factor};")
    writer.finished[step.column] = ("scalar", variable, 1)


def _clip(writer, step, _):
    kind, variable = writer.variables[step.column]
    low = literal(step.low)
    high = literal(step.high)
    if kind == "series":
        writer.for_each(step.column, lambda x: f"clip({x}, {low}, {high})")
        return
    writer.lines.append(f"  {variable} = clip({variable}, {low}, {high});")


def _bins(writer, step, name):
    variable = writer.variables[step.column][1]
    left_edges = [literal(edge) for edge in step.edges[:-1]]
    factors = [literal(factor) for factor in step.factors]
    writer.constant("float", f"{name}_left", left_edges)
    writer.constant("float", f"{name}_factor", factors)
    writer.finished[step.column] = ("bins", variable, len(factors), name)


def _lookup(writer, step, name):
    variable = writer.variables[step.column][1]
    num_keys = len(step.keys)
    _add_keys(writer, step, name)
    writer.lines.append(
        f"  int32_t {name} = lookup({variable}, {name}_keys, {num_keys}, {step.first}, "
        f"{step.unknown}, {step.missing});"
    )
    writer.variables[step.column] = ("id", name)
    writer.finished[step.column] = ("id", name, 1)


def _add_keys(writer, step, name):
    """Adds the table of a step's keys; C has no empty array, so that no keys are one NULL."""
    keys = [quoted(key) for key in step.keys]
    writer.constant("char *const", f"{name}_keys", keys or ["NULL"])


def _onehot(writer, step, _):
    variable = writer.variables[step.column][1]
    writer.finished[step.column] = ("onehot", variable, step.depth)


def _table(writer, step, name):
    variable = writer.variables[step.column][1]
    width = len(step.rows[0])
    values = []
    for row in step.rows:
        values += map(literal, row)
    writer.constant("float", name, values)
    writer.finished[step.column] = ("table", variable, width, name)


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
    ranked = []
    for rank, (left, right, both) in enumerate(step.merges):
        ranked.append((left, right, rank, both))
    merges = []
    for left, right, rank, both in sorted(ranked):
        merges.append(f"{{{left}, {right}, {rank}, {both}}}")
    writer.constant("merge", f"{name}_merges", merges or ["{0, 0, 0, 0}"])
    _tokens(writer, step, name, "subwords", f", {name}_merges, {len(merges)}")


def _tokens(writer, step, name, function, more=""):
    variable = writer.variables[step.column][1]
    num_letters = len(step.letters)
    num_keys = len(step.keys)
    codes = []
    spelled = []
    for code, text in step.letters or [(0, "")]:
        codes.append(str(code))
        spelled.append(quoted(text))
    writer.constant("uint32_t", f"{name}_codes", codes)
    writer.constant("char *const", f"{name}_spelled", spelled)
    _add_keys(writer, step, name)
    writer.tables.append(
        f"static const vocabulary {name}_vocabulary = {{{name}_codes, {name}_spelled, "
        f"{num_letters}, {name}_keys, {num_keys}, {step.num_buckets}}};\n"
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


def _known_pairs(writer, step, name):
    _, tokens, window = writer.finished[step.column]
    pairs = [f"{{{left}, {right}}}" for left, right in step.pairs]
    # C has no empty array.
    writer.constant("token_pair", f"{name}_pairs", pairs or ["{0, 0}"])
    writer.tables.append(f"static int32_t {name}[{window}];")
    writer.lines.append(f"  known_pairs({tokens}, {window}, {name}_pairs, {len(pairs)}, {name});")
    writer.finished[step.into] = ("tokens", name, window)


def _distinct_ids(writer, step, name):
    _, ids, window = writer.finished[step.column]
    writer.tables.append(f"static int32_t {name}[{window}];")
    writer.lines.append(f"  distinct_ids({ids}, {window}, {name});")
    writer.finished[step.column] = ("tokens", name, window)


def _fill_steps(writer, step, _):
    variable = writer.variables[step.column][1]
    size = writer.steps[step.column]
    first = literal(step.first)
    season = ""
    if step.how == "season":
        season = f", {step.season}"
    writer.lines.append(f"  fill_{step.how}({variable}, {size}{season}, {first});")


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
    writer.lines.append(f"  float {name}_offset;")
    writer.lines.append(f"  float {name}_factor;")
    writer.variables[step.into_offset] = ("numeric", f"{name}_offset")
    writer.variables[step.into_factor] = ("numeric", f"{name}_factor")
    offsets = {
        "none": "0.0f",
        "last": f"{variable}[{size - 1}]",
        "mean": f"mean({variable}, {size})",
    }
    offset = offsets[step.offset]
    scaled = int(step.scaled)
    least = literal(step.least)
    writer.lines.append(
        f"  {name}_offset = {offset};\n  own_scale({variable}, {size}, {name}_offset, "
        f"{scaled}, {least}, {into}, &{name}_factor);"
    )


def _season_mean(writer, step, name):
    variable = writer.variables[step.column][1]
    size = writer.steps[step.column]
    writer.new_series(name, step.horizon, step.into)
    writer.lines.append(
        f"  season_mean({variable}, {size}, {step.season}, {step.num_seasons}, {step.horizon}, "
        f"{name});"
    )


def _step_ids(writer, step, name):
    columns = writer.signature.columns
    place = [column.name for column in columns].index(step.column)
    (size,) = columns[place].shape
    variable = writer.variables[step.column][1]
    num_ids = literal(step.num_ids)
    writer.tables.append(f"static int32_t {name}[{size}];")
    writer.lines.append(
        f"  for (int32_t i = 0; i < {size}; ++i) {{\n"
        f"    float id = {variable}[i] != {variable}[i] ? 0.0f : {variable}[i];\n"
        f"    if (!(id >= 0.0f && id < {num_ids} && id == floorf(id))) "
        f"return {place + 1};\n    {name}[i] = (int32_t)id;\n  }}"
    )
    writer.variables[step.column] = ("tokens", name)
    writer.finished[step.column] = ("tokens", name, size)


def _pack(writer, step, _):
    port = _input(writer, step)
    place = 0
    for column in step.columns:
        kind, variable, width, *names = writer.finished[column]
        table = ""
        if names:
            table = names[0]
        value = _value(kind, variable, width, table)
        if port.scale != 0.0 and kind != "picture":
            value = _quantized(value, port)
        if width > 1 or kind in _LOOPED:
            loop = f"for (int32_t i = 0; i < {width}; ++i) "
            target = f"inputs->{port.name}[{place} + i]"
        else:
            loop = ""
            target = f"inputs->{port.name}[{place}]"
        writer.lines.append(f"  {loop}{target} = {value};")
        place += width


# Columns that a loop over i packs, whatever their width.
_LOOPED = ("bins", "onehot", "table", "tokens", "picture")


def _value(kind, variable, width, table):
    """Returns the C of a finished column's value; at i, if it has several."""
    values = {
        "scalar": variable,
        "id": variable,
        "tokens": f"{variable}[i]",
        "bins": f"clip(({variable} - {table}_left[i]) * {table}_factor[i], 0.0f, 1.0f)",
        "onehot": f"{variable} == i ? 1.0f : 0.0f",
        "table": f"{table}[{variable} * {width} + i]",
        "picture": f"(int8_t)({variable}[i] - 128)",
    }
    return values[kind]


def _quantized(value, port):
    """Returns the C that rounds a value to the int8 of a port."""
    scale = literal(port.scale)
    return f"quantize({value}, {scale}, {port.zero_point}.0f)"


def _input(writer, step):
    """Returns the input port that a step packs."""
    for port in writer.signature.inputs:
        if port.name == step.into:
            return port
    raise LookupError(step.into)


def _pack_steps(writer, step, _):
    port = _input(writer, step)
    size, width = port.shape
    for place, column in enumerate(step.columns):
        variable = writer.variables[column][1]
        value = _quantized(f"{variable}[i]", port)
        writer.lines.append(
            f"  for (int32_t i = 0; i < {size}; ++i) inputs->{port.name}[i * {width} + "
            f"{place}] = {value};"
        )


# A primitive that is not in it has no C; a test holds it against `PRIMITIVES`.
WRITERS: dict[type[Primitive], Callable] = {
    Fill: _fill,
    FillPrevious: _fill_previous,
    LinearFill: write_linear_fill,
    NeighborFill: write_neighbor_fill,
    DrawFill: write_draw_fill,
    DenseFill: write_dense_fill,
    GaussianDraw: write_gaussian_draw,
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
    KnownPairs: _known_pairs,
    DistinctIds: _distinct_ids,
    FillSteps: _fill_steps,
    SinceSeen: _since_seen,
    OwnScale: _own_scale,
    SeasonMean: _season_mean,
    StepIds: _step_ids,
    Pack: _pack,
    PackSteps: _pack_steps,
}
