"""Files of one operator with hundreds of other scales and zero points: their C gives TFLM's outputs
to the bit, and neither reads nor writes where it must not (ASan, UBSan).
"""

import shutil

import pytest

from pipelines.errors import ExportError
from pipelines.targets.c.model.all_kernels import known_network
from pipelines.targets.c.model.network import port_name
from pipelines.targets.c.model.write import inputs_header
from pipelines.targets.micro.runner import Micro
from tests.targets.c.altered_scales import with_altered_scales
from tests.targets.c.compiled_model import extreme_rows
from tests.targets.c.many_models import SANE, ManyModels, as_bytes, code_of
from tests.targets.c.small_files import FILES

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(not shutil.which("g++"), reason="needs g++: apt-get install g++"),
]
# Of each file; 400 of all.
NUM_ALTERED = -(-400 // len(FILES))
NUM_ROWS = 20


@pytest.mark.parametrize("name", FILES)
def test_every_output_is_that_of_tflm(name, tmp_path):
    pytest.importorskip("tflite_micro")
    original = FILES[name]()
    network = known_network(original)
    contents = altered(original)
    models = ManyModels(tmp_path, inputs_header(original), network.outputs[0].size)
    assert models.compile([code_of(each) for each in contents], SANE) == set()
    rows = extreme_rows(network, NUM_ROWS)
    ports = [port_name(each) for each in network.inputs]
    given = as_bytes(network, rows)
    for place, content in enumerate(contents):
        wanted = Micro(content, ports).run(rows).tobytes()
        assert models.outputs(place, given) == wanted, place


def altered(original):
    """As many altered files as wanted that have C code; most have."""
    found = []
    for seed in range(5 * NUM_ALTERED):
        content = with_altered_scales(original, seed)
        try:
            known_network(content)
        except ExportError:
            continue
        found.append(content)
        if len(found) == NUM_ALTERED:
            return found
    raise AssertionError(f"C refuses all but {len(found)}")
