"""The Python of docs/how-to-add-*.md is run as it stands, one page after the other."""

import re
import sys
import types
from pathlib import Path

import pytest

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PAGES = sorted(Path("docs").glob("how-to-add-*.md"))


def test_there_is_a_page_for_each_kind():
    names = {page.stem.rpartition("-")[2] for page in PAGES}
    assert names == {"step", "network", "target", "task"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_code_of_a_page_runs(page, monkeypatch):
    module = types.ModuleType("how_to")
    monkeypatch.setitem(sys.modules, "how_to", module)  # dataclasses look for their module
    blocks = _BLOCK.findall(page.read_text())
    assert len(blocks) >= 2 and "assert" in blocks[-1]
    for block in blocks:
        exec(compile(block, str(page), "exec"), vars(module))


def test_the_new_network_builds(monkeypatch):
    """The net of the page, from a signature to outputs of the shape that training expects."""
    import numpy as np

    from pipelines.device.cells import Column
    from pipelines.device.ports import Port
    from pipelines.device.signature import Signature
    from pipelines.device.target import Target
    from pipelines.training.members import average_members, with_average

    module = types.ModuleType("how_to")
    monkeypatch.setitem(sys.modules, "how_to", module)
    page = Path("docs/how-to-add-a-network.md").read_text()
    exec(_BLOCK.findall(page)[0], vars(module))
    signature = Signature(
        columns=(Column("a", "numeric"),),
        target=Target("y", "multiclass", ("a", "b", "c")),
        primitives=(),
        inputs=(Port("one", (3,), "float32", "0..1"), Port("two", (2,), "float32", "z")),
        output=Port("output", (3,), "float32", "log-odds"),
    )
    model = module.Bottleneck().build(signature)
    x = {"one": np.zeros((4, 3), np.float32), "two": np.zeros((4, 2), np.float32)}
    assert model(x).shape == (4, 1, 3)
    fitted = with_average(model)
    shipped = average_members(model)
    np.testing.assert_allclose(shipped(x), fitted(x)["logits"], rtol=1e-5)
