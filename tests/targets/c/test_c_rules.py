"""Rules that answers keep: C gives what Python gives."""

import ctypes
import shutil
import subprocess

import numpy as np
import pytest

from pipelines.device.runner import Runner
from pipelines.targets.c.c_files import c_files
from pipelines.targets.c.golden_code import example_code
from pipelines.targets.c.names import identifier
from pipelines.targets.c.rules import ruled_answers
from pipelines.targets.c.runner import TYPES, cell_in_c, structure
from pipelines.tasks import task_of
from tests.targets import rule_cases
from tests.targets.rule_cases import MODELS, outputs, rows

pytestmark = pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc: apt-get install gcc")
# Of a model each column is read; here rules alone read most.
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wno-unused-variable"]


def compiled(signature, folder):
    for name, text in c_files(signature, "t").items():
        (folder / name).write_text(text, encoding="utf-8")
    command = ["gcc", "-std=c99", "-O1", *WARNINGS, "-shared", "-fPIC", "prepare.c", "-o", "p.so"]
    subprocess.run([*command, "-lm"], cwd=folder, check=True)
    return ctypes.CDLL(str(folder / "p.so"))


@pytest.mark.parametrize("kind", MODELS)
def test_c_keeps_the_rules_that_python_keeps(kind, tmp_path):
    signature = MODELS[kind]
    columns = rows()
    raw = outputs(signature)
    runner = Runner(signature, rule_cases.Given(raw))
    wanted = runner.predict_columns(columns)
    plain = runner._answers_of(columns)
    library = compiled(signature, tmp_path)
    fields = []
    for place, column in enumerate(signature.columns):
        fields.append((identifier(place, column.name), TYPES[column.kind]))
    row_of = structure(fields)
    pointer = ctypes.POINTER(ctypes.c_int8)
    calls = []
    for row, output in enumerate(raw):
        cells = [cell_in_c(columns[each.name][row], each.kind)[0] for each in signature.columns]
        calls.append((row_of(*cells), output.ctypes.data_as(pointer)))
    given = task_of(signature.target).c_answers(
        library, signature, plain, [(output, None) for _, output in calls]
    )
    kept = ruled_answers(library, signature, given, calls)
    if wanted.labels is None:
        np.testing.assert_allclose(kept.scores, wanted.scores, rtol=1e-6)
        assert (wanted.scores != plain.scores).mean() > 0.2
    else:
        assert kept.labels.tolist() == wanted.labels.tolist()
        assert (wanted.labels != plain.labels).mean() > 0.2
    assert "signature_ruled(&row" in example_code(signature)
