"""The folder c/ as a library of Arduino and as a module of Zephyr.

Both compile the files of the folder where they lie: `src/` holds files that include them, as the
Arduino library specification asks for sources in `src/`
(https://arduino.github.io/arduino-cli/latest/library-specification/), and `zephyr/` holds a
`module.yml` (https://docs.zephyrproject.org/latest/develop/modules.html).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from ...device.signature import Signature
from ...tasks.c_text import comment
from .golden_code import answer_code, row_code, wrapped

# A name of Arduino has no more letters, and some letter.
_MOST_LETTERS = 63
_NO_LETTER = re.compile(r"[^A-Za-z]*")
_PREFIX = "model_"
# Headers that a library of this name would hide.
_OF_OTHERS = (
    "arduino",
    "ctype",
    "errno",
    "float",
    "limits",
    "math",
    "signature",
    "stddef",
    "stdint",
    "stdio",
    "stdlib",
    "string",
    "time",
)


def package_files(
    signature: Signature,
    name: str,
    sources: Sequence[str],
    *,
    row: Mapping[str, np.ndarray],
    output: np.ndarray,
) -> dict[str, str]:
    """Returns file name → text of an Arduino library and of a Zephyr module.

    Args:
        signature: Of the model.
        name: Of the bundle.
        sources: The C files of the library.
        row: A raw row that is built into the example, column → array [1, ...].
        output: What the model gives for it, int8 [outputs].
    """
    library = library_name(name)
    headers = [source.replace(".c", ".h") for source in sources if source != "prepare.c"]
    files = {
        "library.properties": _PROPERTIES.format(library=library, name=name),
        f"src/{library}.h": _header(library, headers),
        "examples/self_test/self_test.ino": _sketch(signature, name, row, output),
        "zephyr/module.yml": _MODULE.format(library=library),
        "zephyr/Kconfig": _KCONFIG.format(symbol=symbol(name), name=name),
        "zephyr/CMakeLists.txt": _zephyr_cmake(name, sources),
    }
    for source in sources:
        files[f"src/{source}"] = f'#include "../{source}"\n'
    return files


def library_name(name: str) -> str:
    """Returns the name of a bundle as one of an Arduino library and of a header."""
    small = name.lower()
    is_taken = small in _OF_OTHERS or small.startswith("arduino")
    if is_taken or _NO_LETTER.fullmatch(name):
        name = f"{_PREFIX}{name}"
    return name[:_MOST_LETTERS]


def symbol(name: str) -> str:
    """Returns the symbol of Kconfig that compiles a model into a program."""
    return f"{_PREFIX}{re.sub('[^A-Za-z0-9]', '_', name)}".upper()


def _header(library, headers):
    """Returns the header that a sketch includes."""
    guard = f"{symbol(library)}_LIBRARY_H"
    included = "\n".join(f'#include "../{each}"' for each in headers)
    return f"#ifndef {guard}\n#define {guard}\n\n{included}\n\n#endif\n"


def _sketch(signature, name, row, output):
    """Returns the example of Arduino."""
    golden = row_code(signature, row, "golden")
    numbers = wrapped(map(str, np.asarray(output, np.int8).tolist()))
    answer = answer_code(signature)
    return _SKETCH.format(
        name=comment(name),
        library=library_name(name),
        tables=golden.tables,
        fields=golden.fields,
        wanted=numbers,
        print_value=answer.functions,
        answer=answer.statements,
        answer_row=answer.row,
    )


def _zephyr_cmake(name, sources):
    """Returns the CMakeLists.txt of the Zephyr module."""
    paths = "\n".join(f"    ${{CMAKE_CURRENT_SOURCE_DIR}}/../{source}" for source in sources)
    return _ZEPHYR_CMAKE.format(symbol=symbol(name), library=library_name(name), sources=paths)


_PROPERTIES = """name={library}
version=1.0.0
author=pipelines
maintainer=pipelines
sentence=The int8 model {name} in plain C.
paragraph=A raw row to its answer without a runtime and without allocation.
category=Data Processing
url=https://example.org/{library}
architectures=*
includes={library}.h
"""

_SKETCH = """// One row through the model '{name}', held against what it gave when it was verified.
// Made by pipelines; change it as you like.
#include <{library}.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#define print_line(...) \\
  do {{ \\
    char line[160]; \\
    snprintf(line, sizeof line, __VA_ARGS__); \\
    Serial.println(line); \\
  }} while (0)

{tables}
static signature_row row;
static signature_inputs inputs;
static int8_t output[SIGNATURE_NUM_OUTPUTS];
static const int8_t wanted[SIGNATURE_NUM_OUTPUTS] = {{
    {wanted}}};
{print_value}
static void set_row(signature_row *row) {{
{fields}
}}

// Returns what prepare returns.
static int answer_row() {{
{answer_row}
  return 0;
}}

static void print_answer() {{
{answer}
}}

void setup() {{
  Serial.begin(115200);
  set_row(&row);
  if (answer_row() != 0) {{
    Serial.println("the row is none that the model takes");
    return;
  }}
  print_answer();
  Serial.println(memcmp(output, wanted, sizeof output) == 0 ? "as verified" : "not as verified");
}}

void loop() {{}}
"""

_MODULE = """name: "{library}"
build:
  cmake: zephyr
  kconfig: zephyr/Kconfig
"""

_KCONFIG = """config {symbol}
\tbool "The int8 model {name} in plain C"
\tselect REQUIRES_FULL_LIBC
\thelp
\t  Compiles the model and what prepares its rows. prepare.c needs a C library
\t  with floorf and strcmp.
"""

_ZEPHYR_CMAKE = """if(CONFIG_{symbol})
  zephyr_include_directories(${{CMAKE_CURRENT_SOURCE_DIR}}/..)
  zephyr_library_named({library})
  zephyr_library_sources(
{sources}
  )
endif()
"""
