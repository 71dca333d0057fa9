"""Small mistakes in the kernels of C are found: each mutant of a kernel gives, for some file of one
operator, other outputs than TFLM, ends its process, or never ends.
"""

import re
import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from pipelines.targets.c.model import kernels
from pipelines.targets.c.model.all_kernels import kernel_of, known_network
from pipelines.targets.c.model.network import port_name
from pipelines.targets.c.model.plan import plan
from pipelines.targets.c.model.source import Source, fragment_text, without_includes
from pipelines.targets.c.model.write import inputs_header
from pipelines.targets.micro.runner import Micro
from tests.cmsis_nn_library import MISSING, cmsis_nn_folder, cmsis_nn_options
from tests.targets.c.compiled_model import extreme_rows
from tests.targets.c.direct_cases import direct_cases
from tests.targets.c.equal_mutants import EQUAL, EQUAL_WITH_LIBRARY
from tests.targets.c.many_models import SANE, ManyModels, as_bytes, code_of
from tests.targets.c.small_files import FILES

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc: apt-get install gcc"),
]
KERNELS = sorted(path.stem for path in Path(kernels.__path__[0]).glob("*.c"))
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
NUM_ROWS = 40
LIBRARY = "MODEL_USE_CMSIS_NN"
# Kernels with a second body, which calls CMSIS-NN.
WITH_LIBRARY = ("conv", "dense", "depthwise", "lstm", "max_pool")


def mutants_of(text, *, of_library=False):
    """What is written in place of a kernel: its text with one change in its functions.

    Args:
        text: Of the kernel.
        of_library: Whether what is compiled for CMSIS-NN alone is changed, or the rest.
    """
    is_of_library = library_lines(text)
    found = {}
    for pattern, change in CHANGES:
        for match in re.finditer(pattern, text):
            line = text[: match.start()].count("\n")
            if is_of_library[line] != of_library or not _is_code(text, match.start()):
                continue
            changed = match.expand(change) if isinstance(change, str) else change(match)
            mutant = text[: match.start()] + changed + text[match.end() :]
            found.setdefault(mutant, mutant.splitlines()[line].strip())
    return found


def library_lines(text):
    """For each line, whether it is compiled for CMSIS-NN alone."""
    found = []
    conditions = []
    for line in text.splitlines():
        if line.startswith("#if"):
            conditions.append(line == f"#ifdef {LIBRARY}")
        elif line == "#else" and LIBRARY in text:
            conditions[-1] = not conditions[-1]
        found.append(any(conditions))
        if line == "#endif":
            conditions.pop()
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
        self.code = code_of(content)
        self.header = inputs_header(content)
        source = Source(plan(network, kernel_of))
        for operation in network.operations:
            kernel_of(operation).write(operation, source)
        self.fragments = source.fragments
        rows = extreme_rows(network, NUM_ROWS)
        micro = Micro(content, [port_name(each) for each in network.inputs])
        self.wanted = np.ascontiguousarray(micro.run(rows)).tobytes()
        self.num_outputs = network.outputs[0].size
        self.rows = as_bytes(network, rows)

    def found(self, folder, fragment, mutants, *, of_library=False):
        """The mutants whose outputs are others than TFLM's, or that read or write where they must
        not; and those that are no C.
        """
        flags, libraries = (), ()
        if of_library:
            flags, libraries = cmsis_nn_options(cmsis_nn_folder())
        models = ManyModels(folder, self.header, self.num_outputs)
        codes = [self._code(fragment, each) for each in mutants]
        no_c = models.compile(codes, flags, libraries)
        alive = [place for place in range(len(codes)) if place not in no_c]
        found = [place for place in alive if models.outputs(place, self.rows) != self.wanted]
        rest = [place for place in alive if place not in found]
        if rest:
            models.compile([codes[place] for place in rest], (*flags, *SANE), libraries)
            for number, place in enumerate(rest):
                if models.outputs(number, self.rows) != self.wanted:
                    found.append(place)
        return [mutants[place] for place in found], {mutants[place] for place in no_c}

    def _code(self, fragment, mutant):
        """The model with another text of a kernel."""
        original = without_includes(fragment_text(fragment))
        assert original in self.code
        return self.code.replace(original, mutant)


@cache
def case(name):
    return Case(name)


@cache
def cases_of(fragment):
    """The files whose C holds a kernel; those of LSTMs, which are converted, where they are needed."""
    names = [name for name in FILES if "lstm" not in name]
    found = [case(name) for name in names if fragment in case(name).fragments]
    if not found:
        found = [case(name) for name in FILES if "lstm" in name]
    return direct_cases(fragment) + found


@pytest.mark.parametrize("fragment", KERNELS)
def test_mistakes_are_found(fragment, tmp_path):
    assert_found(fragment, tmp_path, EQUAL.get(fragment, {}))


@pytest.mark.skipif(not cmsis_nn_folder(), reason=MISSING)
@pytest.mark.parametrize("fragment", WITH_LIBRARY)
def test_mistakes_in_calls_of_cmsis_nn_are_found(fragment, tmp_path):
    assert_found(fragment, tmp_path, EQUAL_WITH_LIBRARY.get(fragment, {}), of_library=True)


def assert_found(fragment, tmp_path, known, *, of_library=False):
    """Checks that the survivors among a kernel's mutants are those that are known."""
    pytest.importorskip("tflite_micro")
    cases = cases_of(fragment)
    assert cases, "a file that uses the kernel"
    text = without_includes(fragment_text(fragment))
    for each in cases:
        found = each.found(tmp_path, fragment, [text], of_library=of_library)
        assert found == ([], set()), "the kernel itself"
    lines = mutants_of(text, of_library=of_library)
    alive = list(lines)
    equal = []
    for each in cases:
        found, no_c = each.found(tmp_path, fragment, alive, of_library=of_library)
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
