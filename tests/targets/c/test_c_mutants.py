"""Small mistakes in the kernels of C are found: each mutant of a kernel gives, for some file of one
operator, other outputs than TFLM, ends its process, or never ends.
"""

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from pipelines.targets.c.model import kernels
from pipelines.targets.c.model.all_kernels import kernel_of, known_network
from pipelines.targets.c.model.network import port_name
from pipelines.targets.c.model.plan import plan
from pipelines.targets.c.model.source import Source, fragment_text, without_includes
from pipelines.targets.c.model.write import inputs_header, write_model
from pipelines.targets.micro.runner import Micro
from tests.targets.c.compiled_model import extreme_rows
from tests.targets.c.equal_mutants import EQUAL
from tests.targets.c.small_files import FILES

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc: apt-get install gcc"),
]
# Whose mutants were not looked at one by one yet.
LATER = (
    "cmsis_nn",
    "conv",
    "dense",
    "dense_row",
    "depthwise",
    "dot",
    "fixed_point",
    "lstm",
    "pairs",
    "patch",
    "scaled",
    "scratch",
    "shifted_down",
)
KERNELS = sorted(path.stem for path in Path(kernels.__path__[0]).glob("*.c"))
NAMES = [name for name in KERNELS if name not in LATER]
# What a mutant changes: each place that a pattern finds, for itself.
CHANGES = (
    (r"(?<![-<>=!])>=", ">"),
    (r"(?<![<>=!])<=", "<"),
    (r"(?<![-<>=])>(?![>=])", ">="),
    (r"(?<![<>=])<(?![<=])", "<="),
    (r" >> ", " << "),
    (r"(?<=[\w)\]]) \+ (?=[\w(*])", " - "),
    (r"(?<=[\w)\]]) - (?=[\w(*])", " + "),
    (r" \+= ", " -= "),
    (r" -= ", " += "),
    (r" && ", " || "),
    (r"\b(\d+)(?=U?\b)(?![\w\]])", lambda found: str(int(found[1]) + 1)),
    (r"\b(\d+)\]", lambda found: f"{(int(found[1]) + 1) % 4}]"),
    (r"stride_y", "stride_x"),
    (r"dilation_x", "dilation_y"),
    (r"before_y", "before_x"),
    (r"(?<=->)low", "top"),
    (r"(?<=->)height", "width"),
    (r"(?<=->)output_width", "output_height"),
    (r"(?<=->)depth", "outputs"),
)
SECONDS = 5
NUM_ROWS = 40
SANE = ("-fsanitize=address,undefined", "-fno-sanitize-recover")
# All mutants in one program, each in a namespace: its number chooses one.
MAIN = """
struct Model { void (*reset)(); void (*run)(const signature_inputs *, int8_t *); };
static const Model models[] = {%s};
int main(int, char **argv) {
  static signature_inputs inputs;
  static int8_t output[%d];
  const Model &model = models[atoi(argv[1])];
  while (fread(&inputs, sizeof inputs, 1, stdin) == 1) {
    model.reset();
    model.run(&inputs, output);
    fwrite(output, sizeof output, 1, stdout);
  }
  return 0;
}
"""
HEAD = """#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "signature.h"
"""


def mutants_of(text):
    """What is written in place of a kernel: its text with one change in its functions."""
    found = {}
    for pattern, change in CHANGES:
        for match in re.finditer(pattern, text):
            if _is_code(text, match.start()):
                changed = match.expand(change) if isinstance(change, str) else change(match)
                mutant = text[: match.start()] + changed + text[match.end() :]
                line = text[: match.start()].count("\n")
                found.setdefault(mutant, mutant.splitlines()[line].strip())
    return found


def _is_code(text, place):
    """Whether a place is neither in a comment, nor in a type, nor in the head of a function."""
    before = text[:place]
    line = before[before.rfind("\n") + 1 :]
    in_comment = before.rfind("/*") > before.rfind("*/")
    in_type = before.rfind("typedef struct") > before.rfind("}")
    return not (in_comment or in_type or line.startswith(("static", "#", "typedef")) or not line)


class Case:
    """A file of one operator: its C, rows, and what TFLM answers."""

    def __init__(self, name):
        content = FILES[name]()
        network = known_network(content)
        self.code = write_model(content, "t").files
        self.header = inputs_header(content)
        source = Source(plan(network, kernel_of))
        for operation in network.operations:
            kernel_of(operation).write(operation, source)
        self.fragments = source.fragments
        rows = extreme_rows(network, NUM_ROWS)
        micro = Micro(content, [port_name(each) for each in network.inputs])
        self.wanted = np.ascontiguousarray(micro.run(rows)).tobytes()
        self.num_outputs = network.outputs[0].size
        self.rows = b"".join(
            rows[port_name(tensor)][row].tobytes()
            for row in range(NUM_ROWS)
            for tensor in network.inputs
        )

    def found(self, folder, fragment, mutants):
        """The mutants whose outputs are others than TFLM's, or that read or write where they must
        not; and those that are no C.
        """
        no_c = self._compile(folder, fragment, mutants, ())
        found = [each for each in mutants if each not in no_c and not self._passes(folder, each)]
        rest = [each for each in mutants if each not in no_c and each not in found]
        if rest:
            self._compile(folder, fragment, rest, SANE)
            found += [each for each in rest if not self._passes(folder, each)]
        return found, no_c

    def _compile(self, folder, fragment, mutants, flags):
        """Compiles mutants to one program; returns those that are no C."""
        (folder / "signature.h").write_text(self.header)
        original = without_includes(fragment_text(fragment))
        text = re.sub("^#include.*$", "", self.code["model.c"], flags=re.MULTILINE)
        assert original in text
        no_c = set()
        while True:
            self._numbers = {}
            # Its functions declared outside of a namespace would be called as well as those inside.
            parts = [HEAD, *re.findall("^#define .*$", self.code["model.h"], re.MULTILINE)]
            for number, mutant in enumerate(mutants):
                if mutant not in no_c:
                    self._numbers[mutant] = len(self._numbers)
                    body = text.replace(original, mutant)
                    parts.append(f'#line 1 "mutant{number}"\nnamespace m{number} {{\n{body}\n}}')
            names = [place for place, each in enumerate(mutants) if each not in no_c]
            table = ", ".join(f"{{m{each}::model_reset, m{each}::model_run}}" for each in names)
            parts.append(f'#line 1 "main"\n{MAIN % (table, self.num_outputs)}')
            (folder / "mutants.cc").write_text("\n".join(parts))
            command = ["g++", "-w", "-O0", *flags, "mutants.cc", "-o", "mutants"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
            if done.returncode == 0:
                return no_c
            wrong = {int(each) for each in re.findall(r"^mutant(\d+):\d+", done.stderr, re.M)}
            assert wrong, done.stderr[:1000]
            no_c |= {mutants[each] for each in wrong}

    def _passes(self, folder, mutant):
        """Whether the outputs of a mutant are TFLM's."""
        command = ["./mutants", str(self._numbers[mutant])]
        try:
            done = subprocess.run(
                command, cwd=folder, input=self.rows, capture_output=True, timeout=SECONDS
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0 and done.stdout == self.wanted


@cache
def case(name):
    return Case(name)


@cache
def cases_of(fragment):
    """The files whose C holds a kernel; that of an LSTM, which is converted, where it is needed."""
    names = [name for name in FILES if name != "lstm"]
    found = [case(name) for name in names if fragment in case(name).fragments]
    return found or [case("lstm")]


@pytest.mark.parametrize("fragment", NAMES)
def test_mistakes_are_found(fragment, tmp_path):
    pytest.importorskip("tflite_micro")
    cases = cases_of(fragment)
    assert cases, "a file that uses the kernel"
    text = without_includes(fragment_text(fragment))
    for each in cases:
        assert each.found(tmp_path, fragment, [text]) == ([], set()), "the kernel itself"
    lines = mutants_of(text)
    known = EQUAL.get(fragment, {})
    alive = list(lines)
    equal = []
    for each in cases:
        found, no_c = each.found(tmp_path, fragment, alive)
        alive = [mutant for mutant in alive if mutant not in found and mutant not in no_c]
        # The first case has run them: of what computes the same, others take long.
        equal += [mutant for mutant in alive if lines[mutant] in known]
        alive = [mutant for mutant in alive if lines[mutant] not in known]
        if not alive:
            break
    alive += equal
    survivors = sorted({lines[mutant] for mutant in alive})
    print(f"{fragment}: {len(lines)} mutants, {len(alive)} alive", *survivors, sep="\n  ")
    assert survivors == sorted(known)
