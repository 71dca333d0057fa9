"""Many C models of the same inputs and outputs in one program, compiled as C++, each in a namespace of
its own: its number chooses which one answers the rows.
"""

import re
import subprocess

from pipelines.targets.c.model.network import port_name
from pipelines.targets.c.model.write import write_model

SECONDS = 5
SANE = ("-fsanitize=address,undefined", "-fno-sanitize-recover")
# Behind the outputs is memory that stays as it is: what a library writes there, no sanitizer sees.
_MAIN = """
enum { GUARD = 4096 };
struct Model { void (*reset)(); void (*run)(const signature_inputs *, int8_t *); };
static const Model models[] = {%s};
int main(int, char **argv) {
  static signature_inputs inputs;
  static int8_t output[%d + GUARD];
  const Model &model = models[atoi(argv[1])];
  while (fread(&inputs, sizeof inputs, 1, stdin) == 1) {
    model.reset();
    model.run(&inputs, output);
    fwrite(output, sizeof output - GUARD, 1, stdout);
    for (int place = 1; place <= GUARD; ++place) {
      if (output[sizeof output - (size_t)place] != 0) return 1;
    }
  }
  return 0;
}
"""
_HEAD = """#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef MODEL_USE_CMSIS_NN
#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"
#endif
#include "signature.h"
"""


class ManyModels:
    """A program of many models."""

    def __init__(self, folder, header, num_outputs):
        """Args:
        folder: Where it is written.
        header: signature.h with their inputs.
        num_outputs: How many int8 each gives.
        """
        self._folder = folder
        self._num_outputs = num_outputs
        (folder / "signature.h").write_text(header)

    def compile(self, codes, flags=(), libraries=()):
        """Compiles models (lists of lines or texts of files, without #include); returns the places
        of those that are no C, which are left out.
        """
        no_c = set()
        while True:
            self._write([place for place in range(len(codes)) if place not in no_c], codes)
            command = ["g++", "-w", "-O0", *flags, "models.cc", *libraries, "-o", "models"]
            done = subprocess.run(command, cwd=self._folder, capture_output=True, text=True)
            if done.returncode == 0:
                return no_c
            wrong = re.findall(r"^model(\d+):\d+", done.stderr, re.MULTILINE)
            assert wrong, done.stderr[:1000]
            no_c |= {int(each) for each in wrong}

    def _write(self, places, codes):
        self._numbers = {place: number for number, place in enumerate(places)}
        parts = [_HEAD]
        for place in places:
            code = re.sub("^#include.*$", "", codes[place], flags=re.MULTILINE)
            parts.append(f'#line 1 "model{place}"\nnamespace m{place} {{\n{code}\n}}')
            # What the next one defines anew.
            names = set(re.findall(r"^#define (\w+)", code, re.MULTILINE))
            parts += [f"#undef {name}" for name in sorted(names)]
        table = ", ".join(f"{{m{each}::model_reset, m{each}::model_run}}" for each in places)
        parts.append(f'#line 1 "main"\n{_MAIN % (table, self._num_outputs)}')
        (self._folder / "models.cc").write_text("\n".join(parts))

    def outputs(self, place, rows):
        """The bytes that the model at a place answers to the bytes of rows; None if it takes more
        seconds of the processor, whatever else runs, or ends with another code than 0.
        """
        command = f"ulimit -t {SECONDS}; exec ./models {self._numbers[place]}"
        done = subprocess.run(
            ["sh", "-c", command], cwd=self._folder, input=rows, capture_output=True
        )
        return done.stdout if done.returncode == 0 else None


def as_bytes(network, rows):
    """Rows as the program reads them: the struct of the inputs, row by row."""
    names = [port_name(each) for each in network.inputs]
    num_rows = len(rows[names[0]])
    parts = [rows[name][row].tobytes() for row in range(num_rows) for name in names]
    return b"".join(parts)


def code_of(content):
    """The C of a file as `ManyModels` takes it."""
    return joined_code(write_model(content, "t").files)


def joined_code(files):
    """model.h and model.c as one text, in which functions are those of C++."""
    header = re.sub("#ifdef __cplusplus.*?#endif", "", files["model.h"], flags=re.DOTALL)
    return f"{header}\n{files['model.c']}"
