"""model.h and model.c: an int8 TFLite file as plain C99 without a runtime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ....tasks.c_text import comment
from .all_kernels import kernel_of, known_network
from .network import Network, Tensor, port_name, read_network
from .places import Places
from .plan import output_expression, plan
from .source import Source, fragment_text, without_includes

# The names that another prefix stands before, if a program has more than one model.
PREFIX = "model"


@dataclass(frozen=True)
class ModelCode:
    """A model in C.

    Attributes:
        files: model.h and model.c.
        arena_bytes: The memory that is free between two calls.
        library_bytes: The same where CMSIS-NN computes.
        state_bytes: The memory that keeps its values between two calls.
    """

    files: dict[str, str]
    arena_bytes: int
    library_bytes: int
    state_bytes: int


def write_model(
    content: bytes,
    name: str,
    *,
    header: str = "signature",
    prefix: str = PREFIX,
    output_names: Sequence[str] = (),
) -> ModelCode:
    """Writes an int8 TFLite file as C.

    Args:
        content: The file.
        name: Of the model, for comments.
        header: The C header that declares `<header>_inputs`, a struct with an array for each
            input of the file.
        prefix: Of the files and functions.
        output_names: The names of several outputs in C, in the order of the file.

    Raises:
        ExportError: An operator cannot be written.
    """
    network = known_network(content, output_names)
    places = plan(network, kernel_of)
    source = _source(network, places)
    # What is ignored of warnings stands before all functions.
    fragments = sorted(source.fragments, key=lambda name: name != "cmsis_nn")
    kernels = [without_includes(fragment_text(each)) for each in fragments]
    values = {
        "name": comment(name),
        "header": header,
        "prefix": prefix,
        "macro": prefix.upper(),
        "arena_size": _arena_size(places, prefix.upper()),
        "state_bytes": places.state_bytes,
        **_output_words(network, header, prefix),
    }
    text = _SOURCE.format(
        **values,
        kernels="\n\n".join(kernels),
        constants="\n".join(source.constants),
        resets=_lines(_resets(network, places)),
        calls=_lines(source.calls),
    )
    files = {f"{prefix}.h": _HEADER.format(**values), f"{prefix}.c": text}
    return ModelCode(
        files,
        places.arena_bytes,
        places.library_bytes,
        places.state_bytes,
    )


def inputs_header(content: bytes) -> str:
    """Returns a signature.h with the inputs of a file and nothing else."""
    fields = []
    for tensor in read_network(content).inputs:
        fields.append(_field(tensor))
    body = "\n".join(fields)
    return (
        "#ifndef SIGNATURE_H\n#define SIGNATURE_H\n\n#include <stdint.h>\n\n"
        f"typedef struct {{\n{body}\n}} signature_inputs;\n\n#endif\n"
    )


def _source(network: Network, places: Places) -> Source:
    """Returns the constants and calls of all operations."""
    source = Source(places)
    for operation in network.operations:
        kernel_of(operation).write(operation, source)
    for tensor in network.outputs:
        wanted = output_expression(network, tensor)
        found = source.place(tensor)
        if found != wanted:
            source.call(
                "memcpy",
                wanted,
                found,
                str(tensor.num_bytes),
            )
    return source


def _output_words(network, header, prefix):
    """Returns the arguments of the functions, the name of the output, and its type."""
    outputs = "output"
    parameter = "int8_t *output"
    declared = ""
    if len(network.outputs) > 1:
        outputs = "outputs"
        parameter = f"{prefix}_outputs *outputs"
        fields = "\n".join(_field(each) for each in network.outputs)
        declared = f"typedef struct {{\n{fields}\n}} {prefix}_outputs;\n\n"
    return {
        "arguments": f"const {header}_inputs *inputs, {parameter}",
        "outputs": outputs,
        "declared": declared,
    }


def _arena_size(places, macro):
    """Returns C that defines the bytes of the arena."""
    own = f"#define {macro}_ARENA_BYTES {places.arena_bytes}"
    if places.library_bytes == places.arena_bytes:
        return own
    library = f"#define {macro}_ARENA_BYTES {places.library_bytes}"
    return f"#ifdef MODEL_USE_CMSIS_NN\n{library}\n#else\n{own}\n#endif"


def _resets(network, places):
    """Yields C that sets what is kept between two calls to its beginning."""
    for tensor in network.variables():
        found = places.expression(tensor)
        filling = tensor.zero_point if tensor.dtype == "int8" else 0
        yield f"memset({found}, {filling}, {tensor.num_bytes});"


def _field(tensor: Tensor) -> str:
    return f"  {tensor.dtype}_t {port_name(tensor)}[{max(tensor.size, 1)}];"


def _lines(lines):
    return "\n".join(f"  {line}" for line in lines)


_HEADER = """/* The int8 model '{name}' without a runtime. Made by pipelines; do not edit. Plain C99, no allocation. */
#ifndef {macro}_H
#define {macro}_H

#include "{header}.h"

/* Memory that is free between two calls, and memory that keeps what an LSTM remembers. */
{arena_size}
#define {macro}_STATE_BYTES {state_bytes}

#ifdef __cplusplus
extern "C" {{
#endif

{declared}/* Forgets the rows before; to be called before every row that is no next step of the one before it. */
void {prefix}_reset(void);

/* Answers one row. */
void {prefix}_run({arguments});

/* The same in the caller's own memory, which begins at a multiple of 4: for more than one thread, or memory that other
   parts of a program use too. */
void {prefix}_reset_in(void *state);
void {prefix}_run_in(void *arena, void *state, {arguments});

#ifdef __cplusplus
}}
#endif

#endif
"""

_SOURCE = """/* Made by pipelines from the int8 model '{name}'; do not edit. Plain C99, no allocation.
   Its numbers are those of TensorFlow Lite for Microcontrollers. -D{macro}_OWN_MEMORY leaves out the static memory. */
#include "{prefix}.h"

#include <stddef.h>
#include <string.h>

{kernels}

{constants}

void {prefix}_reset_in(void *state_memory) {{
  int8_t *state = (int8_t *)state_memory;
  (void)state;
{resets}
}}

void {prefix}_run_in(void *arena_memory, void *state_memory, {arguments}) {{
  int8_t *arena = (int8_t *)arena_memory;
  int8_t *state = (int8_t *)state_memory;
  (void)arena;
  (void)state;
{calls}
}}

#ifndef {macro}_OWN_MEMORY
static int32_t arena_words[{macro}_ARENA_BYTES / 4 + 1];
static int32_t state_words[{macro}_STATE_BYTES / 4 + 1];

void {prefix}_reset(void) {{
  {prefix}_reset_in(state_words);
}}

void {prefix}_run({arguments}) {{
  {prefix}_run_in(arena_words, state_words, inputs, {outputs});
}}
#endif
"""
