"""Every odd file is read as what it says, or refused in words that help."""

import importlib
from pathlib import Path

import pytest

from pipelines.errors import PipelineError

MODULES = sorted(path.stem for path in Path("tests/odd_files").glob("[!_]*.py"))
ODD_FILES = [
    pytest.param(odd, id=f"{module}: {odd.what}")
    for module in MODULES
    for odd in importlib.import_module(f"tests.odd_files.{module}").ODD_FILES
]


@pytest.mark.parametrize("odd", ODD_FILES)
def test_odd_file(odd, tmp_path):
    path = odd.write(tmp_path)
    if odd.error:
        with pytest.raises(PipelineError) as refused:
            odd.read(path)
        assert odd.error in str(refused.value)
    else:
        assert odd.read(path) == odd.value
